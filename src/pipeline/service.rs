//! A configuration at work: worker threads, the graph, and the page of own metrics beside it.

use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::graph::{self, Environment, Graph, RunningGraph};
use super::status::StatusBoard;
use super::workers::WorkerThreads;
use super::{BuildError, Clock, InFlightBytes, StartError, Workers};
use crate::config::Configuration;
use crate::telemetry::{OwnMetrics, Telemetry};

/// Everything that runs for one configuration.
pub struct Service {
    graph: RunningGraph,
    threads: WorkerThreads,
    own_metrics: OwnMetrics,
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A place for log lines could not be opened.
    #[error("failed to create logger: {0}")]
    Logging(String),
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
            Ok((graph, own_metrics)) => Ok(Self { graph, threads, own_metrics }),
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
        self.own_metrics.shutdown(deadline).await;
        self.threads.stop();
    }
}

fn environment(workers: Workers) -> Environment {
    Environment {
        telemetry: Telemetry::default(),
        workers,
        control: Handle::current(),
        clock: Clock::default(),
        status: StatusBoard::default(),
        in_flight: InFlightBytes::default(),
    }
}

async fn start_graph(
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(RunningGraph, OwnMetrics), ServiceError> {
    let graph: Graph = graph::build(configuration, environment)?;
    let telemetry = &configuration.service.telemetry;
    let Environment { in_flight, status, control, .. } = environment;
    let own_metrics =
        OwnMetrics::start(telemetry, &environment.telemetry, in_flight, status, control.clone()).await?;
    match graph.start(PATIENCE_AFTER_FAILED_START).await {
        Ok(running) => Ok((running, own_metrics)),
        Err(error) => {
            own_metrics.shutdown(Instant::now() + PATIENCE_AFTER_FAILED_START).await;
            Err(error.into())
        }
    }
}
