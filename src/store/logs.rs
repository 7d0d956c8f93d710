//! Questions about log records.

use super::{Filter, TimeRange};
use crate::otlp::Batch;

/// Which records, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LogSearch {
    /// When.
    pub range: TimeRange,
    /// Which.
    pub filter: Filter,
    /// Only records older than this, to go on from an earlier answer. Of records with the same time those are older
    /// that were appended earlier.
    pub before: Option<LogPosition>,
}

/// A place in the order of answers to one filter. It stays where it is while records are appended, also at its own time:
/// those are newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// Records of earlier times are older than this place.
    pub unix_nano: u64,
    /// So many of the records of exactly that time, those that were appended first, are older too.
    pub older_at_that_time: u64,
}

/// Records that were found.
#[derive(Debug, Clone)]
pub struct FoundLogs {
    /// The records, newest first, each in a resource group of its own where its neighbour's differs.
    pub records: Batch,
    /// Where to go on, in an answer that was cut by whatever limit; none where nothing would come of it.
    pub next: Option<LogPosition>,
}

/// How many records a step of time has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogCounts {
    /// The beginning of the step.
    pub unix_nano: u64,
    /// Unspecified, trace, debug, info, warn, error, fatal.
    pub by_severity: [u64; 7],
}
