//! The console's HTTP server: HTTP/1.1, and HTTP/2 under TLS. It runs on the runtime beside the data path, so that it
//! answers while that is saturated.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_rustls::rustls;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::Console;
use super::config::ConsoleConfig;
use super::router::router;
use super::security::Security;
use crate::network::{Connection, ConnectionHandler, Listener, Peer};
use crate::pipeline::{BoxFuture, StartError, TaskScope};

/// A console that listens.
pub struct ConsoleServer {
    scope: TaskScope,
    address: String,
}

/// A client that does not finish its request head within this is closed.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// At the end a client has this long to take its answer: one that does not read would hold up the whole process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

impl ConsoleServer {
    /// Listens as `config` says and answers from `console` until [`shutdown`](Self::shutdown). Tasks run in `scope`.
    ///
    /// # Errors
    ///
    /// Where the address cannot be bound, or can be reached by others without authentication.
    pub async fn start(
        config: &ConsoleConfig,
        tls: Option<Arc<rustls::ServerConfig>>,
        console: Arc<Console>,
        scope: TaskScope,
    ) -> Result<Self, StartError> {
        let listener = Listener::bind(&config.transport, &config.endpoint).await?;
        let address = listener.address().to_owned();
        let security =
            Security::new(config.auth.get(), &config.allowed_hosts, &config.endpoint, tls.is_some())?;
        security.check_address(&config.transport, &address)?;
        let guarded = Arc::new(Guarded { security, router: router(console) });
        listener.serve(&scope, tls, Arc::new(ConsoleConnections { guarded }));
        Ok(Self { scope, address })
    }

    /// The address bound, with the port the system chose where 0 was asked for.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answers what is under way and stops; connections still open two seconds later, or at `deadline`, are cut.
    pub async fn shutdown(&self, deadline: Instant) {
        self.scope.join(deadline).await;
    }
}

/// The router behind its guard.
struct Guarded {
    security: Security,
    router: Router,
}

impl Guarded {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        let (head, body) = request.into_parts();
        let mut response = match self.security.refuse(&head) {
            Some(refusal) => refusal,
            None => {
                let request = Request::from_parts(head, Body::new(body));
                let Ok(response) = self.router.clone().call(request).await;
                response
            }
        };
        self.security.add_fields(response.headers_mut());
        response
    }
}

struct ConsoleConnections {
    guarded: Arc<Guarded>,
}

impl ConnectionHandler for ConsoleConnections {
    fn serve<'a>(
        &'a self,
        connection: Connection,
        _peer: Peer,
        stopping: &'a CancellationToken,
    ) -> BoxFuture<'a, ()> {
        let guarded = Arc::clone(&self.guarded);
        let asked = Arc::new(Notify::new());
        let first_request = Arc::clone(&asked);
        let answer = service_fn(move |request| {
            asked.notify_one();
            let guarded = Arc::clone(&guarded);
            async move { Ok::<_, Infallible>(guarded.answer(request).await) }
        });
        Box::pin(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
            builder.http2().timer(TokioTimer::new());
            let serving = builder.serve_connection(TokioIo::new(connection), answer);
            tokio::pin!(serving);
            let result = tokio::select! {
                result = serving.as_mut() => result,
                // The builder's own timeout begins once it knows which HTTP is spoken.
                () = no_request_in_time(&first_request) => return,
                () = stopping.cancelled() => {
                    serving.as_mut().graceful_shutdown();
                    let Ok(result) = tokio::time::timeout(CLOSE_TIMEOUT, serving).await else { return };
                    result
                }
            };
            if let Err(error) = result {
                tracing::debug!(%error, "A connection to the console ended early.");
            }
        })
    }
}

/// Returns where the first request does not come in time.
async fn no_request_in_time(first_request: &Notify) {
    if tokio::time::timeout(HEADER_READ_TIMEOUT, first_request.notified()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}
