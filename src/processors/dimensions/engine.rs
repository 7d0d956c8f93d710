//! What all batches share: rules, the states of all series, and what waits to be handed on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::MutexGuard;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::cardinality::Cardinality;
use super::counters::PointCounters;
use super::rules::Rules;
use super::streams::{HandedOn, Merging, Moment, Stream};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{OwnedOrigin, Shards, StreamHasher, StreamId, StreamMap};
use crate::otlp::AnyValueView;
use crate::pipeline::Clock;

/// The key of the only attribute of overflow series.
const OVERFLOW_KEY: &[u8] = b"otel.metric.overflow";

/// What all batches share.
pub(super) struct Engine {
    pub rules: Rules,
    pub hasher: StreamHasher,
    pub cardinality: Cardinality,
    pub counters: PointCounters,
    clock: Clock,
    made: Instant,
    overflow_attribute: StreamId,
    shards: Shards<Shard>,
    /// True while somebody knows that something waits.
    is_wake_sent: AtomicBool,
    /// Told when something begins to wait.
    pub wake: Notify,
}

/// Some of the series.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub streams: StreamMap<Stream>,
    /// What waits for the next point of its series.
    pub waiting: StreamMap<Waiting>,
}

/// What it takes to hand on a point of a series without another one to go with.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub since: Instant,
    pub merging: Merging,
    pub origin: Arc<OwnedOrigin>,
    pub attributes: MessageList,
}

/// A point that goes on by itself.
#[derive(Debug)]
pub(super) struct Flushed {
    pub output: StreamId,
    pub waiting: Waiting,
    pub handed_on: HandedOn,
}

impl Engine {
    pub fn new(rules: Rules, cardinality: Cardinality, counters: PointCounters, clock: Clock) -> Self {
        let hasher = StreamHasher::new();
        Self {
            rules,
            hasher,
            cardinality,
            counters,
            clock,
            made: Instant::now(),
            overflow_attribute: hasher.attribute(OVERFLOW_KEY, AnyValueView::Bool(true)),
            shards: Shards::new(),
            is_wake_sent: AtomicBool::new(false),
            wake: Notify::new(),
        }
    }

    /// Locks the part of the series that `output` is in.
    pub fn shard(&self, output: StreamId) -> MutexGuard<'_, Shard> {
        self.shards.of(output)
    }

    /// The overflow series of a metric.
    pub const fn overflow_of(&self, metric: StreamId) -> StreamId {
        metric.with(self.overflow_attribute)
    }

    /// What time it is.
    pub fn moment(&self) -> Moment {
        Moment { age: milliseconds(self.made.elapsed()), clock: self.clock.now_unix_nano() }
    }

    /// How many series have a state.
    pub fn series_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.streams.len()).sum()
    }

    /// Says that something waits.
    pub fn note_waiting(&self) {
        if !self.is_wake_sent.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }

    /// Forgets that anybody was told, before looking at what waits.
    pub fn expect_wake(&self) {
        self.is_wake_sent.store(false, Ordering::Release);
    }

    /// Takes out what waits since `before` or longer, each with a point for it. Returns also since when the
    /// longest waiting of the others waits.
    pub fn flush(&self, before: Instant) -> (Vec<Flushed>, Option<Instant>) {
        let moment = self.moment();
        let mut flushed = Vec::new();
        let mut longest: Option<Instant> = None;
        for mut shard in self.shards.iter() {
            let Shard { streams, waiting } = &mut *shard;
            waiting.retain(|output, waiting| {
                if waiting.since > before {
                    longest = Some(longest.map_or(waiting.since, |since| since.min(waiting.since)));
                    return true;
                }
                let stream = streams.get_mut(output);
                if let Some(handed_on) = stream.and_then(|stream| stream.flush(waiting.merging, moment)) {
                    flushed.push(Flushed { output: *output, waiting: waiting.clone(), handed_on });
                }
                false
            });
        }
        (flushed, longest)
    }

    /// Changes a series after its batch was answered; where something waits then, `waiting` says how it goes.
    pub fn amend(
        &self,
        output: StreamId,
        change: impl FnOnce(&mut Stream),
        waiting: impl FnOnce() -> Waiting,
    ) {
        let mut shard = self.shard(output);
        let Some(stream) = shard.streams.get_mut(&output) else { return };
        change(stream);
        if stream.waits() {
            shard.waiting.entry(output).or_insert_with(waiting);
            drop(shard);
            self.note_waiting();
        }
    }

    /// Forgets series and inputs without a point for so many milliseconds, but none that has something to
    /// hand on.
    pub fn forget(&self, stale_after: u64) {
        let Some(age) = self.moment().age.checked_sub(stale_after) else { return };
        let mut forgotten = Vec::new();
        for mut shard in self.shards.iter() {
            shard.streams.retain(|_, stream| {
                stream.forget_inputs(age);
                let stays = stream.seen >= age || stream.waits();
                if !stays {
                    forgotten.push((stream.metric, stream.is_overflow));
                }
                stays
            });
        }
        for (metric, is_overflow) in forgotten {
            match is_overflow {
                true => self.cardinality.release_overflow(metric),
                false => self.cardinality.release(metric),
            }
        }
    }
}

/// A duration in whole milliseconds.
pub(super) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
