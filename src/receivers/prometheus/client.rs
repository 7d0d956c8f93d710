//! Asks targets for their metrics.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::config::{
    GlobalConfig, NameEscaping, ScrapeClientConfig, ScrapeConfig, ScrapeProtocol, tls_version,
};
use super::credentials::Credentials;
use super::location::redirected;
use crate::config::Secret;
use crate::network::compression::{Compression, DecompressError, decompress_off_worker};
use crate::network::http_client::{HttpClient, HttpClientConfig};
use crate::network::tls::{ClientTlsConfig, TlsConfig};
use crate::pipeline::{BuildError, Workers};

/// The client of one job.
pub(super) struct ScrapeClient {
    client: HttpClient,
    credentials: Credentials,
    /// What every request asks for.
    headers: HeaderMap,
    follows_redirects: bool,
    body_limit: usize,
}

/// What a target answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The header `Content-Type`, empty where there is none.
    pub(super) content_type: String,
    /// The body, decompressed.
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScrapeFailure {
    /// The body is longer than it may be.
    #[error("body size limit exceeded")]
    TooLong,
    /// Anything else, as a sentence.
    #[error("{0}")]
    Other(String),
}

/// The longest body where the configuration has no limit: memory is bounded whatever a target sends.
const LONGEST_BODY: usize = 256 << 20;

/// How many redirects are followed, as in Go.
const MOST_REDIRECTS: usize = 10;

impl ScrapeClient {
    /// The client of a job; opens no connection yet.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the section cannot be had.
    pub(super) fn new(
        job: &ScrapeConfig,
        global: &GlobalConfig,
        workers: Workers,
    ) -> Result<Self, BuildError> {
        let config = client_config(&job.client);
        let client = if job.client.proxy_from_environment {
            HttpClient::new(&config, workers)?
        } else {
            HttpClient::without_environment(&config, workers)?
        };
        let limit = job.limits.or(&global.limits).body_size_limit.0;
        let body_limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(LONGEST_BODY);
        Ok(Self {
            client,
            credentials: Credentials::new(&job.client),
            headers: request_headers(job, global),
            follows_redirects: job.client.follow_redirects,
            body_limit,
        })
    }

    /// What `url` answers within `timeout`.
    ///
    /// # Errors
    ///
    /// [`ScrapeFailure`]: no answer, another status than 200, or too long a body.
    pub(super) async fn fetch(&self, url: &Uri, timeout: Duration) -> Result<Answer, ScrapeFailure> {
        let fetching = tokio::time::timeout(timeout, self.fetch_at_leisure(url, timeout));
        fetching.await.unwrap_or_else(|_| {
            Err(ScrapeFailure::Other(format!("Get \"{url}\": context deadline exceeded")))
        })
    }

    /// Closes every connection.
    pub(super) async fn close(&self, deadline: tokio::time::Instant) {
        self.client.close(deadline).await;
    }

    async fn fetch_at_leisure(&self, url: &Uri, timeout: Duration) -> Result<Answer, ScrapeFailure> {
        let mut headers = self.headers.clone();
        self.credentials.add_to(&mut headers).await.map_err(ScrapeFailure::Other)?;
        if let Ok(seconds) = HeaderValue::from_str(&timeout.as_secs_f64().to_string()) {
            headers.insert(HeaderName::from_static("x-prometheus-scrape-timeout-seconds"), seconds);
        }
        let mut url = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.client.get(&url, headers.clone(), self.body_limit).await;
            let response = response.map_err(|error| ScrapeFailure::Other(error.to_string()))?;
            if self.follows_redirects
                && let Some(next) = redirected(&url, response.status, &response.headers)
            {
                if next.authority() != url.authority() {
                    headers.remove(header::AUTHORIZATION);
                }
                url = next;
                continue;
            }
            if response.status != http::StatusCode::OK {
                let message = format!("server returned HTTP status {}", response.status);
                return Err(ScrapeFailure::Other(message));
            }
            let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
            let content_type = text(header::CONTENT_TYPE).to_owned();
            let is_compressed = text(header::CONTENT_ENCODING) == "gzip";
            let body = self.body(response.body, is_compressed).await?;
            return Ok(Answer { content_type, body });
        }
        Err(ScrapeFailure::Other(format!("Get \"{url}\": stopped after {MOST_REDIRECTS} redirects")))
    }

    async fn body(&self, body: Bytes, is_compressed: bool) -> Result<Bytes, ScrapeFailure> {
        let body = if is_compressed && body.len() < self.body_limit {
            let decompressing = decompress_off_worker(Compression::Gzip, body, self.body_limit);
            decompressing.await.map_err(|error| match error {
                DecompressError::TooLarge { .. } => ScrapeFailure::TooLong,
                DecompressError::Invalid { .. } => ScrapeFailure::Other(error.to_string()),
            })?
        } else {
            body
        };
        if body.len() >= self.body_limit { Err(ScrapeFailure::TooLong) } else { Ok(body) }
    }
}

fn client_config(config: &ScrapeClientConfig) -> HttpClientConfig {
    let tls = &config.tls_config;
    let version = |name: &str| tls_version(name).unwrap_or_default().to_owned();
    let shared = TlsConfig {
        ca_file: tls.ca_file.clone(),
        ca_pem: Secret::new(tls.ca.clone()),
        cert_file: tls.cert_file.clone(),
        cert_pem: Secret::new(tls.cert.clone()),
        key_file: tls.key_file.clone(),
        key_pem: tls.key.clone(),
        min_version: version(&tls.min_version),
        max_version: version(&tls.max_version),
        ..TlsConfig::default()
    };
    HttpClientConfig {
        proxy_url: config.proxy_url.clone(),
        tls: ClientTlsConfig {
            shared,
            insecure_skip_verify: tls.insecure_skip_verify,
            server_name_override: tls.server_name.clone(),
            ..ClientTlsConfig::default()
        },
        force_attempt_http2: config.enable_http2,
        ..HttpClientConfig::default()
    }
}

fn request_headers(job: &ScrapeConfig, global: &GlobalConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(accept) = HeaderValue::from_str(&accept_header(&job.protocols(global), job.escaping(global))) {
        headers.insert(header::ACCEPT, accept);
    }
    let encoding = if job.enable_compression { "gzip" } else { "identity" };
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    headers
}

/// The formats by preference, then anything.
fn accept_header(protocols: &[ScrapeProtocol], escaping: NameEscaping) -> String {
    let mut accepted = Vec::new();
    let mut weight = 6;
    for protocol in protocols {
        let (media_type, has_escaping) = match protocol {
            ScrapeProtocol::Protobuf => (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
                false,
            ),
            ScrapeProtocol::Text004 => ("text/plain;version=0.0.4", false),
            ScrapeProtocol::Text100 => ("text/plain;version=1.0.0", true),
            ScrapeProtocol::OpenMetrics001 => ("application/openmetrics-text;version=0.0.1", false),
            ScrapeProtocol::OpenMetrics100 => ("application/openmetrics-text;version=1.0.0", true),
        };
        let escaping = if has_escaping { format!(";escaping={}", escaping.word()) } else { String::new() };
        accepted.push(format!("{media_type}{escaping};q=0.{weight}"));
        weight -= 1;
    }
    accepted.push(format!("*/*;q=0.{weight}"));
    accepted.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_asked_for_in_their_order() {
        let job = ScrapeConfig::default();
        let global = GlobalConfig::default();
        assert_eq!(
            accept_header(&job.protocols(&global), job.escaping(&global)),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
    }
}
