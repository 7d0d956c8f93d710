//! Reads the records of a storage file one after the other, and finds the next whole one behind damage.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::record::{MARKER, RECORD_HEADER_LENGTH, Record, RecordHeader};

/// How much is read at once.
const WINDOW_LENGTH: u64 = 256 * 1024;

/// A file seen through a window that moves along it.
pub struct Scanner<'a> {
    file: &'a File,
    file_length: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> Scanner<'a> {
    /// Sees the first `file_length` bytes of `file`.
    pub const fn new(file: &'a File, file_length: u64) -> Self {
        Self { file, file_length, window: Vec::new(), window_start: 0 }
    }

    /// The record at `position`; none where there is no whole one.
    pub fn record(&mut self, position: u64) -> io::Result<Option<Record>> {
        let Some(header) = self.bytes(position, RECORD_HEADER_LENGTH as u64)? else { return Ok(None) };
        let Some(header) = RecordHeader::read(header, position) else { return Ok(None) };
        let Some(bytes) = self.bytes(position, header.record_length())? else { return Ok(None) };
        Ok(header.record(bytes))
    }

    /// The first whole record that begins at `from` or later, with its position.
    pub fn next_record(&mut self, from: u64) -> io::Result<Option<(u64, Record)>> {
        let mut position = from;
        while let Some(found) = self.next_marker(position)? {
            if let Some(record) = self.record(found)? {
                return Ok(Some((found, record)));
            }
            position = found + 1;
        }
        Ok(None)
    }

    fn next_marker(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut position = from;
        loop {
            let length = WINDOW_LENGTH.min(self.file_length.saturating_sub(position));
            let Some(bytes) = self.bytes(position, length)? else { return Ok(None) };
            if let Some(offset) = bytes.windows(MARKER.len()).position(|bytes| bytes == MARKER) {
                return Ok(Some(position + offset as u64));
            }
            // A marker may lie across the end of what was looked at.
            let seen = length.saturating_sub(MARKER.len() as u64 - 1);
            if seen == 0 || position + length == self.file_length {
                return Ok(None);
            }
            position += seen;
        }
    }

    /// `length` bytes at `position`; none where the file ends before.
    fn bytes(&mut self, position: u64, length: u64) -> io::Result<Option<&[u8]>> {
        let Some(end) = position.checked_add(length).filter(|end| *end <= self.file_length) else {
            return Ok(None);
        };
        let window_end = self.window_start + self.window.len() as u64;
        if position < self.window_start || end > window_end {
            let read_length = length.max(WINDOW_LENGTH.min(self.file_length - position));
            self.window.resize(usize::try_from(read_length).map_err(io::Error::other)?, 0);
            self.window_start = position;
            if let Err(error) = self.file.read_exact_at(&mut self.window, position) {
                self.window.clear();
                return Err(error);
            }
        }
        let start = usize::try_from(position - self.window_start).map_err(io::Error::other)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        Ok(self.window.get(start..start + length))
    }
}
