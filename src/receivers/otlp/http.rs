//! The HTTP half of the receiver: one path per signal, protobuf and JSON.
//!
//! See <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

mod answers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, header};

use self::answers::Encoding;
use super::ReceiverCounters;
use super::delivery::deliver;
use crate::config::GoDuration;
use crate::config_section;
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::http_server::{
    HttpHandler, HttpRequest, HttpResponse, HttpServer, HttpServerConfig, RequestBody,
};
use crate::otlp::json::decode_json;
use crate::otlp::{Batch, Signal};
use crate::pipeline::{
    BoxFuture, BuildError, Consumer, InFlightBytes, Outputs, Settings, StartError, TaskScope,
};

config_section! {
    /// OTLP over HTTP.
    pub struct OtlpHttpConfig {
        /// The server.
        pub [flatten] server: HttpServerConfig = default_server(),
        /// The path that takes spans.
        pub traces_url_path: String = "/v1/traces".to_owned(),
        /// The path that takes data points.
        pub metrics_url_path: String = "/v1/metrics".to_owned(),
        /// The path that takes log records.
        pub logs_url_path: String = "/v1/logs".to_owned(),
    }
}

/// The receiver waits for slow clients and slow pipelines, as the Collector's does.
fn default_server() -> HttpServerConfig {
    HttpServerConfig {
        endpoint: "localhost:4318".to_owned(),
        read_header_timeout: GoDuration::ZERO,
        write_timeout: GoDuration::ZERO,
        idle_timeout: GoDuration::ZERO,
        ..HttpServerConfig::default()
    }
}

/// The HTTP server of one receiver, which does not listen yet.
pub struct OtlpHttpServer {
    server: HttpServer,
}

impl OtlpHttpServer {
    /// The server of the receiver `settings` belong to.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the section cannot be had.
    pub fn new(
        config: &OtlpHttpConfig,
        settings: &Settings,
        outputs: &Outputs,
        scope: &TaskScope,
    ) -> Result<Self, BuildError> {
        let paths = [&config.traces_url_path, &config.metrics_url_path, &config.logs_url_path];
        let handler = OtlpHttpHandler {
            paths: paths.map(|path| with_leading_slash(path)),
            outputs: outputs.clone(),
            counters: ReceiverCounters::new(settings, "http"),
            in_flight: settings.in_flight.clone(),
            scope: scope.clone(),
        };
        Ok(Self { server: HttpServer::new(&config.server, Arc::new(handler))? })
    }

    /// Binds and serves until `scope` stops.
    ///
    /// # Errors
    ///
    /// The sentence of [`Listener::bind`](crate::network::Listener::bind).
    pub async fn start(&self, scope: &TaskScope) -> Result<(), StartError> {
        let address = self.server.start(scope).await?;
        tracing::info!(endpoint = address, "Starting HTTP server");
        Ok(())
    }
}

fn with_leading_slash(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

struct OtlpHttpHandler {
    /// In the order of [`Signal::ALL`].
    paths: [String; 3],
    outputs: Outputs,
    counters: ReceiverCounters,
    in_flight: InFlightBytes,
    scope: TaskScope,
}

impl HttpHandler for OtlpHttpHandler {
    fn handle(&self, request: HttpRequest) -> BoxFuture<'_, HttpResponse> {
        Box::pin(self.answer(request))
    }
}

impl OtlpHttpHandler {
    async fn answer(&self, request: HttpRequest) -> HttpResponse {
        let HttpRequest { head, body, client } = request;
        let Some((signal, consumer)) = self.route(head.uri.path()) else {
            return refuse_unread(body, &head.headers, answers::not_found()).await;
        };
        if head.method != Method::POST {
            return refuse_unread(body, &head.headers, answers::method_not_allowed()).await;
        }
        let Some(encoding) = content_type(&head.headers) else {
            return refuse_unread(body, &head.headers, answers::unsupported_media_type()).await;
        };
        let body = match body.read(&head.headers).await {
            Ok(body) => body,
            Err(error) => return answers::body_not_read(encoding, &error),
        };
        let batch = match decode(signal, encoding, body, &self.in_flight).await {
            Ok(batch) => batch,
            Err(message) => return answers::body_not_decodable(encoding, message),
        };
        if batch.is_empty() {
            return answers::success(encoding, signal);
        }
        match deliver(consumer, batch.with_client(client), &self.scope, &self.counters).await {
            Ok(()) => answers::success(encoding, signal),
            Err(refusal) => answers::refused(encoding, &refusal),
        }
    }
}

impl OtlpHttpHandler {
    /// The signal of a path, where a pipeline takes it.
    fn route(&self, path: &str) -> Option<(Signal, &Arc<dyn Consumer>)> {
        let mut routes = Signal::ALL.into_iter().zip(&self.paths);
        let (signal, _) = routes.find(|(_, known)| *known == path)?;
        Some((signal, self.outputs.of(signal)?))
    }
}

async fn refuse_unread(body: RequestBody, headers: &HeaderMap, response: HttpResponse) -> HttpResponse {
    body.discard(headers).await;
    response
}

/// The encoding that the `Content-Type` names; its parameters do not matter.
fn content_type(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default().trim();
    Encoding::ALL.into_iter().find(|encoding| encoding.content_type().eq_ignore_ascii_case(media_type))
}

async fn decode(
    signal: Signal,
    encoding: Encoding,
    body: Bytes,
    in_flight: &InFlightBytes,
) -> Result<Batch, String> {
    match encoding {
        Encoding::Protobuf => {
            Batch::from_untrusted_part(signal, in_flight.track(body)).map_err(|error| error.to_string())
        }
        Encoding::Json => {
            let batch = decode_json_off_worker(signal, body).await?;
            let items = batch.items();
            let part = batch.into_parts().pop();
            Ok(part.map_or_else(
                || Batch::empty(signal),
                |part| Batch::from_valid_part(signal, in_flight.track(part), items),
            ))
        }
    }
}

/// Long documents are read on the threads for blocking work, so that the worker goes on serving.
async fn decode_json_off_worker(signal: Signal, body: Bytes) -> Result<Batch, String> {
    let is_short = body.len() <= LONG_BODY_BYTES;
    let read = move || decode_json(signal, &body).map_err(|error| error.to_string());
    if is_short {
        return read();
    }
    tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())?
}
