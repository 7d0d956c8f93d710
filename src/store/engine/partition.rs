//! The files with what was cut: one for each piece of time, a further one where the piece of time has very much.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use super::database::engine_error;
use crate::store::{StoreError, TimeRange};

/// What every partition file has, whatever the signal: which cuts it took part in.
pub const CUT_TABLE: &str = "CREATE TABLE cut(
    number INTEGER PRIMARY KEY, files INTEGER NOT NULL, items INTEGER NOT NULL,
    first_unix_nano INTEGER NOT NULL, last_unix_nano INTEGER NOT NULL);";

const EXTENSION: &str = "db";

/// Which partition file: `<start in seconds>-<number>.db`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// Where its piece of time begins, in nanoseconds since 1970.
    pub start_unix_nano: u64,
    /// Its number among the files of that piece of time.
    pub number: u32,
}

/// What is known of a partition file without opening it.
#[derive(Debug, Clone)]
pub struct Partition {
    /// Which one.
    pub key: PartitionKey,
    /// Where it is.
    pub path: PathBuf,
    /// How many items it has.
    pub items: u64,
    /// The time of the oldest.
    pub first_unix_nano: u64,
    /// The time of the newest.
    pub last_unix_nano: u64,
    /// How long the file is, with its write-ahead log.
    pub bytes: u64,
}

/// A cut's part in one file.
#[derive(Debug, Clone, Copy)]
pub struct CutRow {
    /// The cut.
    pub number: u64,
    /// Into how many files it went.
    pub files: u32,
    /// How many items of it are in this file.
    pub items: u64,
    /// The time of the oldest of them.
    pub first_unix_nano: u64,
    /// The time of the newest of them.
    pub last_unix_nano: u64,
}

impl PartitionKey {
    /// The name of the file.
    pub fn file_name(self) -> String {
        format!("{}-{}.{EXTENSION}", self.start_unix_nano / 1_000_000_000, self.number)
    }

    /// The key of a file of this name.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (start, number) = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.split_once('-')?;
        let start: u64 = start.parse().ok()?;
        Some(Self { start_unix_nano: start.checked_mul(1_000_000_000)?, number: number.parse().ok()? })
    }
}

impl Partition {
    /// A partition without items.
    pub fn empty(directory: &Path, key: PartitionKey) -> Self {
        let path = directory.join(key.file_name());
        Self { key, path, items: 0, first_unix_nano: u64::MAX, last_unix_nano: 0, bytes: 0 }
    }

    /// True where it may have items of `range`.
    pub const fn overlaps(&self, range: TimeRange) -> bool {
        self.items > 0
            && self.first_unix_nano < range.to_unix_nano
            && self.last_unix_nano >= range.from_unix_nano
    }

    /// Counts what a cut added.
    pub fn add(&mut self, row: &CutRow) {
        self.items += row.items;
        self.first_unix_nano = self.first_unix_nano.min(row.first_unix_nano);
        self.last_unix_nano = self.last_unix_nano.max(row.last_unix_nano);
    }

    /// Looks how long the file is.
    pub fn measure(&mut self) {
        self.bytes = file_length(&self.path) + file_length(&beside(&self.path, "-wal"));
    }

    /// Removes the file. Readers that have it open go on reading it.
    pub fn remove(&self) -> io::Result<()> {
        remove_database(&self.path)
    }
}

/// Removes the database at `path` with the files beside it.
pub fn remove_database(path: &Path) -> io::Result<()> {
    // The database first: a log without its database is nothing, a database without its log may be damaged.
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The keys of the partition files in `directory`, in order.
pub fn list(directory: &Path) -> io::Result<Vec<PartitionKey>> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(directory)? {
        keys.extend(entry?.file_name().to_str().and_then(PartitionKey::of_file_name));
    }
    keys.sort_unstable();
    Ok(keys)
}

/// The cuts a file took part in, in order.
pub fn cut_rows(connection: &Connection, path: &Path) -> Result<Vec<CutRow>, StoreError> {
    let read = || {
        let mut statement = connection.prepare(
            "SELECT number, files, items, first_unix_nano, last_unix_nano FROM cut ORDER BY number",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(CutRow {
                number: row.get::<_, i64>(0)?.cast_unsigned(),
                files: row.get(1)?,
                items: row.get::<_, i64>(2)?.cast_unsigned(),
                first_unix_nano: row.get::<_, i64>(3)?.cast_unsigned(),
                last_unix_nano: row.get::<_, i64>(4)?.cast_unsigned(),
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| engine_error(path, &error))
}

/// Notes that a file took part in a cut.
pub fn insert_cut_row(transaction: &Transaction<'_>, row: &CutRow) -> rusqlite::Result<()> {
    transaction.prepare_cached("INSERT INTO cut VALUES(?, ?, ?, ?, ?)")?.execute(params![
        row.number.cast_signed(),
        row.files,
        row.items.cast_signed(),
        row.first_unix_nano.cast_signed(),
        row.last_unix_nano.cast_signed(),
    ])?;
    Ok(())
}

/// Takes a file's part in a cut out again.
pub fn delete_cut_row(transaction: &Transaction<'_>, number: u64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM cut WHERE number = ?", [number.cast_signed()]).map(drop)
}

/// The path with `suffix` behind it, as SQLite names the files beside a database.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn file_length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_names() {
        let directory = tempfile::tempdir().unwrap();
        let keys = [(1_700_000_000, 0), (1_700_003_600, 0), (1_700_003_600, 12)].map(
            |(seconds, number): (u64, u32)| PartitionKey { start_unix_nano: seconds * 1_000_000_000, number },
        );
        for name in
            keys.map(PartitionKey::file_name).iter().map(String::as_str).chain(["open.log", "1-2.db-wal"])
        {
            fs::write(directory.path().join(name), "").unwrap();
        }
        assert_eq!(list(directory.path()).unwrap(), keys);
    }

    #[test]
    fn a_removed_partition_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let partition = Partition::empty(directory.path(), PartitionKey { start_unix_nano: 0, number: 0 });
        for suffix in ["", "-wal", "-shm"] {
            fs::write(beside(&partition.path, suffix), "x").unwrap();
        }
        partition.remove().unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
