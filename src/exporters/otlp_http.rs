//! Exporter `otlp_http`: OTLP over HTTP, protobuf or JSON.

mod config;
mod response;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use tokio::time::Instant;

pub use config::{OtlpEncoding, OtlpHttpExporterConfig};

use self::response::answer_of;
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::http_client::HttpClient;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::json::encode_json;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, Sender, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Refusal, Settings, Stability};

/// The type `otlp_http` among exporters.
pub struct OtlpHttpExporter;

impl ExporterType for OtlpHttpExporter {
    const TYPE: &'static str = "otlp_http";
    const ALIASES: &'static [&'static str] = &["otlphttp"];
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Stable),
        (Signal::Metrics, Stability::Stable),
        (Signal::Logs, Stability::Stable),
    ];
    type Config = OtlpHttpExporterConfig;

    fn create(config: Arc<OtlpHttpExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options = ExporterOptions {
            timeout: config.client.timeout,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue.clone(),
        };
        let sender = OtlpHttpSender::new(&config, &settings)?;
        build_exporter(&settings, options, sender)
    }
}

struct OtlpHttpSender {
    url: Uri,
    encoding: OtlpEncoding,
    client: HttpClient,
}

impl OtlpHttpSender {
    fn new(config: &OtlpHttpExporterConfig, settings: &Settings) -> Result<Self, BuildError> {
        Ok(Self {
            url: config.url_of(settings.signal.unwrap_or(Signal::Traces)).map_err(BuildError)?,
            encoding: config.encoding,
            client: HttpClient::new(&config.client, settings.workers.clone())?,
        })
    }

    async fn post(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let signal = batch.signal();
        let (content_type, parts) = match self.encoding {
            OtlpEncoding::Protobuf => ("application/x-protobuf", batch.into_parts()),
            OtlpEncoding::Json => ("application/json", vec![encode_json_off_worker(batch).await?]),
        };
        let posted = self.client.post(&self.url, content_type, parts).await;
        let response = posted.map_err(|error| Refusal::retryable(error.to_string()))?;
        answer_of(signal, &self.url, &response)
    }
}

impl Sender for OtlpHttpSender {
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(self.post(batch))
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(self.client.close(deadline))
    }
}

/// Long documents are written on the threads for blocking work, so that the worker goes on serving.
async fn encode_json_off_worker(batch: Batch) -> Result<Bytes, Refusal> {
    if batch.bytes() <= LONG_BODY_BYTES {
        return Ok(encode_json(&batch).into());
    }
    let encoding = tokio::task::spawn_blocking(move || encode_json(&batch));
    encoding.await.map(Bytes::from).map_err(|error| Refusal::retryable(error.to_string()))
}
