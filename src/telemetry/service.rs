//! Own telemetry as a whole: what `service.telemetry` asks for, started and stopped together.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::instruments;
use super::process::{ProcessMetrics, register_process_metrics};
use super::prometheus::ExpositionOptions;
use super::registry::{GaugeGuard, Telemetry};
use super::server::{MetricsPage, MetricsServer};
use crate::config::telemetry::{PrometheusReader, TelemetrySection};
use crate::pipeline::{InFlightBytes, StartError};

/// What runs for our own metrics. They are gone when this is dropped.
pub struct OwnMetrics {
    servers: Vec<MetricsServer>,
    _process: ProcessMetrics,
    _in_flight: GaugeGuard,
}

/// The attributes of our own resource: name, version and a random instance id, and what the
/// configuration adds or (with `null`) removes.
pub fn own_resource(section: &TelemetrySection) -> Vec<(String, String)> {
    let mut resource = BTreeMap::from([
        ("service.name".to_owned(), env!("CARGO_PKG_NAME").to_owned()),
        ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id".to_owned(), random_uuid()),
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
        resource: &[(String, String)],
        telemetry: &Telemetry,
        in_flight: &InFlightBytes,
        control: Handle,
    ) -> Result<Self, StartError> {
        let metrics = &section.metrics;
        if metrics.readers.iter().any(|reader| reader.periodic.is_some()) {
            tracing::warn!(
                "A periodic reader under service::telemetry::metrics::readers sends nothing in this version; \
                 let a Prometheus receiver read the pull reader instead."
            );
        }
        let mut servers = Vec::new();
        for reader in metrics.prometheus_readers() {
            let page = MetricsPage {
                level: metrics.level,
                options: exposition_options(reader),
                resource: resource.to_vec(),
            };
            let endpoint = format!("{}:{}", reader.host, reader.port);
            let server = MetricsServer::start(telemetry.clone(), page, &endpoint, control.clone()).await;
            let server = server.map_err(|StartError(error)| {
                StartError(format!("failed to create meter provider: binding address {endpoint} for Prometheus exporter: {error}"))
            })?;
            tracing::info!(address = server.address(), "Serving own metrics.");
            servers.push(server);
        }
        let in_flight = in_flight.clone();
        let bytes_held = move || in_flight.bytes() as f64;
        Ok(Self {
            servers,
            _process: register_process_metrics(telemetry),
            _in_flight: telemetry.gauge(&instruments::BYTES_IN_FLIGHT, &[], bytes_held),
        })
    }

    /// Stops serving; connections still open at `deadline` are cut.
    pub async fn shutdown(&self, deadline: Instant) {
        for server in &self.servers {
            server.shutdown(deadline).await;
        }
    }
}

const fn exposition_options(reader: &PrometheusReader) -> ExpositionOptions {
    ExpositionOptions {
        without_scope_info: reader.without_scope_info,
        without_units: reader.without_units,
        without_type_suffix: reader.without_type_suffix,
    }
}

/// A random UUID (version 4). Tells instances apart; not for secrets.
fn random_uuid() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}
