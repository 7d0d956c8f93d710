//! One storage file while it is open: writes go to its end, values are read from where they are.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::index::Index;
use super::record::{RecordedChange, put_record};
use crate::pipeline::{StorageChange, StorageError};

/// How a file is kept.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Whether a write answers only once the disk has it.
    pub fsync: bool,
    /// How long the file may be, in bytes.
    pub max_size: Option<u64>,
    /// Whether a damaged file is put aside and what can be read of it kept; it is refused otherwise.
    pub recreate: bool,
    /// Where files are written that replace others.
    pub scratch_directory: PathBuf,
    /// How many values one record of a compacted file holds at most.
    pub values_per_record: usize,
    /// Compaction beyond the usual: once the file is so long in bytes, and no more than so many are alive.
    pub rebound: Option<Rebound>,
}

/// When a file that was large is to be made small again.
#[derive(Debug, Clone, Copy)]
pub struct Rebound {
    /// From which length of the file on, in bytes.
    pub needed: u64,
    /// Up to how many living bytes.
    pub trigger: u64,
    /// The least time between two looks.
    pub check_interval: Duration,
}

/// An open file.
pub struct Log {
    path: PathBuf,
    options: LogOptions,
    /// The file and the places in it, which change together.
    readable: RwLock<Readable>,
    writer: Mutex<Writer>,
}

/// What reading needs.
pub struct Readable {
    /// Locked against other processes.
    pub file: Arc<File>,
    /// Where the values are.
    pub index: Index,
}

/// What writing needs besides.
pub struct Writer {
    /// Where the next record goes; everything before was answered.
    pub end: u64,
    /// A write failed and could not be taken back.
    broken: Option<StorageError>,
    /// When the rebound was last looked for.
    rebound_checked: Option<Instant>,
}

/// Records that are written together.
struct Group {
    /// Where in the file they go.
    position: u64,
    bytes: Vec<u8>,
    changes: Vec<RecordedChange>,
}

/// A file is written anew once so many bytes of it are dead, and more than are alive: so it is never longer
/// than twice what it holds and this, and each byte is moved about once.
const DEAD_BYTES_KEPT: u64 = 32 * 1024 * 1024;

