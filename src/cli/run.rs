//! The command `weir` itself: load, build, start, run until a signal, drain.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::RunArguments;
use crate::config::{ComponentSections, Configuration, LoadOptions, NodeValue, load};
use crate::pipeline::ComponentId;
use crate::pipeline::service::{Service, ServiceError};
use crate::telemetry::logging::start_logging;
use crate::telemetry::own_resource;

/// What runs without `--config`.
const DEFAULT_PIPELINES: &str = include_str!("../../pipelines/default.yaml");

/// How long a stop may take before what is not delivered is given up.
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);

/// Runs what `arguments` name until SIGINT or SIGTERM, then drains. A second signal ends it at once.
pub fn run(arguments: RunArguments) -> ExitCode {
    let built_in = arguments.load.sources.is_empty();
    let options = if built_in { with_default_pipelines(arguments.load) } else { arguments.load };
    let configuration = match load(&options) {
        Ok(configuration) => configuration,
        Err(errors) => return fail(&format!("Error: invalid configuration:\n{errors}")),
    };
    // Health, own metrics and signals have this runtime for themselves; the data path has the workers.
    let control = match Builder::new_current_thread().enable_all().build() {
        Ok(control) => control,
        Err(error) => return fail(&format!("Error: no runtime: {error}")),
    };
    match control.block_on(run_until_signalled(&configuration, built_in)) {
        Ok(code) => code,
        Err(error) => fail(&format!("Error: {error}")),
    }
}

fn with_default_pipelines(mut options: LoadOptions) -> LoadOptions {
    options.sources.push(format!("yaml:{DEFAULT_PIPELINES}"));
    options
}

fn fail(message: &str) -> ExitCode {
    // The exit code says it too, should standard error be gone.
    let _ = writeln!(std::io::stderr().lock(), "{message}");
    ExitCode::FAILURE
}

async fn run_until_signalled(
    configuration: &Configuration,
    built_in: bool,
) -> Result<ExitCode, ServiceError> {
    let mut signals = Signals::new().map_err(ServiceError::Workers)?;
    let telemetry = &configuration.service.telemetry;
    start_logging(&telemetry.logs, &own_resource(telemetry)).map_err(ServiceError::Logging)?;
    tracing::info!(version = crate::build_info::VERSION, "Starting weir...");
    configuration.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let service = Service::start(configuration).await?;
    tracing::info!("Everything is ready. Begin running and processing data.");
    if built_in {
        say_what_the_default_does(configuration);
    }
    let name = signals.next().await;
    tracing::info!(signal = name, "Received signal from OS");
    tracing::info!("Starting shutdown...");
    tokio::select! {
        () = service.shutdown(DRAIN_PATIENCE) => {
            tracing::info!("Shutdown complete.");
            Ok(ExitCode::SUCCESS)
        }
        name = signals.next() => {
            tracing::error!(signal = name, "Received a second signal, ending without delivering what is left.");
            // Returning would wait for the shutdown's blocking work.
            std::process::exit(1)
        }
    }
}

/// What a newcomer needs to know, with the addresses as the environment and `--set` may have changed them.
fn say_what_the_default_does(configuration: &Configuration) {
    tracing::info!("No --config was given: running the built-in pipelines/default.yaml.");
    let otlp = |protocol| text_in(&configuration.receivers, "otlp", &["protocols", protocol, "endpoint"]);
    let (Some(grpc), Some(http)) = (otlp("grpc"), otlp("http")) else { return };
    tracing::info!("Listening for OTLP on {grpc} (gRPC) and {http} (HTTP).");
    for reader in configuration.service.telemetry.metrics.prometheus_readers() {
        tracing::info!("Own metrics are on http://{}:{}/metrics.", reader.host, reader.port);
    }
    tracing::info!("An application needs one line: export OTEL_EXPORTER_OTLP_ENDPOINT=http://{http}");
    if let Some(console) = text_in(&configuration.extensions, "console", &["endpoint"]) {
        tracing::info!("See this host, and all that arrives, in a browser: http://{console}");
    }
}

/// The text under `keys` in the section of the component `id`, where it is written.
fn text_in<'a, F: 'static>(sections: &'a ComponentSections<F>, id: &str, keys: &[&str]) -> Option<&'a str> {
    let section = sections.get(&ComponentId::parse(id).ok()?)?;
    let node = keys.iter().try_fold(&section.node, |node, key| node.get(key))?;
    match &node.value {
        NodeValue::String(text) => Some(text),
        _ => None,
    }
}

/// The signals that end the process, and the one that must not.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the process and names it as Go does. SIGHUP would end the process too if
    /// nobody listened for it; the Collector reloads on it.
    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return "interrupt",
                _ = self.terminate.recv() => return "terminated",
                _ = self.hang_up.recv() => tracing::warn!(
                    signal = "hangup",
                    "Received signal from OS. This version does not reload its configuration while it runs: \
                     everything goes on as it was; restart it to have a changed configuration take effect."
                ),
            }
        }
    }
}
