//! Questions about traces.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use super::push_row;
use crate::otlp::{Batch, Signal, SpanView, StatusView, Text};
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::block_tables::block_row;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::{
    BlockPlace, Question, RecordFormat, Sought, select, selected_rows,
};
use crate::store::engine::signal_store::SignalStore;
use crate::store::engine::spans::reading::{SummaryColumns, trace_ids};
use crate::store::engine::spans::{SpanFormat, blocks_of, trace_hash};
use crate::store::filter::matching::service_of;
use crate::store::grouped_items::GroupedItems;
use crate::store::traces::growing_trace::{GrowingTrace, sort_summaries};
use crate::store::{Answer, Limits, StoreError, TimeRange, TraceOrder, TraceSearch, TraceSummary};

type TraceId = [u8; 16];

/// How many blocks a search for traces keeps unpacked: the spans of neighbouring traces lie in the same ones.
const MOST_KEPT_BLOCKS: usize = 24;

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
    for place in blocks_of_trace(&question, trace_id)? {
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
///
/// Blocks come newest first. A trace begins no later than any of its spans, so once there are enough traces nothing that
/// began before the last of them needs to be looked at.
pub fn search(
    store: &SignalStore<SpanFormat>,
    search: &TraceSearch,
    limits: &Limits,
) -> Result<Answer<Vec<TraceSummary>>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut found = Found::new(search.order, budget.rows());
    let mut summing = Summing { question: &question, budget: &budget, kept: VecDeque::new() };
    let mut seen = HashSet::new();
    let sought = Sought::new::<SpanFormat>(&search.filter);
    for place in question.newest_blocks(search.range)? {
        if found.needs_none_before(place.last_unix_nano) || !budget.may_go_on() {
            break;
        }
        if !question.may_fit(place, &budget, &sought)? {
            continue;
        }
        let candidates = question.on_block(place, &budget, |reader| candidates(reader, search))?;
        for (start, trace_id) in candidates.unwrap_or_default() {
            if found.needs_none_before(start) || !budget.may_go_on() {
                break;
            }
            if seen.insert(trace_id) {
                found.add(summing.summary(&trace_id)?);
            }
        }
    }
    let mut traces = found.traces;
    sort_summaries(&mut traces, search.order);
    let is_cut = traces.len() > budget.rows();
    traces.truncate(budget.rows());
    Ok(Answer { value: traces, cut: budget.cut(is_cut) })
}

/// The traces of a block that fit, each with the earliest start of its spans that do; the latest first.
fn candidates(reader: &BlockReader<'_>, search: &TraceSearch) -> rusqlite::Result<Vec<(u64, TraceId)>> {
    let times = SpanFormat::times(reader)?;
    let selected = select::<SpanFormat>(reader, &times, search.range, &search.filter)?;
    let rows = selected_rows(&selected);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = trace_ids(reader)?;
    let mut earliest: HashMap<TraceId, u64> = HashMap::new();
    for row in rows {
        if let (Ok(trace_id), Some(time)) = (TraceId::try_from(ids.get(row)), times.get(row)) {
            let known = earliest.entry(trace_id).or_insert(*time);
            *known = (*known).min(*time);
        }
    }
    let mut candidates: Vec<(u64, TraceId)> = earliest.into_iter().map(|(id, time)| (time, id)).collect();
    candidates.sort_unstable_by_key(|candidate| Reverse(*candidate));
    Ok(candidates)
}

/// The traces found so far.
struct Found {
    traces: Vec<TraceSummary>,
    order: TraceOrder,
    /// The starts of the newest traces, one more than asked for, the earliest on top.
    starts: BinaryHeap<Reverse<u64>>,
    wanted: usize,
}

impl Found {
    const fn new(order: TraceOrder, rows: usize) -> Self {
        Self { traces: Vec::new(), order, starts: BinaryHeap::new(), wanted: rows.saturating_add(1) }
    }

    fn add(&mut self, trace: TraceSummary) {
        self.starts.push(Reverse(trace.start_unix_nano));
        if self.starts.len() > self.wanted {
            self.starts.pop();
        }
        self.traces.push(trace);
    }

    /// True where no trace that began before this moment can be among those asked for.
    fn needs_none_before(&self, unix_nano: u64) -> bool {
        self.order == TraceOrder::Newest
            && self.starts.len() >= self.wanted
            && self.starts.peek().is_some_and(|Reverse(earliest)| unix_nano < *earliest)
    }
}

