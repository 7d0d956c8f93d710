//! Targets that are listed in files, read again when those change.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::config::{FileDiscoveryConfig, TargetGroupConfig};
use super::job::found_in;
use super::labels::LabelSet;
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::receivers::filelog::glob::Glob;

/// The files of one job.
#[derive(Debug)]
pub(super) struct FileDiscovery {
    patterns: Vec<String>,
    refresh_interval: Duration,
    files: BTreeMap<PathBuf, TargetFile>,
}

/// A file as it was read last.
#[derive(Debug)]
struct TargetFile {
    stamp: Option<Stamp>,
    targets: Vec<LabelSet>,
}

/// What differs where a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

/// A group in a JSON file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonGroup {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// The label with the file a target was found in.
const FILE_LABEL: &str = "__meta_filepath";

impl FileDiscovery {
    /// Of the job's sections; nothing is read yet.
    pub(super) fn new(configs: &[FileDiscoveryConfig]) -> Self {
        let intervals = configs.iter().map(|config| config.refresh_interval.to_std());
        let files = configs.iter().flat_map(|config| &config.files);
        Self {
            patterns: files.map(|file| file.0.clone()).collect(),
            refresh_interval: intervals.min().unwrap_or(Duration::from_secs(300)),
            files: BTreeMap::new(),
        }
    }

    /// How often all files are to be read even if they seem unchanged.
    pub(super) const fn refresh_interval(&self) -> Duration {
        self.refresh_interval
    }

    /// Whether there are any files to look at.
    pub(super) const fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Reads the files that have changed, or all where `reads_all`. A file that cannot be read keeps its
    /// targets. Blocks.
    pub(super) fn refresh(&mut self, reads_all: bool) {
        let mut found = Vec::new();
        for pattern in &self.patterns {
            match matching_files(pattern) {
                Ok(files) => found.extend(files),
                Err(error) => tracing::error!(pattern, error, "Error expanding glob"),
            }
        }
        self.files.retain(|path, _| found.contains(path));
        for path in found {
            let stamp = Stamp::of(&path);
            let known = self.files.get(&path);
            if !reads_all && known.is_some_and(|known| known.stamp == stamp) {
                continue;
            }
            let targets = match read(&path) {
                Ok(targets) => targets,
                Err(error) => {
                    tracing::error!(path = %path.display(), error, "Error reading file");
                    known.map(|known| known.targets.clone()).unwrap_or_default()
                }
            };
            self.files.insert(path, TargetFile { stamp, targets });
        }
    }

    /// The labels of every target found.
    pub(super) fn targets(&self) -> impl Iterator<Item = LabelSet> + '_ {
        self.files.values().flat_map(|file| file.targets.iter().cloned())
    }
}

/// The files that match a pattern, in the order of their names.
///
/// # Errors
///
/// A sentence where the pattern is none, or a folder cannot be read.
pub(super) fn matching_files(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let glob = Glob::parse(pattern).map_err(|error| error.to_string())?;
    let (mut files, mut problem) = (Vec::new(), None);
    glob.find(&mut files, &mut |path, error| {
        if error.kind() != io::ErrorKind::NotFound {
            problem = Some(format!("reading {}: {error}", path.display()));
        }
    });
    files.sort();
    problem.map_or(Ok(files), Err)
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { modified: metadata.modified().ok()?, length: metadata.len() })
    }
}

fn read(path: &Path) -> Result<Vec<LabelSet>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let groups = if is_json { json_groups(&text)? } else { yaml_groups(&text, path)? };
    let mut targets: Vec<LabelSet> = groups.iter().flat_map(found_in).collect();
    let name = path.to_string_lossy();
    targets.iter_mut().for_each(|labels| labels.set(FILE_LABEL, &name));
    Ok(targets)
}

fn json_groups(text: &str) -> Result<Vec<TargetGroupConfig>, String> {
    let groups: Vec<JsonGroup> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let group = |group: JsonGroup| TargetGroupConfig {
        targets: group.targets.into_iter().map(Into::into).collect(),
        labels: group.labels.into_iter().map(|(name, value)| (name, value.into())).collect(),
    };
    Ok(groups.into_iter().map(group).collect())
}

fn yaml_groups(text: &str, path: &Path) -> Result<Vec<TargetGroupConfig>, String> {
    let node = parse_yaml(text, &path.to_string_lossy().into()).map_err(|error| error.to_string())?;
    let mut groups = Vec::new();
    let mut decoding = Decoding::default();
    groups.update(&node, &mut decoding);
    match decoding.into_errors().first() {
        Some(error) => Err(error.to_string()),
        None => Ok(groups),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::prometheus::config::ScalarText;

    fn discovery(directory: &Path) -> FileDiscovery {
        let files =
            ["*.json", "targets.yml"].map(|name| ScalarText(directory.join(name).display().to_string()));
        FileDiscovery::new(&[FileDiscoveryConfig { files: files.to_vec(), ..FileDiscoveryConfig::default() }])
    }

    fn found(discovery: &FileDiscovery) -> Vec<String> {
        let text = |labels: LabelSet| {
            let shown = labels.iter().filter(|label| label.name != FILE_LABEL);
            shown.map(|label| format!("{}={}", label.name, label.value)).collect::<Vec<_>>().join(" ")
        };
        discovery.targets().map(text).collect()
    }

    #[test]
    fn files_are_read_when_they_change() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("a.json", r#"[{"targets": ["a:1", "a:2"], "labels": {"zone": "x"}}]"#);
        write("targets.yml", "- targets: ['b:1']\n  labels: {port: 80}\n");
        let mut discovery = discovery(directory.path());
        discovery.refresh(false);
        assert_eq!(
            found(&discovery),
            ["__address__=a:1 zone=x", "__address__=a:2 zone=x", "__address__=b:1 port=80"]
        );
        let labels = discovery.targets().next().unwrap();
        assert_eq!(labels.get(FILE_LABEL), directory.path().join("a.json").to_str().unwrap());

        // What cannot be read stays as it was; what is gone is gone.
        write("a.json", "[{\"targets\": [\"a:3\"], \"label\": 1}]");
        std::fs::remove_file(directory.path().join("targets.yml")).unwrap();
        discovery.refresh(false);
        assert_eq!(found(&discovery), ["__address__=a:1 zone=x", "__address__=a:2 zone=x"]);
        write("a.json", "[{\"targets\": [\"a:3\"]}]");
        write("c.json", "[]");
        discovery.refresh(false);
        assert_eq!(found(&discovery), ["__address__=a:3"]);
    }
}
