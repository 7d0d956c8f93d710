//! Receiver `zipkin`: spans in Zipkin's formats over HTTP: version 2 in JSON and protobuf, version 1 in JSON.
//!
//! See <https://zipkin.io/zipkin-api/>. Version 1 in Thrift is refused with 415.

mod attributes;
mod translation;
mod version_1;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use tokio::time::Instant;

use self::attributes::TagTypes;
use super::otlp::{ReceiverCounters, deliver};
use crate::config::GoDuration;
use crate::config_section;
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::http_server::{
    BodyError, HttpHandler, HttpRequest, HttpResponse, HttpServer, HttpServerConfig, plain_text,
};
use crate::otlp::{Batch, Signal};
use crate::pipeline::{
    BoxFuture, BuildError, Clock, Component, Consumer, Host, InFlightBytes, Outputs, ReceiverType, Refusal,
    Settings, Stability, StartError, TaskScope,
};
use crate::zipkin::ListOfSpans;
use crate::zipkin::json::parse_spans;

config_section! {
    /// Takes spans in Zipkin's formats: version 2 in JSON and protobuf at `/api/v2/spans`, version 1 in JSON at
    /// `/api/v1/spans`.
    pub struct ZipkinReceiverConfig {
        /// The server.
        pub [flatten] server: HttpServerConfig = default_server(),
        /// Whether tags that look like numbers or truth values become such.
        pub parse_string_tags: bool = false,
    }
}

/// The receiver waits for slow clients and slow pipelines, and has a connection for each request, as the
/// Collector's.
fn default_server() -> HttpServerConfig {
    HttpServerConfig {
        endpoint: "localhost:9411".to_owned(),
        read_header_timeout: GoDuration::ZERO,
        write_timeout: GoDuration::ZERO,
        idle_timeout: GoDuration::ZERO,
        keep_alives_enabled: false,
        ..HttpServerConfig::default()
    }
}

/// The type `zipkin` among receivers.
pub struct ZipkinReceiver {
    server: HttpServer,
    scope: TaskScope,
}

impl ReceiverType for ZipkinReceiver {
    const TYPE: &'static str = "zipkin";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Traces, Stability::Beta)];
    type Config = ZipkinReceiverConfig;

    fn create(
        config: Arc<ZipkinReceiverConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let scope = TaskScope::new(settings.workers.clone());
        let handler = ZipkinHandler {
            consumer: outputs.required(Signal::Traces)?,
            counters: Format::ALL.map(|format| ReceiverCounters::new(&settings, format.transport())),
            tag_types: TagTypes { are_parsed: config.parse_string_tags },
            clock: settings.clock,
            in_flight: settings.in_flight.clone(),
            scope: scope.clone(),
        };
        Ok(Box::new(Self { server: HttpServer::new(&config.server, Arc::new(handler))?, scope }))
    }
}

impl Component for ZipkinReceiver {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let address = self.server.start(&self.scope).await?;
            tracing::info!(endpoint = address, "Starting HTTP server");
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.scope.join(deadline).await;
        })
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Version1Json,
    Version2Json,
    Version2Protobuf,
}

impl Format {
    const ALL: [Self; 3] = [Self::Version1Json, Self::Version2Json, Self::Version2Protobuf];

    const fn transport(self) -> &'static str {
        match self {
            Self::Version1Json => "http_v1_json",
            Self::Version2Json => "http_v2_json",
            Self::Version2Protobuf => "http_v2_proto",
        }
    }

    /// The format of a request: by its path, and by its `Content-Type` where that is not JSON.
    fn of(path: &str, headers: &HeaderMap) -> Result<Self, &'static str> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        match (path.contains("api/v1/spans"), media_type) {
            (true, "application/x-thrift") => {
                Err("Thrift is not supported; send application/json, or protobuf to /api/v2/spans")
            }
            (true, _) => Ok(Self::Version1Json),
            (false, "application/x-protobuf") => Ok(Self::Version2Protobuf),
            (false, _) => Ok(Self::Version2Json),
        }
    }
}

