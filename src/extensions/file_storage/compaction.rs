//! Writing a storage file anew with what is alive in it, and putting it in the place of the old one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::file_header::{FILE_HEADER_LENGTH, put_file_header};
use super::index::Index;
use super::log::{Log, LogOptions, Readable, failed};
use super::record::{RecordedChange, put_record};
use super::scan::Scanner;
use crate::pipeline::{StorageChange, StorageError};

/// How the names of unfinished files begin, as in the Collector.
pub const SCRATCH_PREFIX: &str = "tempdb";

/// About how many bytes of values one record of a new file holds.
const BYTES_PER_RECORD: usize = 1024 * 1024;

/// Writes the file of `log` anew. Reading and writing go on meanwhile, up to the moment in which what was
/// written meanwhile is added.
pub fn compact(log: &Log) -> Result<(), StorageError> {
    let options = log.options();
    let scratch = scratch_path(&options.scratch_directory, log.path());
    let compacted = compact_through(log, &scratch);
    if compacted.is_err() {
        discard(&scratch);
    }
    compacted
}

fn compact_through(log: &Log, scratch: &Path) -> Result<(), StorageError> {
    let (old, index, copied_to) = {
        let writer = log.writer().lock();
        let readable = log.readable().read();
        (Arc::clone(&readable.file), readable.index.clone(), writer.end)
    };
    let mut rewritten = Rewritten::create(scratch.to_owned(), log.options().values_per_record)?;
    rewritten.copy_values(&old, &index)?;
    rewritten.sync()?;
    let mut writer = log.writer().lock();
    rewritten.copy_records(&old, copied_to, writer.end)?;
    let replaced = rewritten.replace(log.path())?;
    *log.readable().write() = replaced.readable;
    writer.end = replaced.end;
    if let Some(error) = replaced.unsynced {
        writer.break_with(error.clone());
        return Err(error);
    }
    Ok(())
}

/// A new file with the values of `index`, which are in `old`, in the place `path`.
pub fn write_anew(
    old: &File,
    index: &Index,
    options: &LogOptions,
    path: &Path,
) -> Result<Replaced, StorageError> {
    let scratch = scratch_path(&options.scratch_directory, path);
    let write = || {
        let mut rewritten = Rewritten::create(scratch.clone(), options.values_per_record)?;
        rewritten.copy_values(old, index)?;
        rewritten.replace(path)
    };
    let replaced = write();
    if replaced.is_err() {
        discard(&scratch);
    }
    replaced
}

/// Where the file that replaces the one at `path` is written: the same each time, so that nothing piles up,
/// and no other file's, even where several directories share one for scratch.
fn scratch_path(directory: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let of_path = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let of_path: String = of_path.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    directory.join(format!("{SCRATCH_PREFIX}-{name}-{of_path}"))
}

/// Takes an unfinished file away, so that it does not hold the space that may have been missing.
fn discard(scratch: &Path) {
    // The next attempt overwrites it where this fails.
    let _ = fs::remove_file(scratch);
}

/// A file that is in the place of another now.
pub struct Replaced {
    /// The new file, locked, and where its values are.
    pub readable: Readable,
    /// Where its next record goes.
    pub end: u64,
    /// Why a power failure may bring the old file back; what is written from now on would then be lost.
    pub unsynced: Option<StorageError>,
}

/// A file that is being written to replace another.
struct Rewritten {
    file: File,
    path: PathBuf,
    index: Index,
    end: u64,
    values_per_record: usize,
}

impl Rewritten {
    fn create(path: PathBuf, values_per_record: usize) -> Result<Self, StorageError> {
        let create = || {
            let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
            // Before it has the name under which others look for it, so that none of them gets in between.
            file.try_lock()?;
            let mut header = Vec::new();
            put_file_header(&mut header);
            file.write_all_at(&header, 0)?;
            Ok(file)
        };
        let file = create().map_err(|error| failed("create", &path, error))?;
        let end = FILE_HEADER_LENGTH as u64;
        Ok(Self { file, path, index: Index::default(), end, values_per_record: values_per_record.max(1) })
    }

    /// Adds every value of `index`.
    fn copy_values(&mut self, old: &File, index: &Index) -> Result<(), StorageError> {
        let (mut changes, mut bytes) = (Vec::new(), 0);
        for (key, place) in index.by_position() {
            let mut value = vec![0; place.length as usize];
            old.read_exact_at(&mut value, place.position).map_err(|error| self.failed(error))?;
            bytes += value.len();
            changes.push(StorageChange::Set { key: key.into(), value: value.into() });
            if bytes >= BYTES_PER_RECORD || changes.len() >= self.values_per_record {
                self.add(&std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        self.add(&changes)
    }

    /// Adds the changes of the records of `old` between two positions.
    fn copy_records(&mut self, old: &File, start: u64, end: u64) -> Result<(), StorageError> {
        let (mut scanner, mut position) = (Scanner::new(old, end), start);
        while let Some(record) = scanner.record(position).map_err(|error| self.failed(error))? {
            let mut changes = Vec::with_capacity(record.changes.len());
            for change in record.changes {
                changes.push(match change {
                    RecordedChange::Delete(key) => StorageChange::Delete { key: key.into() },
                    RecordedChange::Set(key, place) => {
                        let mut value = vec![0; place.length as usize];
                        old.read_exact_at(&mut value, place.position).map_err(|error| self.failed(error))?;
                        StorageChange::Set { key: key.into(), value: value.into() }
                    }
                });
            }
            self.add(&changes)?;
            position = record.end;
        }
        if position == end {
            return Ok(());
        }
        Err(self.failed(io::Error::other(format!("no whole record at byte {position} of the old file"))))
    }

    fn add(&mut self, changes: &[StorageChange]) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let recorded = put_record(&mut bytes, self.end, self.end, changes)?;
        self.file.write_all_at(&bytes, self.end).map_err(|error| self.failed(error))?;
        recorded.into_iter().for_each(|change| self.index.apply(change));
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Also without `fsync`: a file system may carry the new name out before the new content.
    fn sync(&self) -> Result<(), StorageError> {
        self.file.sync_data().map_err(|error| self.failed(error))
    }

    /// Puts the file in the place of the one at `path`.
    fn replace(self, path: &Path) -> Result<Replaced, StorageError> {
        self.sync()?;
        match fs::rename(&self.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                return self.replace_from_elsewhere(path);
            }
            Err(error) => return Err(failed("replace", path, error)),
        }
        let unsynced = sync_directory_of(path).err().map(|error| failed("replace", path, error));
        let readable = Readable { file: Arc::new(self.file), index: self.index };
        Ok(Replaced { readable, end: self.end, unsynced })
    }

    /// The scratch directory is on another file system, between which nothing can be renamed: writes the
    /// file once more, beside the one it replaces.
    fn replace_from_elsewhere(self, path: &Path) -> Result<Replaced, StorageError> {
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        let mut rewritten = Self::create(scratch_path(directory, path), self.values_per_record)?;
        rewritten.copy_values(&self.file, &self.index)?;
        discard(&self.path);
        rewritten.replace(path)
    }

    fn failed(&self, error: io::Error) -> StorageError {
        failed("write", &self.path, error)
    }
}

/// Makes names in the directory of `path` durable.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    File::open(directory)?.sync_all()
}
