//! Spans become a block: one pass over each span's bytes, its fields into columns.

use super::columns;
use super::request_counts::{RequestCounter, RequestSpan};
use super::trace_index::trace_hash;
use crate::otlp::wire::{Fields, Value, WireType, put_key, put_length_delimited, put_varint};
use crate::otlp::{KeyValueView, ResourceGroup, ScopeGroup, StatusView, View};
use crate::store::engine::block::bloom::bloom_of;
use crate::store::engine::block::column::{DictionaryBuilder, Numbers, StringsBuilder, pack_numbers};
use crate::store::engine::block::compression::Packer;
use crate::store::engine::block::interner::Interner;
use crate::store::engine::block::rows::{Columns, Entry, RowsBuilder, group_header};

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
}

/// A block of spans in the making.
#[derive(Default)]
pub struct SpanBlockBuilder {
    rows: RowsBuilder,
    /// The group of the rows being added: what it was called by the caller, and its number here.
    group: Option<(usize, u32)>,
    start: Vec<u64>,
    duration: Vec<u64>,
    kind: Vec<u64>,
    status_code: Vec<u64>,
    flags: Vec<u64>,
    dropped_attributes: Vec<u64>,
    dropped_events: Vec<u64>,
    dropped_links: Vec<u64>,
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
}

/// Room for the parts of a span that are kept as they are.
#[derive(Default)]
struct Scratch {
    events: Vec<u8>,
    links: Vec<u8>,
    extra: Vec<u8>,
}

/// The fields of a span that stand for themselves.
#[derive(Default)]
struct SpanFields<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    trace_state: &'a [u8],
    parent_span_id: &'a [u8],
    name: &'a [u8],
    kind: u32,
    start: u64,
    end: u64,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    status: StatusView<'a>,
    flags: u32,
}

impl SpanBlockBuilder {
    /// Adds a span. `group` is the caller's own number of its resource and scope groups.
    pub fn add(
        &mut self,
        group: usize,
        resource_group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        span: &[u8],
    ) {
        let group = match self.group {
            Some((known, number)) if known == group => number,
            _ => {
                let number = self.rows.group(&group_header(resource_group, scope_group));
                self.requests.set_group(number, &resource_group.resource);
                self.group = Some((group, number));
                number
            }
        };
        let fields = self.read(span);
        self.put(group, &fields);
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
        let mut entries = Vec::new();
        self.rows.filter_entries(&mut entries);
        entries.extend(self.name.strings().iter().map(|name| Entry::Name.hash(&lossy(name))));
        entries.sort_unstable();
        entries.dedup();
        let mut traces: Vec<u32> =
            self.trace_id.strings().iter().filter(|id| !id.is_empty()).map(trace_hash).collect();
        traces.sort_unstable();
        traces.dedup();
        let columns = self.pack(packer);
        let (services, operations) = self.requests.pack(packer, self.name.strings());
        SpanBlock {
            items: self.rows.len() as u64,
            first_unix_nano: self.start.iter().copied().min().unwrap_or(0),
            last_unix_nano: self.start.iter().copied().max().unwrap_or(0),
            columns,
            bloom: bloom_of(&entries),
            traces,
            services,
            operations,
        }
    }

    /// Reads the fields of a span; attributes go into their columns at once, events, links and what is unknown aside.
    #[inline]
    fn read<'a>(&mut self, span: &'a [u8]) -> SpanFields<'a> {
        let mut fields = SpanFields::default();
        let scratch = &mut self.scratch;
        scratch.events.clear();
        scratch.links.clear();
        scratch.extra.clear();
        for (number, value) in Fields::of(span) {
            match number {
                1 => fields.trace_id = value.bytes(),
                2 => fields.span_id = value.bytes(),
                3 => fields.trace_state = value.bytes(),
                4 => fields.parent_span_id = value.bytes(),
                5 => fields.name = value.bytes(),
                6 => fields.kind = value.uint32(),
                7 => fields.start = value.number(),
                8 => fields.end = value.number(),
                9 => self.rows.attribute(KeyValueView::parse(value.bytes())),
                10 => fields.dropped_attributes = value.uint32(),
                11 => put_length_delimited(&mut scratch.events, 11, value.bytes()),
                12 => fields.dropped_events = value.uint32(),
                13 => put_length_delimited(&mut scratch.links, 13, value.bytes()),
                14 => fields.dropped_links = value.uint32(),
                15 => fields.status = StatusView::parse(value.bytes()),
                16 => fields.flags = value.uint32(),
                _ => put_field(&mut scratch.extra, number, value),
            }
        }
        fields
    }

    fn put(&mut self, group: u32, fields: &SpanFields<'_>) {
        let row = self.rows.len();
        let duration = fields.end.wrapping_sub(fields.start);
        let name = self.name.push(fields.name);
        self.start.push(fields.start);
        self.duration.push(duration);
        self.kind.push(u64::from(fields.kind));
        self.status_code.push(u64::from(fields.status.code.cast_unsigned()));
        self.flags.push(u64::from(fields.flags));
        self.dropped_attributes.push(u64::from(fields.dropped_attributes));
        self.dropped_events.push(u64::from(fields.dropped_events));
        self.dropped_links.push(u64::from(fields.dropped_links));
        self.status_message.push(fields.status.message.as_bytes());
        self.trace_state.push(fields.trace_state);
        self.trace_id.push(fields.trace_id);
        self.span_id.push(fields.span_id);
        if self.span_ids.intern(fields.span_id) as usize == self.first_rows.len() {
            self.first_rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        match <[u8; 8]>::try_from(fields.parent_span_id) {
            Ok(parent) => self.parents.push(parent),
            Err(_) => {
                self.parents.push([0; 8]);
                self.odd_parents.push((row, fields.parent_span_id.to_vec()));
            }
        }
        self.events.push(&self.scratch.events);
        self.links.push(&self.scratch.links);
        self.extra.push(&self.scratch.extra);
        self.rows.end_row(group);
        self.requests.count(&RequestSpan {
            group,
            name,
            kind: fields.kind.cast_signed(),
            has_parent: !fields.parent_span_id.is_empty(),
            start_unix_nano: fields.start,
            duration_nano: fields.end.saturating_sub(fields.start),
            status_code: fields.status.code,
        });
    }

    fn pack(&mut self, packer: &mut Packer) -> Columns {
        let mut columns = Columns::new();
        self.rows.pack(packer, &mut columns);
        let (parent_rows, parent_ids) = self.parent_columns();
        let mut put = |number, packed: Option<Vec<u8>>| columns.extend(packed.map(|packed| (number, packed)));
        for (number, values, numbers) in [
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
            put(number, pack_numbers(packer, values, numbers));
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
    fn parent_columns(&mut self) -> (Vec<u64>, StringsBuilder) {
        let (mut rows, mut ids) = (Vec::with_capacity(self.parents.len()), StringsBuilder::default());
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
