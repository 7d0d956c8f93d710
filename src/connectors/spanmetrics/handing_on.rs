//! The way of the metrics to the next component.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::flush::Flush;
use crate::otlp::Batch;
use crate::pipeline::{Clock, Consumer, Refusal, RefusalClass};
use crate::telemetry::drops::{DropReason, DropReporter};

/// Makes metrics of what was counted and offers them until they are taken.
pub struct HandingOn {
    /// Held by whoever flushes.
    flush: tokio::sync::Mutex<Flush>,
    /// What was made and not yet taken by the next component.
    unsent: Mutex<Option<Batch>>,
    next: Arc<dyn Consumer>,
    drops: DropReporter,
    span: Span,
    clock: Clock,
}

impl HandingOn {
    /// Nothing is handed on before the first flush.
    pub fn new(flush: Flush, next: Arc<dyn Consumer>, drops: DropReporter, span: Span, clock: Clock) -> Self {
        Self { flush: tokio::sync::Mutex::new(flush), unsent: Mutex::default(), next, drops, span, clock }
    }

    /// Hands on what the last flush could not, and then what was counted since.
    pub async fn flush(&self) {
        let mut flush = self.flush.lock().await;
        if self.offer_unsent().await.is_err() {
            return;
        }
        let batch = flush.collect(self.clock.now_unix_nano(), false).await;
        if !batch.is_empty() {
            *self.unsent.lock() = Some(batch);
            // A refusal is logged there, and the batch stays for the next time.
            let _ = self.offer_unsent().await;
        }
    }

    /// Hands on everything that is held. What is not taken before `deadline` is dropped.
    pub async fn flush_for_good(&self, deadline: Instant) {
        let mut flush = self.flush.lock().await;
        let earlier = timeout_at(deadline, self.offer_unsent()).await;
        self.drop_unsent(earlier);
        let batch = flush.collect(self.clock.now_unix_nano(), true).await;
        if !batch.is_empty() {
            *self.unsent.lock() = Some(batch);
            let last = timeout_at(deadline, self.offer_unsent()).await;
            self.drop_unsent(last);
        }
    }

    /// Offers what is unsent to the next component. What is refused retryably stays.
    async fn offer_unsent(&self) -> Result<(), Refusal> {
        // A copy stays, so that it is not lost with a task that is given up.
        let Some(batch) = self.unsent.lock().clone() else { return Ok(()) };
        let items = batch.items();
        let Err(refusal) = self.next.consume(batch).await else {
            *self.unsent.lock() = None;
            return Ok(());
        };
        match &refusal.class {
            RefusalClass::Permanent => {
                *self.unsent.lock() = None;
                self.drops.dropped(items, DropReason::Permanent, &refusal.message);
                return Ok(());
            }
            RefusalClass::Retryable { .. } => {}
            RefusalClass::Partial { remaining } => *self.unsent.lock() = Some((**remaining).clone()),
        }
        tracing::warn!(
            parent: &self.span,
            error = %refusal,
            "The metrics were not taken. They are offered again with the next flush."
        );
        Err(refusal)
    }

    /// Gives up what an offer before the end did not bring away.
    fn drop_unsent(&self, offer: Result<Result<(), Refusal>, tokio::time::error::Elapsed>) {
        let error = match offer {
            Ok(Ok(())) => return,
            Ok(Err(refusal)) => refusal.message,
            Err(_) => "the next component did not take them in time".to_owned(),
        };
        if let Some(batch) = self.unsent.lock().take() {
            self.drops.dropped(batch.items(), DropReason::Shutdown, &error);
        }
    }
}
