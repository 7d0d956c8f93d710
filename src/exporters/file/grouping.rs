//! A file for each value of a resource attribute.
//!
//! The value comes from whoever sends the telemetry, so it must never lead out of the directory that the
//! user wrote: `.` and `..` are resolved before the value is put into the path.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use super::FileExporterConfig;
use super::output_file::{Existing, OutputFile, create_directory};
use crate::otlp::wire::put_length_delimited;
use crate::otlp::{AnyValueView, Batch, item_count};

/// The part of a batch that goes into one file.
pub(super) struct Group {
    /// The value of the attribute.
    pub(super) segment: String,
    pub(super) batch: Batch,
}

/// Deals a batch out to the values of `attribute`, in the order of their first occurrence; also how
/// many items come from resources without such a text.
pub(super) fn group(batch: &Batch, attribute: &str) -> (Vec<Group>, usize) {
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    for resource_group in batch.resource_groups() {
        let Some(AnyValueView::String(segment)) = resource_group.resource.attributes.get(attribute) else {
            continue;
        };
        let segment = segment.to_str();
        let index = bodies.iter().position(|(known, _)| *known == segment).unwrap_or_else(|| {
            bodies.push((segment.into_owned(), Vec::new()));
            bodies.len() - 1
        });
        if let Some((_, body)) = bodies.get_mut(index) {
            put_length_delimited(body, 1, resource_group.bytes);
        }
    }
    let signal = batch.signal();
    let into_group = |(segment, body): (String, Vec<u8>)| {
        let items = item_count(signal, &body);
        Group { segment, batch: Batch::from_valid_part(signal, Bytes::from(body), items) }
    };
    let groups: Vec<_> = bodies.into_iter().map(into_group).collect();
    let placed: usize = groups.iter().map(|group| group.batch.items()).sum();
    (groups, batch.items().saturating_sub(placed))
}

/// The open files of all groups.
pub(super) struct GroupedFiles {
    prefix: String,
    suffix: String,
    existing: Existing,
    directory_mode: u32,
    most_open: usize,
    /// The file written last comes last.
    open: Vec<OutputFile>,
    /// Which files this run has begun, by a hash of their paths, so that one opened again is continued.
    begun: HashSet<u64>,
}

impl GroupedFiles {
    pub(super) fn new(config: &FileExporterConfig, prefix: &str, suffix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            existing: if config.append { Existing::Continue } else { Existing::Empty },
            directory_mode: config.directory_mode(),
            most_open: config.group_by.max_open_files as usize,
            open: Vec::new(),
            begun: HashSet::new(),
        }
    }

    /// The file of a group. An error of the kinds in [`is_unusable`] will not pass.
    pub(super) fn file(&mut self, segment: &str) -> io::Result<&mut OutputFile> {
        let path = path_of(&self.prefix, segment, &self.suffix).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidFilename, format!("{segment:?} names no file"))
        })?;
        let file = match self.open.iter().position(|file| file.path() == path) {
            Some(index) => self.open.remove(index),
            None => self.open(&path)?,
        };
        self.open.push(file);
        self.open.last_mut().ok_or_else(|| io::Error::other("no file is open"))
    }

    /// Waits until the disk has everything.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.open.iter().try_for_each(OutputFile::sync)
    }

    fn open(&mut self, path: &Path) -> io::Result<OutputFile> {
        while self.open.len() >= self.most_open {
            self.open.remove(0).sync()?;
        }
        if let Some(directory) = path.parent() {
            create_directory(directory, self.directory_mode)?;
        }
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let hash = hasher.finish();
        let existing = if self.begun.contains(&hash) { Existing::Continue } else { self.existing };
        let file = OutputFile::open(path, existing, None)?;
        self.begun.insert(hash);
        Ok(file)
    }
}

/// True for errors that come from the name: the group will never have a file.
pub(super) fn is_unusable(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory};
    // "Already exists" is a file where a directory would have to be.
    matches!(error.kind(), AlreadyExists | InvalidFilename | InvalidInput | IsADirectory | NotADirectory)
}

/// The path with the segment in its place; none where that cannot be a path below the prefix.
fn path_of(prefix: &str, segment: &str, suffix: &str) -> Option<PathBuf> {
    if segment.contains('\0') {
        return None;
    }
    let mut resolved: Vec<&str> = Vec::new();
    for name in segment.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                resolved.pop();
            }
            name => resolved.push(name),
        }
    }
    let path = PathBuf::from(format!("{prefix}{}{suffix}", resolved.join("/")));
    // A prefix or suffix that ends or begins with dots could still complete a "..".
    let written = PathBuf::from(format!("{prefix}-{suffix}"));
    (steps_up(&path) == steps_up(&written)).then_some(path)
}

fn steps_up(path: &Path) -> usize {
    path.components().filter(|component| *component == Component::ParentDir).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_never_leads_out_of_its_directory() {
        for (prefix, segment, suffix, expected) in [
            ("/data/", "shop", ".json", Some("/data/shop.json")),
            ("/data/", "eu/shop", ".json", Some("/data/eu/shop.json")),
            ("/data/", "../../etc/passwd", "", Some("/data/etc/passwd")),
            ("/data/", "/etc/passwd", "", Some("/data/etc/passwd")),
            ("/data/", "a/../../../b", ".json", Some("/data/b.json")),
            ("/data/", "a//./b", ".json", Some("/data/a/b.json")),
            ("/data/app-", "../x", ".json", Some("/data/app-x.json")),
            ("../data/", "..", "/log", Some("../data//log")),
            ("/data/", "..\\x", "", Some("/data/..\\x")),
            ("/data/.", "./../x", "", Some("/data/.x")),
            ("/data/.", "", "./x", None),
            ("/data/", "a\0b", "", None),
        ] {
            assert_eq!(path_of(prefix, segment, suffix).as_deref(), expected.map(Path::new), "{segment:?}");
        }
    }
}
