//! What a search for traces has found: candidates that may be among those asked for, and the first of the traces that
//! were summed up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::TraceId;
use crate::store::traces::growing_trace::{TracePlace, place_of, place_of_extent};
use crate::store::{TimeRange, TraceOrder, TraceSummary};

/// How many traces are summed up at once at most.
const MOST_SUMMED_AT_ONCE: usize = 1_024;

/// How many traces are remembered as met. One that is met again later is summed up again, to the same.
const MOST_REMEMBERED: usize = 1 << 16;

/// Traces with a span that fits which are not yet summed up.
#[derive(Default)]
pub struct Candidates {
    /// By the start of that span, the newest first: the trace begins no later.
    waiting: BTreeSet<(Reverse<u64>, TraceId)>,
    /// Those waiting, and some of those that were.
    met: HashSet<TraceId>,
}

impl Candidates {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds those that were not met before, each with the start of a span.
    pub fn add(&mut self, candidates: impl IntoIterator<Item = (TraceId, u64)>) {
        for (trace_id, start) in candidates {
            if self.met.insert(trace_id) {
                self.waiting.insert((Reverse(start), trace_id));
            }
        }
        if self.met.len() > MOST_REMEMBERED {
            self.met = self.waiting.iter().map(|(_, trace_id)| *trace_id).collect();
        }
    }

    /// Takes the newest of those that wait.
    pub fn take_newest(&mut self, most: usize) -> Vec<TraceId> {
        let newest = std::iter::from_fn(|| self.waiting.pop_first());
        newest.take(most).map(|(_, trace_id)| trace_id).collect()
    }

    /// Drops those that can no longer be among the traces asked for.
    pub fn forget_unneeded(&mut self, found: &NewestTraces) {
        while self.waiting.last().is_some_and(|(Reverse(start), _)| found.needs_none_before(*start)) {
            self.waiting.pop_last();
        }
    }
}

/// The newest of the traces found so far, one more than asked for.
pub struct NewestTraces {
    traces: BTreeMap<TracePlace, TraceSummary>,
    rows: usize,
}

impl NewestTraces {
    /// None yet, of `rows` asked for.
    pub const fn new(rows: usize) -> Self {
        Self { traces: BTreeMap::new(), rows }
    }

    /// True while there are none.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// How many candidates should be summed up next: as many as are missing, then as many as are had for one.
    pub fn room(&self) -> usize {
        let missing = self.rows.saturating_add(1).saturating_sub(self.traces.len());
        if missing > 0 { missing.min(MOST_SUMMED_AT_ONCE) } else { MOST_SUMMED_AT_ONCE }
    }

    /// Adds traces.
    pub fn add_all(&mut self, traces: Vec<TraceSummary>) {
        for trace in traces {
            self.traces.insert(place_of(&trace, TraceOrder::Newest), trace);
            if self.traces.len() > self.rows.saturating_add(1) {
                self.traces.pop_last();
            }
        }
    }

    /// True where no trace that began before this moment can be among those asked for.
    pub fn needs_none_before(&self, unix_nano: u64) -> bool {
        self.traces.len() > self.rows
            && self.traces.last_key_value().is_some_and(|(_, last)| unix_nano < last.start_unix_nano)
    }

    /// The traces asked for in their order, and whether there are more.
    pub fn into_answer(mut self) -> (Vec<TraceSummary>, bool) {
        let has_more = self.traces.len() > self.rows;
        if has_more {
            self.traces.pop_last();
        }
        (self.traces.into_values().collect(), has_more)
    }
}

/// The longest of the traces measured so far, one more than asked for.
pub struct LongestTraces {
    places: BTreeSet<TracePlace>,
    rows: usize,
}

impl LongestTraces {
    /// None yet, of `rows` asked for.
    pub const fn new(rows: usize) -> Self {
        Self { places: BTreeSet::new(), rows }
    }

    /// True while there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Adds traces with when they began and ended.
    pub fn add_all(&mut self, traces: impl IntoIterator<Item = (TraceId, TimeRange)>) {
        for (trace_id, extent) in traces {
            self.places.insert(place_of_extent(trace_id, extent, TraceOrder::Longest));
            if self.places.len() > self.rows.saturating_add(1) {
                self.places.pop_last();
            }
        }
    }

    /// The traces asked for, and whether there are more.
    pub fn into_first(mut self) -> (Vec<TraceId>, bool) {
        let has_more = self.places.len() > self.rows;
        if has_more {
            self.places.pop_last();
        }
        (self.places.into_iter().map(|(_, _, trace_id)| trace_id).collect(), has_more)
    }
}
