//! The series of one rule, and how far their periods are closed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::samples::Sample;
use super::{Closed, Forgotten, Transition};
use crate::alarms::{AlarmSeries, AlarmState, Rule, SeriesRecord};

/// How many series a rule has at most. Those of further ones are counted and left out while none is silent.
pub const SERIES_PER_RULE: usize = 10_000;

/// The series of one rule, and how far their periods are closed.
#[derive(Debug)]
pub struct RuleState {
    /// The number of the period that is closed next: how often a period fits in the time since 1970.
    pub next_period: u64,
    /// Periods before this one were not watched from their beginning on.
    first_watched: u64,
    series: BTreeMap<Vec<String>, AlarmSeries>,
    silent: SilentSeries,
    /// The series that made room for others since periods were last closed.
    replaced: Vec<SeriesRecord>,
    /// Whether there were as many series as there may be, and whether that was told.
    was_full: bool,
    was_full_told: bool,
}

/// The series that may make room for others, as they were when they were last looked for.
#[derive(Debug, Default)]
struct SilentSeries {
    /// Those that have been silent for longest come last.
    keys: Vec<Vec<String>>,
    /// They are looked for again in another period only: that reads all series.
    looked_in_period: Option<u64>,
}

/// Why a sample is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untaken {
    /// Nobody waited for its period.
    Unwatched,
    /// Its period is closed.
    Late,
    /// It is dated more than a period into the future.
    Early,
    /// There are too many series.
    BeyondLimit,
}

impl RuleState {
    /// The state from now on, with what is known of series from before.
    pub fn new(rule: &Rule, records: Vec<SeriesRecord>, now_unix_nano: u64) -> Self {
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
        Self {
            next_period,
            first_watched: next_period,
            series,
            silent: SilentSeries::default(),
            replaced: Vec::new(),
            was_full: false,
            was_full_told: false,
        }
    }

    /// What is known of the series.
    pub fn records(&self) -> Vec<SeriesRecord> {
        self.series.values().map(|series| series.record.clone()).collect()
    }

    /// Adds a sample to its series.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn add(&mut self, rule: &Rule, sample: Sample<'_>, now_unix_nano: u64) -> Result<(), Untaken> {
        let length = rule.period_nanoseconds();
        let period = sample.time_unix_nano / length;
        if period > now_unix_nano / length + 1 {
            return Err(Untaken::Early);
        }
        if period < self.next_period {
            // What nobody could wait for is not late.
            let is_late = period >= self.first_watched;
            return Err(if is_late { Untaken::Late } else { Untaken::Unwatched });
        }
        if self.series.len() >= SERIES_PER_RULE && !self.series.contains_key(&sample.key) {
            self.make_room(rule, now_unix_nano)?;
        }
        let series = self
            .series
            .entry(sample.key)
            .or_insert_with_key(|key| AlarmSeries::new(key.clone(), now_unix_nano));
        series.add(rule, period, sample.term, sample.value, now_unix_nano);
        Ok(())
    }

    /// Begins anew with the time there is now where the clock was set back: nothing would be closed before the
    /// clock shows again what it has shown. Says whether it was.
    pub fn begin_anew_if_set_back(&mut self, rule: &Rule, now_unix_nano: u64) -> bool {
        if self.next_period <= now_unix_nano / rule.period_nanoseconds() + 1 {
            return false;
        }
        self.next_period = now_unix_nano.div_ceil(rule.period_nanoseconds());
        self.first_watched = self.next_period;
        self.silent = SilentSeries::default();
        for series in self.series.values_mut() {
            series.begin_anew(now_unix_nano);
        }
        true
    }

    /// Closes every period that is over.
    pub fn close_due(&mut self, index: usize, rule: &Rule, now_unix_nano: u64, closed: &mut Closed) {
        let over =
            now_unix_nano.saturating_sub(rule.evaluation_delay_nanoseconds()) / rule.period_nanoseconds();
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
        if self.was_full && !self.was_full_told {
            self.was_full_told = true;
            closed.full.push(index);
        }
    }

    /// Forgets series that nothing came of for long. One that is in ALARM leaves it first, so that nobody
    /// waits for its end.
    fn forget(&mut self, index: usize, rule: &Rule, now_unix_nano: u64, closed: &mut Closed) {
        for record in std::mem::take(&mut self.replaced) {
            // One that has come back is not forgotten.
            if !self.series.contains_key(&record.key) {
                closed.forgotten.push(Forgotten { rule: index, series: record });
            }
        }
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

    /// Gives up the series that has been silent for longest, so that values somebody invents do not keep out those
    /// that matter. One in ALARM stays, and one that still has its data point in each period.
    fn make_room(&mut self, rule: &Rule, now_unix_nano: u64) -> Result<(), Untaken> {
        self.was_full = true;
        let length = rule.period_nanoseconds();
        // What came before had its period closed, and the one after it without a sample.
        let silence = length.saturating_mul(2).saturating_add(rule.evaluation_delay_nanoseconds());
        let silent_since = now_unix_nano.saturating_sub(silence);
        let may_go = |series: &AlarmSeries| {
            series.record.state != AlarmState::Alarm && series.record.last_sample_unix_nano <= silent_since
        };
        let period = now_unix_nano / length;
        if self.silent.keys.is_empty() && self.silent.looked_in_period != Some(period) {
            let silent = self.series.values().filter(|series| may_go(series));
            let mut silent: Vec<&SeriesRecord> = silent.map(|series| &series.record).collect();
            silent.sort_unstable_by_key(|record| Reverse(record.last_sample_unix_nano));
            let keys = silent.into_iter().map(|record| record.key.clone()).collect();
            self.silent = SilentSeries { keys, looked_in_period: Some(period) };
        }
        while let Some(key) = self.silent.keys.pop() {
            if self.series.get(&key).is_some_and(may_go)
                && let Some(series) = self.series.remove(&key)
            {
                self.replaced.push(series.record);
                return Ok(());
            }
        }
        Err(Untaken::BeyondLimit)
    }
}
