//! The range asked for in steps, and what is read around it.

use std::ops::Range;

use crate::store::answer::steps_of;
use crate::store::{Aggregation, MetricQuery, StoreError, TimeRange};

/// So far around a range points are read, in nanoseconds: five minutes. What was added across an end of the range has its
/// share in it, and a value from before it holds on.
pub const LOOK_AROUND_NANO: u64 = 300 * 1_000_000_000;

/// What a question asks for, as every series needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub aggregation: Aggregation,
    pub range: TimeRange,
    pub step_nano: u64,
    /// How many steps the range has.
    pub steps: usize,
}

impl Window {
    pub fn of(query: &MetricQuery) -> Result<Self, StoreError> {
        let MetricQuery { range, step_nano, aggregation, .. } = *query;
        let steps = steps_of(range, step_nano)?.count();
        Ok(Self { aggregation, range, step_nano, steps })
    }

    /// What is read.
    pub const fn read(&self) -> TimeRange {
        TimeRange {
            from_unix_nano: self.range.from_unix_nano.saturating_sub(LOOK_AROUND_NANO),
            to_unix_nano: self.range.to_unix_nano.saturating_add(LOOK_AROUND_NANO),
        }
    }

    /// The step of a moment; none outside the range.
    pub fn step_of(&self, unix_nano: u64) -> Option<usize> {
        let from_beginning = unix_nano.checked_sub(self.range.from_unix_nano)?;
        let step = usize::try_from(from_beginning / self.step_nano).unwrap_or(usize::MAX);
        self.range.contains(unix_nano).then_some(step)
    }

    /// Where a step begins and ends; the last one ends with the range.
    pub fn ends_of(&self, step: usize) -> (u64, u64) {
        let begin = self.range.from_unix_nano.saturating_add((step as u64).saturating_mul(self.step_nano));
        (begin, begin.saturating_add(self.step_nano).min(self.range.to_unix_nano))
    }

    /// The steps that begin after `since` and before `until`.
    pub fn steps_begun_between(&self, since: u64, until: u64) -> Range<usize> {
        let first = match since.checked_sub(self.range.from_unix_nano) {
            Some(from_beginning) => from_beginning / self.step_nano + 1,
            None => 0,
        };
        let end = until.saturating_sub(self.range.from_unix_nano).div_ceil(self.step_nano);
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(self.steps);
        usize::try_from(first).unwrap_or(usize::MAX).min(end)..end
    }

    /// The part of the time from `since` to `until` that is in the range; none where nothing is.
    pub fn part_of(&self, since: u64, until: u64) -> Option<(u64, u64)> {
        let part = (since.max(self.range.from_unix_nano), until.min(self.range.to_unix_nano));
        (part.0 < part.1).then_some(part)
    }
}

/// For how long a series may be silent and live, in nanoseconds: twice as long as its last point came after the one before.
pub(super) const fn longest_silence(interval: u64) -> u64 {
    let twice = interval.saturating_mul(2);
    if twice < LOOK_AROUND_NANO { twice } else { LOOK_AROUND_NANO }
}
