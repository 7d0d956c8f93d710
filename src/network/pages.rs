//! A small HTTP/1 server for pages that are made at once: our own metrics, health. It runs on the
//! control runtime, so that it answers while the workers are busy.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;

use super::{Connection, ConnectionHandler, Listener, Peer};
use crate::pipeline::{BoxFuture, StartError, TaskScope, Workers};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: StatusCode,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// A running server.
#[derive(Debug)]
pub struct PageServer {
    scope: TaskScope,
    address: String,
}

/// A client that does not finish its request head within this is closed.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);

impl Page {
    /// What Go's server says of a path it does not know.
    pub fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            content_type: "text/plain; charset=utf-8",
            body: "404 page not found\n".to_owned(),
        }
    }
}

impl PageServer {
    /// Binds `endpoint` and answers every request with what `page` makes of its path.
    pub async fn start(
        control: Handle,
        transport: &str,
        endpoint: &str,
        tls: Option<Arc<rustls::ServerConfig>>,
        page: impl Fn(&str) -> Page + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let listener = Listener::bind(transport, endpoint).await?;
        let address = listener.address().to_owned();
        let scope = TaskScope::new(Workers::on(control));
        listener.serve(&scope, tls, Arc::new(PageHandler { page: Arc::new(page) }));
        Ok(Self { scope, address })
    }

    /// The address bound, with the port the system chose where 0 was asked for.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answers what is under way and stops; connections still open at `deadline` are cut.
    pub async fn shutdown(&self, deadline: Instant) {
        self.scope.join(deadline).await;
    }
}

struct PageHandler<F> {
    page: Arc<F>,
}

impl<F: Fn(&str) -> Page + Send + Sync + 'static> ConnectionHandler for PageHandler<F> {
    fn serve<'a>(
        &'a self,
        connection: Connection,
        _peer: Peer,
        stopping: &'a CancellationToken,
    ) -> BoxFuture<'a, ()> {
        let page = Arc::clone(&self.page);
        let answer = service_fn(move |request: Request<Incoming>| {
            let response = respond(page(request.uri().path()));
            async move { Ok::<_, Infallible>(response) }
        });
        Box::pin(async move {
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_READ_TIMEOUT)
                .serve_connection(TokioIo::new(connection), answer);
            tokio::pin!(serving);
            let result = tokio::select! {
                result = serving.as_mut() => result,
                () = stopping.cancelled() => {
                    serving.as_mut().graceful_shutdown();
                    serving.await
                }
            };
            if let Err(error) = result {
                tracing::debug!(%error, "A connection for a page ended early.");
            }
        })
    }
}

fn respond(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.body)));
    *response.status_mut() = page.status;
    let content_type = header::HeaderValue::from_static(page.content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
