//! Processor `interval`: holds metrics back and hands on one point of each stream an interval.
//!
//! Of cumulative points, gauges and summaries the newest is kept, deltas are added up. What is left at the
//! shutdown is handed on. What passes at once is offered first, and the rest is held only when that was
//! taken, so that a batch that comes again is not counted twice.
//!
//! Other than the Collector 0.162: what the next component refuses for now is offered again with the next
//! interval (there it is lost); nothing is sent where there is nothing; delta histograms with different
//! bounds are added over the bounds they share (there the older is lost); of deltas the exemplars of the
//! newest are kept; a metric without data, or of no temporality, passes (there it is refused, or added up).

mod held;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use self::held::HeldPoints;
use crate::config::GoDuration;
use crate::config_section;
use crate::metric_streams::{MetricKind, Temporality, rewrite_metrics};
use crate::otlp::{Batch, MetricView, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, Host, Outbox, ProcessorType, Refusal, RefusalClass, Settings,
    Stability, StartError, TaskScope,
};

config_section! {
    /// Holds metrics back and hands on one point of each stream an interval: the newest of cumulative
    /// monotonic sums, histograms, gauges and summaries, the sum of deltas. Other sums pass at once.
    pub struct IntervalConfig {
        /// How often what is held is handed on.
        pub interval: GoDuration = GoDuration::from_secs(60),
        /// What passes at once although it could be held.
        pub pass_through: PassThroughConfig = PassThroughConfig::default(),
    }
    check(section, checking) {
        if section.interval <= GoDuration::ZERO {
            checking.error_at("interval", "invalid interval value");
        }
    }
}

config_section! {
    /// What passes at once although it could be held.
    pub struct PassThroughConfig {
        /// Whether gauges do.
        pub gauge: bool = false,
        /// Whether summaries do.
        pub summary: bool = false,
    }
}

/// The type `interval` among processors.
pub struct Interval {
    config: Arc<IntervalConfig>,
    held: Arc<HeldPoints>,
    outbox: Arc<Outbox>,
    tasks: TaskScope,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for Interval {
    const TYPE: &'static str = "interval";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Alpha)];
    type Config = IntervalConfig;

    fn create(
        config: Arc<IntervalConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self {
            config,
            held: Arc::default(),
            outbox: Arc::new(Outbox::new(&settings, "processor", Arc::clone(&next))),
            tasks: TaskScope::new(settings.workers),
            next,
        }))
    }
}

impl Consumer for Interval {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if self.tasks.stopping().is_cancelled() {
                return Err(Refusal::retryable("the interval processor is shut down"));
            }
            let passing = rewrite_metrics(batch.clone(), &self.held.hasher, |metric, _| {
                if self.config.holds(metric) { Verdict::Drop } else { Verdict::Keep }
            });
            let answer = if passing.parts().is_empty() { Ok(()) } else { self.next.consume(passing).await };
            // After a part was taken, the sender offers only what is left of what passes.
            let is_taken = match &answer {
                Ok(()) => true,
                Err(refusal) => matches!(refusal.class, RefusalClass::Partial { .. }),
            };
            if is_taken {
                self.held.hold(batch, |metric| self.config.holds(metric));
            }
            answer
        })
    }
}

impl Component for Interval {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            let interval = self.config.interval.to_std();
            let mut ticks = interval_at(Instant::now() + interval, interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let (held, outbox) = (Arc::clone(&self.held), Arc::clone(&self.outbox));
            let stopping = self.tasks.stopping().clone();
            self.tasks.spawn(async move {
                tokio::select! {
                    () = hand_on_each(ticks, &held, &outbox) => {}
                    () = stopping.cancelled() => {}
                }
            });
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
            self.outbox.offer_last(deadline, async { self.held.take() }).await;
        })
    }
}

async fn hand_on_each(mut ticks: tokio::time::Interval, held: &HeldPoints, outbox: &Outbox) {
    loop {
        ticks.tick().await;
        // A refusal is logged there, and the batch stays for the next time.
        let _ = outbox.offer(async { held.take() }).await;
    }
}

impl IntervalConfig {
    fn holds(&self, metric: &MetricView<'_>) -> bool {
        match MetricKind::of(&metric.data) {
            MetricKind::Empty => false,
            MetricKind::Gauge => !self.pass_through.gauge,
            MetricKind::Summary => !self.pass_through.summary,
            MetricKind::Sum { temporality, is_monotonic } => {
                is_monotonic && temporality != Temporality::Unspecified
            }
            MetricKind::Histogram { temporality } | MetricKind::ExponentialHistogram { temporality } => {
                temporality != Temporality::Unspecified
            }
        }
    }
}
