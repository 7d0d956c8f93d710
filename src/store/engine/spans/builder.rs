//! Spans become a block: one pass over each span's bytes, its fields into columns.

use super::call_collector::CallCollector;
use super::columns;
use super::request_counts::RequestCounter;
use super::service_calls::CallsOfBatch;
use super::trace_index::trace_hash;
use crate::otlp::wire::{Fields, Value, WireType, put_key, put_length_delimited, put_varint};
use crate::otlp::{SpanView, StatusView, View};
use crate::store::engine::block::bloom::bloom_of;
use crate::store::engine::block::column::{DictionaryBuilder, Numbers, NumbersBuilder, StringsBuilder};
use crate::store::engine::block::compression::Packer;
use crate::store::engine::block::interner::Interner;
use crate::store::engine::block::rows::{Columns, Entry, RowsBuilder, group_header};
use crate::store::engine::record_blocks::RecordPlace;

/// A block of spans as it is written.
#[derive(Debug)]
pub struct SpanBlock {
    /// How many spans it has.
    pub items: u64,
    /// The earliest start.
    pub first_unix_nano: u64,
    /// The latest start.
    pub last_unix_nano: u64,
    /// The columns.
    pub columns: Columns,
    /// The filter over values.
    pub bloom: Vec<u8>,
    /// The hashes of its traces' ids, in order.
    pub traces: Vec<u32>,
    /// Requests by service and minute.
    pub services: Vec<u8>,
    /// Requests by operation and minute.
    pub operations: Vec<u8>,
    /// The ends of calls among its spans.
    pub calls: Vec<CallsOfBatch>,
}

/// A block of spans in the making.
#[derive(Default)]
pub struct SpanBlockBuilder {
    rows: RowsBuilder,
    /// What the rows being added stand under: its number outside and here.
    group: Option<(usize, u32)>,
    start: NumbersBuilder,
    duration: NumbersBuilder,
    kind: NumbersBuilder,
    status_code: NumbersBuilder,
    flags: NumbersBuilder,
    dropped_attributes: NumbersBuilder,
    dropped_events: NumbersBuilder,
    dropped_links: NumbersBuilder,
    name: DictionaryBuilder,
    status_message: DictionaryBuilder,
    trace_state: DictionaryBuilder,
    trace_id: DictionaryBuilder,
    span_id: StringsBuilder,
    /// Span ids by number, the first row of each, and the parent of each row as such a number where it is known.
    span_ids: Interner,
    first_rows: Vec<u32>,
    parents: Vec<[u8; 8]>,
    /// Parents that are no eight bytes: row, and what stands there.
    odd_parents: Vec<(usize, Vec<u8>)>,
    events: StringsBuilder,
    links: StringsBuilder,
    extra: StringsBuilder,
    scratch: Scratch,
    requests: RequestCounter,
    calls: CallCollector,
}

/// Room for the parts of a span that are kept as they are.
#[derive(Default)]
struct Scratch {
    events: Vec<u8>,
    links: Vec<u8>,
    extra: Vec<u8>,
}

impl SpanBlockBuilder {
    /// Adds a span.
    pub fn add(&mut self, place: &RecordPlace<'_>, span: &[u8]) {
        let group = match self.group {
            Some((known, number)) if known == place.number => number,
            _ => {
                let number = self.rows.group(&group_header(&place.resource_group, &place.scope_group));
                self.requests.set_group(number, &place.resource_group.resource);
                self.calls.set_group(place);
                self.group = Some((place.number, number));
                number
            }
        };
        let span = self.read(span);
        self.put(group, &span);
    }

    /// How many spans there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where another block must begin.
    pub const fn is_full(&self) -> bool {
        self.rows.is_full()
    }

    /// Ends the block.
    pub fn finish(mut self, packer: &mut Packer) -> SpanBlock {
        let mut entries = self.rows.filter_entries();
        entries.extend(self.name.strings().iter().map(|name| Entry::Name.hash(&lossy(name))));
        let mut traces: Vec<u32> =
            self.trace_id.strings().iter().filter(|id| !id.is_empty()).map(trace_hash).collect();
        traces.sort_unstable();
        traces.dedup();
        let columns = self.pack(packer);
        let (services, operations) = self.requests.pack(packer, self.name.strings());
        let (first_unix_nano, last_unix_nano) = self.start.bounds();
        SpanBlock {
            items: self.rows.len() as u64,
            first_unix_nano,
            last_unix_nano,
            columns,
            bloom: bloom_of(&entries),
            traces,
            services,
            operations,
            calls: self.calls.finish(),
        }
    }