/// Sums up traces, and keeps the blocks it did that with.
struct Summing<'q, 'a> {
    question: &'q Question<'a, SpanFormat>,
    budget: &'q Budget<'q>,
    kept: VecDeque<KeptBlock>,
}

/// What of a block traces are summed up from.
struct KeptBlock {
    place: BlockPlace,
    columns: SummaryColumns,
    /// The service of each group, and the group of each row.
    services: Vec<String>,
    groups: Vec<usize>,
    /// The rows of each trace, by the number of its id in the column.
    rows: HashMap<Vec<u8>, Vec<usize>>,
}

impl Summing<'_, '_> {
    fn summary(&mut self, trace_id: &TraceId) -> Result<TraceSummary, StoreError> {
        let mut trace = GrowingTrace::default();
        for place in blocks_of_trace(self.question, trace_id)? {
            let Some(block) = self.kept(place)? else { continue };
            for row in block.rows.get(trace_id.as_slice()).into_iter().flatten() {
                let group = block.groups.get(*row).copied().unwrap_or(0);
                let service = block.services.get(group).cloned().unwrap_or_default();
                trace.add(service, &block.span(*row));
            }
        }
        Ok(trace.summary(*trace_id))
    }

    fn kept(&mut self, place: BlockPlace) -> Result<Option<&KeptBlock>, StoreError> {
        match self.kept.iter().position(|kept| kept.place == place) {
            Some(at) => {
                let used = self.kept.remove(at);
                self.kept.extend(used);
            }
            None => {
                let read =
                    self.question.on_block(place, self.budget, |reader| KeptBlock::read(place, reader))?;
                let Some(read) = read else { return Ok(None) };
                if self.kept.len() >= MOST_KEPT_BLOCKS {
                    self.kept.pop_front();
                }
                self.kept.push_back(read);
            }
        }
        Ok(self.kept.back())
    }
}

impl KeptBlock {
    fn read(place: BlockPlace, reader: &BlockReader<'_>) -> rusqlite::Result<Self> {
        let columns = SummaryColumns::read(reader)?;
        let mut rows: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for row in 0..reader.rows() {
            let trace_id = columns.trace_id.get(row);
            match rows.get_mut(trace_id) {
                Some(rows) => rows.push(row),
                None => drop(rows.insert(trace_id.to_vec(), vec![row])),
            }
        }
        let service =
            |group| reader.with_group(group, |above| service_of(above.resource).to_text().into_owned());
        Ok(Self {
            place,
            columns,
            services: (0..reader.directory.groups.len()).map(service).collect(),
            groups: (0..reader.rows()).map(|row| reader.group(row)).collect(),
            rows,
        })
    }

    /// A span with what a summary looks at.
    fn span(&self, row: usize) -> SpanView<'_> {
        let start = self.columns.start.get(row);
        let code = u32::try_from(self.columns.status_code.get(row)).unwrap_or(0).cast_signed();
        SpanView {
            trace_id: self.columns.trace_id.get(row),
            span_id: self.columns.span_id.get(row),
            parent_span_id: self.columns.parent.get(row, &self.columns.span_id),
            name: Text::new(self.columns.name.get(row)),
            start_time_unix_nano: start,
            end_time_unix_nano: start.wrapping_add(self.columns.duration.get(row)),
            status: StatusView { code, ..StatusView::default() },
            ..SpanView::default()
        }
    }
}

/// The blocks that may have spans of a trace, whenever those began.
fn blocks_of_trace(
    question: &Question<'_, SpanFormat>,
    trace_id: &TraceId,
) -> Result<Vec<BlockPlace>, StoreError> {
    let mut places = Vec::new();
    let view = question.view();
    for partition in 0..view.partitions.len() {
        let rows = question.on_file(partition, |connection| {
            // One transaction: the index may be merged between two statements.
            let transaction = connection.unchecked_transaction()?;
            let mut rows = Vec::new();
            for id in blocks_of(&transaction, trace_id)? {
                rows.extend(block_row(&transaction, id, view.last_cut)?);
            }
            Ok(rows)
        })?;
        places.extend(rows.unwrap_or_default().into_iter().map(|row| question.place_of(partition, row)));
    }
    let hash = trace_hash(trace_id);
    for place in question.open_blocks(TimeRange::ALL) {
        let piece = question.open_piece(place);
        if piece.is_some_and(|piece| piece.traces.binary_search(&hash).is_ok()) {
            places.push(place);
        }
    }
    Ok(places)
}
