//! Takes metrics and closes periods: which samples belong to which series, and which states changed.

mod samples;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::samples::{Sample, SampleReader};
use super::{AlarmSeries, AlarmState, Rule, SeriesRecord};
use crate::otlp::Batch;

/// How many series a rule has at most; samples of further ones are counted and left out.
const SERIES_PER_RULE: usize = 10_000;

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

/// The series of one rule, and how far their periods are closed.
#[derive(Debug)]
struct RuleState {
    /// The number of the period that is closed next: how often a period fits in the time since 1970.
    next_period: u64,
    /// Periods before this one were not watched from their beginning on.
    first_watched: u64,
    series: BTreeMap<Vec<String>, AlarmSeries>,
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
}

/// A series that nothing came of for long.
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
                .saturating_add(delay_of(rule))
        };
        self.rules.iter().zip(&self.states).map(due).min()
    }

    /// What is known of the series of each rule.
    pub fn records(&self) -> Vec<Vec<SeriesRecord>> {
        let records_of = |state: &Mutex<RuleState>| {
            state.lock().series.values().map(|series| series.record.clone()).collect()
        };
        self.states.iter().map(records_of).collect()
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
        let mut state = state.lock();
        let length = rule.period_nanoseconds();
        let period = sample.time_unix_nano / length;
        if period > now_unix_nano / length + 1 {
            self.early.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if period < state.next_period {
            // What nobody could wait for is not late.
            if period >= state.first_watched {
                self.late.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        if state.series.len() >= SERIES_PER_RULE && !state.series.contains_key(&sample.key) {
            self.beyond_limit.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let series = state
            .series
            .entry(sample.key)
            .or_insert_with_key(|key| AlarmSeries::new(key.clone(), now_unix_nano));
        series.add(rule, period, sample.term, sample.value, now_unix_nano);
    }
}

impl RuleState {
    fn new(rule: &Rule, records: Vec<SeriesRecord>, now_unix_nano: u64) -> Self {
        let next_period = now_unix_nano.div_ceil(rule.period_nanoseconds());
        let mut series: BTreeMap<Vec<String>, AlarmSeries> = records
            .into_iter()
            .filter(|record| record.key.len() == rule.config.split_by.len())
            .map(|record| (record.key.clone(), AlarmSeries::restored(record)))
            .collect();
        if rule.config.split_by.is_empty() {
            // There is one series, with data points or without.
            series.entry(Vec::new()).or_insert_with(|| AlarmSeries::new(Vec::new(), now_unix_nano));
        }
        Self { next_period, first_watched: next_period, series }
    }

    fn close_due(&mut self, index: usize, rule: &Rule, now_unix_nano: u64, closed: &mut Closed) {
        let over = now_unix_nano.saturating_sub(delay_of(rule)) / rule.period_nanoseconds();
        let range = u64::try_from(rule.evaluation.range()).unwrap_or(u64::MAX);
        // After a time in which the machine slept, only what the window can hold is closed.
        self.next_period = self.next_period.max(over.saturating_sub(range));
        while self.next_period < over {
            for series in self.series.values_mut() {
                if let Some(previous) = series.close(rule, self.next_period, now_unix_nano) {
                    closed.transitions.push(Transition::of(index, series, previous));
                }
            }
            self.next_period += 1;
        }
        self.forget(index, rule, now_unix_nano, closed);
    }

    /// Forgets series that nothing came of for long. One that is in ALARM leaves it first, so that nobody
    /// waits for its end.
    fn forget(&mut self, index: usize, rule: &Rule, now_unix_nano: u64, closed: &mut Closed) {
        let (Some(expiration), false) =
            (rule.config.series_expiration.limit(), rule.config.split_by.is_empty())
        else {
            return;
        };
        let expiration = u64::try_from(expiration.as_nanos()).unwrap_or(u64::MAX);
        self.series.retain(|_, series| {
            if now_unix_nano.saturating_sub(series.record.last_sample_unix_nano) < expiration {
                return true;
            }
            if series.record.state == AlarmState::Alarm {
                let reason = format!(
                    "No datapoints were received for {}: the series is forgotten.",
                    rule.config.series_expiration
                );
                let previous = series.become_state(AlarmState::InsufficientData, reason, now_unix_nano);
                closed.transitions.push(Transition::of(index, series, previous));
            }
            closed.forgotten.push(Forgotten { rule: index, series: series.record.clone() });
            false
        });
    }
}

impl Transition {
    fn of(rule: usize, series: &AlarmSeries, previous: AlarmState) -> Self {
        Self { rule, series: series.record.clone(), previous, value: series.value() }
    }
}

fn delay_of(rule: &Rule) -> u64 {
    u64::try_from(rule.config.evaluation_delay.to_std().as_nanos()).unwrap_or(u64::MAX)
}
