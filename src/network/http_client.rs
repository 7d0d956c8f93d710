//! HTTP clients of exporters, with the Collector's fields: HTTP/1.1 and, under TLS, HTTP/2; connections
//! are pooled for each worker, so that a request stays on the core it was made on.

mod body;
mod config;
mod connector;
mod proxy;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioTimer;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use config::{CookiesConfig, HttpClientConfig};

use self::body::PartsBody;
use self::connector::Connector;
use self::proxy::Proxies;
use super::compression::{Compression, compress_off_worker};
use crate::pipeline::{BuildError, TaskScope, Workers};

/// A response whose body was read.
#[derive(Debug)]
pub struct HttpClientResponse {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, up to the limit: [`RESPONSE_LIMIT`] for answers to what is posted.
    pub body: Bytes,
}

/// How many bytes of a response to a post are read.
pub const RESPONSE_LIMIT: usize = 64 * 1024;

/// Why there is no response, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HttpClientError(String);

/// Posts bodies and gets pages.
pub struct HttpClient {
    /// One pool for each worker.
    pools: Vec<Client<Connector, PartsBody>>,
    proxies: Proxies,
    headers: HeaderMap,
    compression: Compression,
    compression_level: i32,
    requests: Option<Semaphore>,
    scope: TaskScope,
}

impl HttpClient {
    /// A client of the section; opens no connection yet.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the section cannot be had.
    pub fn new(config: &HttpClientConfig, workers: Workers) -> Result<Self, BuildError> {
        Self::with_proxies(config, workers, || Proxies::new(&config.proxy_url))
    }

    /// A client that uses no proxy but the section's, whatever the environment says.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn without_environment(config: &HttpClientConfig, workers: Workers) -> Result<Self, BuildError> {
        let has_proxy = !config.proxy_url.is_empty();
        Self::with_proxies(config, workers, || {
            if has_proxy { Proxies::new(&config.proxy_url) } else { Ok(Proxies::none()) }
        })
    }

    fn with_proxies(
        config: &HttpClientConfig,
        workers: Workers,
        proxies: impl Fn() -> Result<Proxies, String>,
    ) -> Result<Self, BuildError> {
        config.check_extensions()?;
        let alpn: &[&[u8]] = if config.force_attempt_http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        let tls = config.tls.client_config_of_https(alpn)?;
        let connector = Connector::new(tls, config.tls.clone(), proxies().map_err(BuildError)?);
        let scope = TaskScope::new(workers);
        let pools =
            (0..scope.workers().count()).map(|_| pool(config, connector.clone(), scope.clone())).collect();
        Ok(Self {
            pools,
            proxies: proxies().map_err(BuildError)?,
            headers: request_headers(config),
            compression: config.compression,
            compression_level: config.compression_params.level,
            requests: usize::try_from(config.max_conns_per_host)
                .ok()
                .filter(|limit| *limit > 0)
                .map(Semaphore::new),
            scope,
        })
    }

    /// Posts the parts as one body, compressed as configured, and reads the response.
    ///
    /// # Errors
    ///
    /// Where no response came: the sentence says how far the request got.
    pub async fn post(
        &self,
        url: &Uri,
        content_type: &'static str,
        parts: Vec<Bytes>,
    ) -> Result<HttpClientResponse, HttpClientError> {
        self.post_with(url, content_type, HeaderMap::new(), parts).await
    }

    /// The same with header fields of this request, which those of the configuration replace.
    ///
    /// # Errors
    ///
    /// As [`post`](Self::post).
    pub async fn post_with(
        &self,
        url: &Uri,
        content_type: &'static str,
        headers: HeaderMap,
        parts: Vec<Bytes>,
    ) -> Result<HttpClientResponse, HttpClientError> {
        let failed = |error: &(dyn Error + 'static)| {
            HttpClientError(format!("failed to make an HTTP request: Post \"{url}\": {}", error_chain(error)))
        };
        let request =
            self.request(url, content_type, headers, parts).await.map_err(|error| failed(&*error))?;
        self.send(request, RESPONSE_LIMIT).await.map_err(|error| failed(&*error))
    }

    /// Gets a page, with `headers` besides the section's. At most `limit` bytes of its body are read, as
    /// they were sent: redirects are not followed, and nothing is decompressed.
    ///
    /// # Errors
    ///
    /// Where no response came: the sentence says how far the request got.
    pub async fn get(
        &self,
        url: &Uri,
        headers: HeaderMap,
        limit: usize,
    ) -> Result<HttpClientResponse, HttpClientError> {
        let failed =
            |error: &(dyn Error + 'static)| HttpClientError(format!("Get \"{url}\": {}", error_chain(error)));
        let mut request =
            Request::get(url.clone()).body(PartsBody::new(Vec::new())).map_err(|error| failed(&error))?;
        request.headers_mut().extend(headers);
        self.complete(request.headers_mut(), url);
        self.send(request, limit).await.map_err(|error| failed(&*error))
    }

    async fn send(
        &self,
        request: Request<PartsBody>,
        limit: usize,
    ) -> Result<HttpClientResponse, Box<dyn Error + Send + Sync>> {
        let _permit = match &self.requests {
            Some(requests) => Some(requests.acquire().await?),
            None => None,
        };
        let pool = self.pools.get(self.scope.workers().current_index()).or_else(|| self.pools.first());
        let pool = pool.ok_or("there is no worker to send on")?;
        let (head, incoming) = pool.request(request).await?.into_parts();
        let body = read_response(incoming, limit).await?;
        Ok(HttpClientResponse { status: head.status, headers: head.headers, body })
    }

    /// Closes every connection. Nothing can be posted any more.
    pub async fn close(&self, deadline: Instant) {
        self.scope.join(deadline).await;
    }

    async fn request(
        &self,
        url: &Uri,
        content_type: &'static str,
        own_headers: HeaderMap,
        parts: Vec<Bytes>,
    ) -> Result<Request<PartsBody>, Box<dyn Error + Send + Sync>> {
        let parts = match self.compression {
            Compression::None => parts,
            compression => vec![compress_off_worker(compression, self.compression_level, parts).await?],
        };
        let mut request = Request::post(url.clone()).body(PartsBody::new(parts))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.compression != Compression::None {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(self.compression.name()));
        }
        headers.extend(own_headers);
        self.complete(headers, url);
        Ok(request)
    }

    /// Adds the section's header fields, and the proxy's where there is one.
    fn complete(&self, headers: &mut HeaderMap, url: &Uri) {
        headers.extend(self.headers.clone());
        if url.scheme_str() == Some("http")
            && let Some(auth) = self.proxies.of(url).and_then(|proxy| proxy.basic_auth().cloned())
        {
            headers.insert(header::PROXY_AUTHORIZATION, auth);
        }
    }
}

