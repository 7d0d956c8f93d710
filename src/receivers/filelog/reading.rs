//! Reads what is new in the files that are followed, into batches. Everything here blocks, and runs beside
//! the asynchronous workers.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{Advice, FlockOperation};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::checkpoints::{Checkpoint, Progress};
use super::computed_values::fixed_values;
use super::config::{FileLogConfig, StartAt};
use super::emission::{Emitter, EntryOrigin};
use super::encoding::TextEncoding;
use super::file_attributes::FileAttributes;
use super::finding::FileFinder;
use super::following::{FollowedFiles, TailId, is_trustworthy};
use super::header::HeaderReader;
use super::source::Source;
use super::splitting::{Boundary, Cut, Splitter};
use super::tail::{Partial, Tail, Whereabouts};
use super::watch_counts::WatchCounts;
use crate::otlp::Batch;
use crate::pipeline::{BuildError, Settings};

/// How many bytes of one file are read before it is the next one's turn.
const BYTES_A_TURN: usize = 1024 * 1024;

/// The least the buffer holds: with less, most of the time goes into asking the system for more.
const LEAST_BUFFER: usize = 64 * 1024;

/// Reads files in turns; each turn yields a batch, until a poll is through.
pub struct FileReader {
    config: Arc<FileLogConfig>,
    finder: FileFinder,
    files: FollowedFiles,
    splitter: Splitter,
    header: Option<HeaderReader>,
    emitter: Emitter,
    buffer: Vec<u8>,
    /// The files with something to read in this poll.
    queue: VecDeque<TailId>,
    /// Whether there are so many files that each is closed when it was read.
    closes_files: bool,
    /// Whether files that are new are read from their end on.
    from_end: bool,
    /// What was read of files, while operators hold some of it back.
    held: Held,
    counts: WatchCounts,
    stopping: CancellationToken,
}

/// What a turn yields.
#[derive(Debug)]
pub struct Turn {
    /// Records, where there are any.
    pub batch: Option<Batch>,
    /// How far files were read, to be kept once the batch is taken.
    pub progress: Vec<Progress>,
    /// Files to delete once the batch is taken.
    pub finished: Vec<PathBuf>,
    /// Whether there is nothing more to read until the next poll.
    pub is_last: bool,
}

/// What is to be done once what was read is taken by the pipeline.
#[derive(Debug, Default)]
struct Held {
    /// The last progress of each file.
    progress: BTreeMap<TailId, Progress>,
    finished: Vec<PathBuf>,
}

/// When a poll happens.
#[derive(Debug, Clone, Copy)]
pub struct PollTime {
    /// By the clock of timers.
    pub now: Instant,
    /// By the clock of day.
    pub unix_nano: u64,
}

/// What there is left of a file for this poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Something,
    /// Nothing, and nothing will come.
    End,
}

impl FileReader {
    /// A reader as `config` says that follows no file yet. It stops early once `stopping` is cancelled.
    pub fn new(
        config: Arc<FileLogConfig>,
        settings: &Settings,
        stopping: CancellationToken,
    ) -> Result<Self, BuildError> {
        let encoding =
            TextEncoding::named(&config.encoding).map_err(|error| BuildError(error.to_string()))?;
        let reading = &config.reading;
        let splitter =
            |boundary| Splitter::new(boundary, reading.max_log_size.bytes(), reading.max_log_size_behavior);
        let header =
            config.header.get().map(|header| HeaderReader::new(header, encoding, splitter, settings));
        Ok(Self {
            finder: FileFinder::new(&config)?,
            files: FollowedFiles::new(reading),
            splitter: splitter(Boundary::new(&config.multiline, encoding).map_err(BuildError)?),
            header: header.transpose()?,
            emitter: Emitter::new(&config, encoding, settings)?,
            buffer: vec![0; reading.initial_buffer_size.bytes().clamp(LEAST_BUFFER, BYTES_A_TURN)],
            queue: VecDeque::new(),
            closes_files: false,
            from_end: config.start_at == StartAt::End,
            held: Held::default(),
            counts: WatchCounts::new(settings),
            stopping,
            config,
        })
    }

