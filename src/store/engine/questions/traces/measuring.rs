//! When traces began and ended, which is much less to read than what a summary says.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{TraceId, blocks_of_traces};
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::Question;
use crate::store::engine::spans::SpanFormat;
use crate::store::engine::spans::reading::{durations, starts, trace_ids};
use crate::store::{StoreError, TimeRange};

/// How many traces are measured at once at most. Each lot has to look for its blocks in the whole index of traces.
pub const MOST_MEASURED_AT_ONCE: usize = 1 << 16;

/// What is known of traces so far; none of those without a span yet.
type Extents = HashMap<TraceId, Option<TimeRange>, RandomState>;

/// When traces began and ended: from the earliest start to the latest end of their spans.
pub fn extents(
    question: &Question<'_, SpanFormat>,
    budget: &Budget<'_>,
    trace_ids: &[TraceId],
) -> Result<impl Iterator<Item = (TraceId, TimeRange)> + use<>, StoreError> {
    let mut extents: Extents = trace_ids.iter().map(|trace_id| (*trace_id, None)).collect();
    for place in blocks_of_traces(question, trace_ids)? {
        question.on_block(place, budget, |reader| add_spans(reader, &mut extents))?;
    }
    Ok(extents.into_iter().filter_map(|(trace_id, extent)| Some((trace_id, extent?))))
}

/// Adds the spans that a block has of the traces.
fn add_spans(reader: &BlockReader<'_>, extents: &mut Extents) -> rusqlite::Result<()> {
    let ids = trace_ids(reader)?;
    let (starts, durations) = (starts(reader)?, durations(reader)?);
    for row in 0..reader.rows() {
        let Ok(trace_id) = TraceId::try_from(ids.get(row)) else { continue };
        let Some(extent) = extents.get_mut(&trace_id) else { continue };
        let start = starts.get(row);
        let end = start.wrapping_add(durations.get(row));
        let known = extent.get_or_insert(TimeRange { from_unix_nano: start, to_unix_nano: 0 });
        known.from_unix_nano = known.from_unix_nano.min(start);
        known.to_unix_nano = known.to_unix_nano.max(end);
    }
    Ok(())
}