fn pool(config: &HttpClientConfig, connector: Connector, scope: TaskScope) -> Client<Connector, PartsBody> {
    let mut builder = Client::builder(ScopeExecutor { scope });
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(config.idle_conn_timeout.limit())
        .pool_max_idle_per_host(idle_connections(config))
        .http2_keep_alive_interval(config.http2_read_idle_timeout.limit());
    if let Some(timeout) = config.http2_ping_timeout.limit() {
        builder.http2_keep_alive_timeout(timeout);
    }
    builder.build(connector)
}

/// How many unused connections a pool keeps. Go keeps two to a host unless told otherwise; consumers of a
/// sending queue would open and close the others all the time.
fn idle_connections(config: &HttpClientConfig) -> usize {
    if config.disable_keep_alives {
        return 0;
    }
    let limits = [config.max_idle_conns_per_host, config.max_idle_conns];
    let limits = limits.into_iter().filter(|limit| *limit > 0);
    limits.min().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

fn request_headers(config: &HttpClientConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(crate::build_info::USER_AGENT));
    headers.extend(config.headers.valid_fields());
    headers
}

/// The body up to the limit; a longer one is cut there and its connection given up.
async fn read_response(mut incoming: Incoming, limit: usize) -> Result<Bytes, hyper::Error> {
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = limit - body.len();
        body.extend_from_slice(data.get(..room).unwrap_or(&data));
        if data.len() > room {
            break;
        }
    }
    Ok(body.freeze())
}

/// An error with the errors behind it.
fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

/// Runs the tasks of connections until the client is closed.
#[derive(Clone)]
struct ScopeExecutor {
    scope: TaskScope,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for ScopeExecutor {
    fn execute(&self, task: F) {
        let stopping = self.scope.stopping().clone();
        self.scope.spawn_on(self.scope.workers().current_index(), async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = task => {}
            }
        });
    }
}
