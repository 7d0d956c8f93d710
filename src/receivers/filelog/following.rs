//! The files that are followed, and which of them is behind which path after files were renamed, copied,
//! cut off, compressed or deleted.
//!
//! A file is the same as before where its device and number are, and its first bytes: numbers are given
//! out again, and a file may be cut off and written anew. What was cut off, or is gone, is remembered by its
//! first bytes: a file that begins with them is a copy of it, or it came back, and goes on where it was left.
//! Two files with the same first bytes are one and the same file, which is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::checkpoints::{Checkpoint, Offset};
use super::config::{Compression, OnTruncate, ReadingConfig};
use super::fingerprint::{Fingerprint, read_fully_at};
use super::source::{GzipPlace, fingerprint_of, is_compressed};
use super::tail::{Identity, Tail, Whereabouts};

/// Names a followed file, through restarts.
pub type TailId = u64;

/// Every file that is followed or remembered.
#[derive(Debug)]
pub struct FollowedFiles {
    tails: BTreeMap<TailId, Tail>,
    next_id: TailId,
    fingerprint_size: usize,
    compression: Compression,
    on_truncate: OnTruncate,
    /// Files that are remembered no more since that was asked for.
    forgotten: Vec<TailId>,
    /// Paths that could not be opened, so that each is told of once.
    unreadable: BTreeSet<PathBuf>,
}

/// How long a file is still read that is under no path any more: whoever wrote to it may not have noticed.
const PATIENCE_WITH_LOST_FILES: Duration = Duration::from_secs(5);

/// How many files are remembered that are gone.
const MOST_GONE_FILES: usize = 4096;

impl FollowedFiles {
    /// No files yet.
    pub fn new(config: &ReadingConfig) -> Self {
        Self {
            tails: BTreeMap::new(),
            next_id: 0,
            fingerprint_size: config.fingerprint_size.bytes(),
            compression: config.compression,
            on_truncate: config.on_truncate,
            forgotten: Vec::new(),
            unreadable: BTreeSet::new(),
        }
    }

    /// The file called `id`.
    pub fn get_mut(&mut self, id: TailId) -> Option<&mut Tail> {
        self.tails.get_mut(&id)
    }

    /// Takes in a file remembered from an earlier life of the process.
    pub fn remember(&mut self, id: TailId, checkpoint: Checkpoint, now: Instant) {
        let mut tail = Tail::new(checkpoint.path.into(), checkpoint.fingerprint, checkpoint.offset, now);
        tail.has_progress = false;
        self.next_id = self.next_id.max(id + 1);
        self.tails.insert(id, tail);
    }

    /// How many files are open.
    pub fn open_files(&self) -> usize {
        self.tails.values().filter(|tail| tail.file.is_some()).count()
    }

    /// Closes the files that are at their paths, and can be opened again.
    pub fn close_files(&mut self) {
        for tail in self.tails.values_mut().filter(|tail| tail.whereabouts == Whereabouts::InPlace) {
            tail.file = None;
        }
    }

    /// Which files are remembered no more.
    pub fn take_forgotten(&mut self) -> Vec<TailId> {
        std::mem::take(&mut self.forgotten)
    }

    /// Finds out which files are behind `paths` now, and which there are to read, in the order in which to.
    /// Files seen for the first time are read from their end on where `from_end`.
    pub fn look(&mut self, paths: &[PathBuf], from_end: bool, now: Instant) -> Vec<TailId> {
        let mut to_read = Vec::new();
        let (in_place, strangers) = self.recognize(paths);
        to_read.extend(self.look_for_the_lost(&in_place, now));
        for (path, id) in paths.iter().zip(&in_place) {
            match id {
                Some(id) => to_read.push(*id),
                None => {
                    to_read.extend(strangers.contains(path).then(|| self.meet(path, from_end, now)).flatten())
                }
            }
        }
        let mut listed = BTreeSet::new();
        to_read.retain(|id| listed.insert(*id));
        self.forget_the_oldest();
        to_read
    }

