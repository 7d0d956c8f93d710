//! What a search for traces has found: candidates that may be among those asked for, and the first of the traces that
//! were summed up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::TraceId;
use crate::store::traces::growing_trace::{TracePlace, place_of};
use crate::store::{TraceOrder, TraceSummary};

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

    /// Adds those that were not met before and may be among the traces asked for, each with the start of a span.
    pub fn add(&mut self, candidates: HashMap<TraceId, u64>, found: &FoundTraces) {
        for (trace_id, start) in candidates {
            if !found.needs_none_before(start) && self.met.insert(trace_id) {
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
    pub fn forget_unneeded(&mut self, found: &FoundTraces) {
        while self.waiting.last().is_some_and(|(Reverse(start), _)| found.needs_none_before(*start)) {
            self.waiting.pop_last();
        }
    }
}

/// The first of the traces found so far in the order asked for, one more than asked for.
pub struct FoundTraces {
    traces: BTreeMap<TracePlace, TraceSummary>,
    order: TraceOrder,
    rows: usize,
}

impl FoundTraces {
    /// None yet, of `rows` asked for.
    pub const fn new(order: TraceOrder, rows: usize) -> Self {
        Self { traces: BTreeMap::new(), order, rows }
    }

    /// True while there are none.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// How many candidates should be summed up next: as many as are missing, then as many as are had for one.
    pub fn room(&self) -> usize {
        let missing = self.rows.saturating_add(1).saturating_sub(self.traces.len());
        if self.order == TraceOrder::Newest && missing > 0 {
            missing.min(MOST_SUMMED_AT_ONCE)
        } else {
            MOST_SUMMED_AT_ONCE
        }
    }

    /// Adds traces.
    pub fn add_all(&mut self, traces: Vec<TraceSummary>) {
        for trace in traces {
            self.traces.insert(place_of(&trace, self.order), trace);
            if self.traces.len() > self.rows.saturating_add(1) {
                self.traces.pop_last();
            }
        }
    }

    /// True where no trace that began before this moment can be among those asked for.
    pub fn needs_none_before(&self, unix_nano: u64) -> bool {
        self.order == TraceOrder::Newest
            && self.traces.len() > self.rows
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
