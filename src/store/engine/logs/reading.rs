//! Reads log records back from their columns.

use rusqlite::{Connection, OptionalExtension};

use super::builder::LogBlock;
use super::text_grams::SoughtText;
use super::{LogFormat, columns};
use crate::store::engine::block::column::{NumberColumn, StringColumn};
use crate::store::engine::block::rows::Columns;
use crate::store::engine::block_reading::{BlockReader, OwnColumn};
use crate::store::engine::record_reading::RecordFormat;
use crate::store::engine::row_attributes::RowAttributes;
use crate::store::engine::spans::reading::{
    put_bytes, put_enumeration, put_fixed32, put_fixed64, put_number,
};
use crate::store::{Field, Filter, Test};

impl RecordFormat for LogFormat {
    fn columns(piece: &LogBlock) -> &Columns {
        &piece.columns
    }

    fn bloom(piece: &LogBlock) -> &[u8] {
        &piece.bloom
    }

    fn own_column(field: &Field) -> Option<OwnColumn> {
        match field {
            Field::Name => Some(OwnColumn::Text(columns::EVENT_NAME)),
            Field::Body => Some(OwnColumn::Any(columns::BODY)),
            Field::Severity => Some(OwnColumn::Severity(columns::SEVERITY_NUMBER)),
            Field::TraceId => Some(OwnColumn::Id(columns::TRACE_ID)),
            Field::SpanId => Some(OwnColumn::Id(columns::SPAN_ID)),
            Field::Attribute(_)
            | Field::Service
            | Field::Kind
            | Field::Status
            | Field::DurationMilliseconds
            | Field::Scope => None,
        }
    }

    fn times(reader: &BlockReader<'_>) -> rusqlite::Result<Vec<u64>> {
        let mut times = reader.all_numbers(columns::TIME)?;
        if times.contains(&0) {
            let observed_after = reader.numbers(columns::OBSERVED_AFTER)?;
            for (row, time) in times.iter_mut().enumerate().filter(|(_, time)| **time == 0) {
                *time = observed_after.get(row);
            }
        }
        Ok(times)
    }

    fn write_rows(
        reader: &BlockReader<'_>,
        rows: &[usize],
        take: &mut dyn FnMut(usize, &[u8]),
    ) -> rusqlite::Result<()> {
        let columns = LogColumns::read(reader)?;
        let mut attributes = RowAttributes::new(reader)?;
        let mut record = Vec::new();
        for row in rows {
            record.clear();
            columns.write(*row, &mut attributes, &mut record);
            take(*row, &record);
        }
        Ok(())
    }

    fn may_fit(connection: &Connection, block: i64, filter: &Filter) -> rusqlite::Result<bool> {
        for condition in filter.conditions.iter().filter(|condition| !condition.negated) {
            let (Field::Body, Test::Contains(part) | Test::Equals(part)) =
                (&condition.field, &condition.test)
            else {
                continue;
            };
            let sought = SoughtText::new(part);
            if !sought.tells_blocks_apart() {
                continue;
            }
            let may_be_there = connection
                .prepare_cached("SELECT grams FROM text_filter WHERE block = ?")?
                .query_row([block], |row| Ok(sought.may_be_in(row.get_ref(0)?.as_blob()?)))
                .optional()?;
            if may_be_there == Some(false) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The severity numbers of a block.
pub fn severities(reader: &BlockReader<'_>) -> rusqlite::Result<NumberColumn> {
    reader.numbers(columns::SEVERITY_NUMBER)
}

struct LogColumns {
    time: NumberColumn,
    observed_after: NumberColumn,
    severity_number: NumberColumn,
    severity_text: StringColumn,
    body: StringColumn,
    dropped_attributes: NumberColumn,
    flags: NumberColumn,
    trace_id: StringColumn,
    span_id: StringColumn,
    event_name: StringColumn,
    extra: StringColumn,
}

impl LogColumns {
    fn read(reader: &BlockReader<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            time: reader.numbers(columns::TIME)?,
            observed_after: reader.numbers(columns::OBSERVED_AFTER)?,
            severity_number: reader.numbers(columns::SEVERITY_NUMBER)?,
            severity_text: reader.strings(columns::SEVERITY_TEXT)?,
            body: reader.strings(columns::BODY)?,
            dropped_attributes: reader.numbers(columns::DROPPED_ATTRIBUTES)?,
            flags: reader.numbers(columns::FLAGS)?,
            trace_id: reader.strings(columns::TRACE_ID)?,
            span_id: reader.strings(columns::SPAN_ID)?,
            event_name: reader.strings(columns::EVENT_NAME)?,
            extra: reader.strings(columns::EXTRA)?,
        })
    }

    fn write(&self, row: usize, attributes: &mut RowAttributes<'_, '_>, out: &mut Vec<u8>) {
        let time = self.time.get(row);
        put_fixed64(out, 1, time);
        put_enumeration(out, 2, self.severity_number.get(row));
        put_bytes(out, 3, self.severity_text.get(row));
        put_bytes(out, 5, self.body.get(row));
        attributes.write(row, 6, out);
        put_number(out, 7, self.dropped_attributes.get(row));
        put_fixed32(out, 8, self.flags.get(row));
        put_bytes(out, 9, self.trace_id.get(row));
        put_bytes(out, 10, self.span_id.get(row));
        put_fixed64(out, 11, time.wrapping_add(self.observed_after.get(row)));
        put_bytes(out, 12, self.event_name.get(row));
        out.extend_from_slice(self.extra.get(row));
    }
}
