//! Processor `dimensions`: keeps, drops and renames the dimensions of metrics, and merges the series that
//! become equal by it.
//!
//! A batch is looked at once, without a lock: each point gets the series it has without the filter (its
//! *input*) and the one it has behind it. Then each series of the batch is locked once and told its points.
//! While one input alone feeds a series its points go on as they are, but for the attributes, which are
//! spliced. Points of several inputs are merged: one point a batch goes on in their place, later than the
//! last one of its series. What comes too late for that is held back for the next point, or goes on by
//! itself after `flush_interval`.
//!
//! A batch that is refused leaves the series as if it had not been: its delta points are added only once it
//! was taken, and cumulative points and gauges may come twice, since they say where a count stands.

mod batch_filter;
mod cardinality;
mod config;
mod counters;
mod engine;
mod flushing;
mod key_plan;
mod rules;
mod streams;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::time::Instant;

use self::batch_filter::BatchFilter;
use self::cardinality::Cardinality;
pub use self::config::{DimensionsConfig, GaugeMerging, MetricRuleConfig, UnmergeablePolicy};
use self::counters::PointCounters;
use self::engine::Engine;
use self::flushing::Flushing;
use self::rules::Rules;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, Host, ProcessorType, Refusal, Settings, Stability,
    StartError, TaskScope, consume_whole,
};
use crate::telemetry::drops::DropReporter;
use crate::telemetry::{GaugeGuard, component_span, instruments};

/// The type `dimensions` among processors.
pub struct Dimensions {
    engine: Arc<Engine>,
    flushing: Arc<Flushing>,
    next: Arc<dyn Consumer>,
    tasks: TaskScope,
    drops: DropReporter,
    _series: GaugeGuard,
}

impl ProcessorType for Dimensions {
    const TYPE: &'static str = "dimensions";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Alpha)];
    type Config = DimensionsConfig;

    fn create(
        config: Arc<DimensionsConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let rules = Rules::new(&config).map_err(|error| BuildError(error.to_string()))?;
        let cardinality = Cardinality::new(component_span(&settings, "processor"));
        let counters = PointCounters::new(&settings);
        let engine = Arc::new(Engine::new(rules, cardinality, counters, settings.clock));
        let read_series = {
            let engine = Arc::clone(&engine);
            move || engine.series_count() as f64
        };
        let id = settings.id.to_string();
        let attributes = [("processor", id.as_str())];
        let series = settings.telemetry.gauge(&instruments::DIMENSIONS_SERIES, &attributes, read_series);
        let drops = DropReporter::new(&settings, "processor");
        let flushing =
            Arc::new(Flushing::new(&config, Arc::clone(&engine), Arc::clone(&next), drops.clone()));
        let tasks = TaskScope::new(settings.workers);
        Ok(Arc::new(Self { engine, flushing, next, tasks, drops, _series: series }))
    }
}

impl Component for Dimensions {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        let flushing = Arc::clone(&self.flushing);
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = flushing.run() => {}
            }
        });
        Box::pin(async { Ok(()) })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
            self.flushing.finish(deadline).await;
        })
    }
}

impl Consumer for Dimensions {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            let source = batch.clone();
            let had_points = !batch.is_empty();
            let (edits, settling) = BatchFilter::run(&self.engine, &source);
            let batch = edits.apply(batch);
            if had_points && batch.is_empty() {
                settling.accept();
                return Ok(());
            }
            if settling.is_settled() {
                drop(settling);
                // The bytes as they came are not needed any more.
                drop(source);
                return consume_whole(&*self.next, batch, &self.drops).await;
            }
            consume_whole(&*self.next, batch, &self.drops).await?;
            settling.accept();
            Ok(())
        })
    }
}
