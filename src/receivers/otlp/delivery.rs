//! Handing a received batch to its pipeline, whatever becomes of the client meanwhile.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::oneshot;

use super::ReceiverCounters;
use crate::otlp::Batch;
use crate::pipeline::{BoxFuture, Consumer, Refusal, TaskScope};

/// Consumes `batch` to the end, even if the caller is dropped because its client went away: components
/// may hold other clients' items in the same step, so it must not be cut off in the middle. Mostly it
/// is done at once; only when it has to wait does it get a task of its own.
pub async fn deliver(
    consumer: &Arc<dyn Consumer>,
    batch: Batch,
    scope: &TaskScope,
    counters: &ReceiverCounters,
) -> Result<(), Refusal> {
    let (signal, items) = (batch.signal(), batch.items());
    let owned_consumer = Arc::clone(consumer);
    let mut consuming: BoxFuture<'static, _> = Box::pin(async move { owned_consumer.consume(batch).await });
    let first_poll = poll_fn(|context| Poll::Ready(consuming.as_mut().poll(context))).await;
    let counters = counters.clone();
    let count = move |result: &Result<(), Refusal>| match result {
        Ok(()) => counters.accepted(signal, items),
        Err(_) => counters.refused(signal, items),
    };
    if let Poll::Ready(result) = first_poll {
        count(&result);
        return result;
    }
    let (sender, receiver) = oneshot::channel();
    scope.spawn_on(scope.workers().current_index(), async move {
        let result = consuming.await;
        count(&result);
        // The client may be gone; the batch is delivered or refused all the same.
        let _ = sender.send(result);
    });
    receiver.await.unwrap_or_else(|_| Err(Refusal::retryable("the receiver is shutting down")))
}
