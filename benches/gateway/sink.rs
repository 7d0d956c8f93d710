//! The back end behind the collector: answers OK and counts the items that arrive.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};

use crate::case::{Protocol, Signal};
use crate::count;
use crate::message_body::MessageBody;
use crate::{Outcome, one_thread_runtime};

/// A running back end on a thread of its own; stops when dropped.
pub struct Sink {
    address: SocketAddr,
    arrivals: Arc<Arrivals>,
    runtime: Option<Runtime>,
}

/// What arrived so far.
#[derive(Default)]
struct Arrivals {
    items: AtomicU64,
    requests: AtomicU64,
    unreadable: AtomicU64,
}

impl Sink {
    /// Listens on a free loopback port and counts the items of one signal.
    pub async fn start(protocol: Protocol, counted: Signal) -> Outcome<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let arrivals = Arc::<Arrivals>::default();
        let runtime = one_thread_runtime("sink")?;
        let shared = arrivals.clone();
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_connection(protocol, counted, stream, shared.clone()));
            }
        });
        Ok(Self { address, arrivals, runtime: Some(runtime) })
    }

    /// Where the collector is to send.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Items of the counted signal received so far.
    pub fn items(&self) -> u64 {
        self.arrivals.items.load(Ordering::Relaxed)
    }

    /// Requests received so far.
    pub fn requests(&self) -> u64 {
        self.arrivals.requests.load(Ordering::Relaxed)
    }

    /// Requests that could not be read as what they claimed to be.
    pub fn unreadable(&self) -> u64 {
        self.arrivals.unreadable.load(Ordering::Relaxed)
    }

    /// Waits until `items` have arrived, or `patience` has passed.
    pub async fn wait_for(&self, items: u64, patience: Duration) {
        self.wait_until(patience, |sink| sink.items() >= items).await;
    }

    /// Waits until `requests` have arrived, or `patience` has passed.
    pub async fn wait_for_requests(&self, requests: u64, patience: Duration) {
        self.wait_until(patience, |sink| sink.requests() >= requests).await;
    }

    async fn wait_until(&self, patience: Duration, is_there: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        while !is_there(self) && Instant::now() < deadline {
            sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A broken connection is the collector's to notice; the counts tell what came of it.
async fn serve_connection(protocol: Protocol, counted: Signal, stream: TcpStream, arrivals: Arc<Arrivals>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(protocol, counted, request, arrivals.clone()));
    let stream = TokioIo::new(stream);
    let _ = match protocol {
        Protocol::Grpc => {
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(stream, service)
                .await
        }
        Protocol::Http => hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await,
    };
}

async fn answer(
    protocol: Protocol,
    counted: Signal,
    request: Request<Incoming>,
    arrivals: Arc<Arrivals>,
) -> Result<Response<MessageBody>, hyper::Error> {
    let signal = Signal::of_path(request.uri().path());
    let (head, body) = request.into_parts();
    let body = body.collect().await?;
    arrivals.requests.fetch_add(1, Ordering::Relaxed);
    let items = signal.and_then(|signal| match protocol {
        Protocol::Grpc => grpc_items(signal, body),
        Protocol::Http => http_items(signal, &head.headers, body.to_bytes()),
    });
    match items {
        Some(items) if signal == Some(counted) => arrivals.items.fetch_add(items, Ordering::Relaxed),
        Some(_) => 0,
        None => arrivals.unreadable.fetch_add(1, Ordering::Relaxed),
    };
    let mut response = Response::new(match protocol {
        Protocol::Grpc => MessageBody::grpc_ok(),
        Protocol::Http => MessageBody::plain(Bytes::new()),
    });
    let content_type = match protocol {
        Protocol::Grpc => "application/grpc",
        Protocol::Http => "application/x-protobuf",
    };
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    if items.is_none() && protocol == Protocol::Http {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

fn grpc_items(signal: Signal, body: Collected<Bytes>) -> Option<u64> {
    let mut message = body.aggregate();
    if message.remaining() < 5 {
        return None;
    }
    let compressed = message.get_u8() == 1;
    let length = message.get_u32() as usize;
    if message.remaining() != length {
        return None;
    }
    let message = message.copy_to_bytes(length);
    if compressed { gzip_items(signal, &message) } else { count::items(signal, &message) }
}

fn http_items(signal: Signal, headers: &HeaderMap, body: Bytes) -> Option<u64> {
    match headers.get(http::header::CONTENT_ENCODING) {
        None => count::items(signal, &body),
        Some(encoding) if encoding == "gzip" => gzip_items(signal, &body),
        Some(_) => None,
    }
}

fn gzip_items(signal: Signal, body: &[u8]) -> Option<u64> {
    let mut plain = Vec::with_capacity(body.len() * 6);
    MultiGzDecoder::new(body).read_to_end(&mut plain).ok()?;
    count::items(signal, &plain)
}
