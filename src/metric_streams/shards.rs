//! A state per stream that several cores work on at once.

use parking_lot::{Mutex, MutexGuard};

use super::StreamId;

/// More than there are cores on most machines, so that two rarely want the same one.
const SHARD_COUNT: usize = 32;

/// A state in parts, each with a lock of its own. A stream is always in the same part.
#[derive(Debug)]
pub struct Shards<T> {
    shards: Box<[Shard<T>]>,
}

/// Alone in its cache line, so that cores that lock neighbours do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard<T>(Mutex<T>);

impl<T: Default> Shards<T> {
    /// Empty parts.
    pub fn new() -> Self {
        Self { shards: (0..SHARD_COUNT).map(|_| Shard::default()).collect() }
    }
}

impl<T: Default> Default for Shards<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Shards<T> {
    /// Locks the part that `stream` is in. Held for one data point or one series, never for a batch.
    pub fn of(&self, stream: StreamId) -> MutexGuard<'_, T> {
        #[expect(clippy::indexing_slicing, reason = "a slot is below the number of shards")]
        self.shards[stream.slot_of(SHARD_COUNT)].0.lock()
    }

    /// The parts, for whoever pauses between them.
    pub fn parts(&self) -> impl Iterator<Item = &Mutex<T>> {
        self.shards.iter().map(|Shard(state)| state)
    }

    /// Locks one part after the other, each until the next is asked for.
    pub fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, T>> {
        self.shards.iter().map(|Shard(state)| state.lock())
    }
}
