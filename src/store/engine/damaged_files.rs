//! Files that are damaged: what there is beside them goes on, and everyone hears of it.
//!
//! A partition or a log that cannot be opened is set aside under another name and never read, written or removed by the
//! store again. A partition that turns out to be damaged while a question is answered stays where it is: what can be read
//! of it still is.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::{fs, io};

use parking_lot::Mutex;

use super::partition::{PartitionKey, beside};
use super::signal_store::SignalCounters;
use crate::store::TimeRange;

/// What is put behind the name of a file that is set aside; a number follows where there is one of that name.
const SUFFIX: &str = ".damaged";

/// How many files of one name may lie aside.
const MOST_ASIDE: u32 = 1_000;

/// The damaged files of a signal that are known of.
#[derive(Debug, Default)]
pub struct DamagedFiles(Mutex<Vec<DamagedFile>>);

/// A damaged file.
#[derive(Debug, Clone)]
pub struct DamagedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// When that happened which it has, or may have.
    pub times: TimeRange,
    /// What is wrong with it.
    pub damage: String,
}

impl DamagedFiles {
    /// Notes a damaged file, and warns of it where it was not known.
    pub fn note(&self, counters: &SignalCounters, found: DamagedFile) {
        let mut known = self.0.lock();
        if known.iter().any(|known| known.path == found.path) {
            return;
        }
        counters.damaged_files.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            file = %found.path.display(),
            damage = %found.damage,
            "A file of the store is damaged. Questions are answered without what cannot be read of it, and say so. \
             `sqlite3 FILE .recover` may get more out of it; remove it, while this program is stopped, when it is no \
             longer needed."
        );
        known.push(found);
    }

    /// True where something of `range` may be missing.
    pub fn touch(&self, range: TimeRange) -> bool {
        let is_within = |times: TimeRange| {
            times.from_unix_nano < range.to_unix_nano && range.from_unix_nano < times.to_unix_nano
        };
        self.0.lock().iter().any(|known| is_within(known.times))
    }
}

/// Gives a file, and those that SQLite keeps beside it, a name under which nobody looks for it; answers with that.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path)?;
    fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Keeps a copy of a file that is damaged in places and goes on being used.
pub fn copy_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = free_name(path)?;
    fs::copy(path, &aside)?;
    Ok(aside)
}

/// The partition files in `directory` that were set aside.
pub fn list_aside(directory: &Path) -> io::Result<Vec<(PartitionKey, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let key = name.to_str().and_then(|name| {
            let (file_name, number) = name.split_once(SUFFIX)?;
            let is_database = number.bytes().all(|byte| byte.is_ascii_digit());
            PartitionKey::of_file_name(file_name).filter(|_| is_database)
        });
        found.extend(key.map(|key| (key, entry.path())));
    }
    found.sort_unstable_by_key(|(key, _)| *key);
    Ok(found)
}

fn free_name(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST_ASIDE {
        let number = if number == 1 { String::new() } else { number.to_string() };
        let aside = beside(path, &format!("{SUFFIX}{number}"));
        if !aside.try_exists()? {
            return Ok(aside);
        }
    }
    Err(io::Error::other(format!("{} damaged files of this name lie there; remove some", MOST_ASIDE)))
}
