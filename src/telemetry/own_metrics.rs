//! Our own metrics as a whole: what `service.telemetry` asks for, started and stopped together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::instruments;
use super::process::{ProcessMetrics, register_process_metrics};
use super::prometheus::ExpositionOptions;
use super::registry::{GaugeGuard, Telemetry};
use super::server::{MetricsPage, MetricsServer};
use crate::build_info;
use crate::config::telemetry::{PrometheusReader, TelemetrySection};
use crate::pipeline::status::StatusBoard;
use crate::pipeline::{InFlightBytes, StartError};

/// What runs for our own metrics. They are gone when this is dropped.
pub struct OwnMetrics {
    servers: Vec<MetricsServer>,
    _process: ProcessMetrics,
    _in_flight: GaugeGuard,
}

/// Tells this process from others of its kind; the same on its metrics and its logs.
static INSTANCE_ID: LazyLock<String> = LazyLock::new(random_uuid);

/// The attributes of our own resource: name, version and a random instance id, and what the
/// configuration adds or (with `null`) removes.
pub fn own_resource(section: &TelemetrySection) -> Vec<(String, String)> {
    let mut resource = BTreeMap::from([
        ("service.name".to_owned(), build_info::COMMAND.to_owned()),
        ("service.version".to_owned(), build_info::VERSION.to_owned()),
        ("service.instance.id".to_owned(), INSTANCE_ID.clone()),
    ]);
    for (name, value) in &section.resource.attributes {
        match value {
            Some(value) => resource.insert(name.clone(), value.clone()),
            None => resource.remove(name),
        };
    }
    resource.into_iter().collect()
}

impl OwnMetrics {
    /// Registers the metrics of the process and opens every Prometheus endpoint of `section`.
    pub async fn start(
        section: &TelemetrySection,
        telemetry: &Telemetry,
        in_flight: &InFlightBytes,
        status: &StatusBoard,
        control: Handle,
    ) -> Result<Self, StartError> {
        let metrics = &section.metrics;
        if metrics.readers.iter().any(|reader| reader.periodic.is_some()) {
            tracing::warn!(
                "A periodic reader under service::telemetry::metrics::readers sends nothing in this version; \
                 let a Prometheus receiver read the pull reader instead."
            );
        }
        let in_flight = in_flight.clone();
        let bytes_held = move || in_flight.bytes() as f64;
        let mut own_metrics = Self {
            servers: Vec::new(),
            _process: register_process_metrics(telemetry),
            _in_flight: telemetry.gauge(&instruments::BYTES_IN_FLIGHT, &[], bytes_held),
        };
        for reader in metrics.prometheus_readers() {
            let endpoint = format!("{}:{}", reader.host, reader.port);
            let page = metrics_page(section, reader, status);
            match MetricsServer::start(telemetry.clone(), page, &endpoint, control.clone()).await {
                Ok(server) => {
                    tracing::info!(
                        address = server.address(),
                        level = metrics.level.word(),
                        "Serving metrics"
                    );
                    own_metrics.servers.push(server);
                }
                Err(StartError(error)) => {
                    own_metrics.shutdown(Instant::now()).await;
                    return Err(StartError(format!(
                        "failed to create meter provider: binding address {endpoint} for Prometheus exporter: \
                         {error}"
                    )));
                }
            }
        }
        Ok(own_metrics)
    }

    /// Stops serving; connections still open at `deadline` are cut.
    pub async fn shutdown(&self, deadline: Instant) {
        for server in &self.servers {
            server.shutdown(deadline).await;
        }
    }
}

fn metrics_page(section: &TelemetrySection, reader: &PrometheusReader, status: &StatusBoard) -> MetricsPage {
    let options = ExpositionOptions {
        without_scope_info: reader.without_scope_info,
        without_units: reader.without_units,
        without_type_suffix: reader.without_type_suffix,
    };
    MetricsPage {
        level: section.metrics.level,
        options,
        resource: own_resource(section),
        status: status.clone(),
    }
}

/// A random UUID (version 4).
pub(crate) fn random_uuid() -> String {
    let random = fastrand::u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        random >> 96,
        random >> 80 & 0xffff,
        random >> 64 & 0xfff,
        random >> 48 & 0x3fff | 0x8000,
        random & 0xffff_ffff_ffff
    )
}
