//! Takes metrics and closes periods: which samples belong to which series, and which states changed.

mod rule_state;
mod samples;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::rule_state::{RuleState, Untaken};
use self::samples::{Sample, SampleReader};
use super::{AlarmSeries, AlarmState, Rule, SeriesRecord};
use crate::metric_streams::forget_stale;
use crate::otlp::Batch;
use crate::pipeline::{Clock, TaskScope};

/// Evaluates rules over the metrics that pass.
pub struct Engine {
    rules: Vec<Rule>,
    reader: SampleReader,
    /// One a rule, in the same order.
    states: Vec<Mutex<RuleState>>,
    late: AtomicU64,
    early: AtomicU64,
    beyond_limit: AtomicU64,
}

/// What closing periods led to.
#[derive(Debug, Default, PartialEq)]
pub struct Closed {
    /// True where a period was closed.
    pub has_periods: bool,
    /// The states that changed.
    pub transitions: Vec<Transition>,
    /// The series that are forgotten from now on, as they last were.
    pub forgotten: Vec<Forgotten>,
    /// True where the clock was set back, so that the periods begin anew with the time it shows.
    pub was_set_back: bool,
    /// The rules that have as many series as they may for the first time, by their place in the list.
    pub full: Vec<usize>,
}

/// A series that nothing came of for long, or that made room for another.
#[derive(Debug, Clone, PartialEq)]
pub struct Forgotten {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// How it last was.
    pub series: SeriesRecord,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// The series and its state now.
    pub series: SeriesRecord,
    /// The state before.
    pub previous: AlarmState,
    /// The last value that was watched.
    pub value: Option<f64>,
}

/// How many samples could not be taken, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineCounts {
    /// Their period was closed.
    pub late: u64,
    /// They are dated more than a period into the future.
    pub early: u64,
    /// Their rule has too many series.
    pub beyond_limit: u64,
}

impl Engine {
    /// An engine that watches from now on, with what is known of series from before.
    pub fn new(rules: Vec<Rule>, records: Vec<Vec<SeriesRecord>>, now_unix_nano: u64) -> Self {
        let mut records = records.into_iter();
        let states = rules.iter().map(|rule| {
            let records = records.next().unwrap_or_default();
            Mutex::new(RuleState::new(rule, records, now_unix_nano))
        });
        let states = states.collect();
        let reader = SampleReader::new(&rules, now_unix_nano);
        Self {
            rules,
            reader,
            states,
            late: AtomicU64::new(0),
            early: AtomicU64::new(0),
            beyond_limit: AtomicU64::new(0),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Takes the data points of a batch that a rule watches.
    pub fn take(&self, batch: &Batch, now_unix_nano: u64) {
        self.reader.read(batch, &self.rules, |sample| self.add(sample, now_unix_nano));
    }

    /// Closes every period that is over.
    pub fn close_due(&self, now_unix_nano: u64) -> Closed {
        let mut closed = Closed::default();
        for (index, (rule, state)) in self.rules.iter().zip(&self.states).enumerate() {
            let mut state = state.lock();
            closed.was_set_back |= state.begin_anew_if_set_back(rule, now_unix_nano);
            let before = state.next_period;
            state.close_due(index, rule, now_unix_nano, &mut closed);
            closed.has_periods |= state.next_period > before;
        }
        closed
    }

    /// When the next period is over, in nanoseconds since 1970; none without rules.
    pub fn next_due_unix_nano(&self) -> Option<u64> {
        let due = |(rule, state): (&Rule, &Mutex<RuleState>)| {
            (state.lock().next_period + 1)
                .saturating_mul(rule.period_nanoseconds())
                .saturating_add(rule.evaluation_delay_nanoseconds())
        };
        self.rules.iter().zip(&self.states).map(due).min()
    }

    /// Forgets from now on the counters that have had no data point for as long as rules remember a series without
    /// one; never where one of them remembers it for ever.
    pub fn forget_stale_counters(&self, tasks: &TaskScope, clock: Clock) {
        let expirations = self.rules.iter().map(|rule| rule.config.series_expiration.limit());
        // None is less than any other, but here it is the longest.
        let longest = expirations.reduce(|left, right| Some(left?.max(right?)));
        if let Some(expiration) = longest.flatten() {
            forget_stale(tasks, &self.reader.counters, expiration, clock);
        }
    }

    /// What is known of the series of each rule.
    pub fn records(&self) -> Vec<Vec<SeriesRecord>> {
        self.states.iter().map(|state| state.lock().records()).collect()
    }

    /// What could not be taken.
    pub fn counts(&self) -> EngineCounts {
        EngineCounts {
            late: self.late.load(Ordering::Relaxed),
            early: self.early.load(Ordering::Relaxed),
            beyond_limit: self.beyond_limit.load(Ordering::Relaxed),
        }
    }

    fn add(&self, sample: Sample<'_>, now_unix_nano: u64) {
        let (Some(rule), Some(state)) = (self.rules.get(sample.rule), self.states.get(sample.rule)) else {
            return;
        };
        let Err(untaken) = state.lock().add(rule, sample, now_unix_nano) else { return };
        let counted = match untaken {
            Untaken::Unwatched => return,
            Untaken::Late => &self.late,
            Untaken::Early => &self.early,
            Untaken::BeyondLimit => &self.beyond_limit,
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }
}

impl Transition {
    fn of(rule: usize, series: &AlarmSeries, previous: AlarmState) -> Self {
        Self { rule, series: series.record.clone(), previous, value: series.value() }
    }
}