    /// The followed file at each path by device and number, and the paths where there is none.
    fn recognize(&mut self, paths: &[PathBuf]) -> (Vec<Option<TailId>>, BTreeSet<PathBuf>) {
        let by_identity: BTreeMap<Identity, TailId> = self
            .tails
            .iter()
            .filter(|(_, tail)| tail.whereabouts != Whereabouts::Gone)
            .filter_map(|(id, tail)| Some((tail.identity?, *id)))
            .collect();
        let mut strangers = BTreeSet::new();
        let recognized = paths.iter().map(|path| {
            let metadata = fs::metadata(path).ok()?;
            let id = by_identity.get(&Identity::of(&metadata));
            let is_same = id.is_some_and(|id| self.is_still(*id, path, &metadata));
            if !is_same {
                strangers.insert(path.clone());
            }
            id.copied().filter(|_| is_same)
        });
        (recognized.collect(), strangers)
    }

    /// Whether the file at `path`, which has the device and number of `id`, still begins as that did.
    fn is_still(&mut self, id: TailId, path: &Path, metadata: &Metadata) -> bool {
        let Some(tail) = self.tails.get_mut(&id) else { return false };
        path.clone_into(&mut tail.path);
        tail.whereabouts = Whereabouts::InPlace;
        if !tail.has_changed(metadata) {
            return true;
        }
        if refresh_fingerprint(tail, self.fingerprint_size, self.compression).unwrap_or(false) {
            self.on_truncate.apply(tail, metadata);
            return true;
        }
        tracing::debug!(path = %path.display(), "File has been rotated (truncated)");
        tail.forget_file();
        false
    }

    /// What becomes of files that are under no path any more: those that can still be read.
    fn look_for_the_lost(&mut self, in_place: &[Option<TailId>], now: Instant) -> Vec<TailId> {
        let in_place: BTreeSet<TailId> = in_place.iter().flatten().copied().collect();
        let mut lost = Vec::new();
        for (id, tail) in &mut self.tails {
            if in_place.contains(id) || tail.whereabouts == Whereabouts::Gone {
                continue;
            }
            if tail.whereabouts == Whereabouts::InPlace {
                tracing::debug!(path = %tail.path.display(), "File has been rotated (moved) or deleted");
                tail.whereabouts = Whereabouts::Lost(now);
                tail.was_lost = true;
            }
            let Whereabouts::Lost(since) = tail.whereabouts else { continue };
            // Without an open file there is nothing left of it; with one it must not have been cut off.
            let is_readable = tail.file.is_some()
                && now.duration_since(since) <= PATIENCE_WITH_LOST_FILES
                && refresh_fingerprint(tail, self.fingerprint_size, self.compression).unwrap_or(false);
            if is_readable {
                lost.push(*id);
            } else {
                tail.forget_file();
            }
        }
        lost
    }

