//! The bytes after an edit, while they are made: runs of the source are copied as late as possible.

use bytes::Bytes;

use crate::otlp::wire::{put_varint, varint_length};

/// What has been written, and the run of the source behind it that will follow unless an edit cuts it.
#[derive(Debug)]
pub(super) struct Output<'a> {
    source: &'a [u8],
    /// Up to here the source is written or left out; the run starts here.
    consumed: usize,
    written: Vec<u8>,
    edits: usize,
}

/// A message being walked: where it starts in the output, and how many edits there were before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenMessage {
    key_at: usize,
    source_key_at: usize,
    source_content_at: usize,
    edits_before: usize,
}

impl<'a> Output<'a> {
    pub const fn new(source: &'a [u8]) -> Self {
        Self { source, consumed: 0, written: Vec::new(), edits: 0 }
    }

    /// Continues the output at `position` of the source, where bytes are to be inserted.
    pub fn insert_at(&mut self, position: usize) -> &mut Vec<u8> {
        self.edits += 1;
        self.copy_run(position);
        &mut self.written
    }

    /// Leaves out the source from `from` to `to`.
    pub fn leave_out(&mut self, from: usize, to: usize) {
        self.edits += 1;
        self.copy_run(from);
        self.consumed = to;
    }

    /// Notes that a message starts, with its key and its content at these places of the source.
    pub fn open(&self, source_key_at: usize, source_content_at: usize) -> OpenMessage {
        let key_at = self.written.len() + source_key_at - self.consumed;
        OpenMessage { key_at, source_key_at, source_content_at, edits_before: self.edits }
    }

    /// Notes that the message ends at this place of the source, and puts its length right.
    pub fn close(&mut self, message: OpenMessage, source_end: usize) {
        if self.edits == message.edits_before {
            return;
        }
        self.copy_run(source_end);
        let content_at = message.key_at + message.source_content_at - message.source_key_at;
        let key_width = key_width(self.source.get(message.source_key_at..).unwrap_or_default());
        let length_at = message.key_at + key_width;
        let length = self.written.len().saturating_sub(content_at) as u64;
        match self.written.get_mut(length_at..content_at) {
            Some(old) if old.len() == varint_length(length) => overwrite_varint(old, length),
            Some(_) => {
                let mut bytes = Vec::with_capacity(10);
                put_varint(&mut bytes, length);
                self.written.splice(length_at..content_at, bytes);
            }
            None => {}
        }
    }

    /// Takes back the message, which ends at this place of the source, with all that was written of it.
    pub fn take_back(&mut self, message: OpenMessage, source_end: usize) {
        if self.consumed <= message.source_key_at {
            self.copy_run(message.source_key_at);
        }
        self.written.truncate(message.key_at);
        self.edits += 1;
        self.consumed = source_end;
    }

    /// The whole output, or nothing if it is the source.
    pub fn finish(mut self) -> Option<Bytes> {
        if self.edits == 0 {
            return None;
        }
        self.copy_run(self.source.len());
        Some(Bytes::from(self.written))
    }

    #[inline]
    fn copy_run(&mut self, to: usize) {
        if self.written.capacity() == 0 {
            // Most edits take away or add little. One short attribute for each span is a fifteenth; moving
            // everything for the last of them would cost as much as the edit itself.
            self.written.reserve(self.source.len() + self.source.len() / 8);
        }
        if let Some(run) = self.source.get(self.consumed..to) {
            self.written.extend_from_slice(run);
            self.consumed = to;
        }
    }
}

/// Writes a varint over one of the same width.
fn overwrite_varint(old: &mut [u8], mut number: u64) {
    if let Some((last, others)) = old.split_last_mut() {
        for byte in others {
            *byte = number.to_le_bytes()[0] | 0x80;
            number >>= 7;
        }
        *last = number.to_le_bytes()[0];
    }
}

/// How many bytes the key takes that these bytes start with.
fn key_width(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1
}
