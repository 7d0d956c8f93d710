//! Exporter `zipkin`: spans to Zipkin and what takes its format.
//!
//! Other than the Collector: a span without an id is dropped and counted, the others of its batch are sent; one that
//! ends before it starts is sent without a duration; `default_service_name` holds; what the server refuses with 4xx
//! other than 429 is not tried again; protobuf has addresses of version 4 in four bytes and no parent of zeros.

mod translation;

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{StatusCode, Uri};
use prost::Message;
use tokio::time::Instant;

pub(crate) use self::translation::Translation;
use crate::config::{GoDuration, Optional};
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::headers::retry_after;
use crate::network::http_client::{HttpClient, HttpClientConfig};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, RetryConfig, Sender, SendingQueueConfig, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Refusal, Settings, Stability};
use crate::zipkin::ListOfSpans;
use crate::zipkin::json::write_spans;
use crate::{config_section, config_word};

config_section! {
    /// Sends spans in Zipkin's format.
    pub struct ZipkinExporterConfig {
        /// The client. Its `endpoint` is the whole URL, such as `http://localhost:9411/api/v2/spans`.
        pub [flatten] client: HttpClientConfig = default_client(),
        /// How requests are encoded: `json` or `proto`.
        pub format: ZipkinFormat = ZipkinFormat::Json,
        /// The service of spans whose resource names none.
        pub default_service_name: String = "<missing service name>".to_owned(),
        /// Tries again what was not taken for a reason that may pass.
        pub retry_on_failure: RetryConfig = RetryConfig::default(),
        /// Keeps batches until they are sent.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::on(SendingQueueConfig::default()),
    }
    check(section, checking) {
        if section.client.endpoint.is_empty() {
            checking.error("endpoint required");
        } else if let Err(message) = section.url() {
            checking.error_at("endpoint", message);
        }
    }
}

config_word! {
    /// How requests are encoded.
    pub enum ZipkinFormat {
        /// JSON of version 2.
        Json = "json",
        /// Protobuf of version 2.
        Protobuf = "proto",
    }
    refused(text) { format!("{text} is not one of json or proto") }
}

fn default_client() -> HttpClientConfig {
    HttpClientConfig {
        timeout: GoDuration::from_secs(5),
        write_buffer_size: 512 * 1024,
        ..HttpClientConfig::default()
    }
}

impl ZipkinExporterConfig {
    fn url(&self) -> Result<Uri, String> {
        let url = self.client.endpoint.parse::<Uri>().ok();
        let has_place = |url: &Uri| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
        };
        url.filter(has_place).ok_or_else(|| {
            format!(
                "endpoint must be a URL such as http://localhost:9411/api/v2/spans, got {:?}",
                self.client.endpoint
            )
        })
    }
}

/// The type `zipkin` among exporters.
pub struct ZipkinExporter;

impl ExporterType for ZipkinExporter {
    const TYPE: &'static str = "zipkin";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Traces, Stability::Beta)];
    type Config = ZipkinExporterConfig;

    fn create(config: Arc<ZipkinExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options = ExporterOptions {
            timeout: config.client.timeout,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue.clone(),
        };
        let sender = ZipkinSender::new(&config, &settings)?;
        build_exporter(&settings, options, sender)
    }
}

struct ZipkinSender {
    url: Uri,
    format: ZipkinFormat,
    translation: Arc<Translation>,
    client: HttpClient,
}

/// A request and what of the batch is not in it.
struct Request {
    body: Bytes,
    spans: usize,
    not_sent: ExportResponse,
}

impl ZipkinSender {
    fn new(config: &ZipkinExporterConfig, settings: &Settings) -> Result<Self, BuildError> {
        Ok(Self {
            url: config.url().map_err(BuildError)?,
            format: config.format,
            translation: Arc::new(Translation { default_service_name: config.default_service_name.clone() }),
            client: HttpClient::new(&config.client, settings.workers.clone())?,
        })
    }

    async fn post(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let request = self.request(batch).await?;
        if request.spans == 0 {
            return Ok(request.not_sent);
        }
        let content_type = match self.format {
            ZipkinFormat::Json => "application/json",
            ZipkinFormat::Protobuf => "application/x-protobuf",
        };
        let posted = self.client.post(&self.url, content_type, vec![request.body]).await;
        let response = posted.map_err(|error| {
            Refusal::retryable(format!("failed to push trace data via Zipkin exporter: {error}"))
        })?;
        let status = response.status;
        if status.is_success() {
            return Ok(request.not_sent);
        }
        let message = format!("failed the request with status code {}", status.as_u16());
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let delay = retry_after(&response.headers, SystemTime::now());
            return Err(Refusal::retryable(message).after(delay));
        }
        Err(Refusal::permanent(message))
    }

    /// Large batches are translated on the threads for blocking work, so that the worker goes on serving.
    async fn request(&self, batch: Batch) -> Result<Request, Refusal> {
        let (translation, format) = (Arc::clone(&self.translation), self.format);
        if batch.bytes() <= LONG_BODY_BYTES {
            return Ok(request_of(&batch, &translation, format));
        }
        let translating = tokio::task::spawn_blocking(move || request_of(&batch, &translation, format));
        translating.await.map_err(|error| Refusal::retryable(error.to_string()))
    }
}

fn request_of(batch: &Batch, translation: &Translation, format: ZipkinFormat) -> Request {
    let (spans, not_sent) = translation.spans_of(batch);
    let count = spans.len();
    let body = match format {
        ZipkinFormat::Json => write_spans(&spans),
        ZipkinFormat::Protobuf => ListOfSpans { spans }.encode_to_vec(),
    };
    Request { body: body.into(), spans: count, not_sent }
}

impl Sender for ZipkinSender {
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(self.post(batch))
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(self.client.close(deadline))
    }
}

#[cfg(test)]
mod tests;
