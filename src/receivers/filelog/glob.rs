//! Patterns of paths, and the files that match them.
//!
//! The syntax is that of Go's doublestar, which the Collector uses: `*` and `?` within a name, `**` alone
//! between slashes for any number of folders, `[a-z]` and `[^a-z]`, `{a,b}` with anything in it, and `\`
//! before a character that is meant literally.

mod name_pattern;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use self::name_pattern::NamePattern;

/// A pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// One for each choice of what stands in braces.
    alternatives: Vec<Alternative>,
}

/// The pattern is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct InvalidGlob;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    is_absolute: bool,
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of folders, or none.
    AnyFolders,
    /// A name without wildcards.
    Literal(String),
    /// A name with some.
    Pattern(NamePattern),
}

/// How many patterns braces may stand for; what has more is refused, not walked for hours.
const MOST_ALTERNATIVES: usize = 1000;

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Where a class or a brace is not closed, or there is nothing in a class or behind a `\`.
    pub fn parse(pattern: &str) -> Result<Self, InvalidGlob> {
        let expanded = expand_braces(pattern)?;
        Ok(Self {
            alternatives: expanded.iter().map(|text| Alternative::parse(text)).collect::<Result<_, _>>()?,
        })
    }

    /// True where the pattern matches the whole path.
    pub fn matches(&self, path: &Path) -> bool {
        let is_name =
            |component: &Component<'_>| !matches!(component, Component::RootDir | Component::CurDir);
        let names: Vec<_> =
            path.components().filter(is_name).map(|name| name.as_os_str().to_string_lossy()).collect();
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let is_match = |alternative: &Alternative| {
            alternative.is_absolute == path.is_absolute() && matches_names(&alternative.segments, &names)
        };
        self.alternatives.iter().any(is_match)
    }

    /// Every file that matches, folders left out, links followed. What cannot be read goes to `problem`.
    pub fn find(&self, found: &mut Vec<PathBuf>, problem: &mut dyn FnMut(&Path, io::Error)) {
        for alternative in &self.alternatives {
            let start = if alternative.is_absolute { PathBuf::from("/") } else { PathBuf::new() };
            Walk { found, problem, above: Vec::new() }.descend(&start, &alternative.segments);
        }
    }
}

impl Alternative {
    fn parse(text: &str) -> Result<Self, InvalidGlob> {
        let names = text.split('/').filter(|name| !name.is_empty() && *name != ".");
        let segment = |name: &str| match name {
            "**" => Ok(Segment::AnyFolders),
            _ => {
                let pattern = NamePattern::parse(name)?;
                Ok(pattern.literal().map_or_else(|| Segment::Pattern(pattern), Segment::Literal))
            }
        };
        Ok(Self {
            is_absolute: text.starts_with('/'),
            segments: names.map(segment).collect::<Result<_, _>>()?,
        })
    }
}

fn matches_names(segments: &[Segment], names: &[&str]) -> bool {
    match (segments.split_first(), names.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((Segment::AnyFolders, [])), _) => true,
        (Some((Segment::AnyFolders, behind)), _) => {
            (0..=names.len()).any(|skipped| matches_names(behind, names.get(skipped..).unwrap_or_default()))
        }
        (Some(_), None) => false,
        (Some((Segment::Literal(literal), behind)), Some((name, rest))) => {
            literal == name && matches_names(behind, rest)
        }
        (Some((Segment::Pattern(pattern), behind)), Some((name, rest))) => {
            pattern.matches(name) && matches_names(behind, rest)
        }
    }
}

struct Walk<'a> {
    found: &'a mut Vec<PathBuf>,
    problem: &'a mut dyn FnMut(&Path, io::Error),
    /// The folders above in which `**` is at work, by device and number: a link may lead back up.
    above: Vec<(u64, u64)>,
}

impl Walk<'_> {
    /// Finds what matches `segments` in `folder`.
    fn descend(&mut self, folder: &Path, segments: &[Segment]) {
        match segments.split_first() {
            None => {}
            Some((Segment::Literal(name), behind)) => self.enter(folder.join(name), behind),
            Some((Segment::Pattern(pattern), behind)) => {
                for (path, name) in self.names_in(folder) {
                    if pattern.matches(&name) {
                        self.enter(path, behind);
                    }
                }
            }
            Some((Segment::AnyFolders, behind)) => self.descend_everywhere(folder, behind),
        }
    }

    fn enter(&mut self, path: PathBuf, behind: &[Segment]) {
        if !behind.is_empty() {
            return self.descend(&path, behind);
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => self.found.push(path),
            Err(error) => self.note(&path, error),
        }
    }

    fn descend_everywhere(&mut self, folder: &Path, behind: &[Segment]) {
        if !behind.is_empty() {
            self.descend(folder, behind);
        }
        let Ok(metadata) = fs::metadata(or_here(folder)) else { return };
        let identity = (metadata.dev(), metadata.ino());
        if self.above.contains(&identity) {
            return;
        }
        self.above.push(identity);
        for (path, _) in self.names_in(folder) {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.descend_everywhere(&path, behind),
                Ok(_) if behind.is_empty() => self.found.push(path),
                Ok(_) => {}
                Err(error) => self.note(&path, error),
            }
        }
        self.above.pop();
    }

    fn names_in(&mut self, folder: &Path) -> Vec<(PathBuf, String)> {
        let entries = match fs::read_dir(or_here(folder)) {
            Ok(entries) => entries,
            Err(error) => {
                self.note(folder, error);
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let name = entry.file_name();
                    names.push((folder.join(&name), name.to_string_lossy().into_owned()));
                }
                Err(error) => self.note(folder, error),
            }
        }
        names
    }

    /// A file that is not there, or a file where a folder is looked for, is no problem.
    fn note(&mut self, path: &Path, error: io::Error) {
        if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            (self.problem)(path, error);
        }
    }
}

fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Every text that braces stand for: `a{b,c}` for `ab` and `ac`.
fn expand_braces(pattern: &str) -> Result<Vec<String>, InvalidGlob> {
    let mut finished = Vec::new();
    let mut unfinished = vec![pattern.to_owned()];
    while let Some(text) = unfinished.pop() {
        let Some(open) = position_outside_classes(&text, 0, |byte, _| byte == b'{')? else {
            finished.push(text);
            continue;
        };
        let (mut commas, mut from) = (vec![open], open + 1);
        let close = loop {
            let end =
                position_outside_classes(&text, from, |byte, depth| depth == 0 && b",}".contains(&byte))?;
            let end = end.ok_or(InvalidGlob)?;
            if text.as_bytes().get(end) == Some(&b'}') {
                break end;
            }
            commas.push(end);
            from = end + 1;
        };
        commas.push(close);
        let (before, behind) = (text.get(..open), text.get(close + 1..));
        for pair in commas.windows(2).rev() {
            let [start, end] = pair else { continue };
            let (Some(before), Some(chosen), Some(behind)) = (before, text.get(start + 1..*end), behind)
            else {
                return Err(InvalidGlob);
            };
            unfinished.push(format!("{before}{chosen}{behind}"));
        }
        if finished.len() + unfinished.len() > MOST_ALTERNATIVES {
            return Err(InvalidGlob);
        }
    }
    Ok(finished)
}

/// Where from `from` on the first byte is for which `is_wanted` says so, given how many braces are open
/// around it. Bytes in classes and behind a `\` are passed over.
fn position_outside_classes(
    text: &str,
    from: usize,
    is_wanted: impl Fn(u8, usize) -> bool,
) -> Result<Option<usize>, InvalidGlob> {
    let (mut is_escaped, mut is_in_class, mut depth) = (false, false, 0);
    for (index, byte) in text.bytes().enumerate().skip(from) {
        if is_escaped {
            is_escaped = false;
        } else if byte == b'\\' {
            is_escaped = true;
        } else if is_in_class {
            is_in_class = byte != b']';
        } else if is_wanted(byte, depth) {
            return Ok(Some(index));
        } else {
            match byte {
                b'[' => is_in_class = true,
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    if is_escaped || is_in_class { Err(InvalidGlob) } else { Ok(None) }
}
