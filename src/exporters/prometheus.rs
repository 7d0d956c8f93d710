//! Exporter `prometheus`: keeps the last value of every series and shows them on a page for Prometheus.
//!
//! Series are known by what the page shows of them, name and labels, so that no two on it are the same:
//! streams that become one there are merged, deltas by adding them up, all else by showing the newest
//! point. A point that cannot be shown (its name is another type's, it is older than what is shown, its
//! temporality has no meaning in Prometheus) is refused, counted and logged; the scrape never fails for it.
//!
//! Other than the Collector 0.162: delta points after a gap are added to the sum, which there begins anew;
//! attributes whose label names become equal are joined by `;`, as the specification says, and those that
//! meet a label of the exporter's own get `exported_` before their name, where there the whole metric is
//! lost; a histogram without a sum shows none, where there it is 0.

mod config;
mod intake;
mod measurement;
mod page;
mod rejection;
mod series;
mod targets;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::config::PrometheusExporterConfig;
use self::intake::Intake;
use self::page::MetricsPage;
use crate::config::GoDuration;
use crate::network::http_server::HttpServer;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, Sender, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Clock, ExporterType, Host, Refusal, Settings, Stability, StartError, TaskScope,
};

/// The type `prometheus` among exporters.
pub struct PrometheusExporter {
    intake: Arc<Intake>,
    server: HttpServer,
    expiration: Duration,
    clock: Clock,
    scope: TaskScope,
}

impl ExporterType for PrometheusExporter {
    const TYPE: &'static str = "prometheus";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = PrometheusExporterConfig;

    fn create(config: Arc<PrometheusExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options =
            ExporterOptions { timeout: GoDuration::ZERO, retry: None, queue: config.sending_queue.clone() };
        let exporter = Self::new(&config, &settings)?;
        build_exporter(&settings, options, exporter)
    }
}

impl PrometheusExporter {
    fn new(config: &PrometheusExporterConfig, settings: &Settings) -> Result<Self, BuildError> {
        let intake = Arc::new(Intake::new(config)?);
        let page = MetricsPage::new(config, Arc::clone(&intake), settings.clock);
        Ok(Self {
            intake,
            server: HttpServer::new(&config.server, Arc::new(page))?,
            expiration: config.metric_expiration.to_std(),
            clock: settings.clock,
            scope: TaskScope::new(settings.workers.clone()),
        })
    }

    /// Binds, serves the page and forgets what expires. Returns the address bound.
    async fn serve(&self) -> Result<String, StartError> {
        let address = self.server.start(&self.scope).await?;
        if self.expiration > Duration::ZERO {
            let (intake, clock, expiration) = (Arc::clone(&self.intake), self.clock, self.expiration);
            let stopping = self.scope.stopping().clone();
            self.scope.spawn(async move {
                // Where nobody scrapes, nothing else would bound the memory of series that ended.
                while stopping.run_until_cancelled(tokio::time::sleep(expiration)).await.is_some() {
                    intake.forget_expired(clock.now_unix_nano());
                }
            });
        }
        Ok(address)
    }
}

impl Sender for PrometheusExporter {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            let address = self.serve().await?;
            tracing::info!(endpoint = address, "Serving metrics to Prometheus");
            Ok(())
        })
    }

    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(async move { Ok(self.intake.take(&batch, self.clock.now_unix_nano())) })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.scope.join(deadline).await;
        })
    }
}
