//! What every exporter shares: the sending queue, retries, the timeout and the counting around the one
//! thing that differs, how a batch is sent.
//!
//! With a queue, `consume` answers as soon as the batch is in it, and stored where it has a storage;
//! consumers spread over the workers take batches out and send them. Without one, `consume` answers when
//! the back end has. On shutdown waits between attempts end, and everything still queued gets one attempt
//! until the deadline; what is stored is left to the next start.

mod attempts;
mod backoff;
mod config;
mod gathering;
mod persistence;
mod queue;
mod request;
mod request_sizes;
mod stored_batch;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use config::{QueueBatchConfig, RetryConfig, SendingQueueConfig, Sizer};

use std::sync::Arc;

use tokio::time::Instant;

use self::attempts::Attempts;
use self::queue::Queue;
use self::request::Request;
use super::factory::Consuming;
use super::{BoxFuture, BuildError, Component, Consumer, Host, Refusal, Settings, StartError, TaskScope};
use crate::config::{GoDuration, Optional};
use crate::otlp::Batch;
use crate::otlp::export_response::ExportResponse;
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{GaugeGuard, instruments};

/// How an exporter sends one batch. Retries, timeouts, queueing and counting happen around it.
pub trait Sender: Send + Sync + 'static {
    /// Opens what sending needs.
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async { Ok(()) })
    }

    /// One attempt. Called from several tasks, on several workers, at once. The response says which items
    /// the back end refused for good while it took the others.
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>>;

    /// Closes what was opened; nothing is sent any more.
    fn shutdown(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// The exporter's stages around [`Sender::send`].
#[derive(Debug, Clone)]
pub struct ExporterOptions {
    /// How long one attempt may take; zero for no limit.
    pub timeout: GoDuration,
    /// Retries, where the exporter has them.
    pub retry: Option<RetryConfig>,
    /// The sending queue, where it is on.
    pub queue: Optional<SendingQueueConfig>,
}

/// An exporter from its sender and the stages around it.
///
/// # Errors
///
/// None yet; a storage that is not there is found at the start.
pub fn build_exporter(
    settings: &Settings,
    options: ExporterOptions,
    sender: impl Sender,
) -> Result<Consuming, BuildError> {
    let scope = TaskScope::new(settings.workers.clone());
    let drops = DropReporter::new(settings, "exporter");
    let attempts =
        Arc::new(Attempts::new(settings, &options, sender, drops.clone(), scope.stopping().clone()));
    let queue = options.queue.get().map(|config| Arc::new(Queue::new(config, settings, drops)));
    let gauges = match &queue {
        Some(queue) => queue_gauges(settings, queue),
        None => Vec::new(),
    };
    let num_consumers = options.queue.get().map_or(0, |queue| queue.num_consumers);
    let num_consumers = usize::try_from(num_consumers).unwrap_or(0);
    Ok(Arc::new(Exporter { attempts, queue, num_consumers, scope, _gauges: gauges }))
}

/// The queue's size and capacity, read when somebody looks.
fn queue_gauges(settings: &Settings, queue: &Arc<Queue>) -> Vec<GaugeGuard> {
    let id = settings.id.to_string();
    let data_type = settings.signal.map_or("", crate::otlp::Signal::name);
    let attributes = [("data_type", data_type), ("exporter", id.as_str())];
    let sized = Arc::downgrade(queue);
    let size = move || sized.upgrade().map_or(0.0, |queue| queue.used() as f64);
    let capacity = queue.capacity() as f64;
    vec![
        settings.telemetry.gauge(&instruments::EXPORTER_QUEUE_SIZE, &attributes, size),
        settings.telemetry.gauge(&instruments::EXPORTER_QUEUE_CAPACITY, &attributes, move || capacity),
    ]
}

struct Exporter<S> {
    attempts: Arc<Attempts<S>>,
    queue: Option<Arc<Queue>>,
    num_consumers: usize,
    scope: TaskScope,
    _gauges: Vec<GaugeGuard>,
}

impl<S: Sender> Exporter<S> {
    fn start_consumers(&self, queue: &Arc<Queue>) {
        for consumer in 0..self.num_consumers {
            let worker = consumer % self.scope.workers().count();
            let (queue, attempts) = (Arc::clone(queue), Arc::clone(&self.attempts));
            self.scope.spawn_on(worker, async move {
                while let Some(request) = queue.next(worker).await {
                    send_request(&queue, &attempts, request).await;
                }
            });
        }
        if queue.gathers() {
            let (queue, stopping) = (Arc::clone(queue), self.scope.stopping().clone());
            self.scope.spawn(async move { queue.flush_when_due(&stopping).await });
        }
    }
}

/// Sends one request from the queue, in pieces where it is larger than one may be.
async fn send_request<S: Sender>(queue: &Queue, attempts: &Attempts<S>, mut request: Request) {
    if let Err(problem) = queue.load(&mut request).await {
        // It stays stored: what the disk cannot read today it may read after a restart.
        queue.drops().dropped(request.items(), DropReason::Unreadable, &problem);
        return;
    }
    let mut failure = None;
    while let Some(piece) = queue.next_piece(&mut request) {
        let items = piece.items();
        let unsent = request.is_stored().then(|| piece.clone());
        if let Err(refusal) = attempts.send(piece).await {
            if let Some(unsent) = unsent.filter(|_| attempts.is_stopping() && !refusal.is_permanent()) {
                queue.keep(request, unsent);
                return;
            }
            let reason =
                if refusal.is_permanent() { DropReason::Permanent } else { DropReason::RetriesExhausted };
            let hint = attempts.retry_hint(&refusal);
            queue.drops().dropped(items, reason, &format!("{refusal}{hint}"));
            failure = Some(refusal);
        }
        request.decided(items);
    }
    queue.done(request, failure);
}

impl<S: Sender> Component for Exporter<S> {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            self.attempts.sender().start(host).await?;
            if let Some(queue) = &self.queue {
                queue.start(host).await?;
                self.start_consumers(queue);
            }
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(queue) = &self.queue {
                queue.close();
            }
            self.scope.join(deadline).await;
            if let Some(queue) = &self.queue {
                queue.abandon();
                queue.close_storage(deadline).await;
            }
            self.attempts.sender().shutdown(deadline).await;
        })
    }
}

impl<S: Sender> Consumer for Exporter<S> {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        match &self.queue {
            Some(queue) => Box::pin(async move {
                let (signal_items, result) = (batch.items(), queue.enqueue(batch).await);
                if result.is_err() {
                    self.attempts.count_not_enqueued(signal_items);
                }
                result
            }),
            None => Box::pin(async move {
                let items = batch.items();
                let result = self.attempts.send(batch).await;
                if let Err(refusal) = &result {
                    let hint = " Try enabling sending_queue to survive temporary failures.";
                    tracing::error!(
                        parent: self.attempts.span(), error = %refusal, rejected_items = items, "Exporting failed. Rejecting data.{hint}"
                    );
                }
                result
            }),
        }
    }
}
