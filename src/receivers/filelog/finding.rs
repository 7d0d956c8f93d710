//! Which files are to be read, and in which order.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::config::FileLogConfig;
use super::file_order::FileOrder;
use super::glob::{Glob, InvalidGlob};
use crate::pipeline::BuildError;

/// Finds the files that `include` has and `exclude` has not.
pub struct FileFinder {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    /// The age beyond which files are left out.
    most_age: Option<Duration>,
    order: Option<FileOrder>,
}

impl FileFinder {
    /// The finder of a section.
    pub fn new(config: &FileLogConfig) -> Result<Self, BuildError> {
        let parse = |patterns: &[String]| -> Result<Vec<Glob>, InvalidGlob> {
            patterns.iter().map(|pattern| Glob::parse(pattern)).collect()
        };
        let invalid = |error: InvalidGlob| BuildError(error.to_string());
        Ok(Self {
            include: parse(&config.include).map_err(invalid)?,
            exclude: parse(&config.exclude).map_err(invalid)?,
            most_age: config.exclude_older_than.limit(),
            order: FileOrder::new(&config.ordering_criteria)?,
        })
    }

    /// The files there are at `now_unix_nano`, in the order in which to read them.
    pub fn find(&mut self, now_unix_nano: u64) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut problem = |path: &Path, error: io::Error| {
            tracing::debug!(path = %path.display(), %error, "finding files");
        };
        for glob in &self.include {
            glob.find(&mut found, &mut problem);
        }
        let is_wanted = |path: &PathBuf| {
            !self.exclude.iter().any(|glob| glob.matches(path)) && self.is_young_enough(path, now_unix_nano)
        };
        let wanted: BTreeSet<PathBuf> = found.into_iter().filter(is_wanted).collect();
        let sorted = wanted.into_iter().collect();
        match &mut self.order {
            None => sorted,
            Some(order) => order.apply(sorted),
        }
    }

    fn is_young_enough(&self, path: &Path, now_unix_nano: u64) -> bool {
        let Some(most_age) = self.most_age else { return true };
        let Ok(modified) = std::fs::metadata(path).and_then(|metadata| metadata.modified()) else {
            return false;
        };
        let now = UNIX_EPOCH + Duration::from_nanos(now_unix_nano);
        // What was modified just now may be ahead of a clock that was read before.
        now.duration_since(modified).map_or(true, |age| age <= most_age)
    }
}
