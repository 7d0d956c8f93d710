//! Sums up traces from all their spans.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{TraceId, blocks_of_traces};
use crate::otlp::{SpanView, StatusView, Text};
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::Question;
use crate::store::engine::spans::SpanFormat;
use crate::store::engine::spans::reading::{SummaryColumns, trace_ids};
use crate::store::filter::matching::service_of;
use crate::store::traces::growing_trace::GrowingTrace;
use crate::store::{StoreError, TraceSummary};

/// What is known of traces so far. Ids are not chosen to collide in a table that is keyed anew each time.
type GrowingTraces = HashMap<TraceId, GrowingTrace, RandomState>;

/// Sums up traces. Each block that has spans of some of them is read once.
pub fn summaries(
    question: &Question<'_, SpanFormat>,
    budget: &Budget<'_>,
    trace_ids: &[TraceId],
) -> Result<Vec<TraceSummary>, StoreError> {
    let mut traces: GrowingTraces =
        trace_ids.iter().map(|trace_id| (*trace_id, GrowingTrace::default())).collect();
    for place in blocks_of_traces(question, trace_ids)? {
        question.on_block(place, budget, |reader| add_spans(reader, &mut traces))?;
    }
    // Of one that lies in damaged blocks nothing may be known but its id.
    let known = traces.into_iter().filter(|(_, trace)| !trace.is_empty());
    Ok(known.map(|(trace_id, trace)| trace.summary(trace_id)).collect())
}

/// Adds the spans that a block has of the traces.
fn add_spans(reader: &BlockReader<'_>, traces: &mut GrowingTraces) -> rusqlite::Result<()> {
    let ids = trace_ids(reader)?;
    let is_sought = |number: usize| {
        TraceId::try_from(ids.string(number)).is_ok_and(|trace_id| traces.contains_key(&trace_id))
    };
    let sought: Vec<bool> = (0..ids.strings()).map(is_sought).collect();
    let rows: Vec<usize> =
        (0..reader.rows()).filter(|row| sought.get(ids.number(*row)) == Some(&true)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let columns = SummaryColumns::read(reader)?;
    let mut services: Vec<Option<String>> = vec![None; reader.directory.groups.len()];
    for row in rows {
        let group = reader.group(row);
        let (Ok(trace_id), Some(service)) = (TraceId::try_from(ids.get(row)), services.get_mut(group)) else {
            continue;
        };
        let service = service.get_or_insert_with(|| {
            reader.with_group(group, |above| service_of(above.resource).to_text().into_owned())
        });
        if let Some(trace) = traces.get_mut(&trace_id) {
            trace.add(service, &columns.span(row));
        }
    }
    Ok(())
}

impl SummaryColumns {
    /// A span with what a summary looks at.
    fn span(&self, row: usize) -> SpanView<'_> {
        let start = self.start.get(row);
        let code = u32::try_from(self.status_code.get(row)).unwrap_or(0).cast_signed();
        SpanView {
            span_id: self.span_id.get(row),
            parent_span_id: self.parent.get(row, &self.span_id),
            name: Text::new(self.name.get(row)),
            start_time_unix_nano: start,
            end_time_unix_nano: start.wrapping_add(self.duration.get(row)),
            status: StatusView { code, ..StatusView::default() },
            ..SpanView::default()
        }
    }
}
