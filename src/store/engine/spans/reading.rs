//! Reads spans back from their columns.

use super::columns;
use super::{SpanFormat, builder::SpanBlock};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};
use crate::store::Field;
use crate::store::engine::block::column::{NumberColumn, StringColumn};
use crate::store::engine::block::rows::Columns;
use crate::store::engine::block_reading::{BlockReader, OwnColumn};
use crate::store::engine::record_reading::RecordFormat;
use crate::store::engine::row_attributes::RowAttributes;

impl RecordFormat for SpanFormat {
    fn columns(piece: &SpanBlock) -> &Columns {
        &piece.columns
    }

    fn bloom(piece: &SpanBlock) -> &[u8] {
        &piece.bloom
    }

    fn own_column(field: &Field) -> Option<OwnColumn> {
        match field {
            Field::Name => Some(OwnColumn::Text(columns::NAME)),
            Field::Kind => Some(OwnColumn::Kind(columns::KIND)),
            Field::Status => Some(OwnColumn::Status(columns::STATUS_CODE)),
            Field::DurationMilliseconds => Some(OwnColumn::Duration(columns::DURATION, columns::START)),
            Field::TraceId => Some(OwnColumn::Id(columns::TRACE_ID)),
            Field::SpanId => Some(OwnColumn::Id(columns::SPAN_ID)),
            Field::Attribute(_) | Field::Service | Field::Body | Field::Severity | Field::Scope => None,
        }
    }

    fn times(reader: &BlockReader<'_>) -> rusqlite::Result<Vec<u64>> {
        reader.all_numbers(columns::START)
    }

    fn write_rows(
        reader: &BlockReader<'_>,
        rows: &[usize],
        take: &mut dyn FnMut(usize, &[u8]),
    ) -> rusqlite::Result<()> {
        let columns = SpanColumns::read(reader)?;
        let mut attributes = RowAttributes::new(reader)?;
        let mut span = Vec::new();
        for row in rows {
            span.clear();
            columns.write(*row, &mut attributes, &mut span);
            take(*row, &span);
        }
        Ok(())
    }
}

/// The columns from which traces are summed up.
pub struct SummaryColumns {
    /// Span ids.
    pub span_id: StringColumn,
    /// Parents' ids.
    pub parent: Parents,
    /// Names.
    pub name: StringColumn,
    /// Starts.
    pub start: NumberColumn,
    /// Durations, wrapped.
    pub duration: NumberColumn,
    /// `StatusCode`s.
    pub status_code: NumberColumn,
}

impl SummaryColumns {
    /// Reads them.
    pub fn read(reader: &BlockReader<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            span_id: reader.strings(columns::SPAN_ID)?,
            parent: Parents::read(reader)?,
            name: reader.strings(columns::NAME)?,
            start: reader.numbers(columns::START)?,
            duration: reader.numbers(columns::DURATION)?,
            status_code: reader.numbers(columns::STATUS_CODE)?,
        })
    }
}

/// The starts of a block's spans.
pub fn starts(reader: &BlockReader<'_>) -> rusqlite::Result<NumberColumn> {
    reader.numbers(columns::START)
}

/// How long a block's spans took; added to the start without regard to an overflow, it is the end.
pub fn durations(reader: &BlockReader<'_>) -> rusqlite::Result<NumberColumn> {
    reader.numbers(columns::DURATION)
}

/// The trace ids of a block.
pub fn trace_ids(reader: &BlockReader<'_>) -> rusqlite::Result<StringColumn> {
    reader.strings(columns::TRACE_ID)
}

/// The parents of a block's spans.
pub struct Parents {
    codes: NumberColumn,
    ids: StringColumn,
    /// For each row the place of its parent among `ids`.
    places: Vec<u32>,
}

impl Parents {
    fn read(reader: &BlockReader<'_>) -> rusqlite::Result<Self> {
        let codes = reader.numbers(columns::PARENT_ROW)?;
        let ids = reader.strings(columns::PARENT_ID)?;
        let mut next = 0;
        let place = |row| {
            let place = next;
            next += u32::from(codes.get(row) == columns::PARENT_ELSEWHERE);
            place
        };
        let places = (0..reader.rows()).map(place).collect();
        Ok(Self { codes, ids, places })
    }

