//! Reads what is new in the files that are followed, into batches. Everything here blocks, and runs beside
//! the asynchronous workers.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::{FileLogConfig, StartAt};
use super::finding::FileFinder;
use super::fingerprint::read_fully_at;
use super::following::{FollowedFiles, TailId, is_trustworthy};
use super::glob::InvalidGlob;
use super::records::{RecordWriter, put_text_attribute};
use super::splitting::Splitter;
use super::tail::{Partial, Tail, Whereabouts};
use crate::otlp::Batch;
use crate::pipeline::InFlightBytes;

/// When a batch has so many bytes it goes out.
const BATCH_BYTES: usize = 512 * 1024;

/// When a batch has so many records it goes out.
const BATCH_RECORDS: usize = 8192;

/// How many bytes of one file are read before it is the next one's turn.
const BYTES_A_TURN: usize = 1024 * 1024;

/// The least the buffer holds: with less, most of the time goes into asking the system for more.
const LEAST_BUFFER: usize = 64 * 1024;

/// Reads files in turns; each turn yields a batch, until a poll is through.
#[derive(Debug)]
pub struct FileReader {
    config: Arc<FileLogConfig>,
    finder: FileFinder,
    files: FollowedFiles,
    splitter: Splitter,
    writer: RecordWriter,
    in_flight: InFlightBytes,
    buffer: Vec<u8>,
    /// The files with something to read in this poll.
    queue: VecDeque<TailId>,
    /// Whether files that are new are read from their end on.
    from_end: bool,
    stopping: CancellationToken,
}

/// What a turn yields.
#[derive(Debug)]
pub struct Turn {
    /// Records, where there are any.
    pub batch: Option<Batch>,
    /// Whether there is nothing more to read until the next poll.
    pub is_last: bool,
}

/// When a poll happens.
#[derive(Debug, Clone, Copy)]
pub struct PollTime {
    /// By the clock of timers.
    pub now: Instant,
    /// By the clock of day.
    pub unix_nano: u64,
}

/// Whether there is more in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Something,
}

impl FileReader {
    /// A reader as `config` says that follows no file yet. It stops early once `stopping` is cancelled.
    pub fn new(
        config: Arc<FileLogConfig>,
        in_flight: InFlightBytes,
        stopping: CancellationToken,
    ) -> Result<Self, InvalidGlob> {
        let splitter = Splitter::new(
            config.max_log_size.bytes(),
            config.preserve_leading_whitespaces,
            config.preserve_trailing_whitespaces,
        );
        Ok(Self {
            finder: FileFinder::new(&config)?,
            files: FollowedFiles::new(config.fingerprint_size.bytes()),
            splitter,
            writer: RecordWriter::new(Vec::new()),
            in_flight,
            buffer: vec![0; config.initial_buffer_size.bytes().clamp(LEAST_BUFFER, BYTES_A_TURN)],
            queue: VecDeque::new(),
            from_end: config.start_at == StartAt::End,
            stopping,
            config,
        })
    }

    /// Looks for files and for what is new in them.
    pub fn begin_poll(&mut self, time: PollTime) {
        let paths = self.finder.find(time.unix_nano);
        let ids = self.files.look(&paths, self.from_end, time.now);
        for id in &ids {
            if let Some(tail) = self.files.get_mut(*id) {
                tail.attributes = attributes_of(&self.config, tail);
            }
        }
        self.queue = ids.into();
        self.from_end = false;
    }

    /// Reads up to a batch full.
    pub fn next_turn(&mut self, time: PollTime) -> Turn {
        while let Some(id) = self.queue.pop_front() {
            if self.stopping.is_cancelled() {
                break;
            }
            let Some(tail) = self.files.get_mut(id) else { continue };
            let offset_before = tail.offset;
            let left = match self.read_some(id, time) {
                Ok(left) => left,
                Err(error) => {
                    self.note_failure(id, &error);
                    Left::Nothing
                }
            };
            if left == Left::Something {
                self.queue.push_back(id);
            }
            let Some(tail) = self.files.get_mut(id) else { continue };
            if tail.offset != offset_before && tail.whereabouts != Whereabouts::InPlace {
                tail.whereabouts = Whereabouts::Lost(time.now);
            }
            if self.writer.bytes() >= BATCH_BYTES || self.writer.items() >= BATCH_RECORDS {
                break;
            }
        }
        let is_last = self.queue.is_empty() || self.stopping.is_cancelled();
        Turn { batch: self.writer.take(&self.in_flight), is_last }
    }

