//! Processor `deltatorate`: turns delta sums into gauges that say how much came per second.
//!
//! Beyond the Collector, with `cumulative: true` cumulative monotonic sums become rates too: what a point
//! adds to the one before, per second between them. Resets are seen as `cumulativetodelta` sees them, and
//! as there a point whose count may have begun before this process is only remembered. A batch that is
//! refused leaves the streams as if it had not been; a point that a later one has overtaken meanwhile is
//! dropped when it comes again, since the rate of its time cannot be told by another's.
//!
//! Other than the Collector 0.162: a point without a value goes on without one (there the whole batch is
//! refused).

mod convert;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::convert::Conversion;
use crate::config::{Checking, GoDuration};
use crate::config_section;
use crate::metric_streams::{Advances, forget_stale, rewrite_metrics};
use crate::otlp::{Batch, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Clock, Component, Consumer, Host, ProcessorType, Refusal, Settings, Stability,
    StartError, TaskScope, consume_whole,
};
use crate::telemetry::drops::DropReporter;

config_section! {
    /// Turns sums into gauges that say how much came per second. A unit gets `/s` appended.
    pub struct DeltaToRateConfig {
        /// The names of the sums. Others, and what is no delta sum, stay as they are.
        pub metrics: Vec<String> = Vec::new(),
        /// Whether cumulative monotonic sums among `metrics` become rates too, by what they grew since the
        /// last point. Weir's own; the Collector leaves them as they are.
        pub cumulative: bool = false,
        /// With `cumulative`, how long a stream without a newer point is remembered; 0 for ever. Weir's own.
        pub max_staleness: GoDuration = GoDuration::from_secs(3600),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl DeltaToRateConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.metrics.is_empty() {
            checking.error_at("metrics", "metric names are missing");
        }
        if self.max_staleness.is_negative() {
            checking.error_at("max_staleness", "'max_staleness' must not be negative");
        }
    }
}

/// The type `deltatorate` among processors.
pub struct DeltaToRate {
    conversion: Conversion,
    max_staleness: Duration,
    clock: Clock,
    tasks: TaskScope,
    drops: DropReporter,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for DeltaToRate {
    const TYPE: &'static str = "deltatorate";
    const ALIASES: &'static [&'static str] = &["delta_to_rate"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Alpha)];
    type Config = DeltaToRateConfig;

    fn create(
        config: Arc<DeltaToRateConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self {
            conversion: Conversion::new(&config, &settings),
            max_staleness: config.max_staleness.to_std(),
            clock: settings.clock,
            drops: DropReporter::new(&settings, "processor"),
            tasks: TaskScope::new(settings.workers),
            next,
        }))
    }
}

impl Consumer for DeltaToRate {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let mut advances = self.conversion.cumulative.as_deref().map(Advances::of);
        let batch = rewrite_metrics(batch, &self.conversion.hasher, |metric, place| {
            if self.conversion.names.contains(metric.name.as_bytes()) {
                self.conversion.convert(metric, place, advances.as_mut())
            } else {
                Verdict::Keep
            }
        });
        if batch.parts().is_empty() {
            return Box::pin(async { Ok(()) });
        }
        Box::pin(async move {
            consume_whole(&*self.next, batch, &self.drops).await?;
            advances.into_iter().for_each(Advances::accept);
            Ok(())
        })
    }
}

impl Component for DeltaToRate {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            if let Some(streams) = &self.conversion.cumulative
                && self.max_staleness > Duration::ZERO
            {
                forget_stale(&self.tasks, streams, self.max_staleness, self.clock);
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
