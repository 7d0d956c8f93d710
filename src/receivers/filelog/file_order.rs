//! Sorts the files found by what their paths say, or by their age, and keeps the first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use regex::bytes::{Captures, Regex};

use super::config::{OrderingConfig, SortConfig, SortType};
use crate::config::compile_go_regexp;
use crate::log_operators::{BuildContext, EntryTransform, Field, LogEntry, TimestampConfig, TimestampParser};
use crate::pipeline::BuildError;

/// What `ordering_criteria` says.
pub struct FileOrder {
    regex: Option<Regex>,
    group_by: Option<Regex>,
    sorts: Vec<Sort>,
    most_files: Option<usize>,
}

struct Sort {
    by: SortBy,
    is_ascending: bool,
}

enum SortBy {
    Number { group: String },
    Text { group: String },
    Time { group: String, parser: Box<TimestampParser> },
    ModificationTime,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Number(i64),
    Text(Vec<u8>),
    Time(u64),
    Modified(SystemTime),
}

impl FileOrder {
    /// The order that `config` describes; none where it describes none.
    pub fn new(config: &OrderingConfig) -> Result<Option<Self>, BuildError> {
        if config.sort_by.is_empty() {
            return Ok(None);
        }
        let compile = |pattern: &str| {
            let compiled = (!pattern.is_empty()).then(|| compile_go_regexp(pattern)).transpose();
            compiled.map_err(|error| BuildError(error.to_string()))
        };
        Ok(Some(Self {
            regex: compile(&config.regex)?,
            group_by: compile(&config.group_by)?,
            sorts: config.sort_by.iter().map(Sort::new).collect::<Result<_, _>>()?,
            most_files: config.most_files(),
        }))
    }

    /// The files to read, in their order. Those whose paths the expressions do not match are left out.
    pub fn apply(&mut self, paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut groups: BTreeMap<Vec<u8>, Vec<PathBuf>> = BTreeMap::new();
        for path in paths {
            let group = match &self.group_by {
                None => Some(Vec::new()),
                Some(regex) => regex
                    .captures(path.as_os_str().as_encoded_bytes())
                    .and_then(|captures| captures.get(1))
                    .map(|group| group.as_bytes().to_vec()),
            };
            if let Some(group) = group {
                groups.entry(group).or_default().push(path);
            }
        }
        groups.into_values().flat_map(|paths| self.apply_to_group(paths)).collect()
    }

    fn apply_to_group(&mut self, mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
        for sort in &mut self.sorts {
            let keyed =
                paths.into_iter().filter_map(|path| Some((sort.key(self.regex.as_ref(), &path)?, path)));
            let mut keyed: Vec<(SortKey, PathBuf)> = keyed.collect();
            keyed.sort_by(
                |(left, _), (right, _)| {
                    if sort.is_ascending { left.cmp(right) } else { right.cmp(left) }
                },
            );
            paths = keyed.into_iter().map(|(_, path)| path).collect();
        }
        paths.truncate(self.most_files.unwrap_or(usize::MAX));
        paths
    }
}

impl Sort {
    fn new(config: &SortConfig) -> Result<Self, BuildError> {
        let group = config.regex_key.clone();
        let by = match config.sort_type.unwrap_or_default() {
            SortType::Numeric => SortBy::Number { group },
            SortType::Alphabetical => SortBy::Text { group },
            SortType::Mtime => SortBy::ModificationTime,
            SortType::Timestamp => {
                let parse_from = Field::body();
                let location = if config.location.is_empty() { "UTC" } else { &config.location };
                let timestamp = TimestampConfig {
                    parse_from: Some(parse_from),
                    layout: config.layout.clone(),
                    location: location.to_owned(),
                    ..TimestampConfig::default()
                };
                let parser = timestamp.parser(&BuildContext::default());
                let parser = parser.map_err(|error| BuildError(format!("timestamp sort: {error}")))?;
                SortBy::Time { group, parser: Box::new(parser) }
            }
        };
        Ok(Self { by, is_ascending: config.ascending })
    }

    /// What a path is sorted by; none where it has no such thing.
    fn key(&mut self, regex: Option<&Regex>, path: &Path) -> Option<SortKey> {
        let captures = match regex {
            None => None,
            Some(regex) => Some(regex.captures(path.as_os_str().as_encoded_bytes())?),
        };
        let text = |group: &str| captured(captures.as_ref(), group);
        match &mut self.by {
            SortBy::Number { group } => {
                std::str::from_utf8(text(group)?).ok()?.parse().ok().map(SortKey::Number)
            }
            SortBy::Text { group } => Some(SortKey::Text(text(group)?.to_vec())),
            SortBy::Time { group, parser } => {
                let mut entry = LogEntry::new(0, std::str::from_utf8(text(group)?).ok()?.into());
                parser.transform(&mut entry).ok()?;
                entry.time_unix_nano.map(SortKey::Time)
            }
            SortBy::ModificationTime => {
                std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok().map(SortKey::Modified)
            }
        }
    }
}

/// What a named group matched, as bytes of the path; nothing where it matched nothing.
fn captured<'p>(captures: Option<&Captures<'p>>, group: &str) -> Option<&'p [u8]> {
    Some(captures?.name(group).map_or(&[][..], |found| found.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{ConfigValue, Decoding, parse_yaml};

    fn ordered(yaml: &str, names: &[&str]) -> Vec<String> {
        let mut config = OrderingConfig::default();
        let mut decoding = Decoding::default();
        config.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
        assert_eq!(decoding.into_errors(), []);
        let mut order = FileOrder::new(&config).unwrap().unwrap();
        let kept = order.apply(names.iter().map(PathBuf::from).collect());
        kept.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_first_by_number_text_or_time_are_kept() {
        let numbers = ["/a.9.log", "/a.10.log", "/a.x.log", "/b"];
        let by_number = "{regex: '\\.(?P<n>.+)\\.log', sort_by: [{sort_type: numeric, regex_key: n}]";
        assert_eq!(ordered(&format!("{by_number}}}"), &numbers), ["/a.10.log"]);
        assert_eq!(ordered(&format!("{by_number}, top_n: 0}}"), &numbers), ["/a.10.log", "/a.9.log"]);
        let by_text = "{regex: '/(?P<n>.+)', top_n: 2, sort_by: [{sort_type: alphabetical, regex_key: n, ascending: true}]}";
        assert_eq!(ordered(by_text, &["/c", "/a", "/b"]), ["/a", "/b"]);
        let by_time =
            "{regex: '/(?P<n>.+)', sort_by: [{sort_type: timestamp, regex_key: n, layout: '%d.%m.%Y'}]}";
        assert_eq!(ordered(by_time, &["/31.01.2025", "/01.02.2025", "/nothing"]), ["/01.02.2025"]);
    }

    #[test]
    fn each_group_has_its_first() {
        let yaml = "{group_by: '/(.)', regex: '(?P<n>[0-9])', sort_by: [{sort_type: numeric, regex_key: n}]}";
        assert_eq!(ordered(yaml, &["/a1", "/a2", "/b1"]), ["/a2", "/b1"]);
    }

    #[test]
    fn the_youngest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let [old, young] = ["old", "young"].map(|name| folder.path().join(name).display().to_string());
        for (path, seconds) in [(&old, 1), (&young, 2)] {
            let file = std::fs::File::create(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        }
        assert_eq!(ordered("{sort_by: [{sort_type: mtime}]}", &[&old, &young]), [young.as_str()]);
    }
}
