//! Handing one batch to several consumers: by reference count, all at the same time.

use std::sync::Arc;

use crate::otlp::Batch;
use crate::pipeline::{BoxFuture, Consumer, Refusal, join_all};

/// One consumer in place of several. A single one is itself.
pub fn fan_out(mut consumers: Vec<Arc<dyn Consumer>>) -> Arc<dyn Consumer> {
    match (consumers.pop(), consumers.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            consumers.push(last);
            Arc::new(FanOut { consumers })
        }
        (None, _) => Arc::new(FanOut { consumers }),
    }
}

struct FanOut {
    consumers: Vec<Arc<dyn Consumer>>,
}

impl Consumer for FanOut {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let consuming: Vec<_> =
            self.consumers.iter().map(|consumer| consumer.consume(batch.clone())).collect();
        Box::pin(async move { combine(join_all(consuming).await) })
    }
}

/// One answer for several: a refusal that may pass outweighs one that stays, so that the client sends
/// again and nothing is lost where it could still arrive. Consumers that took the batch see it twice then.
fn combine(results: Vec<Result<(), Refusal>>) -> Result<(), Refusal> {
    let refusals: Vec<Refusal> = results.into_iter().filter_map(Result::err).collect();
    let message = refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ");
    let weightiest = refusals.iter().find(|refusal| !refusal.is_permanent()).or(refusals.first());
    match weightiest {
        None => Ok(()),
        Some(refusal) if refusals.len() == 1 => Err(refusal.clone()),
        Some(refusal) if refusal.is_permanent() => Err(Refusal::permanent(message)),
        // What a part of the consumers left over is not what all of them lack: the whole is sent again.
        Some(refusal) => Err(Refusal::retryable(message).after(refusal.delay())),
    }
}
