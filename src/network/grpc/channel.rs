//! A gRPC client for unary calls: one HTTP/2 connection a worker, opened when first needed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;
use tokio_rustls::{TlsConnector, TlsStream, rustls};
use tonic::Status;

use super::client_config::{GrpcClientConfig, KeepaliveClientConfig, Target};
use super::message::{MessageReader, PREFIX_LENGTH, message_prefix};
use crate::network::Connection;
use crate::network::compression::{Compression, compress_off_worker};
use crate::pipeline::{BuildError, TaskScope, Workers};

/// Calls to one target. Each worker has a connection of its own, so that one core does not carry all.
pub struct GrpcChannel {
    target: Target,
    tls: Option<Tls>,
    keepalive: Option<KeepaliveClientConfig>,
    authority: Authority,
    headers: HeaderMap,
    compression: Compression,
    slots: Vec<Mutex<Option<SendRequest<MessageBody>>>>,
    next_address: AtomicUsize,
    scope: TaskScope,
}

struct Tls {
    config: Arc<rustls::ClientConfig>,
    server_name: rustls::pki_types::ServerName<'static>,
}

/// What a peer may send ahead: answers are small.
const RESPONSE_WINDOW: u32 = 1024 * 1024;

/// The largest answer taken.
const RESPONSE_LIMIT: usize = 4 * 1024 * 1024;

/// Parts shorter than this are gathered into one chunk: a copy is cheaper than a system call for each.
const SHORT_PART: usize = 16 * 1024;

/// How large a gathered chunk grows.
const GATHERED_CHUNK: usize = 256 * 1024;

impl GrpcChannel {
    /// A channel as configured; nothing is connected yet.
    pub fn new(config: &GrpcClientConfig, workers: &Workers) -> Result<Self, BuildError> {
        config.check_extensions()?;
        let target = config.target().map_err(BuildError)?;
        let (address, https) = match &target {
            Target::Tcp { address, https } => (address.as_str(), *https),
            Target::Unix(_) => ("localhost", false),
        };
        let tls = if https || !config.tls.insecure {
            let client_config = config.tls.client_config_of_https(&[b"h2"])?;
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            Some(Tls { config: client_config, server_name: config.tls.server_name(host)? })
        } else {
            None
        };
        let authority = if config.authority.is_empty() { address } else { config.authority.as_str() };
        let authority = Authority::try_from(authority)
            .map_err(|error| BuildError(format!("invalid authority {authority:?}: {error}")))?;
        Ok(Self {
            target,
            tls,
            keepalive: config.keepalive.get().cloned(),
            authority,
            headers: request_headers(config)?,
            compression: match config.compression {
                // What gRPC calls snappy is the framed form.
                Compression::Snappy => Compression::SnappyFramed,
                other => other,
            },
            slots: (0..workers.count()).map(|_| Mutex::new(None)).collect(),
            next_address: AtomicUsize::new(0),
            scope: TaskScope::new(workers.clone()),
        })
    }

    /// Calls `method` (`/package.Service/Method`) with the message that `parts` make together; the
    /// answer is the response message.
    pub async fn call(
        &self,
        method: &'static str,
        parts: Vec<Bytes>,
        length: usize,
    ) -> Result<Bytes, Status> {
        let body = self.message_body(parts, length).await?;
        let mut sender = self.connection().await?;
        let uri = Uri::builder()
            .scheme(if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(self.authority.clone())
            .path_and_query(PathAndQuery::from_static(method))
            .build()
            .map_err(|error| Status::internal(error.to_string()))?;
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        let response = sender.send_request(request).await.map_err(broken)?;
        read_response(response).await
    }

    /// The tasks of the connections; joining them closes the connections.
    pub fn task_scope(&self) -> &TaskScope {
        &self.scope
    }

    async fn message_body(&self, parts: Vec<Bytes>, length: usize) -> Result<MessageBody, Status> {
        if self.compression == Compression::None {
            return MessageBody::of_parts(false, parts, length);
        }
        let compressed = compress_off_worker(self.compression, 0, parts)
            .await
            .map_err(|error| Status::internal(format!("grpc: error while compressing: {error}")))?;
        let length = compressed.len();
        MessageBody::of_parts(true, vec![compressed], length)
    }

    /// This worker's connection, opened anew where there is none or it has ended.
    async fn connection(&self) -> Result<SendRequest<MessageBody>, Status> {
        let worker = self.scope.workers().current_index();
        let Some(slot) = self.slots.get(worker) else {
            return Err(Status::internal("the channel has no connection slot for this worker"));
        };
        let mut slot = slot.lock().await;
        if let Some(sender) = slot.as_mut()
            && sender.ready().await.is_ok()
        {
            return Ok(sender.clone());
        }
        let sender = self.connect(worker).await?;
        *slot = Some(sender.clone());
        Ok(sender)
    }

    async fn connect(&self, worker: usize) -> Result<SendRequest<MessageBody>, Status> {
        let connection = self.open().await.map_err(|error| {
            Status::unavailable(format!(
                "connection error: desc = \"transport: Error while dialing: {error}\""
            ))
        })?;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(RESPONSE_WINDOW)
            .initial_connection_window_size(RESPONSE_WINDOW)
            .max_send_buf_size(2 * GATHERED_CHUNK);
        if let Some(keepalive) = &self.keepalive {
            builder
                .keep_alive_interval(keepalive.time.limit())
                .keep_alive_timeout(keepalive.timeout.to_std())
                .keep_alive_while_idle(keepalive.permit_without_stream);
        }
        let (sender, connection) = builder.handshake(TokioIo::new(connection)).await.map_err(broken)?;
        let stopping = self.scope.stopping().clone();
        self.scope.spawn_on(worker, async move {
            tokio::select! {
                result = connection => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "A connection to a back end broke off.");
                    }
                }
                () = stopping.cancelled() => {}
            }
        });
        Ok(sender)
    }

    async fn open(&self) -> Result<Connection, String> {
        let plain = match &self.target {
            Target::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                Connection::Unix(stream.map_err(|error| format!("dial unix {path}: connect: {error}"))?)
            }
            Target::Tcp { address, .. } => Connection::Tcp(self.dial(address).await?),
        };
        let Some(tls) = &self.tls else {
            return Ok(plain);
        };
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        let stream = connector.connect(tls.server_name.clone(), plain).await;
        let stream = stream.map_err(|error| format!("authentication handshake failed: {error}"))?;
        Ok(Connection::Tls(Box::new(TlsStream::Client(stream))))
    }

    /// Connects to the next address in turn, or to the first after it that answers.
    async fn dial(&self, address: &str) -> Result<TcpStream, String> {
        let resolved = tokio::net::lookup_host(address).await;
        let mut addresses: Vec<_> = resolved.map_err(|error| format!("lookup {address}: {error}"))?.collect();
        addresses.sort_by_key(std::net::SocketAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(format!("lookup {address}: no such host"));
        }
        let turn = self.next_address.fetch_add(1, Ordering::Relaxed) % addresses.len();
        addresses.rotate_left(turn);
        let mut last_error = String::new();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Requests are written whole; waiting for more would only delay them.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last_error = format!("dial tcp {address}: connect: {}", refused_words(&error)),
            }
        }
        Err(last_error)
    }
}

