//! The last point of each cumulative stream, and what the next one adds to it.

mod advances;

use std::sync::Arc;
use std::time::Duration;

pub use self::advances::Advances;
use super::{CumulativeState, PointValue, Shards, StreamMap};
use crate::pipeline::{Clock, TaskScope};

/// Cumulative streams by identity. A stream is known by its start time too: what began anew, or what
/// another process counts under the same identity, is a stream of its own.
#[derive(Debug)]
pub struct CumulativeStreams {
    states: Shards<StreamMap<Tracked>>,
    first_points: FirstPoints,
    overtaken: Overtaken,
    created_unix_nano: u64,
}

/// What is kept of a stream.
#[derive(Debug)]
struct Tracked {
    state: CumulativeState,
    /// What earlier points added and nobody took.
    owed: Option<Box<PointValue>>,
}

/// What becomes of an amount that was refused after a later point of its stream had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overtaken {
    /// The next point adds it too, so that all amounts together are what was counted.
    Carried,
    /// Nobody gets it, so that each amount is what was counted in its own time.
    GivenUp,
}

/// What becomes of the first point of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPoints {
    /// It adds its whole value where it began to count after the streams were watched, and before its own
    /// time; else it may have been counted before, and is only remembered.
    AddedIfNew,
    /// It adds its whole value.
    Added,
    /// It is only remembered.
    Remembered,
}

/// Why a point adds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdded {
    /// It is the first of its stream and only remembered.
    Initial,
    /// Its buckets are not those of the point before, in whose place it is.
    BucketMismatch,
    /// It is not newer than the last.
    OutOfOrder,
    /// It says that its series has ended.
    NoRecordedValue,
}

impl NotAdded {
    /// What it is called in attributes of instruments.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::BucketMismatch => "bucket_mismatch",
            Self::OutOfOrder => "out_of_order",
            Self::NoRecordedValue => "no_recorded_value",
        }
    }

    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Initial, Self::BucketMismatch, Self::OutOfOrder, Self::NoRecordedValue];
}

impl CumulativeStreams {
    /// No streams, watched from this time on.
    pub fn new(first_points: FirstPoints, overtaken: Overtaken, created_unix_nano: u64) -> Self {
        Self { states: Shards::new(), first_points, overtaken, created_unix_nano }
    }

    /// Forgets the streams whose last point is older.
    pub fn forget_before(&self, time_unix_nano: u64) {
        for mut states in self.states.iter() {
            states.retain(|_, tracked| tracked.state.time_unix_nano >= time_unix_nano);
        }
    }

    /// How many streams are remembered.
    pub fn count(&self) -> usize {
        self.states.iter().map(|states| states.len()).sum()
    }
}

/// Forgets from now on, once in every `max_staleness`, the streams whose last point is older than that.
pub fn forget_stale(
    tasks: &TaskScope,
    streams: &Arc<CumulativeStreams>,
    max_staleness: Duration,
    clock: Clock,
) {
    let (streams, stopping) = (Arc::clone(streams), tasks.stopping().clone());
    let nanoseconds = u64::try_from(max_staleness.as_nanos()).unwrap_or(u64::MAX);
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(max_staleness) => {}
                () = stopping.cancelled() => return,
            }
            streams.forget_before(clock.now_unix_nano().saturating_sub(nanoseconds));
        }
    });
}
