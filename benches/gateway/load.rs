//! The load: a fixed number of requests over several connections with several in flight on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::case::{Case, Compression, Protocol};
use crate::message_body::MessageBody;
use crate::payload::Bodies;
use crate::{Outcome, one_thread_runtime};

/// How requests are spread over connections and time.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Connections; OTLP/HTTP opens one for each request in flight, as HTTP/1.1 clients do.
    pub connections: usize,
    /// Requests in flight on each.
    pub in_flight: usize,
    /// Requests begun in a second; without it each follows the answer of the one before.
    pub requests_per_second: Option<f64>,
}

/// What became of the requests.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// Requests answered OK.
    pub accepted: u64,
    /// Answers that asked to try again: gRPC 8 and 14, HTTP 429, 502, 503 and 504.
    pub retries: u64,
    /// Requests given up, for any other answer or a broken connection.
    pub failed: u64,
    /// The first reason of giving up.
    pub first_failure: Option<String>,
    /// From the first request to the last answer, in seconds. Not a result by itself: load, sink and collector
    /// share the machine.
    pub seconds: f64,
}

/// Sends `requests` requests and waits for their answers, no longer than `patience`.
pub async fn run(
    case: Case,
    bodies: Arc<Bodies>,
    to: SocketAddr,
    shape: Shape,
    requests: usize,
    patience: Duration,
) -> Outcome<Sent> {
    let runtime = one_thread_runtime("load")?;
    let begun = Instant::now();
    let progress = Arc::new(Progress::new(requests, begun, shape.requests_per_second));
    let job = runtime.spawn(send_all(case, bodies, to, shape, progress.clone()));
    let finished = timeout(patience, job).await;
    runtime.shutdown_background();
    match finished {
        Ok(outcome) => outcome??,
        Err(_) => progress.note_failure("the time limit of the load was reached"),
    }
    Ok(Sent {
        accepted: progress.accepted.load(Ordering::Relaxed),
        retries: progress.retries.load(Ordering::Relaxed),
        failed: progress.failed.load(Ordering::Relaxed),
        first_failure: progress.first_failure.lock().clone(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Shared by all senders: the next request to take and the answers so far.
struct Progress {
    limit: usize,
    begun: Instant,
    interval: Duration,
    next: AtomicUsize,
    accepted: AtomicU64,
    retries: AtomicU64,
    failed: AtomicU64,
    first_failure: parking_lot::Mutex<Option<String>>,
}

impl Progress {
    fn new(limit: usize, begun: Instant, requests_per_second: Option<f64>) -> Self {
        Self {
            limit,
            begun,
            interval: requests_per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate)),
            next: AtomicUsize::default(),
            accepted: AtomicU64::default(),
            retries: AtomicU64::default(),
            failed: AtomicU64::default(),
            first_failure: parking_lot::Mutex::default(),
        }
    }

    /// Waits for the time of the next request; false where none is left.
    async fn take(&self) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.limit {
            return false;
        }
        if !self.interval.is_zero() {
            sleep_until(self.begun + self.interval.mul_f64(number as f64)).await;
        }
        true
    }

    fn note_failure(&self, reason: impl Into<String>) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.first_failure.lock().get_or_insert_with(|| reason.into());
    }
}

async fn send_all(
    case: Case,
    bodies: Arc<Bodies>,
    to: SocketAddr,
    shape: Shape,
    progress: Arc<Progress>,
) -> Outcome<()> {
    let template = Template::new(case, to)?;
    let mut senders = JoinSet::new();
    for _ in 0..shape.connections {
        match case.protocol {
            Protocol::Grpc => {
                let (connection, driver) =
                    http2::handshake(TokioExecutor::new(), TokioIo::new(connect(to).await?)).await?;
                tokio::spawn(driver);
                for _ in 0..shape.in_flight {
                    let connection = Connection::Http2(connection.clone());
                    senders.spawn(send(connection, template.clone(), bodies.clone(), progress.clone()));
                }
            }
            Protocol::Http => {
                for _ in 0..shape.in_flight {
                    let (connection, driver) = http1::handshake(TokioIo::new(connect(to).await?)).await?;
                    tokio::spawn(driver);
                    let connection = Connection::Http1(connection);
                    senders.spawn(send(connection, template.clone(), bodies.clone(), progress.clone()));
                }
            }
        }
    }
    senders.join_all().await;
    Ok(())
}

