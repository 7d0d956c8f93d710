//! Questions about log records.

use super::{Filter, TimeRange};

/// Which records, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSearch {
    /// When.
    pub range: TimeRange,
    /// Which.
    pub filter: Filter,
    /// Only records older than this one, to go on from an earlier answer. Of records with the same time those are older
    /// that were appended earlier.
    pub before: Option<LogPosition>,
}

/// The place of a record in the order of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// The record's time.
    pub unix_nano: u64,
    /// How many records of exactly that time were already answered.
    pub answered_at_that_time: u64,
}

/// How many records a step of time has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogCounts {
    /// The beginning of the step.
    pub unix_nano: u64,
    /// Unspecified, trace, debug, info, warn, error, fatal.
    pub by_severity: [u64; 7],
}
