//! Deltas added up on their way into the queue, where Prometheus has none.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::metric_streams::{DeltaTotals, MetricKind};
use crate::otlp::Batch;
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, Component, Consumer, Host, Refusal, Settings, StartError, TaskScope};
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{Counter, instruments};

/// How long a delta stream without a point is remembered.
const MAX_STALE: Duration = Duration::from_secs(300);

/// The exporter behind the sums of deltas. They are added up once, before the queue and its retries, so that
/// what is tried again, or survives a restart there, is what it was.
pub(super) struct AddingDeltasUp {
    totals: Arc<DeltaTotals>,
    exporter: Consuming,
    added_up: Counter,
    drops: DropReporter,
    tasks: TaskScope,
}

impl AddingDeltasUp {
    pub fn new(exporter: Consuming, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let added_up = &instruments::REMOTE_WRITE_DELTAS_ADDED_UP;
        Self {
            totals: Arc::new(DeltaTotals::new(usize::MAX, MAX_STALE)),
            exporter,
            added_up: settings.telemetry.counter(added_up, &[("exporter", &*id)]),
            drops: DropReporter::new(settings, "exporter"),
            tasks: TaskScope::new(settings.workers.clone()),
        }
    }

    fn cumulative(&self, batch: Batch) -> Batch {
        let (mut added_up, mut dropped) = (0, 0);
        // A delta that may also go down would be a gauge whose level nobody knows: refused like all that
        // Prometheus has no type for.
        let wants = |kind: MetricKind| kind.is_monotonic();
        let batch = self.totals.convert(batch, wants, |totalled| match totalled {
            Ok(()) => added_up += 1,
            Err(_) => dropped += 1,
        });
        self.added_up.add(added_up);
        let reason = "a delta is not newer than those of its series that were added up before";
        self.drops.dropped(dropped, DropReason::Permanent, reason);
        batch
    }
}

impl Consumer for AddingDeltasUp {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let batch = self.cumulative(batch);
        if batch.parts().is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.exporter.consume(batch)
    }
}

impl Component for AddingDeltasUp {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            self.exporter.start(host).await?;
            self.totals.forget_stale(&self.tasks);
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
            self.exporter.shutdown(deadline).await;
        })
    }
}
