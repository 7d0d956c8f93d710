//! Questions about traces.

mod found;
mod measuring;
mod summing;

use std::collections::HashMap;

use self::found::{Candidates, LongestTraces, NewestTraces};
use self::measuring::{MOST_MEASURED_AT_ONCE, extents};
use self::summing::summaries;
use super::push_row;
use crate::otlp::{Batch, Signal};
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::block_tables::block_row;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::{
    BlockPlace, Question, RecordFormat, Sought, select, selected_rows,
};
use crate::store::engine::signal_store::SignalStore;
use crate::store::engine::spans::builder::SpanBlock;
use crate::store::engine::spans::reading::{starts, trace_ids};
use crate::store::engine::spans::{SpanFormat, blocks_of, trace_hash};
use crate::store::grouped_items::GroupedItems;
use crate::store::traces::growing_trace::place_of;
use crate::store::{Answer, Limits, StoreError, TimeRange, TraceOrder, TraceSearch, TraceSummary};

type TraceId = [u8; 16];

/// Every span of a trace.
pub fn trace(
    store: &SignalStore<SpanFormat>,
    trace_id: &TraceId,
    limits: &Limits,
) -> Result<Answer<Batch>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut spans = GroupedItems::new(Signal::Traces);
    let mut is_cut = false;
    for place in blocks_of_traces(&question, &[*trace_id])? {
        if !budget.may_go_on() {
            break;
        }
        question.on_block(place, &budget, |reader| {
            let ids = trace_ids(reader)?;
            let mut rows: Vec<usize> = (0..reader.rows()).filter(|row| ids.get(*row) == trace_id).collect();
            let room = budget.rows().saturating_sub(spans.items());
            is_cut |= rows.len() > room;
            rows.truncate(room);
            SpanFormat::write_rows(reader, &rows, &mut |row, span| {
                push_row(&mut spans, reader, row, span);
            })
        })?;
    }
    Ok(Answer { value: spans.into_batch(), cut: budget.cut(is_cut) })
}

/// The traces that have a span as searched for.
pub fn search(
    store: &SignalStore<SpanFormat>,
    search: &TraceSearch,
    limits: &Limits,
) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
    let (question, budget) = (Question::new(store), Budget::new(limits));
    match search.order {
        TraceOrder::Newest => newest(&question, &budget, search),
        TraceOrder::Longest => longest(&question, &budget, search),
    }
}

/// The newest of them.
///
/// Blocks come newest first. A trace begins no later than any of its spans, so once there are enough traces nothing that
/// began before the last of them needs to be looked at. Traces are summed up many at once: looking up where their spans
/// are is as dear for one as for all, and so is reading a block.
fn newest(
    question: &Question<'_, SpanFormat>,
    budget: &Budget<'_>,
    search: &TraceSearch,
) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
    let mut found = NewestTraces::new(budget.rows());
    let mut candidates = Candidates::default();
    let sought = Sought::new::<SpanFormat>(&search.filter);
    for place in question.newest_blocks(search.range)? {
        if found.needs_none_before(place.last_unix_nano) || !budget.may_go_on() {
            break;
        }
        let in_block = candidates_in(question, budget, place, search, &sought)?;
        candidates.add(in_block.into_iter().filter(|(_, start)| !found.needs_none_before(*start)));
        while candidates.len() >= found.room() && budget.may_go_on() {
            found.add_all(summaries(question, budget, &candidates.take_newest(found.room()))?);
            candidates.forget_unneeded(&found);
        }
    }
    // A cut answer has what was found until then, too.
    while candidates.len() > 0 && (budget.may_go_on() || found.is_empty()) {
        found.add_all(summaries(question, budget, &candidates.take_newest(found.room()))?);
        candidates.forget_unneeded(&found);
    }
    let (value, is_cut) = found.into_answer();
    Ok(Answer { value, cut: budget.cut(is_cut) })
}