    /// Takes in what was read in an earlier life of the process; where there is something `start_at` says nothing.
    pub fn resume(&mut self, checkpoints: Vec<(TailId, Checkpoint)>, now: Instant) {
        if !checkpoints.is_empty() {
            tracing::info!("Resuming from previously known offset(s). 'start_at' setting is not applicable.");
            self.from_end = false;
        }
        for (id, checkpoint) in checkpoints {
            self.files.remember(id, checkpoint, now);
        }
    }

    /// Looks for files and for what is new in them.
    pub fn begin_poll(&mut self, time: PollTime) {
        let mut paths = self.finder.find(time.unix_nano);
        paths.truncate(self.config.reading.files_in_one_poll());
        self.closes_files = paths.len() > self.config.reading.files_in_one_go();
        self.queue = self.files.look(&paths, self.from_end, time.now).into();
        if self.closes_files {
            self.files.close_files();
        }
        self.from_end = false;
        self.emitter.tick();
        self.counts.open_files(self.files.open_files());
    }

    /// Reads up to a batch full.
    pub fn next_turn(&mut self, time: PollTime) -> Turn {
        for id in self.files.take_forgotten() {
            self.held.progress.insert(id, Progress::Forgotten(id));
        }
        while !self.emitter.is_full()
            && !self.stopping.is_cancelled()
            && let Some(id) = self.queue.pop_front()
        {
            self.counts.is_reading(true);
            let left = self.read_or_note(id, time);
            self.counts.is_reading(false);
            if left == Left::Something {
                self.queue.push_back(id);
            }
            let Some(tail) = self.files.get_mut(id) else { continue };
            let is_in_place = tail.whereabouts == Whereabouts::InPlace;
            if self.closes_files && is_in_place {
                tail.file = None;
            }
            if left == Left::End && is_in_place && self.config.reading.delete_after_read {
                self.held.finished.push(tail.path.clone());
            }
            if let Some(checkpoint) = tail.take_progress() {
                self.held.progress.insert(id, Progress::Read(id, checkpoint));
            }
        }
        let is_last = self.queue.is_empty() || self.stopping.is_cancelled();
        self.end_turn(is_last)
    }

    /// What operators held back, since nothing more will be read.
    pub fn last_turn(&mut self) -> Turn {
        self.emitter.flush();
        self.end_turn(true)
    }

    fn end_turn(&mut self, is_last: bool) -> Turn {
        let batch = self.emitter.take();
        // What operators hold back must be read again if the process ends now.
        let Held { progress, finished } =
            if self.emitter.holds_entries() { Held::default() } else { std::mem::take(&mut self.held) };
        Turn { batch, progress: progress.into_values().collect(), finished, is_last }
    }

    fn read_or_note(&mut self, id: TailId, time: PollTime) -> Left {
        self.read_locked(id, time).unwrap_or_else(|error| {
            if let Some(tail) = self.files.get_mut(id) {
                tracing::error!(path = %tail.path.display(), %error, "Failed to read file");
            }
            Left::Nothing
        })
    }