    /// The parent of a row; empty where it has none.
    pub fn get<'c>(&'c self, row: usize, span_ids: &'c StringColumn) -> &'c [u8] {
        match self.codes.get(row) {
            columns::NO_PARENT => &[],
            columns::PARENT_ELSEWHERE => {
                self.places.get(row).map_or(&[], |place| self.ids.get(*place as usize))
            }
            code => span_ids.get(usize::try_from(columns::parent_row(row, code)).unwrap_or(usize::MAX)),
        }
    }
}

struct SpanColumns {
    trace_id: StringColumn,
    summary: SummaryColumns,
    trace_state: StringColumn,
    status_message: StringColumn,
    kind: NumberColumn,
    flags: NumberColumn,
    dropped_attributes: NumberColumn,
    dropped_events: NumberColumn,
    dropped_links: NumberColumn,
    events: StringColumn,
    links: StringColumn,
    extra: StringColumn,
}

impl SpanColumns {
    fn read(reader: &BlockReader<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            trace_id: trace_ids(reader)?,
            summary: SummaryColumns::read(reader)?,
            trace_state: reader.strings(columns::TRACE_STATE)?,
            status_message: reader.strings(columns::STATUS_MESSAGE)?,
            kind: reader.numbers(columns::KIND)?,
            flags: reader.numbers(columns::FLAGS)?,
            dropped_attributes: reader.numbers(columns::DROPPED_ATTRIBUTES)?,
            dropped_events: reader.numbers(columns::DROPPED_EVENTS)?,
            dropped_links: reader.numbers(columns::DROPPED_LINKS)?,
            events: reader.strings(columns::EVENTS)?,
            links: reader.strings(columns::LINKS)?,
            extra: reader.strings(columns::EXTRA)?,
        })
    }

    fn write(&self, row: usize, attributes: &mut RowAttributes<'_, '_>, out: &mut Vec<u8>) {
        let summary = &self.summary;
        let start = summary.start.get(row);
        put_bytes(out, 1, self.trace_id.get(row));
        put_bytes(out, 2, summary.span_id.get(row));
        put_bytes(out, 3, self.trace_state.get(row));
        put_bytes(out, 4, summary.parent.get(row, &summary.span_id));
        put_bytes(out, 5, summary.name.get(row));
        put_enumeration(out, 6, self.kind.get(row));
        put_fixed64(out, 7, start);
        put_fixed64(out, 8, start.wrapping_add(summary.duration.get(row)));
        attributes.write(row, 9, out);
        put_number(out, 10, self.dropped_attributes.get(row));
        out.extend_from_slice(self.events.get(row));
        put_number(out, 12, self.dropped_events.get(row));
        out.extend_from_slice(self.links.get(row));
        put_number(out, 14, self.dropped_links.get(row));
        let (message, code) = (self.status_message.get(row), summary.status_code.get(row));
        if !message.is_empty() || code != 0 {
            put_message(out, 15, |status| {
                put_bytes(status, 2, message);
                put_enumeration(status, 3, code);
            });
        }
        put_fixed32(out, 16, self.flags.get(row));
        out.extend_from_slice(self.extra.get(row));
    }
}

/// Appends a string or bytes, unless empty.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_length_delimited(out, number, bytes);
    }
}

/// Appends a varint, unless 0.
pub fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_key(out, number, WireType::Varint);
        put_varint(out, value);
    }
}

/// Appends an enumeration's value of 32 bits, unless 0; negative ones have ten bytes.
pub fn put_enumeration(out: &mut Vec<u8>, number: u32, value: u64) {
    let code = u32::try_from(value).unwrap_or(0).cast_signed();
    put_number(out, number, i64::from(code).cast_unsigned());
}

/// Appends eight bytes, unless 0.
pub fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_key(out, number, WireType::Fixed64);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends four bytes, unless 0.
pub fn put_fixed32(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_key(out, number, WireType::Fixed32);
        out.extend_from_slice(&u32::try_from(value).unwrap_or(0).to_le_bytes());
    }
}
