//! Log records become a block: one pass over each record's bytes, its fields into columns.

use super::columns;
use super::text_grams::TextGrams;
use crate::otlp::wire::Fields;
use crate::otlp::{AnyValueView, View};
use crate::store::engine::block::bloom::bloom_of;
use crate::store::engine::block::column::{DictionaryBuilder, Numbers, NumbersBuilder, StringsBuilder};
use crate::store::engine::block::compression::Packer;
use crate::store::engine::block::rows::{Columns, Entry, RowsBuilder, group_header};
use crate::store::engine::record_blocks::RecordPlace;
use crate::store::engine::spans::builder::{lossy, put_field};

/// A block of log records as it is written.
#[derive(Debug)]
pub struct LogBlock {
    /// How many records it has.
    pub items: u64,
    /// The earliest time.
    pub first_unix_nano: u64,
    /// The latest time.
    pub last_unix_nano: u64,
    /// The columns.
    pub columns: Columns,
    /// The filter over values.
    pub bloom: Vec<u8>,
    /// The filter over parts of bodies.
    pub grams: Vec<u8>,
}

/// A block of log records in the making.
#[derive(Default)]
pub struct LogBlockBuilder {
    rows: RowsBuilder,
    /// What the rows being added stand under: its number outside and here.
    group: Option<(usize, u32)>,
    time: NumbersBuilder,
    observed_after: NumbersBuilder,
    severity_number: NumbersBuilder,
    flags: NumbersBuilder,
    dropped_attributes: NumbersBuilder,
    severity_text: DictionaryBuilder,
    event_name: DictionaryBuilder,
    trace_id: DictionaryBuilder,
    span_id: StringsBuilder,
    body: StringsBuilder,
    extra: StringsBuilder,
    grams: TextGrams,
    /// Room for the unknown fields of a record.
    unknown: Vec<u8>,
    first_unix_nano: Option<u64>,
    last_unix_nano: u64,
}

/// The fields of a record that stand for themselves.
#[derive(Default)]
struct LogFields<'a> {
    time: u64,
    observed: u64,
    severity_number: u32,
    severity_text: &'a [u8],
    body: &'a [u8],
    dropped_attributes: u32,
    flags: u32,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: &'a [u8],
}

impl LogBlockBuilder {
    /// Adds a record.
    pub fn add(&mut self, place: &RecordPlace<'_>, record: &[u8]) {
        let group = match self.group {
            Some((known, number)) if known == place.number => number,
            _ => {
                let number = self.rows.group(&group_header(&place.resource_group, &place.scope_group));
                self.group = Some((place.number, number));
                number
            }
        };
        let mut fields = LogFields::default();
        self.unknown.clear();
        for (number, value) in Fields::of(record) {
            match number {
                1 => fields.time = value.number(),
                2 => fields.severity_number = value.uint32(),
                3 => fields.severity_text = value.bytes(),
                5 => fields.body = value.bytes(),
                6 => self.rows.attribute(value.bytes()),
                7 => fields.dropped_attributes = value.uint32(),
                8 => fields.flags = value.uint32(),
                9 => fields.trace_id = value.bytes(),
                10 => fields.span_id = value.bytes(),
                11 => fields.observed = value.number(),
                12 => fields.event_name = value.bytes(),
                _ => put_field(&mut self.unknown, number, value),
            }
        }
        self.put(group, &fields);
    }

    /// How many records there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where another block must begin.
    pub const fn is_full(&self) -> bool {
        self.rows.is_full()
    }

    /// Ends the block.
    pub fn finish(self, packer: &mut Packer) -> LogBlock {
        let mut entries = self.rows.filter_entries();
        entries.extend(self.event_name.strings().iter().map(|name| Entry::Name.hash(&lossy(name))));
        entries.extend(self.trace_id.strings().iter().map(|id| Entry::TraceId.hash(id)));
        LogBlock {
            items: self.rows.len() as u64,
            first_unix_nano: self.first_unix_nano.unwrap_or(0),
            last_unix_nano: self.last_unix_nano,
            columns: self.pack(packer),
            bloom: bloom_of(&entries),
            grams: self.grams.pack(packer),
        }
    }

    fn put(&mut self, group: u32, fields: &LogFields<'_>) {
        let time = if fields.time == 0 { fields.observed } else { fields.time };
        self.first_unix_nano = Some(self.first_unix_nano.map_or(time, |first| first.min(time)));
        self.last_unix_nano = self.last_unix_nano.max(time);
        self.time.push(fields.time);
        self.observed_after.push(fields.observed.wrapping_sub(fields.time));
        self.severity_number.push(u64::from(fields.severity_number));
        self.flags.push(u64::from(fields.flags));
        self.dropped_attributes.push(u64::from(fields.dropped_attributes));
        self.severity_text.push(fields.severity_text);
        self.event_name.push(fields.event_name);
        self.trace_id.push(fields.trace_id);
        self.span_id.push(fields.span_id);
        self.body.push(fields.body);
        self.extra.push(&self.unknown);
        self.grams.add(AnyValueView::parse(fields.body));
        self.rows.end_row(group);
    }

    fn pack(&self, packer: &mut Packer) -> Columns {
        let mut columns = Columns::new();
        self.rows.pack(packer, &mut columns);
        let mut put = |number, packed: Option<Vec<u8>>| columns.extend(packed.map(|packed| (number, packed)));
        for (number, builder, numbers) in [
            (columns::TIME, &self.time, Numbers::Near),
            (columns::OBSERVED_AFTER, &self.observed_after, Numbers::Near),
            (columns::SEVERITY_NUMBER, &self.severity_number, Numbers::Unrelated),
            (columns::FLAGS, &self.flags, Numbers::Unrelated),
            (columns::DROPPED_ATTRIBUTES, &self.dropped_attributes, Numbers::Unrelated),
        ] {
            put(number, builder.pack(packer, numbers));
        }
        for (number, builder) in [
            (columns::SEVERITY_TEXT, &self.severity_text),
            (columns::EVENT_NAME, &self.event_name),
            (columns::TRACE_ID, &self.trace_id),
        ] {
            put(number, builder.pack(packer));
        }
        put(columns::BODY, self.body.pack(packer));
        put(columns::EXTRA, self.extra.pack(packer));
        put(columns::SPAN_ID, self.span_id.pack_random());
        columns
    }
}