    /// Reads a part of one file.
    fn read_some(&mut self, id: TailId, time: PollTime) -> io::Result<Left> {
        let Some(tail) = self.files.get_mut(id) else { return Ok(Left::Nothing) };
        let file = tail.open()?;
        let (mut filled, mut read_in_all) = (0, 0);
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize((2 * filled).min(self.splitter.most_bytes() + LEAST_BUFFER), 0);
            }
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = read_fully_at(&file, room, tail.offset + filled as u64)?;
            let is_at_end = read < room.len();
            if read > 0 && !is_trustworthy(&file, &tail.fingerprint, tail.offset + (filled + read) as u64)? {
                tail.look_again();
                return Ok(Left::Nothing);
            }
            filled += read;
            read_in_all += read;
            let data = self.buffer.get(..filled).unwrap_or_default();
            let taken = take_entries(data, &self.splitter, &mut self.writer, tail, time.unix_nano);
            self.buffer.copy_within(taken..filled, 0);
            filled -= taken;
            if is_at_end {
                tail.partial.found(filled, time.now);
                if tail.partial.is_due(self.config.force_flush_period.limit(), time.now) {
                    let data = self.buffer.get(..filled).unwrap_or_default();
                    let entry = self.splitter.forced_entry(data);
                    put_entry(data, entry.text, &mut self.writer, tail, time.unix_nano);
                    tail.offset += filled as u64;
                    tail.partial = Partial::none(time.now);
                }
                return Ok(Left::Nothing);
            }
            if read_in_all >= BYTES_A_TURN || self.writer.bytes() >= BATCH_BYTES {
                return Ok(Left::Something);
            }
        }
    }

    fn note_failure(&mut self, id: TailId, error: &io::Error) {
        if let Some(tail) = self.files.get_mut(id) {
            tail.look_again();
            tracing::error!(path = %tail.path.display(), %error, "Failed to read file");
        }
    }
}

/// Writes a record for each whole entry in `data`, which is what the file has from the tail's offset on. How
/// many bytes they took.
fn take_entries(
    data: &[u8],
    splitter: &Splitter,
    writer: &mut RecordWriter,
    tail: &mut Tail,
    unix_nano: u64,
) -> usize {
    let mut start = 0;
    while let Some(rest) = data.get(start..)
        && let Some(entry) = splitter.first_entry(rest)
    {
        put_entry(rest, entry.text, writer, tail, unix_nano);
        start += entry.length;
    }
    tail.offset += start as u64;
    start
}

fn put_entry(data: &[u8], text: Range<usize>, writer: &mut RecordWriter, tail: &mut Tail, unix_nano: u64) {
    tail.record_number += 1;
    let text = data.get(text).unwrap_or_default();
    if text.is_empty() {
        return;
    }
    match std::str::from_utf8(text) {
        Ok(_) => writer.put(text, &tail.attributes, unix_nano),
        Err(_) => {
            let text = String::from_utf8_lossy(text);
            writer.put(text.as_bytes(), &tail.attributes, unix_nano);
        }
    }
}

fn attributes_of(config: &FileLogConfig, tail: &Tail) -> Vec<u8> {
    let mut attributes = Vec::new();
    if config.include_file_name {
        let name = tail.path.file_name().unwrap_or_default().to_string_lossy();
        put_text_attribute(&mut attributes, "log.file.name", &name);
    }
    if config.include_file_path {
        put_text_attribute(&mut attributes, "log.file.path", &tail.path.to_string_lossy());
    }
    attributes
}
