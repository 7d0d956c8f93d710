//! HTTP servers of receivers: HTTP/1.1 and HTTP/2 (negotiated by TLS or known beforehand), with the
//! Collector's limits, CORS and response headers around a handler.

mod body;
mod config;
mod cors;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use body::{BodyError, RequestBody};
pub use config::{HttpAuthConfig, HttpServerConfig};
pub use cors::CorsConfig;

use self::body::BodyRules;
use self::cors::Cors;
use super::activity::Activity;
use super::{Connection, ConnectionHandler, Listener, Peer};
use crate::otlp::ClientInfo;
use crate::pipeline::{BoxFuture, BuildError, StartError, TaskScope};

/// A response with its body in one piece.
pub type HttpResponse = Response<Full<Bytes>>;

/// Answers requests.
pub trait HttpHandler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: HttpRequest) -> BoxFuture<'_, HttpResponse>;
}

/// A request whose body is still to be read.
#[derive(Debug)]
pub struct HttpRequest {
    /// Method, URI and header fields.
    pub head: Parts,
    /// The body.
    pub body: RequestBody,
    /// Who sent it, where `include_metadata` asks for it.
    pub client: Option<Arc<ClientInfo>>,
}

/// An HTTP server that is configured but does not listen yet.
pub struct HttpServer {
    config: HttpServerConfig,
    tls: Option<Arc<rustls::ServerConfig>>,
    service: Arc<HttpService>,
}

impl HttpServer {
    /// A server of `handler`.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the section cannot be had.
    pub fn new(config: &HttpServerConfig, handler: Arc<dyn HttpHandler>) -> Result<Self, BuildError> {
        config.check_extensions()?;
        let tls = config.tls.get().map(|tls| tls.server_config(&[b"h2", b"http/1.1"])).transpose()?;
        Ok(Self { config: config.clone(), tls, service: Arc::new(HttpService::new(config, handler)) })
    }

    /// Binds and serves until `scope` stops. Returns the address bound.
    ///
    /// # Errors
    ///
    /// The sentence of [`Listener::bind`].
    pub async fn start(&self, scope: &TaskScope) -> Result<String, StartError> {
        let listener = Listener::bind(&self.config.transport, &self.config.endpoint).await?;
        let address = listener.address().to_owned();
        let connections = HttpConnections { service: Arc::clone(&self.service) };
        listener.serve(scope, self.tls.clone(), Arc::new(connections));
        Ok(address)
    }
}

/// What surrounds the handler.
struct HttpService {
    handler: Arc<dyn HttpHandler>,
    body_rules: Arc<BodyRules>,
    cors: Option<Cors>,
    response_headers: Vec<(HeaderName, HeaderValue)>,
    include_metadata: bool,
    keep_alives_enabled: bool,
    read_timeout: Option<Duration>,
    read_header_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

impl HttpService {
    fn new(config: &HttpServerConfig, handler: Arc<dyn HttpHandler>) -> Self {
        let read_timeout = config.read_timeout.limit();
        Self {
            handler,
            body_rules: Arc::new(BodyRules::new(config)),
            cors: config.cors.get().and_then(Cors::new),
            response_headers: config.response_headers.valid_fields().collect(),
            include_metadata: config.include_metadata,
            keep_alives_enabled: config.keep_alives_enabled,
            read_timeout,
            read_header_timeout: config.read_header_timeout.limit().or(read_timeout),
            write_timeout: config.write_timeout.limit(),
            idle_timeout: config.idle_timeout.limit().or(read_timeout),
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> HttpResponse {
        let (head, incoming) = request.into_parts();
        if let Some(preflight) = self.cors.as_ref().and_then(|cors| cors.answer_preflight(&head)) {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            self.add_headers(&mut response, preflight);
            return response;
        }
        let cross_origin = self.cors.as_ref().map(|cors| cors.answer_request(&head.headers));
        let deadline = self.read_timeout.map(|timeout| Instant::now() + timeout);
        let body = RequestBody { incoming, rules: Arc::clone(&self.body_rules), deadline };
        let client = self.include_metadata.then(|| Arc::new(peer.client_info(&head.headers)));
        let mut response = self.handle_in_time(HttpRequest { head, body, client }).await;
        self.add_headers(&mut response, cross_origin.unwrap_or_default());
        response
    }

    async fn handle_in_time(&self, request: HttpRequest) -> HttpResponse {
        let handling = self.handler.handle(request);
        let Some(timeout) = self.write_timeout else { return handling.await };
        tokio::time::timeout(timeout, handling).await.unwrap_or_else(|_| {
            plain_text(StatusCode::SERVICE_UNAVAILABLE, "the request was not handled within write_timeout")
        })
    }

    fn add_headers(&self, response: &mut HttpResponse, more: HeaderMap) {
        response.headers_mut().extend(more);
        for (name, value) in &self.response_headers {
            response.headers_mut().insert(name, value.clone());
        }
    }
}

/// A response of plain text.
pub fn plain_text(status: StatusCode, text: impl Into<Bytes>) -> HttpResponse {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Serves the connections the listener accepts.
struct HttpConnections {
    service: Arc<HttpService>,
}

impl ConnectionHandler for HttpConnections {
    fn serve<'a>(
        &'a self,
        connection: Connection,
        peer: Peer,
        stopping: &'a CancellationToken,
    ) -> BoxFuture<'a, ()> {
        Box::pin(self.serve_connection(connection, peer, stopping))
    }
}

impl HttpConnections {
    async fn serve_connection(&self, connection: Connection, peer: Peer, stopping: &CancellationToken) {
        let peer = Arc::new(peer);
        let activity = Arc::new(Activity::default());
        let answer = service_fn(|request| {
            let under_way = activity.begin();
            let (service, peer) = (Arc::clone(&self.service), Arc::clone(&peer));
            async move {
                let response = service.answer(request, &peer).await;
                drop(under_way);
                Ok::<_, Infallible>(response)
            }
        });
        let builder = self.builder();
        let serving = builder.serve_connection(TokioIo::new(connection), answer);
        tokio::pin!(serving);
        let ended = tokio::select! {
            result = serving.as_mut() => Some(result),
            () = stopping.cancelled() => None,
            () = activity.idle_for(self.service.idle_timeout) => None,
        };
        let result = match ended {
            Some(result) => result,
            None => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, peer = ?peer.address, "An HTTP connection broke off.");
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.service.read_header_timeout)
            .keep_alive(self.service.keep_alives_enabled);
        builder.http2().timer(TokioTimer::new());
        builder
    }
}