    /// Reads a part of one file, under a lock where that is asked for.
    fn read_locked(&mut self, id: TailId, time: PollTime) -> io::Result<Left> {
        let Some(tail) = self.files.get_mut(id) else { return Ok(Left::Nothing) };
        let file = tail.open()?;
        let is_locked = self.config.reading.acquire_fs_lock;
        if is_locked && rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
            tail.look_again();
            return Ok(Left::Nothing);
        }
        let left = self.read_some(id, &file, time);
        if is_locked {
            rustix::fs::flock(&file, FlockOperation::Unlock)?;
        }
        if self.config.reading.file_cache_advise {
            rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
        }
        left
    }

    fn read_some(&mut self, id: TailId, file: &Arc<File>, time: PollTime) -> io::Result<Left> {
        self.prepare(id, file, time)?;
        let Some(tail) = self.files.get_mut(id) else { return Ok(Left::Nothing) };
        if self.header.is_some() && tail.header.is_none() {
            return Ok(Left::Nothing);
        }
        if tail.offset.gzip.is_some() && is_half_written(tail, file)? {
            return Ok(Left::Nothing);
        }
        let mut source = Source::open(file, tail.offset.bytes, tail.offset.gzip)?;
        let (mut filled, mut read_in_all) = (0, 0);
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize((2 * filled).min(self.splitter.most_bytes() + LEAST_BUFFER), 0);
            }
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = match source.read_fully(room) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    tail.unfinished_at = Some(file.metadata()?.len());
                    return Ok(Left::Nothing);
                }
                read => read?,
            };
            let is_at_end = read < room.len();
            filled += read;
            read_in_all += read;
            if let Source::Plain(_) = source
                && read > 0
                && !is_trustworthy(file, &tail.fingerprint, tail.offset.bytes + filled as u64)?
            {
                tail.look_again();
                return Ok(Left::Nothing);
            }
            let data = self.buffer.get(..filled).unwrap_or_default();
            let taken = take_entries(data, is_at_end, &self.splitter, &mut self.emitter, tail, time);
            if taken > 0 && tail.whereabouts != Whereabouts::InPlace {
                tail.whereabouts = Whereabouts::Lost(time.now);
            }
            self.buffer.copy_within(taken..filled, 0);
            filled -= taken;
            if is_at_end {
                let is_finished = source.gzip_place().is_some() || self.config.reading.delete_after_read;
                tail.partial.found(filled, time.now);
                if (is_finished && filled > 0)
                    || tail.partial.is_due(self.config.force_flush_period.limit(), time.now)
                {
                    let data = self.buffer.get(..filled).unwrap_or_default();
                    put_entry(data, filled, &mut self.emitter, tail, time);
                    tail.partial = Partial::none(time.now);
                }
                if let Some(place) = source.gzip_place() {
                    tail.offset.gzip = Some(place);
                    tail.unfinished_at = None;
                }
                return Ok(Left::End);
            }
            if read_in_all >= BYTES_A_TURN || self.emitter.is_full() {
                return Ok(Left::Something);
            }
        }
    }

    /// Finds out what is to be said of the file, and what its header says.
    fn prepare(&mut self, id: TailId, file: &Arc<File>, time: PollTime) -> io::Result<()> {
        let Some(tail) = self.files.get_mut(id) else { return Ok(()) };
        if let Some(reader) = &mut self.header
            && tail.header.is_none()
            && let Some(header) = reader.read(file, tail.offset.gzip, &mut self.buffer, time.unix_nano)?
        {
            tail.offset.bytes = tail.offset.bytes.max(header.length);
            tail.header = Some(header.attributes);
            tail.attributes.path = PathBuf::new();
        }
        if tail.attributes.path != tail.path {
            let mut values = fixed_values(&self.config.attributes);
            if let Some(header) = &tail.header {
                values.merge(header.clone());
            }
            let metadata = file.metadata().ok();
            tail.attributes =
                FileAttributes::of(&self.config.file_attributes, &tail.path, metadata.as_ref(), values);
        }
        Ok(())
    }
}

/// Whether a compressed file ended within a stream before, and is likely to do so again: it is unpacked from
/// the beginning of the stream each time, so that is done when it grows no more, or is twice as long.
fn is_half_written(tail: &Tail, file: &File) -> io::Result<bool> {
    let Some(unfinished_at) = tail.unfinished_at else { return Ok(false) };
    Ok(!tail.is_settled() && file.metadata()?.len() < 2 * unfinished_at)
}

/// Hands on each whole entry in `data`, which is what the file has from the tail's offset on. How many bytes
/// they took.
fn take_entries(
    data: &[u8],
    is_at_end: bool,
    splitter: &Splitter,
    emitter: &mut Emitter,
    tail: &mut Tail,
    time: PollTime,
) -> usize {
    let mut start = 0;
    while let Some(rest) = data.get(start..)
        && let Some(cut) = splitter.first_cut(rest, is_at_end, &mut tail.offset.is_skipping)
    {
        let length = match cut {
            Cut::Entry { length, text } => {
                put_entry(rest.get(text).unwrap_or_default(), length, emitter, tail, time);
                length
            }
            Cut::Rest(length) => {
                tail.offset.bytes += length as u64;
                tail.has_progress = true;
                length
            }
        };
        start += length;
    }
    start
}

/// Hands on the entry at the tail's offset, which takes `length` bytes.
fn put_entry(text: &[u8], length: usize, emitter: &mut Emitter, tail: &mut Tail, time: PollTime) {
    tail.offset.record_number += 1;
    let origin = EntryOrigin {
        record_number: tail.offset.record_number,
        offset: tail.offset.bytes,
        unix_nano: time.unix_nano,
    };
    emitter.put(text, &tail.attributes, origin);
    tail.offset.bytes += length as u64;
    tail.has_progress = true;
}
