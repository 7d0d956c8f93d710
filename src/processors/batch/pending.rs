//! What one shard holds: the batch that fills, and the full ones that wait for their turn.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::otlp::Batch;

/// When a batch is full and what it may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From how many items on a batch is full; at least 1.
    pub(super) full: usize,
    /// How many items a batch holds at most; not less than `full`.
    pub(super) most: usize,
}

/// Why a batch is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// It was full.
    Size,
    /// Its first item had waited long enough, or the processor stops.
    Timeout,
}

/// The state of a shard, kept under one lock.
pub(super) struct Pending {
    /// What was gathered since the last full batch; fewer items than make one.
    pub(super) filling: Batch,
    /// When `filling` has waited long enough; of no meaning while that is empty.
    pub(super) due: Instant,
    /// Batches ready to go, in order. The first one stays here while it is being sent.
    pub(super) ready: VecDeque<(Batch, Trigger)>,
    /// Somebody sends what is ready.
    pub(super) is_sending: bool,
    /// A timer watches `due`.
    pub(super) is_timed: bool,
    /// Nothing more is taken.
    pub(super) is_closed: bool,
}

impl Pending {
    pub(super) fn new(empty: Batch) -> Self {
        Self {
            filling: empty,
            due: Instant::now(),
            ready: VecDeque::new(),
            is_sending: false,
            is_timed: false,
            is_closed: false,
        }
    }

    /// Appends `batch`; what is full becomes ready. Only a batch that does not fit is split.
    pub(super) fn add(&mut self, mut batch: Batch, limits: Limits) {
        loop {
            let held = self.filling.items();
            if batch.items() > limits.most - held {
                self.filling.merge(batch.split_front_to_fill(held, limits.most));
                self.make_ready(Trigger::Size);
                continue;
            }
            self.filling.merge(batch);
            if self.filling.items() >= limits.full {
                self.make_ready(Trigger::Size);
            }
            return;
        }
    }

    /// Makes what was gathered ready, full or not.
    pub(super) fn make_ready(&mut self, trigger: Trigger) {
        if self.filling.is_empty() {
            return;
        }
        let empty = Batch::empty(self.filling.signal()).with_client(self.filling.client().cloned());
        let batch = std::mem::replace(&mut self.filling, empty);
        self.ready.push_back((batch, trigger));
    }
}
