//! Exporter `prometheus_remote_write`: writes metrics to stores that take Prometheus remote write, 1.0 or 2.0.
//!
//! Series are written straight from the bytes of the batch: each series once a request with its samples in the
//! order of time. What one series says in several batches arrives in that order too: one consumer takes the
//! batches out of the queue, and the requests that a large batch is cut into, which may be under way at
//! once, have no series in common.
//!
//! Other than the Collector 0.162: 429 is tried again, with the delay that the store asks for; the whole of
//! `retry_on_failure` holds and `timeout` is of one attempt; a point without a time, and of two points of a series at
//! one millisecond the one that came first, are dropped and counted; version 2.0 needs no feature gate.

mod config;
mod protocol;
mod rejection;
mod response;
mod series;
mod translation;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tokio::time::Instant;

pub use self::config::{RemoteWriteExporterConfig, RemoteWriteQueueConfig, TargetInfoConfig, WalConfig};
use self::protocol::Protocol;
use self::rejection::{Rejected, Rejection};
use self::series::{WriteRequest, WriteRequests};
use self::translation::Translation;
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::http_client::HttpClient;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, Sender, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Refusal, Settings, Stability, join_all};

/// The type `prometheus_remote_write` among exporters.
pub struct RemoteWriteExporter;

impl ExporterType for RemoteWriteExporter {
    const TYPE: &'static str = "prometheus_remote_write";
    const ALIASES: &'static [&'static str] = &["prometheusremotewrite"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = RemoteWriteExporterConfig;

    fn create(config: Arc<RemoteWriteExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let options = ExporterOptions {
            timeout: config.client().timeout,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue(),
        };
        let sender = RemoteWriteSender::new(&config, &settings)?;
        build_exporter(&settings, options, sender)
    }
}

struct RemoteWriteSender {
    translation: Arc<Translation>,
    protocol: Protocol,
    url: Uri,
    client: HttpClient,
    parallelism: usize,
    metadata_keys: Vec<String>,
}

/// What became of the requests of a batch.
#[derive(Default)]
struct Outcome {
    refused_points: usize,
    permanent: Option<Refusal>,
    retryable: Option<Refusal>,
    taken: usize,
}

impl RemoteWriteSender {
    fn new(config: &RemoteWriteExporterConfig, settings: &Settings) -> Result<Self, BuildError> {
        Ok(Self {
            translation: Arc::new(Translation::new(config)?),
            protocol: config.protocol(),
            url: config.url().map_err(BuildError)?,
            client: HttpClient::new(&config.client(), settings.workers.clone())?,
            parallelism: config.parallelism(),
            metadata_keys: config.include_metadata_keys.iter().map(|key| key.to_lowercase()).collect(),
        })
    }

    async fn write(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let headers = self.headers_of(&batch);
        let (WriteRequests { requests, overwritten }, mut rejected) = self.translate(batch).await?;
        rejected.note(overwritten, Rejection::Overwritten);
        let lanes = self.parallelism.min(requests.len());
        let lane = |first| {
            Box::pin(self.write_each(&headers, requests.iter().skip(first).step_by(lanes.max(1))))
                as BoxFuture<'_, _>
        };
        let outcome = join_all((0..lanes).map(lane).collect())
            .await
            .into_iter()
            .fold(Outcome::default(), Outcome::with);
        outcome.into_response(rejected)
    }

    /// Large batches are translated on the threads for blocking work, so that the worker goes on serving.
    async fn translate(&self, batch: Batch) -> Result<(WriteRequests, Rejected), Refusal> {
        if batch.bytes() <= LONG_BODY_BYTES {
            return Ok(self.translation.of(&batch));
        }
        let translation = Arc::clone(&self.translation);
        let translating = tokio::task::spawn_blocking(move || translation.of(&batch));
        translating.await.map_err(|error| Refusal::retryable(error.to_string()))
    }

    async fn write_each(
        &self,
        headers: &HeaderMap,
        requests: impl Iterator<Item = &WriteRequest>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        for request in requests {
            match self.post(headers.clone(), request.body.clone()).await {
                Ok(()) => outcome.taken += 1,
                Err(refusal) if refusal.is_permanent() => {
                    outcome.refused_points += request.points;
                    outcome.permanent = Some(refusal);
                }
                Err(refusal) => outcome.retryable = Some(refusal),
            }
        }
        outcome
    }

    async fn post(&self, headers: HeaderMap, body: Bytes) -> Result<(), Refusal> {
        let posted =
            self.client.post_with(&self.url, self.protocol.content_type(), headers, vec![body]).await;
        let response = posted.map_err(|error| Refusal::retryable(error.to_string()))?;
        response::check(&self.url, &response)
    }

    /// The version of the protocol, and what of the client's metadata is handed on.
    fn headers_of(&self, batch: &Batch) -> HeaderMap {
        const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
        let mut headers = HeaderMap::new();
        headers.insert(VERSION, HeaderValue::from_static(self.protocol.version()));
        let Some(client) = batch.client() else { return headers };
        for key in &self.metadata_keys {
            let values = client.metadata.get(key).into_iter().flatten();
            for value in values.filter_map(|value| HeaderValue::from_str(value).ok()) {
                if let Ok(name) = HeaderName::try_from(key.as_str()) {
                    headers.append(name, value);
                }
            }
        }
        headers
    }
}

impl Outcome {
    fn with(self, other: Self) -> Self {
        Self {
            refused_points: self.refused_points + other.refused_points,
            permanent: self.permanent.or(other.permanent),
            retryable: self.retryable.or(other.retryable),
            taken: self.taken + other.taken,
        }
    }

    /// A batch of which a request may be taken later is sent again whole: what a store has, it takes again
    /// without a word.
    fn into_response(self, mut rejected: Rejected) -> Result<ExportResponse, Refusal> {
        if let Some(refusal) = self.retryable {
            return Err(refusal);
        }
        let reason = match self.permanent {
            Some(refusal) if self.taken == 0 && rejected.points == 0 => return Err(refusal),
            Some(refusal) => Some(refusal.message),
            None => rejected.reason.take().map(|reason| reason.to_string()),
        };
        Ok(ExportResponse {
            rejected: i64::try_from(rejected.points + self.refused_points).unwrap_or(i64::MAX),
            error_message: reason.unwrap_or_default(),
        })
    }
}

impl Sender for RemoteWriteSender {
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(self.write(batch))
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(self.client.close(deadline))
    }
}
