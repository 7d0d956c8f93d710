//! Where spans wait for the other half of their request.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::StoreConfig;
use super::edge::{Edge, Half};
use crate::metric_streams::{Shards, StreamId, StreamMap};

/// Edges with one half, by key. Both halves have the same key, so they meet in the same shard.
pub(super) struct PairingStore {
    shards: Shards<Waiting>,
    /// How many edges wait, in all shards.
    count: AtomicUsize,
    max_items: usize,
    time_to_live: Duration,
}

/// What became of a half.
pub(super) enum Taken {
    /// It waits for the other half.
    Waits {
        /// It is the first of its edge.
        is_new: bool,
    },
    /// The edge is complete.
    Completes {
        /// It was so with its first half.
        is_new: bool,
        /// The edge.
        edge: Edge,
    },
    /// Too many wait already.
    NoRoom,
}

#[derive(Default)]
struct Waiting {
    edges: StreamMap<(Instant, Edge)>,
    /// When each edge is due, the earliest first, and those that were completed before they were.
    due: VecDeque<(Instant, StreamId)>,
}

impl PairingStore {
    pub(super) fn new(config: &StoreConfig) -> Self {
        Self {
            shards: Shards::new(),
            count: AtomicUsize::new(0),
            max_items: usize::try_from(config.max_items).unwrap_or(0),
            time_to_live: config.ttl.to_std(),
        }
    }

    /// Adds a half to its edge, or keeps it for the other half.
    pub(super) fn take(&self, key: StreamId, half: Half, now: Instant) -> Taken {
        let mut shard = self.shards.of(key);
        let Waiting { edges, due } = &mut *shard;
        match edges.entry(key) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().1.update(half);
                if !entry.get().1.is_complete() {
                    return Taken::Waits { is_new: false };
                }
                let (_, edge) = entry.remove();
                self.count.fetch_sub(1, Ordering::Relaxed);
                shard.leave_out_completed();
                Taken::Completes { is_new: false, edge }
            }
            Entry::Vacant(entry) => {
                let edge = Edge::of(half);
                if edge.is_complete() {
                    return Taken::Completes { is_new: true, edge };
                }
                if !self.make_room() {
                    return Taken::NoRoom;
                }
                let due_at = now + self.time_to_live;
                entry.insert((due_at, edge));
                due.push_back((due_at, key));
                Taken::Waits { is_new: true }
            }
        }
    }

    /// Takes out what has waited long enough.
    pub(super) fn take_due(&self, now: Instant) -> Vec<Edge> {
        self.take_while(|due_at| due_at <= now)
    }

    /// Takes everything out.
    pub(super) fn take_all(&self) -> Vec<Edge> {
        self.take_while(|_| true)
    }

    fn take_while(&self, is_due: impl Fn(Instant) -> bool) -> Vec<Edge> {
        let mut taken = Vec::new();
        for mut shard in self.shards.iter() {
            while shard.due.front().is_some_and(|(due_at, _)| is_due(*due_at)) {
                let Some((_, key)) = shard.due.pop_front() else {
                    break;
                };
                // The key may have been completed since and be waiting anew.
                if shard.edges.get(&key).is_some_and(|(due_at, _)| is_due(*due_at)) {
                    taken.extend(shard.edges.remove(&key).map(|(_, edge)| edge));
                }
            }
        }
        self.count.fetch_sub(taken.len(), Ordering::Relaxed);
        taken
    }

    /// Counts one more, unless there are enough.
    fn make_room(&self) -> bool {
        let count_one_more = |count| (count < self.max_items).then_some(count + 1);
        self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count_one_more).is_ok()
    }
}

impl Waiting {
    /// Keeps the list of what is due from growing with what was completed: rarely, so that it costs
    /// little for each edge.
    fn leave_out_completed(&mut self) {
        if self.due.len() > 64 + 2 * self.edges.len() {
            let edges = &self.edges;
            self.due.retain(|(due_at, key)| edges.get(key).is_some_and(|(waits, _)| waits == due_at));
        }
    }
}
