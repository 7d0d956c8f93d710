//! Hands batches of lines to the pipeline, again and again where it cannot take them now: the lines lie safe
//! in their files meanwhile.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::otlp::{Batch, Signal};
use crate::pipeline::{Consumer, RefusalClass, Settings};
use crate::receivers::otlp::ReceiverCounters;
use crate::telemetry::drops::{DropReason, DropReporter};

/// The pause before the second offer; each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pause between two offers while the receiver stops.
const PAUSE_WHILE_STOPPING: Duration = Duration::from_millis(100);

/// The way into the pipeline.
pub struct Delivery {
    consumer: Arc<dyn Consumer>,
    received: ReceiverCounters,
    drops: DropReporter,
    stopping: CancellationToken,
    /// Until when what is left is offered while the receiver stops.
    deadline: Mutex<Option<Instant>>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It need not be read again: it was taken, or never will be and is counted as dropped.
    Settled,
    /// It was not taken before the receiver had to stop.
    GivenUp,
}

impl Delivery {
    /// The way of the receiver with these settings to `consumer`.
    pub fn new(settings: &Settings, consumer: Arc<dyn Consumer>, stopping: CancellationToken) -> Self {
        let of_logs = Settings { signal: Some(Signal::Logs), ..settings.clone() };
        Self {
            consumer,
            received: ReceiverCounters::new(settings, ""),
            drops: DropReporter::new(&of_logs, "receiver"),
            stopping,
            deadline: Mutex::new(None),
        }
    }

    /// From now on batches are given up at `deadline`.
    pub fn stop_at(&self, deadline: Instant) {
        *self.deadline.lock() = Some(deadline);
    }

    /// Offers `batch` until it is taken or refused for good.
    pub async fn deliver(&self, mut batch: Batch) -> Delivered {
        let mut pause = FIRST_PAUSE;
        loop {
            let items = batch.items();
            let Err(refusal) = self.consumer.consume(batch.clone()).await else {
                self.received.accepted(Signal::Logs, items);
                return Delivered::Settled;
            };
            self.received.refused(Signal::Logs, items);
            let mut wait = pause;
            match refusal.class {
                RefusalClass::Permanent => {
                    self.drops.dropped(items, DropReason::Permanent, &refusal.message);
                    return Delivered::Settled;
                }
                RefusalClass::Retryable { after } => wait = wait.max(after.unwrap_or_default()),
                RefusalClass::Partial { remaining } => batch = *remaining,
            }
            tracing::debug!(
                error = refusal.message,
                ?wait,
                "The lines were not taken. They are offered again."
            );
            if !self.wait(wait).await {
                return Delivered::GivenUp;
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Waits for the next offer; false where there is to be none.
    async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => return true,
            () = self.stopping.cancelled() => {}
        }
        let deadline = self.deadline.lock().unwrap_or_else(Instant::now);
        timeout_at(deadline, sleep(PAUSE_WHILE_STOPPING)).await.is_ok()
    }
}
