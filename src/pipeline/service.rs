//! A configuration at work: worker threads, the graph, and the page of own metrics beside it.

use std::collections::BTreeMap;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::graph::{self, Environment, Graph, RunningGraph};
use super::status::StatusBoard;
use super::workers::WorkerThreads;
use super::{BuildError, InFlightBytes, StartError, Workers};
use crate::build_info;
use crate::config::Configuration;
use crate::config::telemetry::{PrometheusReader, ResourceAttributes, TelemetrySection};
use crate::telemetry::process::{ProcessMetrics, register_process_metrics};
use crate::telemetry::prometheus::ExpositionOptions;
use crate::telemetry::{GaugeGuard, MetricsPage, MetricsServer, Telemetry, instruments};

/// Everything that runs for one configuration.
pub struct Service {
    graph: RunningGraph,
    threads: WorkerThreads,
    metrics_servers: Vec<MetricsServer>,
    _process_metrics: ProcessMetrics,
    _gauges: Vec<GaugeGuard>,
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A component or the graph could not be built.
    #[error("failed to build pipelines: {0}")]
    Build(#[from] BuildError),
    /// A component could not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// The machine gave no thread or socket.
    #[error("cannot start the worker threads: {0}")]
    Workers(std::io::Error),
}

/// How long components that did start may take to stop when another could not.
const PATIENCE_AFTER_FAILED_START: Duration = Duration::from_secs(5);

impl Service {
    /// Builds and starts everything `configuration` asks for. The caller's runtime serves what must answer
    /// while the data path is saturated.
    ///
    /// # Errors
    ///
    /// What could not be built or started; nothing is left running then.
    pub async fn start(configuration: &Configuration) -> Result<Self, ServiceError> {
        let count = available_parallelism().map_or(1, usize::from);
        let (workers, threads) = Workers::start(count).map_err(ServiceError::Workers)?;
        let environment = environment(workers);
        match start_graph(configuration, &environment).await {
            Ok((graph, metrics_servers)) => Ok(Self {
                graph,
                threads,
                metrics_servers,
                _process_metrics: register_process_metrics(&environment.telemetry),
                _gauges: vec![bytes_in_flight_gauge(&environment)],
            }),
            Err(error) => {
                threads.stop();
                Err(error)
            }
        }
    }

    /// Builds the graph and throws it away: says whether it can be built.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub fn validate(configuration: &Configuration) -> Result<(), BuildError> {
        let environment = environment(Workers::of_current_runtime());
        graph::build(configuration, &environment).map(drop)
    }

    /// Stops everything, receivers first; what is not delivered at the end of `patience` is given up.
    pub async fn shutdown(self, patience: Duration) {
        let deadline = Instant::now() + patience;
        self.graph.shutdown(deadline).await;
        for server in &self.metrics_servers {
            server.shutdown(deadline).await;
        }
        self.threads.stop();
    }
}

fn environment(workers: Workers) -> Environment {
    Environment {
        telemetry: Telemetry::default(),
        workers,
        control: Handle::current(),
        status: StatusBoard::default(),
        in_flight: InFlightBytes::default(),
    }
}

async fn start_graph(
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(RunningGraph, Vec<MetricsServer>), ServiceError> {
    let graph: Graph = graph::build(configuration, environment)?;
    let telemetry = &configuration.service.telemetry;
    let mut metrics_servers = Vec::new();
    for reader in telemetry.metrics.prometheus_readers() {
        let page = metrics_page(telemetry, reader);
        let endpoint = format!("{}:{}", reader.host, reader.port);
        let (telemetry, control) = (environment.telemetry.clone(), environment.control.clone());
        metrics_servers.push(MetricsServer::start(telemetry, page, &endpoint, control).await?);
    }
    match graph.start(PATIENCE_AFTER_FAILED_START).await {
        Ok(running) => Ok((running, metrics_servers)),
        Err(error) => {
            for server in &metrics_servers {
                server.shutdown(Instant::now() + PATIENCE_AFTER_FAILED_START).await;
            }
            Err(error.into())
        }
    }
}

fn metrics_page(telemetry: &TelemetrySection, reader: &PrometheusReader) -> MetricsPage {
    MetricsPage {
        level: telemetry.metrics.level,
        options: ExpositionOptions {
            without_scope_info: reader.without_scope_info,
            without_units: reader.without_units,
            without_type_suffix: reader.without_type_suffix,
        },
        resource: own_resource(&telemetry.resource),
    }
}

/// What own telemetry says it comes from: the defaults, changed by what is written.
fn own_resource(written: &ResourceAttributes) -> Vec<(String, String)> {
    let instance = format!("{:032x}", fastrand::u128(..));
    let mut resource: BTreeMap<String, Option<String>> = BTreeMap::from([
        ("service.name".to_owned(), Some(build_info::COMMAND.to_owned())),
        ("service.version".to_owned(), Some(build_info::VERSION.to_owned())),
        ("service.instance.id".to_owned(), Some(instance)),
    ]);
    resource.extend(written.attributes.clone());
    resource.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn bytes_in_flight_gauge(environment: &Environment) -> GaugeGuard {
    let in_flight = environment.in_flight.clone();
    environment.telemetry.gauge(&instruments::BYTES_IN_FLIGHT, &[], move || in_flight.bytes() as f64)
}