/// The longest of them.
///
/// Any of them may be, so all are measured, very many at once; only the longest are summed up.
fn longest(
    question: &Question<'_, SpanFormat>,
    budget: &Budget<'_>,
    search: &TraceSearch,
) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
    let mut found = LongestTraces::new(budget.rows());
    let mut candidates = Candidates::default();
    let sought = Sought::new::<SpanFormat>(&search.filter);
    for place in question.newest_blocks(search.range)? {
        if !budget.may_go_on() {
            break;
        }
        candidates.add(candidates_in(question, budget, place, search, &sought)?);
        while candidates.len() >= MOST_MEASURED_AT_ONCE && budget.may_go_on() {
            found.add_all(extents(question, budget, &candidates.take_newest(MOST_MEASURED_AT_ONCE))?);
        }
    }
    // A cut answer has what was found until then, too.
    while candidates.len() > 0 && (budget.may_go_on() || found.is_empty()) {
        found.add_all(extents(question, budget, &candidates.take_newest(MOST_MEASURED_AT_ONCE))?);
    }
    let (trace_ids, is_cut) = found.into_first();
    let mut value = summaries(question, budget, &trace_ids)?;
    value.sort_by_key(|trace| place_of(trace, TraceOrder::Longest));
    Ok(Answer { value, cut: budget.cut(is_cut) })
}

/// The traces with a span in a block as searched for, each with the earliest start of these spans.
fn candidates_in(
    question: &Question<'_, SpanFormat>,
    budget: &Budget<'_>,
    place: BlockPlace,
    search: &TraceSearch,
    sought: &Sought<'_>,
) -> Result<HashMap<TraceId, u64>, StoreError> {
    if !question.may_fit(place, budget, sought)? {
        return Ok(HashMap::new());
    }
    let in_block = question.on_block(place, budget, |reader| {
        let selected = select::<SpanFormat>(reader, place, search.range, &search.filter)?;
        candidates_among(reader, &selected_rows(&selected))
    })?;
    Ok(in_block.unwrap_or_default())
}

/// The traces of some rows of a block, each with the earliest start of these spans of it.
fn candidates_among(reader: &BlockReader<'_>, rows: &[usize]) -> rusqlite::Result<HashMap<TraceId, u64>> {
    let mut earliest = HashMap::new();
    if rows.is_empty() {
        return Ok(earliest);
    }
    let (ids, starts) = (trace_ids(reader)?, starts(reader)?);
    for row in rows {
        if let Ok(trace_id) = TraceId::try_from(ids.get(*row)) {
            let start = starts.get(*row);
            let known = earliest.entry(trace_id).or_insert(start);
            *known = start.min(*known);
        }
    }
    Ok(earliest)
}

/// The blocks that may have spans of some traces, whenever those began.
pub(super) fn blocks_of_traces(
    question: &Question<'_, SpanFormat>,
    trace_ids: &[TraceId],
) -> Result<Vec<BlockPlace>, StoreError> {
    let hashes: Vec<u32> = trace_ids.iter().map(|trace_id| trace_hash(trace_id)).collect();
    let mut places = Vec::new();
    let view = question.view();
    for partition in 0..view.partitions.len() {
        let rows = question.on_file(partition, |connection| {
            // One transaction: the index may be merged between two statements.
            let transaction = connection.unchecked_transaction()?;
            let mut rows = Vec::new();
            for id in blocks_of(&transaction, hashes.clone())? {
                rows.extend(block_row(&transaction, id, view.last_cut)?);
            }
            Ok(rows)
        })?;
        places.extend(rows.unwrap_or_default().into_iter().map(|row| question.place_of(partition, row)));
    }
    for place in question.open_blocks(TimeRange::ALL) {
        let has_it = |piece: &SpanBlock| hashes.iter().any(|hash| piece.traces.binary_search(hash).is_ok());
        if question.open_piece(place).is_some_and(has_it) {
            places.push(place);
        }
    }
    Ok(places)
}
