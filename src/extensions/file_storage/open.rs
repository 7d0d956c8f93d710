//! Opening a storage file: locked, its version known, cut behind its last whole record.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::Span;

use super::compaction::{Replaced, compact, sync_directory_of, write_anew};
use super::file_header::{FILE_HEADER_LENGTH, FileStart, put_file_header, read_file_header};
use super::log::{Log, LogOptions, Readable, failed};
use super::recovery::{Recovered, recover};
use crate::pipeline::StorageError;
use crate::telemetry::UtcTime;

/// Opens the file at `path`; makes it where there is none. What was found wrong is logged under `span`, and
/// `now` names the copy of a damaged file.
///
/// # Errors
///
/// [`StorageError::InUse`] where another process, or another component, has it open;
/// [`StorageError::Unreadable`] where it is damaged, newer, or something else.
pub fn open(path: PathBuf, options: LogOptions, now: UtcTime, span: &Span) -> Result<Log, StorageError> {
    let file = open_and_lock(&path)?;
    let opened = read(&file, &path).map_err(|error| failed("read", &path, error))??;
    let (readable, end) = match opened {
        Opened::Anew => {
            begin(&file, &path, &options).map_err(|error| failed("write to", &path, error))?;
            (Readable { file: Arc::new(file), index: Default::default() }, FILE_HEADER_LENGTH as u64)
        }
        Opened::Whole(recovered, length) => {
            if recovered.end < length {
                cut(&file, &recovered, length, &options, &path, span)?;
            }
            (Readable { file: Arc::new(file), index: recovered.index }, recovered.end)
        }
        Opened::Damaged(recovered, what) if options.recreate => {
            let Replaced { readable, end, unsynced } =
                recreate(&file, &recovered, &what, &options, &path, now, span)?;
            unsynced.map_or(Ok(()), Err)?;
            (readable, end)
        }
        Opened::Damaged(_, what) => {
            return Err(StorageError::Unreadable(format!(
                "storage file {} is damaged: {what}. Set `recreate: true` to put it aside and to go on with \
                 what can still be read of it",
                path.display()
            )));
        }
    };
    Ok(Log::new(path, options, readable, end))
}

/// Writes the file of `log` anew where that is asked for at each start. A failure leaves the file as it is.
pub fn compact_on_start(log: &Log, span: &Span) {
    if let Err(error) = compact(log) {
        tracing::error!(parent: span, error = %error, "compaction on start failed");
    }
}

enum Opened {
    /// No record was ever answered.
    Anew,
    /// Good up to the end of what was recovered; the length of the file.
    Whole(Recovered, u64),
    /// What can be read, and what is wrong.
    Damaged(Recovered, String),
}

fn open_and_lock(path: &Path) -> Result<File, StorageError> {
    let open = || {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        // Whoever had it may have put another file in its place between our opening and our locking.
        let is_current = || -> io::Result<bool> {
            let (named, opened) = (fs::metadata(path)?, file.metadata()?);
            Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino()))
        };
        Ok((locked && is_current()?).then_some(file))
    };
    open().map_err(|error| failed("open", path, error))?.ok_or_else(|| {
        StorageError::InUse(format!(
            "storage file {} is in use by another process or another component; give each process its own \
             `directory` and each component its own id",
            path.display()
        ))
    })
}

fn read(file: &File, path: &Path) -> io::Result<Result<Opened, StorageError>> {
    let length = file.metadata()?.len();
    let mut start = vec![0; FILE_HEADER_LENGTH.min(usize::try_from(length).unwrap_or(FILE_HEADER_LENGTH))];
    file.read_exact_at(&mut start, 0)?;
    let start = match read_file_header(&start, path) {
        Ok(start) => start,
        Err(error) => return Ok(Err(error)),
    };
    let recovered = recover(file, FILE_HEADER_LENGTH as u64, length.max(FILE_HEADER_LENGTH as u64))?;
    let holds_records = recovered.end > FILE_HEADER_LENGTH as u64;
    Ok(Ok(match start {
        FileStart::Unfinished if !holds_records => Opened::Anew,
        FileStart::Unfinished | FileStart::Damaged => {
            Opened::Damaged(recovered, "it does not begin as Weir's storage files do".to_owned())
        }
        FileStart::Whole if recovered.damaged.is_empty() => Opened::Whole(recovered, length),
        FileStart::Whole => {
            let gaps = recovered.damaged.iter().map(|gap| format!("{} to {}", gap.start, gap.end));
            let gaps = gaps.collect::<Vec<_>>().join(", ");
            Opened::Damaged(recovered, format!("there is no whole record at bytes {gaps}"))
        }
    }))
}

fn begin(file: &File, path: &Path, options: &LogOptions) -> io::Result<()> {
    let mut header = Vec::new();
    put_file_header(&mut header);
    file.set_len(0)?;
    file.write_all_at(&header, 0)?;
    if options.fsync {
        file.sync_all()?;
        sync_directory_of(path)?;
    }
    Ok(())
}

/// Cuts off what a write left that was not finished.
fn cut(
    file: &File,
    recovered: &Recovered,
    length: u64,
    options: &LogOptions,
    path: &Path,
    span: &Span,
) -> Result<(), StorageError> {
    tracing::warn!(
        parent: span,
        file = %path.display(),
        bytes = length - recovered.end,
        "The last write to the storage file was cut off and had not been answered. It is taken back."
    );
    let cut = file.set_len(recovered.end);
    let cut = cut.and_then(|()| if options.fsync { file.sync_all() } else { Ok(()) });
    cut.map_err(|error| failed("cut", path, error))
}

/// Puts a damaged file aside and writes what could be read of it into a new one.
fn recreate(
    file: &File,
    recovered: &Recovered,
    what: &str,
    options: &LogOptions,
    path: &Path,
    now: UtcTime,
    span: &Span,
) -> Result<Replaced, StorageError> {
    let mut backup = path.as_os_str().to_owned();
    backup.push(format!(".{}.backup", now.rfc3339_nanos().replace(':', "")));
    let backup = PathBuf::from(backup);
    // A second name, so that there is no moment without a file under the first.
    fs::hard_link(path, &backup).map_err(|error| failed("put aside", path, error))?;
    let replaced = write_anew(file, &recovered.index, options, path)?;
    tracing::error!(
        parent: span,
        file = %path.display(),
        backup = %backup.display(),
        values_kept = recovered.index.keys().len(),
        error = what,
        "The storage file is damaged. It is put aside, and what can be read of it is kept."
    );
    Ok(replaced)
}