impl Log {
    /// The log at `path`, open and locked as `readable`, whose records end at `end`.
    pub const fn new(path: PathBuf, options: LogOptions, readable: Readable, end: u64) -> Self {
        let writer = Mutex::new(Writer { end, broken: None, rebound_checked: None });
        Self { path, options, readable: RwLock::new(readable), writer }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is kept.
    pub const fn options(&self) -> &LogOptions {
        &self.options
    }

    /// What reading needs; writing waits while it is held.
    pub const fn readable(&self) -> &RwLock<Readable> {
        &self.readable
    }

    /// What writing needs; whoever also wants to read locks this first.
    pub const fn writer(&self) -> &Mutex<Writer> {
        &self.writer
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Result<Option<Bytes>, StorageError> {
        let (file, place) = {
            let readable = self.readable.read();
            let Some(place) = readable.index.place(key) else { return Ok(None) };
            (Arc::clone(&readable.file), place)
        };
        let mut value = vec![0; place.length as usize];
        file.read_exact_at(&mut value, place.position).map_err(|error| self.failed("read", error))?;
        if crc32fast::hash(&value) != place.checksum {
            return Err(StorageError::Unreadable(format!(
                "storage file {} is damaged: the value of {key:?} at byte {} does not have its checksum",
                self.path.display(),
                place.position
            )));
        }
        Ok(Some(Bytes::from(value)))
    }

    /// Every key that has a value.
    pub fn keys(&self) -> Vec<String> {
        self.readable.read().index.keys()
    }

    /// Makes each of `writes`, all with one access of the disk. One that is too large or has no room fails
    /// alone; an error of the disk fails every one.
    pub fn append(&self, writes: &[Vec<StorageChange>]) -> Vec<Result<(), StorageError>> {
        let mut writer = self.writer.lock();
        if let Some(error) = &writer.broken {
            return writes.iter().map(|_| Err(error.clone())).collect();
        }
        let mut group = Group { position: writer.end, bytes: Vec::new(), changes: Vec::new() };
        let results: Vec<_> = writes.iter().map(|changes| self.add_write(&mut group, changes)).collect();
        if let Err(error) = self.write_group(&mut writer, group) {
            return results.into_iter().map(|result| result.and(Err(error.clone()))).collect();
        }
        results
    }

    fn add_write(&self, group: &mut Group, changes: &[StorageChange]) -> Result<(), StorageError> {
        let before = group.bytes.len();
        let position = group.position + before as u64;
        let recorded = put_record(&mut group.bytes, position, group.position, changes)?;
        let length = group.position + group.bytes.len() as u64;
        let grows = changes.iter().any(|change| matches!(change, StorageChange::Set { .. }));
        // What only deletes is let through: it is what makes room.
        if let Some(max_size) = self.options.max_size.filter(|max_size| grows && length > *max_size) {
            group.bytes.truncate(before);
            return Err(StorageError::Full(format!(
                "{} may be {max_size} bytes long (`max_size`) and would be {length}",
                self.path.display()
            )));
        }
        group.changes.extend(recorded);
        Ok(())
    }

    fn write_group(&self, writer: &mut Writer, group: Group) -> Result<(), StorageError> {
        if group.bytes.is_empty() {
            return Ok(());
        }
        let file = Arc::clone(&self.readable.read().file);
        let written = file.write_all_at(&group.bytes, group.position).and_then(|()| self.sync(&file));
        if let Err(error) = written {
            // Nobody was promised these records, so nobody may find them.
            if let Err(cutting) = file.set_len(writer.end).and_then(|()| self.sync(&file)) {
                writer.break_with(self.failed("take an incomplete write back from", cutting));
            }
            return Err(self.failed("write to", error));
        }
        let mut readable = self.readable.write();
        group.changes.into_iter().for_each(|change| readable.index.apply(change));
        writer.end += group.bytes.len() as u64;
        Ok(())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.options.fsync { file.sync_data() } else { Ok(()) }
    }

    /// True where so much of the file is dead that it should be written anew.
    pub fn wants_compaction(&self) -> bool {
        let mut writer = self.writer.lock();
        let live = self.readable.read().index.live_bytes();
        let dead = writer.end.saturating_sub(live);
        dead > live.max(DEAD_BYTES_KEPT)
            || self.options.max_size.is_some_and(|max_size| is_short_of_room(max_size, writer.end, dead))
            || self.rebounds(&mut writer, live)
    }

    fn rebounds(&self, writer: &mut Writer, live: u64) -> bool {
        let Some(rebound) = self.options.rebound else { return false };
        if writer.rebound_checked.is_some_and(|checked| checked.elapsed() < rebound.check_interval) {
            return false;
        }
        writer.rebound_checked = Some(Instant::now());
        writer.end >= rebound.needed && live <= rebound.trigger
    }

    /// Brings everything to the disk and lets go of the file, for a graceful end.
    pub fn close(&self) -> Result<(), StorageError> {
        let mut writer = self.writer.lock();
        let file = Arc::clone(&self.readable.read().file);
        writer.break_with(StorageError::Closed);
        let synced = file.sync_data();
        // The descriptor itself may live a little longer than this.
        let unlocked = file.unlock();
        synced.and(unlocked).map_err(|error| self.failed("close", error))
    }

    /// The system refused to `action` the file.
    pub fn failed(&self, action: &str, error: io::Error) -> StorageError {
        failed(action, &self.path, error)
    }
}

/// True where a file comes near the longest it may be and an eighth of that could be gained. What is dead must
/// not keep out what is new.
const fn is_short_of_room(max_size: u64, length: u64, dead: u64) -> bool {
    length > max_size / 4 * 3 && dead > max_size / 8
}

impl Writer {
    /// Nothing can be promised any more: every write fails with `error` from now on.
    pub fn break_with(&mut self, error: StorageError) {
        self.broken = Some(error);
    }
}

/// The system refused to `action` the file at `path`.
pub fn failed(action: &str, path: &Path, error: io::Error) -> StorageError {
    let context = format!("could not {action} storage file {}", path.display());
    StorageError::Io { context, source: Arc::new(error) }
}
