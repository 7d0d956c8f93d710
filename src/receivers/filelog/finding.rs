//! Which files are to be read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::config::FileLogConfig;
use super::glob::{Glob, InvalidGlob};

/// Finds the files that `include` has and `exclude` has not.
#[derive(Debug)]
pub struct FileFinder {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    /// The age beyond which files are left out.
    most_age: Option<Duration>,
}

impl FileFinder {
    /// The finder of a section.
    pub fn new(config: &FileLogConfig) -> Result<Self, InvalidGlob> {
        let parse = |patterns: &[String]| -> Result<Vec<Glob>, InvalidGlob> {
            patterns.iter().map(|pattern| Glob::parse(pattern)).collect()
        };
        Ok(Self {
            include: parse(&config.include)?,
            exclude: parse(&config.exclude)?,
            most_age: config.exclude_older_than.limit(),
        })
    }

    /// The files there are at `now_unix_nano`, in the order of their paths.
    pub fn find(&self, now_unix_nano: u64) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut problem = |path: &std::path::Path, error: std::io::Error| {
            tracing::debug!(path = %path.display(), %error, "finding files");
        };
        for glob in &self.include {
            glob.find(&mut found, &mut problem);
        }
        let is_wanted = |path: &PathBuf| {
            !self.exclude.iter().any(|glob| glob.matches(path)) && self.is_young_enough(path, now_unix_nano)
        };
        let wanted: BTreeSet<PathBuf> = found.into_iter().filter(is_wanted).collect();
        wanted.into_iter().collect()
    }

    fn is_young_enough(&self, path: &PathBuf, now_unix_nano: u64) -> bool {
        let Some(most_age) = self.most_age else { return true };
        let Ok(modified) = std::fs::metadata(path).and_then(|metadata| metadata.modified()) else {
            return false;
        };
        let now = UNIX_EPOCH + Duration::from_nanos(now_unix_nano);
        now.duration_since(modified).is_ok_and(|age| age <= most_age) || modified > now
    }
}
