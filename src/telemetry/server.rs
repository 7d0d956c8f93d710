//! The server that shows our own metrics: `localhost:8888/metrics` unless the configuration says otherwise.

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::prometheus::{CONTENT_TYPE, ExpositionOptions, exposition};
use super::registry::Telemetry;
use crate::config::telemetry::MetricsLevel;
use crate::network::{Page, PageServer};
use crate::pipeline::StartError;

/// What is shown, and how.
#[derive(Debug, Clone)]
pub struct MetricsPage {
    /// How much is shown.
    pub level: MetricsLevel,
    /// How metrics are named.
    pub options: ExpositionOptions,
    /// The attributes of our own resource, such as `service.name`.
    pub resource: Vec<(String, String)>,
}

/// Serves our own metrics on the control runtime.
#[derive(Debug)]
pub struct MetricsServer {
    pages: PageServer,
}

impl MetricsServer {
    /// Binds `endpoint` (`host:port`) and answers `/metrics` there until [`shutdown`](Self::shutdown).
    pub async fn start(
        telemetry: Telemetry,
        page: MetricsPage,
        endpoint: &str,
        control: Handle,
    ) -> Result<Self, StartError> {
        let answer = move |path: &str| {
            if path != "/metrics" {
                return Page::not_found();
            }
            let body = exposition(&telemetry.read(page.level), page.options, &page.resource);
            Page { status: http::StatusCode::OK, content_type: CONTENT_TYPE, body }
        };
        Ok(Self { pages: PageServer::start(control, "tcp", endpoint, None, answer).await? })
    }

    /// The address bound.
    pub fn address(&self) -> &str {
        self.pages.address()
    }

    /// Stops serving; connections still open at `deadline` are cut.
    pub async fn shutdown(&self, deadline: Instant) {
        self.pages.shutdown(deadline).await;
    }
}
