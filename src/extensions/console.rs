//! Extension `console`: the page and the API behind it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::console::config::ConsoleConfig;
use crate::console::dashboards::{DashboardConfig, read_dashboards};
use crate::console::{Console, ConsoleServer};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Extension, ExtensionType, Host, Settings, Stability, StartError,
    TaskScope, Workers,
};
use crate::telemetry::component_span;

/// The type `console` among extensions.
pub struct ConsoleExtension {
    config: Arc<ConsoleConfig>,
    dashboards: Vec<DashboardConfig>,
    settings: Settings,
    span: tracing::Span,
    server: tokio::sync::Mutex<Option<ConsoleServer>>,
}

/// Streams of events that may be open at once: pages of some people with a live view each.
const OPEN_STREAMS: usize = 64;

impl ExtensionType for ConsoleExtension {
    const TYPE: &'static str = "console";
    const SIGNALS: &'static [(Signal, Stability)] = &[];
    type Config = ConsoleConfig;

    fn create(config: Arc<ConsoleConfig>, settings: Settings) -> Result<Arc<dyn Extension>, BuildError> {
        let span = component_span(&settings, "extension");
        let files = &config.dashboards;
        let dashboards = read_dashboards(&files.directory, &files.files)
            .map_err(|errors| BuildError(format!("dashboards cannot be read:\n{errors}")))?;
        Ok(Arc::new(Self { config, dashboards, settings, span, server: Default::default() }))
    }
}

impl Component for ConsoleExtension {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let config = &self.config;
            let tls = config.tls.get().map(|tls| tls.server_config(&[b"h2", b"http/1.1"])).transpose();
            let tls = tls.map_err(|error| StartError(error.to_string()))?;
            let scheme = if tls.is_some() { "https" } else { "http" };
            let scope = TaskScope::new(Workers::on(self.settings.control.clone()));
            let console = Console {
                store: host.telemetry_store(&config.store)?,
                service: Arc::clone(&host.service),
                telemetry: self.settings.telemetry.clone(),
                in_flight: self.settings.in_flight.clone(),
                clock: self.settings.clock,
                started_unix_nano: self.settings.clock.now_unix_nano(),
                read_only: config.read_only,
                dashboards: self.dashboards.clone(),
                question_timeout: config.question_timeout.to_std(),
                question_bytes: config.question_bytes.0,
                questions: Arc::new(Semaphore::new(
                    usize::try_from(config.concurrent_questions)
                        .unwrap_or(usize::MAX)
                        .min(Semaphore::MAX_PERMITS),
                )),
                streams: Arc::new(Semaphore::new(OPEN_STREAMS)),
                stopping: scope.stopping().clone(),
            };
            let server = ConsoleServer::start(config, tls, Arc::new(console), scope).await?;
            tracing::info!(parent: &self.span, "The console is at {scheme}://{}", server.address());
            *self.server.lock().await = Some(server);
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(server) = self.server.lock().await.take() {
                server.shutdown(deadline).await;
            }
        })
    }
}

impl Extension for ConsoleExtension {}