async fn connect(to: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One request at a time until none is left. A refusal that may be retried is, after a pause.
async fn send(mut connection: Connection, template: Template, bodies: Arc<Bodies>, progress: Arc<Progress>) {
    while progress.take().await {
        let body = bodies.next();
        loop {
            match connection.exchange(template.request(body.clone())).await {
                Ok(Answer::Accepted) => {
                    progress.accepted.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Ok(Answer::TryAgain) => {
                    progress.retries.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(5)).await;
                }
                Ok(Answer::Refused(reason)) => {
                    progress.note_failure(reason);
                    break;
                }
                Err(broken) => return progress.note_failure(broken.to_string()),
            }
        }
    }
}

enum Connection {
    Http1(http1::SendRequest<MessageBody>),
    Http2(http2::SendRequest<MessageBody>),
}

enum Answer {
    Accepted,
    TryAgain,
    Refused(String),
}

impl Connection {
    async fn exchange(&mut self, request: Request<MessageBody>) -> Result<Answer, hyper::Error> {
        let response = match self {
            Self::Http1(connection) => {
                connection.ready().await?;
                connection.send_request(request).await?
            }
            Self::Http2(connection) => {
                connection.ready().await?;
                connection.send_request(request).await?
            }
        };
        let (head, mut body) = response.into_parts();
        let mut trailers = None;
        while let Some(frame) = body.frame().await {
            trailers = frame?.into_trailers().ok().or(trailers);
        }
        if matches!(self, Self::Http1(_)) {
            return Ok(match head.status.as_u16() {
                200 => Answer::Accepted,
                429 | 502 | 503 | 504 => Answer::TryAgain,
                _ => Answer::Refused(format!("HTTP status {}", head.status)),
            });
        }
        Ok(grpc_answer(trailers.as_ref().unwrap_or(&head.headers)))
    }
}

fn grpc_answer(trailers: &HeaderMap) -> Answer {
    let text = |name| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match text("grpc-status") {
        "0" => Answer::Accepted,
        "8" | "14" => Answer::TryAgain,
        status => Answer::Refused(format!("gRPC status {status:?}: {}", text("grpc-message"))),
    }
}

/// Everything of a request but its body.
#[derive(Clone)]
struct Template {
    protocol: Protocol,
    uri: Uri,
    headers: HeaderMap,
}

impl Template {
    fn new(case: Case, to: SocketAddr) -> Outcome<Self> {
        let mut headers = HeaderMap::new();
        let mut header = |name: &'static str, value: &'static str| {
            headers.insert(name, http::HeaderValue::from_static(value));
        };
        let gzip = case.compression == Compression::Gzip;
        let uri: Uri = match case.protocol {
            Protocol::Grpc => {
                header("content-type", "application/grpc");
                header("te", "trailers");
                header("user-agent", "OTel-OTLP-Exporter-Rust/0.33.0");
                if gzip {
                    header("grpc-encoding", "gzip");
                }
                format!("http://{to}{}", case.signal.grpc_path()).parse()?
            }
            Protocol::Http => {
                header("content-type", "application/x-protobuf");
                header("host", "localhost");
                header("user-agent", "OTel-OTLP-Exporter-Rust/0.33.0");
                if gzip {
                    header("content-encoding", "gzip");
                }
                case.signal.http_path().parse()?
            }
        };
        Ok(Self { protocol: case.protocol, uri, headers })
    }

    fn request(&self, body: Bytes) -> Request<MessageBody> {
        let (body, version) = match self.protocol {
            Protocol::Grpc => (MessageBody::grpc_request(body), Version::HTTP_2),
            Protocol::Http => (MessageBody::plain(body), Version::HTTP_11),
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = version;
        *request.headers_mut() = self.headers.clone();
        request
    }
}
