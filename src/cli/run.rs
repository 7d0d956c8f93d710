//! The command `weir` itself: load, build, start, run until a signal, drain.

use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Configuration;
use crate::pipeline::service::{Service, ServiceError};
use crate::telemetry::logging::start_logging;
use crate::telemetry::own_resource;

/// How long a stop may take before what is not delivered is given up.
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);

/// Runs `configuration` until SIGINT or SIGTERM, then drains. A second signal ends the process at once.
///
/// # Errors
///
/// Why the service could not be started.
pub async fn run(configuration: &Configuration) -> Result<ExitCode, ServiceError> {
    let telemetry = &configuration.service.telemetry;
    start_logging(&telemetry.logs, &own_resource(telemetry)).map_err(ServiceError::Logging)?;
    let signals = Signals::new().map_err(ServiceError::Workers)?;
    tracing::info!("Starting weir...");
    for warning in &configuration.warnings {
        tracing::warn!("{warning}");
    }
    let service = Service::start(configuration).await?;
    tracing::info!("Everything is ready. Begin running and processing data.");
    let mut signals = signals;
    let name = signals.next().await;
    tracing::info!(signal = name, "Received signal from OS");
    tracing::info!("Starting shutdown...");
    tokio::select! {
        () = service.shutdown(DRAIN_PATIENCE) => {
            tracing::info!("Shutdown complete.");
            Ok(ExitCode::SUCCESS)
        }
        name = signals.next() => {
            tracing::error!(signal = name, "Received a second signal, not waiting for the shutdown to complete.");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The signals that end the process.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one and names it as Go does.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupt",
            _ = self.terminate.recv() => "terminated",
        }
    }
}
