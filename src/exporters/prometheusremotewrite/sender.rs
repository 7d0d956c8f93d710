//! Posts the requests that a batch becomes, and makes one answer of theirs.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tokio::time::Instant;

use super::RemoteWriteExporterConfig;
use super::own_metrics::OwnMetrics;
use super::protocol::Protocol;
use super::rejection::Rejected;
use super::requests::{WriteRequest, WriteRequests};
use super::response::{self, Written};
use super::translation::Translation;
use crate::network::compression::LONG_BODY_BYTES;
use crate::network::http_client::HttpClient;
use crate::otlp::Batch;
use crate::otlp::export_response::ExportResponse;
use crate::pipeline::exporting::Sender;
use crate::pipeline::{BoxFuture, BuildError, Refusal, Settings, join_all};

/// Writes batches to one store.
pub(super) struct RemoteWriteSender {
    translation: Arc<Translation>,
    protocol: Protocol,
    url: Uri,
    client: HttpClient,
    parallelism: usize,
    metadata_keys: Vec<String>,
    own_metrics: OwnMetrics,
}

/// What became of requests of a batch.
#[derive(Default)]
struct Outcome {
    taken: usize,
    /// Data points that the store will never take.
    refused_points: usize,
    permanent: Option<Refusal>,
    retryable: Option<Refusal>,
    /// What the store did not write while it answered OK.
    unwritten: Option<String>,
}

impl RemoteWriteSender {
    pub fn new(config: &RemoteWriteExporterConfig, settings: &Settings) -> Result<Self, BuildError> {
        let url = config.url().map_err(BuildError)?;
        Ok(Self {
            translation: Arc::new(Translation::new(config)?),
            protocol: config.protocol(),
            client: HttpClient::new(&config.client(), settings.workers.clone())?,
            parallelism: config.parallelism(),
            metadata_keys: config.include_metadata_keys.iter().map(|key| key.to_lowercase()).collect(),
            own_metrics: OwnMetrics::new(settings, &url, config.parallelism()),
            url,
        })
    }

    pub async fn write(&self, batch: Batch) -> Result<ExportResponse, Refusal> {
        let headers = self.headers_of(&batch);
        let (written, rejected) = self.translate(batch).await?;
        self.own_metrics.note_translation(written.series, &rejected);
        let requests = &written.requests;
        let lanes = self.parallelism.min(requests.len());
        let lanes = (0..lanes).map(|first| -> BoxFuture<'_, Outcome> {
            Box::pin(self.post_each(&headers, requests.iter().skip(first).step_by(lanes)))
        });
        let outcomes = join_all(lanes.collect()).await;
        outcomes.into_iter().fold(Outcome::default(), Outcome::with).into_response(rejected)
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

    async fn post_each(&self, headers: &HeaderMap, requests: impl Iterator<Item = &WriteRequest>) -> Outcome {
        let mut outcome = Outcome::default();
        for request in requests {
            self.post(headers.clone(), request, &mut outcome).await;
        }
        outcome
    }

    async fn post(&self, headers: HeaderMap, request: &WriteRequest, outcome: &mut Outcome) {
        let content_type = self.protocol.content_type();
        let posted = self.client.post_with(&self.url, content_type, headers, request.parts.clone()).await;
        self.own_metrics.note_sent();
        let response = match posted {
            Ok(response) => response,
            Err(error) => {
                outcome.retryable = Some(Refusal::retryable(error.to_string()));
                return;
            }
        };
        let written = match self.protocol {
            Protocol::V1 => Written::default(),
            Protocol::V2 => Written::of(&response.headers),
        };
        self.own_metrics.note_written(written);
        let missing = written.all_samples().map(|written| request.samples.saturating_sub(written));
        match response::check(&self.url, &response) {
            Ok(()) => {
                outcome.taken += 1;
                self.note_unwritten(request, missing, outcome);
            }
            Err(refusal) if refusal.is_permanent() => {
                outcome.taken += usize::from(missing.is_some_and(|missing| missing < request.samples));
                outcome.refused_points += missing.unwrap_or(request.points).min(request.points);
                outcome.permanent = Some(refusal);
            }
            Err(refusal) => outcome.retryable = Some(refusal),
        }
    }

    /// What a store of the second version left out of a request that it answered OK.
    fn note_unwritten(&self, request: &WriteRequest, missing: Option<usize>, outcome: &mut Outcome) {
        match missing {
            None if self.protocol == Protocol::V2 => tracing::warn!(
                url = %self.url,
                "X-Prometheus-Remote-Write-Samples-Written header is missing from the response, suggesting that \
                 the endpoint doesn't support RW2 and might be silently dropping data."
            ),
            None | Some(0) => {}
            Some(missing) => {
                outcome.refused_points += missing.min(request.points);
                outcome.unwritten =
                    Some(format!("{} wrote {missing} of {} samples less", self.url, request.samples));
            }
        }
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
            taken: self.taken + other.taken,
            refused_points: self.refused_points + other.refused_points,
            permanent: self.permanent.or(other.permanent),
            retryable: self.retryable.or(other.retryable),
            unwritten: self.unwritten.or(other.unwritten),
        }
    }

    /// A batch of which a request may be taken later is sent again whole: what a store has, it takes again
    /// without a word.
    fn into_response(self, rejected: Rejected) -> Result<ExportResponse, Refusal> {
        if let Some(refusal) = self.retryable {
            return Err(refusal);
        }
        let reason = match self.permanent {
            Some(refusal) if self.taken == 0 => return Err(refusal),
            Some(refusal) => Some(refusal.message),
            None => self.unwritten,
        };
        let reason = reason.or_else(|| rejected.reason.map(|reason| reason.to_string()));
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
