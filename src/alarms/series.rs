//! The state of one series of an alarm, and the periods it is decided by.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::reason::reason;
use super::{AlarmState, Rule, Samples};
use crate::metric_streams::PointValue;

/// One series of an alarm.
#[derive(Debug)]
pub struct AlarmSeries {
    /// What is known of it beyond a restart.
    pub record: SeriesRecord,
    /// The samples of periods that are not closed, by the number of the period, for each metric of the rule.
    open: BTreeMap<u64, Vec<Samples>>,
}

/// What is known of a series beyond a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesRecord {
    /// The values of the attributes the rule splits by, in that order.
    pub key: Vec<String>,
    /// The state.
    pub state: AlarmState,
    /// Since when, in nanoseconds since 1970.
    pub since_unix_nano: u64,
    /// Why, in words.
    pub reason: String,
    /// How many transitions there were.
    pub transitions: u64,
    /// The last periods with their values, oldest first. Periods that nobody watched are not among them, so
    /// that time without a running process is not taken for missing data.
    pub window: VecDeque<ClosedPeriod>,
    /// When the last sample came, in nanoseconds since 1970.
    pub last_sample_unix_nano: u64,
}

/// A period that is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClosedPeriod {
    /// When it began, in nanoseconds since 1970.
    pub start_unix_nano: u64,
    /// The value that was watched, where there was one.
    pub value: Option<f64>,
}

impl AlarmSeries {
    /// A series that nothing is known of yet.
    pub fn new(key: Vec<String>, now_unix_nano: u64) -> Self {
        Self::restored(SeriesRecord {
            key,
            state: AlarmState::InsufficientData,
            since_unix_nano: now_unix_nano,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            transitions: 0,
            window: VecDeque::new(),
            last_sample_unix_nano: now_unix_nano,
        })
    }

    /// A series as it was.
    pub const fn restored(record: SeriesRecord) -> Self {
        Self { record, open: BTreeMap::new() }
    }

    /// Adds a sample of metric `term` to the period with this number.
    pub fn add(&mut self, rule: &Rule, period: u64, term: usize, value: &PointValue, now_unix_nano: u64) {
        let open = self
            .open
            .entry(period)
            .or_insert_with(|| rule.terms.iter().map(super::Term::no_samples).collect());
        if let Some(samples) = open.get_mut(term) {
            samples.add(value);
            self.record.last_sample_unix_nano = now_unix_nano;
        }
    }

    /// Closes the period with this number, and decides the state. The state it had, where it has another now.
    pub fn close(&mut self, rule: &Rule, period: u64, now_unix_nano: u64) -> Option<AlarmState> {
        let samples = self.open.remove(&period).unwrap_or_default();
        self.open.retain(|number, _| *number > period);
        let values = samples.iter().zip(&rule.terms).map(|(samples, term)| samples.statistic(term.statistic));
        let value = rule.watched.value(&values.collect::<Vec<_>>());
        let start_unix_nano = period.saturating_mul(rule.period_nanoseconds());
        self.record.window.push_back(ClosedPeriod { start_unix_nano, value });
        while self.record.window.len() > rule.evaluation.range() {
            self.record.window.pop_front();
        }
        let window: Vec<Option<f64>> = self.record.window.iter().map(|period| period.value).collect();
        // What was not watched for as long as the rule looks back is not missing.
        if value.is_none() && window.len() < rule.evaluation.evaluation_periods {
            return None;
        }
        let state = rule.evaluation.state(&window, self.record.state);
        if state == self.record.state {
            return None;
        }
        let reason = reason(&rule.evaluation, self.record.window.make_contiguous(), self.record.state, state);
        Some(self.become_state(state, reason, now_unix_nano))
    }

    /// Drops the samples of periods that are not closed, as the clock that dated them was wrong.
    pub fn begin_anew(&mut self, now_unix_nano: u64) {
        self.open.clear();
        self.record.last_sample_unix_nano = self.record.last_sample_unix_nano.min(now_unix_nano);
    }

    /// Changes the state. Returns the one before.
    pub fn become_state(&mut self, state: AlarmState, reason: String, now_unix_nano: u64) -> AlarmState {
        let previous = std::mem::replace(&mut self.record.state, state);
        self.record.reason = reason;
        self.record.since_unix_nano = now_unix_nano;
        self.record.transitions += 1;
        previous
    }

    /// The last value that was watched.
    pub fn value(&self) -> Option<f64> {
        self.record.window.iter().rev().find_map(|period| period.value)
    }
}
