//! Processor `cumulativetodelta`: turns cumulative monotonic sums, histograms and exponential histograms
//! into deltas.
//!
//! Of each stream the last point is kept, and what it adds to the one before is handed on. A stream is
//! known by its start time too: a counter that began anew is a new stream, for which `initial_value`
//! says what becomes of its first point. The batch is spliced on the wire; a lock is held for one point.
//!
//! A batch that is refused leaves the streams as if it had not been. Where a later point of a stream has come
//! meanwhile, the next one adds what was refused too, and the refused point, which is not newer when it
//! comes again, is dropped.
//!
//! Other than the Collector 0.162: a counter that went down under the same start time began anew, so its
//! value is the delta (there the point is lost); a point that is not newer than the last is dropped and
//! counted (there it becomes a delta over no time, or a reset); the first point keeps its own start time
//! under `initial_value: keep` (there it loses it).

mod config;
mod convert;
mod selection;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::config::CumulativeToDeltaConfig;
use self::convert::Conversion;
use self::selection::Selection;
use crate::metric_streams::{Advances, forget_stale, rewrite_metrics};
use crate::otlp::{Batch, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Clock, Component, Consumer, Host, ProcessorType, Refusal, Settings, Stability,
    StartError, TaskScope, consume_whole,
};
use crate::telemetry::drops::DropReporter;

/// The type `cumulativetodelta` among processors.
pub struct CumulativeToDelta {
    selection: Selection,
    conversion: Conversion,
    max_staleness: Duration,
    clock: Clock,
    tasks: TaskScope,
    drops: DropReporter,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for CumulativeToDelta {
    const TYPE: &'static str = "cumulativetodelta";
    const ALIASES: &'static [&'static str] = &["cumulative_to_delta"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = CumulativeToDeltaConfig;

    fn create(
        config: Arc<CumulativeToDeltaConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self {
            selection: Selection::of(&config)?,
            conversion: Conversion::new(config.first_points(), &settings),
            max_staleness: config.max_staleness.to_std(),
            clock: settings.clock,
            drops: DropReporter::new(&settings, "processor"),
            tasks: TaskScope::new(settings.workers),
            next,
        }))
    }
}

impl Consumer for CumulativeToDelta {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let mut advances = Advances::of(&self.conversion.streams);
        let batch = rewrite_metrics(batch, &self.conversion.hasher, |metric, place| {
            if self.selection.takes(metric) {
                self.conversion.convert(metric, place, &mut advances)
            } else {
                Verdict::Keep
            }
        });
        if batch.parts().is_empty() {
            return Box::pin(async { Ok(()) });
        }
        Box::pin(async move {
            consume_whole(&*self.next, batch, &self.drops).await?;
            advances.accept();
            Ok(())
        })
    }
}

impl Component for CumulativeToDelta {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            if self.max_staleness > Duration::ZERO {
                forget_stale(&self.tasks, &self.conversion.streams, self.max_staleness, self.clock);
            }
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
        })
    }
}