    /// Reads the fields of a span that stand for themselves; attributes go into their columns at once, events, links and
    /// what is unknown aside.
    #[inline]
    fn read<'a>(&mut self, span: &'a [u8]) -> SpanView<'a> {
        let mut fields = SpanView::default();
        let scratch = &mut self.scratch;
        scratch.events.clear();
        scratch.links.clear();
        scratch.extra.clear();
        for (number, value) in Fields::of(span) {
            match number {
                1 => fields.trace_id = value.bytes(),
                2 => fields.span_id = value.bytes(),
                3 => fields.trace_state = value.text(),
                4 => fields.parent_span_id = value.bytes(),
                5 => fields.name = value.text(),
                6 => fields.kind = value.int32(),
                7 => fields.start_time_unix_nano = value.number(),
                8 => fields.end_time_unix_nano = value.number(),
                9 => self.rows.attribute(value.bytes()),
                10 => fields.dropped_attributes_count = value.uint32(),
                11 => put_length_delimited(&mut scratch.events, 11, value.bytes()),
                12 => fields.dropped_events_count = value.uint32(),
                13 => put_length_delimited(&mut scratch.links, 13, value.bytes()),
                14 => fields.dropped_links_count = value.uint32(),
                15 => fields.status = StatusView::parse(value.bytes()),
                16 => fields.flags = value.uint32(),
                _ => put_field(&mut scratch.extra, number, value),
            }
        }
        fields
    }

    fn put(&mut self, group: u32, span: &SpanView<'_>) {
        let row = self.rows.len();
        let name = self.name.push(span.name.as_bytes());
        self.start.push(span.start_time_unix_nano);
        self.duration.push(span.end_time_unix_nano.wrapping_sub(span.start_time_unix_nano));
        self.kind.push(u64::from(span.kind.cast_unsigned()));
        self.status_code.push(u64::from(span.status.code.cast_unsigned()));
        self.flags.push(u64::from(span.flags));
        self.dropped_attributes.push(u64::from(span.dropped_attributes_count));
        self.dropped_events.push(u64::from(span.dropped_events_count));
        self.dropped_links.push(u64::from(span.dropped_links_count));
        self.status_message.push(span.status.message.as_bytes());
        self.trace_state.push(span.trace_state.as_bytes());
        self.trace_id.push(span.trace_id);
        self.span_id.push(span.span_id);
        if self.span_ids.intern(span.span_id) as usize == self.first_rows.len() {
            self.first_rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        match <[u8; 8]>::try_from(span.parent_span_id) {
            Ok(parent) => self.parents.push(parent),
            Err(_) => {
                self.parents.push([0; 8]);
                self.odd_parents.push((row, span.parent_span_id.to_vec()));
            }
        }
        self.events.push(&self.scratch.events);
        self.links.push(&self.scratch.links);
        self.extra.push(&self.scratch.extra);
        self.calls.note(span, &self.rows);
        self.requests.count(group, name, span);
        self.rows.end_row(group);
    }

    fn pack(&mut self, packer: &mut Packer) -> Columns {
        let mut columns = Columns::new();
        self.rows.pack(packer, &mut columns);
        let (parent_rows, parent_ids) = self.parent_columns();
        let mut put = |number, packed: Option<Vec<u8>>| columns.extend(packed.map(|packed| (number, packed)));
        for (number, builder, numbers) in [
            (columns::START, &self.start, Numbers::Near),
            (columns::DURATION, &self.duration, Numbers::Unrelated),
            (columns::KIND, &self.kind, Numbers::Unrelated),
            (columns::STATUS_CODE, &self.status_code, Numbers::Unrelated),
            (columns::FLAGS, &self.flags, Numbers::Unrelated),
            (columns::DROPPED_ATTRIBUTES, &self.dropped_attributes, Numbers::Unrelated),
            (columns::DROPPED_EVENTS, &self.dropped_events, Numbers::Unrelated),
            (columns::DROPPED_LINKS, &self.dropped_links, Numbers::Unrelated),
            (columns::PARENT_ROW, &parent_rows, Numbers::Unrelated),
        ] {
            put(number, builder.pack(packer, numbers));
        }
        for (number, builder) in [
            (columns::NAME, &self.name),
            (columns::STATUS_MESSAGE, &self.status_message),
            (columns::TRACE_STATE, &self.trace_state),
            (columns::TRACE_ID, &self.trace_id),
        ] {
            put(number, builder.pack(packer));
        }
        for (number, builder) in
            [(columns::EVENTS, &self.events), (columns::LINKS, &self.links), (columns::EXTRA, &self.extra)]
        {
            put(number, builder.pack(packer));
        }
        put(columns::SPAN_ID, self.span_id.pack_random());
        put(columns::PARENT_ID, parent_ids.pack_random());
        columns
    }

    /// Parents as the distance to a row of this block that has the id, where there is one, else as they are.
    fn parent_columns(&mut self) -> (NumbersBuilder, StringsBuilder) {
        let (mut rows, mut ids) = (NumbersBuilder::default(), StringsBuilder::default());
        let mut odd = std::mem::take(&mut self.odd_parents).into_iter().peekable();
        for (row, parent) in self.parents.iter().enumerate() {
            if let Some((_, id)) = odd.next_if(|(odd_row, _)| *odd_row == row) {
                rows.push(if id.is_empty() { columns::NO_PARENT } else { columns::PARENT_ELSEWHERE });
                if !id.is_empty() {
                    ids.push(&id);
                }
                continue;
            }
            let known = self.span_ids.find(parent).and_then(|number| self.first_rows.get(number as usize));
            match known {
                Some(parent_row) => rows.push(columns::parent_distance(row, *parent_row as usize)),
                None => {
                    rows.push(columns::PARENT_ELSEWHERE);
                    ids.push(parent);
                }
            }
        }
        (rows, ids)
    }
}

/// Appends a field of whatever kind.
pub fn put_field(out: &mut Vec<u8>, number: u32, value: Value<'_>) {
    match value {
        Value::Varint(value) => {
            put_key(out, number, WireType::Varint);
            put_varint(out, value);
        }
        Value::Fixed64(value) => {
            put_key(out, number, WireType::Fixed64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Fixed32(value) => {
            put_key(out, number, WireType::Fixed32);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Bytes(bytes) => put_length_delimited(out, number, bytes),
    }
}

/// The bytes of a text as it is compared: with its broken parts replaced.
pub fn lossy(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    match String::from_utf8_lossy(text) {
        std::borrow::Cow::Borrowed(_) => std::borrow::Cow::Borrowed(text),
        std::borrow::Cow::Owned(text) => std::borrow::Cow::Owned(text.into_bytes()),
    }
}
