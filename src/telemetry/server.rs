//! The server that shows our own metrics, and how each component is: `localhost:8888/metrics` and
//! `/status` unless the configuration says otherwise.

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::prometheus::{CONTENT_TYPE, ExpositionOptions, exposition};
use super::registry::Telemetry;
use crate::config::telemetry::MetricsLevel;
use crate::network::{Page, PageServer};
use crate::pipeline::StartError;
use crate::pipeline::status::StatusBoard;

/// What is shown, and how.
#[derive(Debug, Clone)]
pub struct MetricsPage {
    /// How much is shown.
    pub level: MetricsLevel,
    /// How metrics are named.
    pub options: ExpositionOptions,
    /// The attributes of our own resource, such as `service.name`.
    pub resource: Vec<(String, String)>,
    /// How each component is.
    pub status: StatusBoard,
}

/// Serves our own metrics on the control runtime.
#[derive(Debug)]
pub struct MetricsServer {
    pages: PageServer,
}

impl MetricsServer {
    /// Binds `endpoint` (`host:port`) and answers `/metrics` and `/status` there until [`shutdown`](Self::shutdown).
    pub async fn start(
        telemetry: Telemetry,
        page: MetricsPage,
        endpoint: &str,
        control: Handle,
    ) -> Result<Self, StartError> {
        let answer = move |path: &str| {
            let (content_type, body) = match path {
                "/metrics" => {
                    let readings = telemetry.read(page.level);
                    (CONTENT_TYPE, exposition(&readings, page.options, &page.resource))
                }
                "/status" => ("application/json", page.status.to_json()),
                _ => return Page::not_found(),
            };
            Page { status: http::StatusCode::OK, content_type, body }
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