    /// Which followed file is at a path where there was another before; none where it is not to be read.
    fn meet(&mut self, path: &Path, from_end: bool, now: Instant) -> Option<TailId> {
        let opened = File::open(path).map(Arc::new).and_then(|file| {
            let metadata = file.metadata()?;
            let fingerprint = fingerprint_of(&file, self.fingerprint_size, self.compression)?;
            let is_compressed = is_compressed(&file, self.compression)?;
            Ok((file, metadata, fingerprint, is_compressed))
        });
        let (file, metadata, fingerprint, is_compressed) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.note_unreadable(path, &error);
                return None;
            }
        };
        if self.unreadable.remove(path) {
            tracing::info!(path = %path.display(), "Previously unreadable file is now readable");
        }
        if fingerprint.is_empty() {
            return None;
        }
        if self.is_copy(&fingerprint) {
            tracing::debug!(path = %path.display(), "Skipping duplicate file");
            return None;
        }
        let id = self.remembered(&fingerprint, Identity::of(&metadata), is_compressed).unwrap_or_else(|| {
            tracing::info!(path = %path.display(), "Started watching file");
            let mut offset = Offset::default();
            if from_end && is_compressed {
                offset.gzip = Some(GzipPlace { compressed: metadata.len(), unpacked: 0 });
            } else if from_end {
                offset.bytes = metadata.len();
            }
            let id = self.next_id;
            self.next_id += 1;
            self.tails.insert(id, Tail::new(path.to_owned(), fingerprint.clone(), offset, now));
            id
        });
        let tail = self.tails.get_mut(&id)?;
        tail.has_progress |= tail.fingerprint != fingerprint;
        tail.fingerprint = fingerprint;
        tail.settle_at(path, &metadata, file);
        if is_compressed {
            tail.offset.gzip.get_or_insert_default();
        } else {
            tail.offset.gzip = None;
            self.on_truncate.apply(tail, &metadata);
        }
        Some(id)
    }

    /// Whether a file with this fingerprint is in place already under another path.
    fn is_copy(&self, fingerprint: &Fingerprint) -> bool {
        self.tails
            .values()
            .any(|tail| tail.whereabouts == Whereabouts::InPlace && tail.fingerprint == *fingerprint)
    }

    /// The file not in place that had the longest beginning of this fingerprint.
    ///
    /// What was moved away or deleted is not taken for another file that begins with the same few bytes, as
    /// logs may begin with the same line. Compressed files are never new logs.
    fn remembered(
        &self,
        fingerprint: &Fingerprint,
        identity: Identity,
        is_compressed: bool,
    ) -> Option<TailId> {
        let candidates = self.tails.iter().filter(|(_, tail)| {
            let is_sure = tail.fingerprint.len() >= self.fingerprint_size
                || !tail.was_lost
                || is_compressed
                || tail.identity == Some(identity);
            tail.whereabouts != Whereabouts::InPlace
                && is_sure
                && fingerprint.grew_from(&tail.fingerprint.shortened(self.fingerprint_size))
        });
        candidates.max_by_key(|(id, tail)| (tail.fingerprint.len(), **id)).map(|(id, _)| *id)
    }

    fn note_unreadable(&mut self, path: &Path, error: &io::Error) {
        // It was there a moment ago, when it was found.
        if error.kind() != io::ErrorKind::NotFound && self.unreadable.insert(path.to_owned()) {
            tracing::error!(path = %path.display(), %error, "Failed to open file");
        }
    }

    fn forget_the_oldest(&mut self) {
        let gone: Vec<TailId> = self
            .tails
            .iter()
            .filter(|(_, tail)| tail.whereabouts == Whereabouts::Gone)
            .map(|(id, _)| *id)
            .collect();
        for id in gone.iter().take(gone.len().saturating_sub(MOST_GONE_FILES)) {
            self.tails.remove(id);
            self.forgotten.push(*id);
        }
    }
}

/// Brings the fingerprint up to what the file begins with now. False where it begins otherwise than before.
fn refresh_fingerprint(tail: &mut Tail, size: usize, compression: Compression) -> io::Result<bool> {
    let file = tail.open()?;
    let now = fingerprint_of(&file, size, compression)?;
    let is_same = now.grew_from(&tail.fingerprint.shortened(size));
    if is_same && now != tail.fingerprint {
        tail.fingerprint = now;
        tail.has_progress = true;
    }
    Ok(is_same)
}

impl OnTruncate {
    /// What is done with a file that begins as before, where it is shorter than what was read of it.
    fn apply(self, tail: &mut Tail, metadata: &Metadata) {
        if tail.offset.gzip.is_some() || metadata.len() >= tail.offset.bytes {
            return;
        }
        tail.offset.bytes = match self {
            Self::Ignore => return,
            Self::ReadWholeFile => 0,
            Self::ReadNew => metadata.len(),
        };
        tail.has_progress = true;
    }
}

/// Whether what was read up to `end` can be trusted: the file still begins as it did, so it was not cut off
/// and written anew while it was read. Where it is shorter than that by now it was cut off after.
pub fn is_trustworthy(file: &File, fingerprint: &Fingerprint, end: u64) -> io::Result<bool> {
    let mut beginning = vec![0; fingerprint.len()];
    let read = read_fully_at(file, &mut beginning, 0)?;
    Ok((read == beginning.len() && beginning == fingerprint.bytes()) || file.metadata()?.len() < end)
}
