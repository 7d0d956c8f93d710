//! The last point of each cumulative stream, and what the next one adds to it.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use super::{CumulativeState, PointValue, Shards, Step, StreamHasher, StreamId, StreamMap, WirePoint};
use crate::pipeline::{Clock, TaskScope};

/// Cumulative streams by identity. A stream is known by its start time too: what began anew, or what
/// another process counts under the same identity, is a stream of its own.
#[derive(Debug)]
pub struct CumulativeStreams {
    states: Shards<StreamMap<CumulativeState>>,
    first_points: FirstPoints,
    created_unix_nano: u64,
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
    pub fn new(first_points: FirstPoints, created_unix_nano: u64) -> Self {
        Self { states: Shards::new(), first_points, created_unix_nano }
    }

    /// Since when, and how much, a point of a monotonic metric adds to the one before.
    ///
    /// # Errors
    ///
    /// [`NotAdded`] where it adds nothing, or nothing that can be known.
    pub fn added(
        &self,
        hasher: &StreamHasher,
        metric_id: StreamId,
        point: &mut WirePoint<'_>,
    ) -> Result<(u64, PointValue), NotAdded> {
        let value = point.value.take().ok_or(NotAdded::NoRecordedValue)?;
        let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
        let stream = hasher.stream_started(metric_id, point.attributes, start);
        let mut states = self.states.of(stream);
        match states.entry(stream) {
            Entry::Vacant(vacant) => {
                vacant.insert(CumulativeState::new(start, time, value.clone()));
                let is_added = match self.first_points {
                    FirstPoints::AddedIfNew => start >= self.created_unix_nano && start != time,
                    FirstPoints::Added => true,
                    FirstPoints::Remembered => false,
                };
                if is_added { Ok((start, value)) } else { Err(NotAdded::Initial) }
            }
            Entry::Occupied(mut occupied) => {
                let state = occupied.get_mut();
                let (last_time, has_same_bounds) = (state.time_unix_nano, value.has_bounds_of(&state.value));
                match state.advance(start, time, &value, true) {
                    Step::NotNewer => Err(NotAdded::OutOfOrder),
                    _ if !has_same_bounds => Err(NotAdded::BucketMismatch),
                    Step::Continued(added) => Ok((last_time, added)),
                    Step::Reset { start_time_unix_nano } => Ok((start_time_unix_nano, value)),
                }
            }
        }
    }

    /// Forgets the streams whose last point is older.
    pub fn forget_before(&self, time_unix_nano: u64) {
        for mut states in self.states.iter() {
            states.retain(|_, state| state.time_unix_nano >= time_unix_nano);
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
