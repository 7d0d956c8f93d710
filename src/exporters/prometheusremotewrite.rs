//! Exporter `prometheus_remote_write`: writes metrics to stores that take Prometheus remote write, 1.0 or 2.0.
//!
//! Series are written straight from the bytes of the batch: each series once a request with its samples in the
//! order of time. What one series says in several batches arrives in that order too: one consumer takes the
//! batches out of the queue, and the requests that a large batch is cut into, which may be under way at
//! once, have no series in common.
//!
//! Other than the Collector 0.162: deltas that only grow are added up, where there they are lost; 429 is tried again, with the delay that the store asks for; the whole of
//! `retry_on_failure` holds and `timeout` is of one attempt; a point without a time, and of two points of a series at
//! one millisecond the one that came first, are dropped and counted, as are histograms whose
//! buckets contradict their count, for which stores refuse all of a request; attributes that meet a label of the
//! exporter's own get `exported_` before their name; version 2.0 needs no feature gate and has exemplars of
//! classic histograms.

mod config;
mod deltas;
mod native;
mod own_metrics;
mod protocol;
mod rejection;
mod requests;
mod response;
mod sender;
mod series;
mod translation;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::config::{RemoteWriteExporterConfig, RemoteWriteQueueConfig, TargetInfoConfig, WalConfig};
use self::deltas::AddingDeltasUp;
use self::sender::RemoteWriteSender;
use crate::otlp::Signal;
use crate::pipeline::exporting::{ExporterOptions, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BuildError, ExporterType, Settings, Stability};

/// The type `prometheus_remote_write` among exporters.
pub struct RemoteWriteExporter;

impl ExporterType for RemoteWriteExporter {
    const TYPE: &'static str = "prometheus_remote_write";
    const ALIASES: &'static [&'static str] = &["prometheusremotewrite"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = RemoteWriteExporterConfig;

    fn create(config: Arc<RemoteWriteExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options = ExporterOptions {
            timeout: config.client().timeout,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue(),
        };
        let sender = RemoteWriteSender::new(&config, &settings)?;
        let exporter = build_exporter(&settings, options, sender)?;
        Ok(Arc::new(AddingDeltasUp::new(exporter, &settings)))
    }
}
