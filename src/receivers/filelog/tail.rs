//! One file that is followed, and how far it was read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::checkpoints::{Checkpoint, Offset};
use super::file_attributes::FileAttributes;
use super::fingerprint::Fingerprint;
use crate::log_operators::ValueMap;

/// A followed file.
#[derive(Debug)]
pub struct Tail {
    /// Its first bytes, by which it is known again under another name.
    pub fingerprint: Fingerprint,
    /// How far it was read.
    pub offset: Offset,
    /// Whether that is different from what was told last.
    pub has_progress: bool,
    /// Where it was seen last.
    pub path: PathBuf,
    /// The file by device and number; of a file that is gone what it was.
    pub identity: Option<Identity>,
    /// The open file. While it is open its number is not given to another file.
    pub file: Option<Arc<File>>,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// Whether it was moved away or deleted, so that what comes to its path is another file.
    pub was_lost: bool,
    /// The unfinished entry at its end.
    pub partial: Partial,
    /// What its records say of it.
    pub attributes: FileAttributes,
    /// What its header says, once that was read.
    pub header: Option<ValueMap>,
    /// How long it was when it was found to end within a compressed stream.
    pub unfinished_at: Option<u64>,
    seen: Option<Seen>,
}

/// Where a followed file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// At its path.
    InPlace,
    /// Under no path that is looked at; it can still be read, and grew or was read last then.
    Lost(Instant),
    /// Nowhere; it is remembered in case it comes back.
    Gone,
}

/// A file by device and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    device: u64,
    number: u64,
}

/// The state in which a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The state in which a file was found, and whether it was so twice. Times of files are coarse: one that
/// was written to just after it was looked at may have the same times still.
#[derive(Debug, Clone, Copy)]
struct Seen {
    stamp: Stamp,
    is_settled: bool,
}

/// Bytes at the end of a file that are no whole entry yet.
#[derive(Debug, Clone, Copy)]
pub struct Partial {
    length: usize,
    grew_at: Instant,
}

impl Tail {
    /// A file that is read from `offset` on.
    pub fn new(path: PathBuf, fingerprint: Fingerprint, offset: Offset, now: Instant) -> Self {
        Self {
            fingerprint,
            offset,
            has_progress: true,
            path,
            identity: None,
            file: None,
            whereabouts: Whereabouts::Gone,
            was_lost: false,
            partial: Partial::none(now),
            attributes: FileAttributes::default(),
            header: None,
            unfinished_at: None,
            seen: None,
        }
    }

    /// The file is `file`, found at `path`.
    pub fn settle_at(&mut self, path: &Path, metadata: &Metadata, file: Arc<File>) {
        path.clone_into(&mut self.path);
        self.identity = Some(Identity::of(metadata));
        self.file = Some(file);
        self.whereabouts = Whereabouts::InPlace;
        self.was_lost = false;
        self.seen = None;
    }

    /// The file is no more; only what was read of it is remembered.
    pub fn forget_file(&mut self) {
        self.file = None;
        self.seen = None;
        self.whereabouts = Whereabouts::Gone;
    }

    /// Whether anything happened to the file since it was found in the same state twice.
    pub fn has_changed(&mut self, metadata: &Metadata) -> bool {
        let stamp = Stamp::of(metadata);
        match &mut self.seen {
            Some(seen) if seen.stamp == stamp => !std::mem::replace(&mut seen.is_settled, true),
            seen => {
                *seen = Some(Seen { stamp, is_settled: false });
                true
            }
        }
    }

    /// What is to be kept of it, where that is different from before.
    pub fn take_progress(&mut self) -> Option<Checkpoint> {
        std::mem::take(&mut self.has_progress).then(|| Checkpoint {
            fingerprint: self.fingerprint.clone(),
            path: self.path.to_string_lossy().into_owned(),
            offset: self.offset,
        })
    }

    /// Whether the file was in the same state twice.
    pub const fn is_settled(&self) -> bool {
        matches!(self.seen, Some(Seen { is_settled: true, .. }))
    }

    /// What is at the end of the file has to be looked at again, whatever its state.
    pub fn look_again(&mut self) {
        self.seen = None;
    }

    /// The open file, opened where it is not.
    pub fn open(&mut self) -> io::Result<Arc<File>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(&self.path)?);
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

impl Identity {
    /// Whose metadata these are.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), number: metadata.ino() }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Partial {
    /// No bytes at all.
    pub const fn none(now: Instant) -> Self {
        Self { length: 0, grew_at: now }
    }

    /// Notes that so many bytes are left over.
    pub fn found(&mut self, length: usize, now: Instant) {
        if length != self.length {
            *self = Self { length, grew_at: now };
        }
    }

    /// True where there are bytes, and have been for longer than `period`.
    pub fn is_due(&self, period: Option<Duration>, now: Instant) -> bool {
        self.length > 0 && period.is_some_and(|period| now.duration_since(self.grew_at) > period)
    }
}
