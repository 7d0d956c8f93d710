//! Hands batches of lines to the pipeline, again and again where it cannot take them now: the lines lie safe
//! in their files meanwhile.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{Backoff, RetryConfig};
use crate::pipeline::{Consumer, RefusalClass, Settings};
use crate::receivers::otlp::ReceiverCounters;
use crate::telemetry::drops::{DropReason, DropReporter};

/// The pause between two offers while the receiver stops.
const PAUSE_WHILE_STOPPING: Duration = Duration::from_millis(100);

/// The way into the pipeline.
pub struct Delivery {
    consumer: Arc<dyn Consumer>,
    received: ReceiverCounters,
    drops: DropReporter,
    waits: RetryConfig,
    stopping: CancellationToken,
    /// Until when what is left is offered while the receiver stops.
    deadline: Mutex<Option<Instant>>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It need not be read again: it was taken, or never will be and is counted as dropped.
    Settled,
    /// It was not taken before the receiver had to stop.
    GivenUp {
        /// How many records are left.
        items: usize,
        /// Why they were not taken.
        error: String,
    },
}

impl Delivery {
    /// The way of the receiver with these settings to `consumer`.
    pub fn new(
        settings: &Settings,
        consumer: Arc<dyn Consumer>,
        waits: RetryConfig,
        stopping: CancellationToken,
    ) -> Self {
        let of_logs = Settings { signal: Some(Signal::Logs), ..settings.clone() };
        Self {
            consumer,
            received: ReceiverCounters::new(settings, ""),
            drops: DropReporter::new(&of_logs, "receiver"),
            waits,
            stopping,
            deadline: Mutex::new(None),
        }
    }

    /// From now on batches are given up at `deadline`.
    pub fn stop_at(&self, deadline: Instant) {
        *self.deadline.lock() = Some(deadline);
    }

    /// Offers `batch` until it is taken or refused for good, or for as long as the section says.
    pub async fn deliver(&self, mut batch: Batch) -> Delivered {
        let mut backoff = Backoff::new(&self.waits);
        let begun = Instant::now();
        loop {
            let items = batch.items();
            let Err(refusal) = self.consumer.consume(batch.clone()).await else {
                self.received.accepted(Signal::Logs, items);
                return Delivered::Settled;
            };
            let mut least_wait = None;
            match refusal.class {
                RefusalClass::Permanent => {
                    self.received.refused(Signal::Logs, items);
                    self.drops.dropped(items, DropReason::Permanent, &refusal.message);
                    return Delivered::Settled;
                }
                RefusalClass::Retryable { after } => least_wait = after,
                RefusalClass::Partial { remaining } => {
                    self.received.accepted(Signal::Logs, items.saturating_sub(remaining.items()));
                    batch = *remaining;
                }
            }
            self.received.refused(Signal::Logs, batch.items());
            let Some(wait) = backoff.next(begun.elapsed(), least_wait, fastrand::f64()) else {
                self.drops.dropped(batch.items(), DropReason::RetriesExhausted, &refusal.message);
                return Delivered::Settled;
            };
            tracing::debug!(
                error = refusal.message,
                ?wait,
                "The lines were not taken. They are offered again."
            );
            if !self.wait(wait).await {
                return Delivered::GivenUp { items: batch.items(), error: refusal.message };
            }
        }
    }

    /// Waits for the next offer; false where there is to be none.
    async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => return true,
            () = self.stopping.cancelled() => {}
        }
        let deadline = self.deadline.lock().unwrap_or_else(Instant::now);
        if Instant::now() + 2 * PAUSE_WHILE_STOPPING >= deadline {
            return false;
        }
        sleep(PAUSE_WHILE_STOPPING).await;
        true
    }

    /// Counts as dropped what was given up and cannot be read again.
    pub fn drop_given_up(&self, items: usize, error: &str) {
        self.drops.dropped(items, DropReason::Shutdown, error);
    }
}