struct ZipkinHandler {
    consumer: Arc<dyn Consumer>,
    /// In the order of [`Format::ALL`].
    counters: [ReceiverCounters; 3],
    tag_types: TagTypes,
    clock: Clock,
    in_flight: InFlightBytes,
    scope: TaskScope,
}

impl HttpHandler for ZipkinHandler {
    fn handle(&self, request: HttpRequest) -> BoxFuture<'_, HttpResponse> {
        Box::pin(self.answer(request))
    }
}

impl ZipkinHandler {
    async fn answer(&self, request: HttpRequest) -> HttpResponse {
        let HttpRequest { head, body, client } = request;
        if head.method != Method::POST {
            body.discard(&head.headers).await;
            return plain_text(StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed, supported: [POST]");
        }
        let format = match Format::of(head.uri.path(), &head.headers) {
            Ok(format) => format,
            Err(problem) => {
                body.discard(&head.headers).await;
                return plain_text(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem);
            }
        };
        let body = match body.read(&head.headers).await {
            Ok(body) => body,
            Err(error @ BodyError::TooSlow) => {
                return plain_text(StatusCode::REQUEST_TIMEOUT, error.to_string());
            }
            Err(error) => return plain_text(StatusCode::BAD_REQUEST, error.to_string()),
        };
        let batch = match self.decode(format, body).await {
            Ok(batch) => batch,
            Err(problem) => return plain_text(StatusCode::BAD_REQUEST, problem),
        };
        if batch.is_empty() {
            return accepted();
        }
        let [version_1, version_2, protobuf] = &self.counters;
        let counters = match format {
            Format::Version1Json => version_1,
            Format::Version2Json => version_2,
            Format::Version2Protobuf => protobuf,
        };
        match deliver(&self.consumer, batch.with_client(client), &self.scope, counters).await {
            Ok(()) => accepted(),
            Err(refusal) => refused(&refusal),
        }
    }

    /// Long bodies are read on the threads for blocking work, so that the worker goes on serving.
    async fn decode(&self, format: Format, body: Bytes) -> Result<Batch, String> {
        let (tag_types, clock) = (self.tag_types, self.clock);
        let is_short = body.len() <= LONG_BODY_BYTES;
        let decode = move || decode(format, &body, tag_types, clock);
        let (part, items) = if is_short {
            decode()?
        } else {
            tokio::task::spawn_blocking(decode).await.map_err(|error| error.to_string())??
        };
        if items == 0 {
            return Ok(Batch::empty(Signal::Traces));
        }
        Ok(Batch::from_valid_part(Signal::Traces, self.in_flight.track(part), items))
    }
}

/// The request that a body means in OTLP, and how many spans it has.
fn decode(format: Format, body: &[u8], tag_types: TagTypes, clock: Clock) -> Result<(Bytes, usize), String> {
    let resource_spans = match format {
        Format::Version1Json => version_1::parse(body, tag_types, clock.now_unix_nano())?,
        Format::Version2Json => {
            let spans = parse_spans(body).map_err(|error| error.to_string())?;
            translation::resource_spans_of(spans, tag_types)
        }
        Format::Version2Protobuf => {
            let spans = ListOfSpans::decode(body).map_err(|error| error.to_string())?.spans;
            translation::check_ids(&spans)?;
            translation::resource_spans_of(spans, tag_types)
        }
    };
    let items = count(&resource_spans);
    let request = ExportTraceServiceRequest { resource_spans };
    Ok((request.encode_to_vec().into(), items))
}

fn count(resource_spans: &[ResourceSpans]) -> usize {
    resource_spans.iter().flat_map(|group| &group.scope_spans).map(|group| group.spans.len()).sum()
}

fn accepted() -> HttpResponse {
    let mut response = HttpResponse::default();
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// The Collector's answers: bodies of JSON with a text.
fn refused(refusal: &Refusal) -> HttpResponse {
    let (status, text) = if refusal.is_permanent() {
        (StatusCode::BAD_REQUEST, "\"Bad Request\"")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "\"Internal Server Error\"")
    };
    let mut response = plain_text(status, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
