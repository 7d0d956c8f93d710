//! What lies in the sending queue: requests, and the room each caller's share takes.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::queue::Queue;
use crate::otlp::Batch;
use crate::pipeline::Refusal;
use crate::telemetry::drops::{DropReason, DropReporter};

/// What one consumer takes and sends: one caller's batch, or several gathered.
pub struct Request {
    /// Empty while the storage alone has it.
    batch: Batch,
    items: usize,
    /// Items that were neither sent nor counted as dropped.
    undecided_items: usize,
    tickets: Vec<Ticket>,
    drops: DropReporter,
    only_stored: bool,
}

/// One caller's share of the queue's capacity, and its wish to know the result.
pub struct Ticket {
    size: u64,
    queue: Arc<Queue>,
    /// Who waits for the result.
    pub result: Option<oneshot::Sender<Result<(), Refusal>>>,
    /// Under which the storage has the batch, where the queue is persistent.
    pub key: Option<String>,
}

impl Request {
    /// The request of one caller.
    pub fn new(batch: Batch, ticket: Ticket, drops: DropReporter) -> Self {
        let items = batch.items();
        Self { batch, items, undecided_items: items, tickets: vec![ticket], drops, only_stored: false }
    }

    /// The telemetry of the request.
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The same, to take pieces from.
    pub const fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Adds `other` to this request; each caller keeps its own ticket.
    pub fn merge(&mut self, mut other: Self) {
        self.batch.merge(other.batch.take());
        self.items += other.items;
        self.undecided_items += std::mem::take(&mut other.undecided_items);
        self.tickets.append(&mut other.tickets);
    }

    /// How many spans, data points or log records came in the request, those sent included.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// Items of this request were sent, or counted as dropped.
    pub const fn decided(&mut self, items: usize) {
        self.undecided_items = self.undecided_items.saturating_sub(items);
    }

    /// True where the storage has the request.
    pub fn is_stored(&self) -> bool {
        self.tickets.iter().any(|ticket| ticket.key.is_some())
    }

    /// True where only the storage has it.
    pub const fn is_only_stored(&self) -> bool {
        self.only_stored
    }

    /// Lets go of the telemetry, which the storage has.
    pub fn leave_to_storage(&mut self) {
        self.only_stored = true;
        drop(self.batch.take());
    }

    /// Takes the telemetry back that was left to the storage.
    pub fn restore(&mut self, batch: Batch) {
        self.only_stored = false;
        self.batch = batch;
    }

    /// The keys under which the storage has the request, in order.
    pub fn keys(&self) -> Vec<String> {
        self.tickets.iter().filter_map(|ticket| ticket.key.clone()).collect()
    }

    /// Every caller gets the result and gives its room back.
    pub fn finish(mut self, failure: Option<Refusal>) {
        for ticket in &mut self.tickets {
            if let Some(result) = ticket.result.take() {
                // The caller may have gone; then nobody wants to know.
                let _ = result.send(failure.clone().map_or(Ok(()), Err));
            }
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_stored() {
            let why = "the shutdown deadline has passed";
            self.drops.dropped(self.undecided_items, DropReason::Shutdown, why);
        }
    }
}

impl Ticket {
    /// The share of one caller; `size` of `queue`'s capacity is taken already.
    pub const fn new(size: u64, queue: Arc<Queue>) -> Self {
        Self { size, queue, result: None, key: None }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue.release(self.size);
    }
}
