//! Connector `span_metrics`: requests, errors and durations, counted from spans.
//!
//! Spans are read where they lie and counted in series that several cores work on at once; a timer hands the
//! series on as metrics. A flush that the next component refuses retryably is offered again with the
//! next one, and until then nothing else is handed on, so that no interval and no first point is lost. One
//! refused for good is dropped, counted and logged. What is held at the end is handed on at the end.
//!
//! Other than the Collector 0.162, whose connector flushes nothing when it stops and drops what is refused:
//!
//! * A series is what its attributes are: spans of two shown scopes are two series (there the first scope's
//!   name stands for both), and a start time of a delta belongs to one resource (there to all that have such a
//!   series).
//! * What has expired is handed on once more, as `series_expiration` does there (`metrics_expiration`: twice
//!   more).
//! * The series for overflow does not expire while spans are counted in it, and takes no place of the limit.
//! * A flush without data points is not handed on, nor are metrics without data points.
//! * `metrics_flush_interval: 0` is refused (there the process panics), and bounds of buckets are put in order.
//! * Feature gates are what they are there without `--feature-gates`.

mod adjusted_count;
mod config;
mod dimensions;
mod flush;
mod glob;
mod handing_on;
mod measuring;
mod points;
mod resources;
mod series;
mod standard_dimensions;
mod state;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

pub use self::config::{
    DimensionConfig, DurationUnit, EventsConfig, ExemplarsConfig, ExplicitConfig, ExponentialConfig,
    HistogramConfig, SpanMetricsConfig,
};
use self::flush::Flush;
use self::handing_on::HandingOn;
use self::measuring::SpanMeter;
use self::resources::Resources;
use self::series::{Layout, Recording};
use self::state::SeriesState;
use crate::metric_streams::StreamHasher;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Clock, Component, ConnectorType, Consumer, Host, Outputs, Refusal, Settings,
    Stability, StartError, TaskScope,
};
use crate::telemetry::component_span;

/// The type `span_metrics` among connectors.
pub struct SpanMetrics {
    meter: SpanMeter,
    handing_on: Arc<HandingOn>,
    interval: Duration,
    tasks: TaskScope,
    clock: Clock,
    is_stopped: AtomicBool,
}

impl ConnectorType for SpanMetrics {
    const TYPE: &'static str = "span_metrics";
    const ALIASES: &'static [&'static str] = &["spanmetrics"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Traces, Stability::Alpha)];
    const PAIRS: &'static [(Signal, Signal, Stability)] =
        &[(Signal::Traces, Signal::Metrics, Stability::Alpha)];
    type Config = SpanMetricsConfig;

    fn create(
        config: Arc<SpanMetricsConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self::new(&config, settings, outputs.required(Signal::Metrics)?)))
    }
}

impl Consumer for SpanMetrics {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if self.is_stopped.load(Ordering::Acquire) {
                return Err(Refusal::retryable("the span metrics connector has stopped"));
            }
            self.meter.measure(&batch, self.clock.now_unix_nano());
            Ok(())
        })
    }
}

impl Component for SpanMetrics {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let handing_on = Arc::clone(&self.handing_on);
            let stopping = self.tasks.stopping().clone();
            self.tasks.spawn(async move {
                loop {
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        _ = ticks.tick() => handing_on.flush().await,
                    }
                }
            });
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.is_stopped.swap(true, Ordering::AcqRel) {
                return;
            }
            self.tasks.join(deadline).await;
            self.handing_on.flush_for_good(deadline).await;
        })
    }
}

impl SpanMetrics {
    fn new(config: &SpanMetricsConfig, settings: Settings, next: Arc<dyn Consumer>) -> Self {
        let span = component_span(&settings, "connector");
        if config.dimensions_cache_size != 0 {
            tracing::warn!(
                parent: &span,
                "dimensions_cache_size has no effect any more, please use aggregation_cardinality_limit instead."
            );
        }
        let hasher = StreamHasher::new();
        let most_resources = usize::try_from(config.resource_metrics_cache_size).unwrap_or_default();
        let resources =
            Arc::new(Resources::new(NonZeroUsize::new(most_resources).unwrap_or(NonZeroUsize::MIN)));
        let recording = Recording {
            layout: Layout::of(&config.histogram),
            most_exemplars: usize::try_from(config.exemplars.max_per_data_point).unwrap_or_default(),
        };
        let limit = usize::try_from(config.aggregation_cardinality_limit).ok().filter(|limit| *limit > 0);
        let state = Arc::new(SeriesState::new(recording, limit, &hasher));
        let flush = Flush::new(config, &hasher, Arc::clone(&resources), Arc::clone(&state));
        // What is dropped are data points, not the spans they were made from.
        let produced = Settings { signal: Some(Signal::Metrics), ..settings.clone() };
        let handing_on = Arc::new(HandingOn::new(flush, &produced, next));
        Self {
            meter: SpanMeter::new(config, hasher, resources, state, span),
            handing_on,
            interval: config.metrics_flush_interval.to_std(),
            tasks: TaskScope::new(settings.workers),
            clock: settings.clock,
            is_stopped: AtomicBool::new(false),
        }
    }
}
