//! The way out of a component that makes batches by itself, on a timer, with no sender to refuse them to.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Span;

use super::{Consumer, Refusal, RefusalClass, Settings};
use crate::otlp::Batch;
use crate::telemetry::component_span;
use crate::telemetry::drops::{DropReason, DropReporter};

/// The pause between two offers while the component stops.
const PAUSE_WHILE_STOPPING: Duration = Duration::from_millis(100);

/// Keeps one batch until the next component has taken it.
pub struct Outbox {
    unsent: Mutex<Option<Batch>>,
    next: Arc<dyn Consumer>,
    drops: DropReporter,
    span: Span,
}

impl Outbox {
    /// An empty one of the component with these settings. `kind` is `processor` or `connector`.
    pub fn new(settings: &Settings, kind: &'static str, next: Arc<dyn Consumer>) -> Self {
        Self {
            unsent: Mutex::default(),
            next,
            drops: DropReporter::new(settings, kind),
            span: component_span(settings, kind),
        }
    }

    /// Offers what the last offer could not bring away, and, where that is taken, what `make` makes, which
    /// is not polled before. What is refused for good is dropped and counted.
    ///
    /// # Errors
    ///
    /// The refusal with which the batch stays for the next offer.
    pub async fn offer(&self, make: impl Future<Output = Batch>) -> Result<(), Refusal> {
        self.offer_unsent().await?;
        let batch = make.await;
        if batch.is_empty() {
            return Ok(());
        }
        *self.unsent.lock() = Some(batch);
        self.offer_unsent().await
    }

    /// The same for the last time: tries until `deadline`, then drops and counts what is left.
    pub async fn offer_last(&self, deadline: Instant, make: impl Future<Output = Batch>) {
        let earlier = self.offer_until(deadline).await;
        self.drop_unsent(earlier);
        let batch = make.await;
        if !batch.is_empty() {
            *self.unsent.lock() = Some(batch);
            let last = self.offer_until(deadline).await;
            self.drop_unsent(last);
        }
    }

    async fn offer_until(&self, deadline: Instant) -> Result<(), String> {
        loop {
            match timeout_at(deadline, self.offer_unsent()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(refusal)) if Instant::now() + PAUSE_WHILE_STOPPING >= deadline => {
                    return Err(refusal.message);
                }
                Ok(Err(_)) => sleep(PAUSE_WHILE_STOPPING).await,
                Err(_) => return Err("the next component did not take it in time".to_owned()),
            }
        }
    }

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
            "The batch was not taken. It is kept and offered again."
        );
        Err(refusal)
    }

    fn drop_unsent(&self, offer: Result<(), String>) {
        if let (Err(error), Some(batch)) = (offer, self.unsent.lock().take()) {
            self.drops.dropped(batch.items(), DropReason::Shutdown, &error);
        }
    }
}