fn refused_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}

fn broken(error: hyper::Error) -> Status {
    use std::error::Error;
    let mut message = error.to_string();
    if let Some(source) = error.source() {
        message = format!("{message}: {source}");
    }
    Status::unavailable(format!("error reading from server: {message}"))
}

fn request_headers(config: &GrpcClientConfig) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    let user_agent = match config.user_agent.as_str() {
        "" => crate::build_info::USER_AGENT,
        user_agent => user_agent,
    };
    headers.insert(header::USER_AGENT, header_value("user-agent", user_agent)?);
    if config.compression != Compression::None {
        let encoding = HeaderValue::from_static(config.compression.name());
        headers.insert("grpc-encoding", encoding);
    }
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("gzip"));
    for (name, value) in config.headers.valid_fields() {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, BuildError> {
    HeaderValue::from_str(value)
        .map_err(|_| BuildError(format!("the value of header {name:?} cannot stand in a header")))
}

async fn read_response(response: http::Response<Incoming>) -> Result<Bytes, Status> {
    let (head, mut body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers)
        && status.code() != tonic::Code::Ok
    {
        return Err(status);
    }
    if head.status != http::StatusCode::OK {
        let message = format!("unexpected HTTP status code received from server: {}", head.status);
        return Err(Status::new(code_of_http_status(head.status.as_u16()), message));
    }
    let encoding = head.headers.get("grpc-encoding").and_then(|value| match value.as_bytes() {
        b"gzip" => Some(Compression::Gzip),
        _ => None,
    });
    let mut reader = MessageReader::new(&mut body);
    let message = reader.message(encoding, RESPONSE_LIMIT).await?;
    let trailers = reader.into_trailers();
    let status = trailers.as_ref().and_then(Status::from_header_map);
    match status.or_else(|| Status::from_header_map(&head.headers)) {
        Some(status) if status.code() == tonic::Code::Ok => Ok(message.unwrap_or_default()),
        Some(status) => Err(status),
        None => Err(Status::unavailable("the server closed the stream without sending trailers")),
    }
}

/// What gRPC makes of an HTTP status that is not its own.
const fn code_of_http_status(status: u16) -> tonic::Code {
    match status {
        400 => tonic::Code::Internal,
        401 => tonic::Code::Unauthenticated,
        403 => tonic::Code::PermissionDenied,
        404 => tonic::Code::Unimplemented,
        429 | 502 | 503 | 504 => tonic::Code::Unavailable,
        _ => tonic::Code::Unknown,
    }
}

/// A request body of one message in chunks that lie where they came from.
struct MessageBody {
    chunks: VecDeque<Bytes>,
    remaining: u64,
}

impl MessageBody {
    fn of_parts(compressed: bool, parts: Vec<Bytes>, length: usize) -> Result<Self, Status> {
        let announced = u32::try_from(length)
            .map_err(|_| Status::internal(format!("a message of {length} bytes is too long for gRPC")))?;
        let mut gathered = BytesMut::with_capacity(PREFIX_LENGTH);
        gathered.extend_from_slice(&message_prefix(compressed, announced));
        let mut chunks = VecDeque::with_capacity(parts.len() + 1);
        for part in parts {
            if part.len() < SHORT_PART {
                if gathered.len() + part.len() > GATHERED_CHUNK {
                    chunks.push_back(gathered.split().freeze());
                }
                if gathered.capacity() < gathered.len() + part.len() {
                    gathered.reserve(GATHERED_CHUNK.min(length + PREFIX_LENGTH));
                }
                gathered.extend_from_slice(&part);
                continue;
            }
            if !gathered.is_empty() {
                chunks.push_back(gathered.split().freeze());
            }
            chunks.push_back(part);
        }
        if !gathered.is_empty() {
            chunks.push_back(gathered.freeze());
        }
        Ok(Self { chunks, remaining: (PREFIX_LENGTH + length) as u64 })
    }
}

impl Body for MessageBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        let chunk = body.chunks.pop_front();
        body.remaining -= chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
