//! Cuts one request body into pieces that each keep to a limit.

use bytes::Bytes;

use super::{Limit, Piece, Size};
use crate::otlp::Signal;
use crate::otlp::views::{
    is_data_field, items_in_data, items_in_metric, items_in_resource_group, items_in_scope_group,
};
use crate::otlp::wire::{Fields, WireType, put_key, put_varint};

/// A message that holds records, or holds such messages.
#[derive(Debug, Clone, Copy)]
enum Level {
    ResourceGroup,
    ScopeGroup,
    Metric,
    MetricData,
}

/// The longest key and length that frame a message of a body shorter than 4 GiB.
const LONGEST_FRAME: usize = 6;

pub(super) struct Cutter<'part> {
    signal: Signal,
    part: &'part Bytes,
    limit: Limit,
    pieces: Vec<Piece>,
    piece: Piece,
    /// What counts towards the limit in the current piece; in the first, also what came before this part.
    size: Size,
    /// Resource groups of the part that go into the current piece as they are: from and to.
    run: (usize, usize),
    /// A resource group of the current piece that is being framed anew.
    fragment: Vec<u8>,
    /// The messages around the record that comes next, outermost first.
    around: Vec<Frame>,
}

/// One message that is being framed anew.
struct Frame {
    field_number: u32,
    /// All its fields but the ones that lead to records.
    header: Vec<u8>,
    /// Where its header starts in the fragment, once a record needed it there.
    header_at: Option<usize>,
}

impl<'part> Cutter<'part> {
    /// A cutter of `part` whose first piece follows `before` in a batch.
    pub fn new(signal: Signal, part: &'part Bytes, limit: Limit, before: Size) -> Self {
        Self {
            signal,
            part,
            limit,
            pieces: Vec::new(),
            piece: Piece::default(),
            size: before,
            run: (0, 0),
            fragment: Vec::new(),
            around: Vec::new(),
        }
    }

    /// The pieces in order. The first is empty where nothing fits behind what came before.
    pub fn cut(mut self) -> Vec<Piece> {
        let part = self.part;
        let mut fields = Fields::of(part);
        let mut start = 0;
        while let Some((number, value)) = fields.next() {
            let end = part.len() - fields.rest().len();
            let group = value.bytes();
            let items = if number == 1 { items_in_resource_group(self.signal, group) } else { 0 };
            let size = Size { items, bytes: end - start };
            if !self.fits(size) && items > 1 {
                self.cut_message(Level::ResourceGroup, number, group);
                self.close_fragment();
                self.run = (end, end);
            } else {
                if !self.fits(size) {
                    self.finish_piece();
                    self.run = (start, start);
                }
                self.run.1 = end;
                self.count(size);
            }
            start = end;
        }
        self.finish_piece();
        self.pieces
    }

    /// Deals the records in `message`, which does not fit as a whole, out to this piece and further ones.
    fn cut_message(&mut self, level: Level, field_number: u32, message: &[u8]) {
        self.close_run();
        let header = header_of(level, message);
        self.around.push(Frame { field_number, header, header_at: None });
        let mut fields = Fields::of(message);
        let mut field_at = message;
        while let Some((number, value)) = fields.next() {
            let behind = fields.rest();
            let encoded = field_at.get(..field_at.len() - behind.len()).unwrap_or_default();
            field_at = behind;
            if !level.leads_to_records(number) {
                continue;
            }
            let child = value.bytes();
            let child_level = level.child(self.signal);
            let items = child_level.map_or(1, |child_level| child_level.items_in(self.signal, child));
            let size = Size { items, bytes: encoded.len() };
            match child_level {
                Some(child_level) if items > 1 && !self.fits(size) => {
                    self.cut_message(child_level, number, child);
                }
                _ => {
                    if !self.fits(size) {
                        self.finish_piece();
                    }
                    self.append(encoded, items);
                }
            }
        }
        self.close_frame();
    }

