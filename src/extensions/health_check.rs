//! Extension `health_check`: an HTTP page that says whether the pipelines run.

use std::sync::Arc;
use std::time::{Instant as StdInstant, SystemTime};

use http::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::network::tls::ServerTlsConfig;
use crate::network::{Page, PageServer, check_listening_address};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Extension, ExtensionType, Host, Settings, Stability, StartError,
};
use crate::telemetry::{UtcTime, component_span};

config_section! {
    /// Answers 200 while every pipeline runs and 503 before and after.
    pub struct HealthCheckConfig {
        /// Where to listen.
        pub endpoint: String = "localhost:13133".to_owned(),
        /// The kind of address: `tcp`, `tcp4`, `tcp6` or `unix`.
        pub transport: String = "tcp".to_owned(),
        /// TLS of the page.
        pub tls: Optional<ServerTlsConfig> = Optional::absent(ServerTlsConfig::default()),
        /// The path of the page; one that ends with a slash stands for everything below it.
        pub path: String = "/".to_owned(),
        /// What the page says, in place of the default JSON.
        pub response_body: Optional<ResponseBodyConfig> = Optional::absent(ResponseBodyConfig::default()),
        /// Accepted; changes nothing.
        pub check_collector_pipeline: CheckCollectorPipelineConfig = CheckCollectorPipelineConfig::default(),
    }
    check(section, checking) {
        if section.endpoint.is_empty() {
            checking.error_at("endpoint", "http endpoint required");
        }
        check_listening_address(&section.transport, &section.endpoint, checking);
        if !section.path.starts_with('/') {
            checking.error_at("path", "path must start with /");
        }
    }
}

config_section! {
    /// What the page says.
    pub struct ResponseBodyConfig {
        /// While every pipeline runs.
        pub healthy: String = String::new(),
        /// Before and after.
        pub unhealthy: String = String::new(),
    }
}

config_section! {
    /// Has no effect, as in the Collector.
    pub struct CheckCollectorPipelineConfig {
        /// Whether failures of exporters are to count.
        pub enabled: bool = false,
        /// Over how long they are to be counted.
        pub interval: String = "5m".to_owned(),
        /// How many are too many.
        pub exporter_failure_threshold: i64 = 5,
    }
}

/// The type `health_check` among extensions.
pub struct HealthCheck {
    config: Arc<HealthCheckConfig>,
    settings: Settings,
    span: tracing::Span,
    health: Arc<Health>,
    server: tokio::sync::Mutex<Option<PageServer>>,
}

/// Since when every pipeline runs.
#[derive(Default)]
struct Health {
    since: Mutex<Option<(SystemTime, StdInstant)>>,
}

impl ExtensionType for HealthCheck {
    const TYPE: &'static str = "health_check";
    const SIGNALS: &'static [(Signal, Stability)] = &[];
    type Config = HealthCheckConfig;

    fn create(config: Arc<HealthCheckConfig>, settings: Settings) -> Result<Arc<dyn Extension>, BuildError> {
        let span = component_span(&settings, "extension");
        Ok(Arc::new(Self { config, settings, span, health: Arc::default(), server: Default::default() }))
    }
}

impl Component for HealthCheck {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let endpoint = &self.config.endpoint;
            let failed = |error: String| StartError(format!("failed to bind to address {endpoint}: {error}"));
            let tls = self.config.tls.get().map(|tls| tls.server_config(&[b"http/1.1"])).transpose();
            let tls = tls.map_err(|error| failed(error.to_string()))?;
            let (config, health) = (Arc::clone(&self.config), Arc::clone(&self.health));
            let page = move |path: &str| {
                if covers(&config.path, path) {
                    health.page(config.response_body.get())
                } else {
                    Page::not_found()
                }
            };
            let control = self.settings.control.clone();
            let server = PageServer::start(control, &self.config.transport, endpoint, tls, page).await;
            let server = server.map_err(|error| failed(error.to_string()))?;
            tracing::info!(parent: &self.span, endpoint = server.address(), "Starting health_check extension");
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

impl Extension for HealthCheck {
    fn pipelines_ready(&self) {
        *self.health.since.lock() = Some((SystemTime::now(), StdInstant::now()));
        tracing::info!(parent: &self.span, status = "ready", "Health Check state change");
    }

    fn pipelines_stopping(&self) {
        *self.health.since.lock() = None;
        tracing::info!(parent: &self.span, status = "unavailable", "Health Check state change");
    }
}

/// True where a page at `page_path` answers for `path`.
fn covers(page_path: &str, path: &str) -> bool {
    path == page_path || (page_path.ends_with('/') && path.starts_with(page_path))
}

impl Health {
    fn page(&self, body: Option<&ResponseBodyConfig>) -> Page {
        let since = *self.since.lock();
        let status = if since.is_some() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        if let Some(body) = body {
            let body = if since.is_some() { &body.healthy } else { &body.unhealthy };
            return Page { status, content_type: "text/plain; charset=utf-8", body: body.clone() };
        }
        let body = match since {
            Some((time, instant)) => format!(
                r#"{{"status":"Server available","upSince":"{}","uptime":"{}"}}"#,
                UtcTime::from(time).rfc3339_nanos(),
                GoDuration::from(instant.elapsed()),
            ),
            // Go's zero time, which clients of the Collector know as "not up".
            None => {
                r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#.to_owned()
            }
        };
        Page { status, content_type: "application/json", body }
    }
}

#[cfg(test)]
mod tests;
