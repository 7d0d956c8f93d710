//! A gRPC server for unary calls over hyper's HTTP/2, one connection a task.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::message::{MessageReader, PREFIX_LENGTH, message_prefix};
use super::server_config::{GrpcServerConfig, KeepaliveServerParameters};
use crate::network::activity::Activity;
use crate::network::compression::Compression;
use crate::network::{Connection, ConnectionHandler, Peer};
use crate::pipeline::BoxFuture;

/// What a server does with calls.
pub trait UnaryService: Send + Sync + 'static {
    /// The method behind a path such as `/package.Service/Method`, or why there is none.
    fn route(&self, path: &str) -> Result<Route, Status>;

    /// Answers one call with the bytes of the response message.
    fn call(&self, request: UnaryRequest) -> BoxFuture<'_, Result<Bytes, Status>>;
}

/// A method, as the service numbers them.
pub type Route = usize;

/// One call.
pub struct UnaryRequest {
    /// The method, from [`UnaryService::route`].
    pub route: Route,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request message, decompressed.
    pub message: Bytes,
    /// Who calls.
    pub peer: Arc<Peer>,
}

/// Serves connections with a [`UnaryService`].
pub struct GrpcServer<S> {
    service: Arc<S>,
    message_limit: usize,
    concurrent_streams: u32,
    keepalive: KeepaliveServerParameters,
}

/// Bytes a peer may send ahead on one call, and on one connection: enough that a request of ordinary
/// size never waits for a window update.
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// The largest HTTP/2 frame taken. A request in one frame is neither cut by the sender nor joined here.
const LARGEST_FRAME: u32 = 1024 * 1024;

/// gRPC's defaults for pings.
const PING_AFTER: Duration = Duration::from_secs(2 * 60 * 60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

impl<S: UnaryService> GrpcServer<S> {
    /// A server with the limits of `config`.
    pub fn new(service: Arc<S>, config: &GrpcServerConfig) -> Self {
        Self {
            service,
            message_limit: config.message_limit(),
            concurrent_streams: config.concurrent_streams(),
            keepalive: config.keepalive_parameters(),
        }
    }

    async fn serve_connection(&self, connection: Connection, peer: Peer, stopping: &CancellationToken) {
        let peer = Arc::new(peer);
        let activity = Arc::new(Activity::default());
        let service = service_fn(|request| {
            let call = activity.begin();
            let peer = Arc::clone(&peer);
            let service = Arc::clone(&self.service);
            let limit = self.message_limit;
            async move {
                let response = answer(&*service, request, peer, limit).await;
                drop(call);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = self.builder().serve_connection(TokioIo::new(connection), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            result = connection.as_mut() => Some(result),
            () = stopping.cancelled() => None,
            () = self.outlived(&activity) => None,
        };
        let result = match ended {
            Some(result) => result,
            None => {
                connection.as_mut().graceful_shutdown();
                let grace = self.keepalive.max_connection_age_grace.limit();
                tokio::select! {
                    result = connection.as_mut() => result,
                    () = sleep_or_forever(grace.filter(|_| !stopping.is_cancelled())) => return,
                }
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, peer = ?peer.address, "A gRPC connection broke off.");
        }
    }

    fn builder(&self) -> hyper::server::conn::http2::Builder<TokioExecutor> {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .auto_date_header(false)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(LARGEST_FRAME)
            .max_concurrent_streams(self.concurrent_streams)
            .keep_alive_interval(self.keepalive.time.limit().unwrap_or(PING_AFTER))
            .keep_alive_timeout(self.keepalive.timeout.limit().unwrap_or(PING_TIMEOUT));
        builder
    }

    /// Returns when the connection is too old or has been idle for too long.
    async fn outlived(&self, activity: &Activity) {
        let age = sleep_or_forever(self.keepalive.max_connection_age.limit());
        let idle = activity.idle_for(self.keepalive.max_connection_idle.limit());
        tokio::select! {
            () = age => {}
            () = idle => {}
        }
    }
}

impl<S: UnaryService> ConnectionHandler for GrpcServer<S> {
    fn serve<'a>(
        &'a self,
        connection: Connection,
        peer: Peer,
        stopping: &'a CancellationToken,
    ) -> BoxFuture<'a, ()> {
        Box::pin(self.serve_connection(connection, peer, stopping))
    }
}

async fn answer<S: UnaryService>(
    service: &S,
    request: Request<Incoming>,
    peer: Arc<Peer>,
    limit: usize,
) -> Response<UnaryBody> {
    if !is_grpc(&request) {
        let mut response = Response::new(UnaryBody::default());
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return response;
    }
    match call(service, request, peer, limit).await {
        Ok(message) => success(message),
        Err(status) => failure(&status),
    }
}

async fn call<S: UnaryService>(
    service: &S,
    request: Request<Incoming>,
    peer: Arc<Peer>,
    limit: usize,
) -> Result<Bytes, Status> {
    let (head, mut body) = request.into_parts();
    let route = service.route(head.uri.path())?;
    let encoding = message_encoding(&head.headers)?;
    let message = MessageReader::new(&mut body).message(encoding, limit).await?;
    let message = message.ok_or_else(|| Status::internal("grpc: the call carries no message"))?;
    service.call(UnaryRequest { route, headers: head.headers, message, peer }).await
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_grpc = content_type.is_some_and(|content_type| {
        let rest = content_type.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
    });
    is_grpc && request.method() == Method::POST
}

/// The compression a request announces.
fn message_encoding(headers: &HeaderMap) -> Result<Option<Compression>, Status> {
    let Some(value) = headers.get("grpc-encoding") else {
        return Ok(None);
    };
    let encoding = match value.as_bytes() {
        b"identity" => return Ok(None),
        b"gzip" => Compression::Gzip,
        b"snappy" => Compression::SnappyFramed,
        b"zstd" => Compression::Zstd,
        _ => {
            let message = format!("grpc: Decompressor is not installed for grpc-encoding {value:?}");
            let mut status = Status::unimplemented(message);
            status.metadata_mut().insert(
                "grpc-accept-encoding",
                tonic::metadata::MetadataValue::from_static("identity,gzip,snappy,zstd"),
            );
            return Err(status);
        }
    };
    Ok(Some(encoding))
}

const GRPC_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

fn success(message: Bytes) -> Response<UnaryBody> {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let framed = if message.is_empty() {
        Bytes::from_static(&[0; PREFIX_LENGTH])
    } else {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        [&message_prefix(false, length), &*message].concat().into()
    };
    let mut response = Response::new(UnaryBody { message: Some(framed), trailers: Some(trailers) });
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC_CONTENT_TYPE);
    response
}

/// A response of headers alone that carry the status.
fn failure(status: &Status) -> Response<UnaryBody> {
    let mut response = Response::new(UnaryBody::default());
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC_CONTENT_TYPE);
    if status.add_header(response.headers_mut()).is_err() {
        // A message that cannot stand in a header is left out; the code is what the client acts on.
        let bare = Status::new(status.code(), "");
        let _ = bare.add_header(response.headers_mut());
    }
    response
}

/// The body of a unary response: its message, then its trailers.
#[derive(Debug, Default)]
struct UnaryBody {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for UnaryBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        if let Some(message) = body.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        Poll::Ready(body.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.message.as_ref().map_or(0, |message| message.len() as u64))
    }
}

async fn sleep_or_forever(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