    fn fits(&self, more: Size) -> bool {
        match self.limit {
            Limit::Items(_) => !self.size.plus(more).exceeds(self.limit),
            Limit::Bytes(_) => {
                let frames: usize = self.around.iter().map(Frame::bytes_still_to_write).sum();
                let bytes = self.fragment.len() + frames;
                !self.size.plus(more).plus(Size { items: 0, bytes }).exceeds(self.limit)
            }
        }
    }

    fn count(&mut self, size: Size) {
        self.size = self.size.plus(size);
        self.piece.items += size.items;
    }

    /// Appends a record, or a message of records that fits, behind the headers it needs.
    fn append(&mut self, encoded: &[u8], items: usize) {
        for frame in self.around.iter_mut().filter(|frame| frame.header_at.is_none()) {
            put_key(&mut self.fragment, frame.field_number, WireType::LengthDelimited);
            frame.header_at = Some(self.fragment.len());
            self.fragment.extend_from_slice(&frame.header);
        }
        self.fragment.extend_from_slice(encoded);
        self.count(Size { items, bytes: 0 });
    }

    /// Leaves the innermost message, whose length is known now.
    fn close_frame(&mut self) {
        if let Some(frame) = self.around.pop() {
            insert_length(&mut self.fragment, frame.header_at);
        }
    }

    fn close_fragment(&mut self) {
        for frame in self.around.iter_mut().rev() {
            insert_length(&mut self.fragment, frame.header_at.take());
        }
        if !self.fragment.is_empty() {
            let fragment = std::mem::take(&mut self.fragment);
            self.size.bytes += fragment.len();
            self.piece.parts.push(Bytes::from(fragment));
        }
    }

    fn close_run(&mut self) {
        let (from, to) = self.run;
        if to > from {
            self.piece.parts.push(self.part.slice(from..to));
            self.run = (to, to);
        }
    }

    /// Begins the next piece, unless nothing has gone into this one and it has all the room there is.
    fn finish_piece(&mut self) {
        self.close_run();
        self.close_fragment();
        if self.piece.parts.is_empty() && self.size.items == 0 && self.size.bytes == 0 {
            return;
        }
        self.pieces.push(std::mem::take(&mut self.piece));
        self.size = Size::default();
    }
}

impl Frame {
    fn bytes_still_to_write(&self) -> usize {
        LONGEST_FRAME + if self.header_at.is_some() { 0 } else { self.header.len() }
    }
}

impl Level {
    /// True for the fields that hold records, or the messages that hold records.
    const fn leads_to_records(self, field_number: u32) -> bool {
        match self {
            Self::ResourceGroup | Self::ScopeGroup => field_number == 2,
            Self::Metric => is_data_field(field_number),
            Self::MetricData => field_number == 1,
        }
    }

    /// What those fields hold, unless they hold the records themselves.
    const fn child(self, signal: Signal) -> Option<Self> {
        match (self, signal) {
            (Self::ResourceGroup, _) => Some(Self::ScopeGroup),
            (Self::ScopeGroup, Signal::Metrics) => Some(Self::Metric),
            (Self::Metric, _) => Some(Self::MetricData),
            (Self::ScopeGroup | Self::MetricData, _) => None,
        }
    }

    fn items_in(self, signal: Signal, message: &[u8]) -> usize {
        match self {
            Self::ResourceGroup => items_in_resource_group(signal, message),
            Self::ScopeGroup => items_in_scope_group(signal, message),
            Self::Metric => items_in_metric(message),
            Self::MetricData => items_in_data(message),
        }
    }
}

fn header_of(level: Level, message: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    let mut fields = Fields::of(message);
    let mut field_at = message;
    while let Some((number, _)) = fields.next() {
        let behind = fields.rest();
        if !level.leads_to_records(number) {
            header.extend_from_slice(field_at.get(..field_at.len() - behind.len()).unwrap_or_default());
        }
        field_at = behind;
    }
    header
}

/// Inserts the length of what starts at `message_at` and ends the fragment.
fn insert_length(fragment: &mut Vec<u8>, message_at: Option<usize>) {
    let Some(message_at) = message_at else { return };
    let mut length = Vec::with_capacity(LONGEST_FRAME);
    put_varint(&mut length, fragment.len().saturating_sub(message_at) as u64);
    fragment.splice(message_at..message_at, length);
}
