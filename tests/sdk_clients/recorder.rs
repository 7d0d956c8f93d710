//! A recording OTLP endpoint: it keeps every request a client puts on the wire, passes it on unchanged, and gives the
//! collector's answer back. What it recorded is what was sent, without asking any SDK.

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::otlp::canonical::{UnknownMembers, from_json, from_protobuf};
use crate::otlp::compare::{Signal, records_of};

/// The address pair of a collector, or of the recorder in front of it.
#[derive(Clone, Copy)]
pub struct OtlpEndpoints {
    pub grpc: SocketAddr,
    pub http: SocketAddr,
}

impl OtlpEndpoints {
    pub fn addresses(self) -> [SocketAddr; 2] {
        [self.grpc, self.http]
    }
}

/// Stands in front of a collector until dropped.
pub struct Recorder {
    pub endpoints: OtlpEndpoints,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    listeners: Vec<AbortHandle>,
}

/// One request as it came, and how the collector answered.
#[derive(Clone)]
pub struct Exchange {
    path: String,
    headers: HeaderMap,
    body: Bytes,
    answer: String,
}

impl Recorder {
    pub async fn start(target: OtlpEndpoints) -> Recorder {
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let mut listeners = Vec::new();
        let mut listen = async |target: SocketAddr, protocol: Protocol| {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            listeners.push(tokio::spawn(serve(listener, target, protocol, exchanges.clone())).abort_handle());
            address
        };
        let grpc = listen(target.grpc, Protocol::Http2).await;
        let http = listen(target.http, Protocol::Http1).await;
        Recorder { endpoints: OtlpEndpoints { grpc, http }, exchanges, listeners }
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.listeners.iter().for_each(AbortHandle::abort);
    }
}

impl Exchange {
    /// `200` over HTTP, `200 grpc-status 0` over gRPC when the collector took the request.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    pub fn content_type(&self) -> &str {
        self.headers[CONTENT_TYPE].to_str().unwrap()
    }

    pub fn signal(&self) -> Signal {
        match self.path.as_str() {
            "/v1/traces" | "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
            "/v1/metrics" | "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
                Signal::Metrics
            }
            "/v1/logs" | "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
            other => panic!("a client asked for {other}"),
        }
    }

    pub fn is_compressed(&self) -> bool {
        if self.is_grpc() { self.body[0] == 1 } else { self.headers.contains_key(CONTENT_ENCODING) }
    }

    /// The records in the request, decoded by the tests' own reader.
    pub fn records(&self) -> Vec<Value> {
        let mut body = if self.is_grpc() { self.body.slice(5..) } else { self.body.clone() };
        if self.is_compressed() {
            let mut inflated = Vec::new();
            flate2::read::MultiGzDecoder::new(&body[..]).read_to_end(&mut inflated).unwrap();
            body = Bytes::from(inflated);
        }
        let message = self.signal().request();
        let request = match self.content_type() {
            "application/json" => {
                let json = serde_json::from_slice(&body).expect("the client's JSON parses");
                from_json(&json, message, UnknownMembers::Ignore)
            }
            _ => from_protobuf(&body, message),
        };
        records_of(&request.expect("the client's request is OTLP"), self.signal())
    }

    fn is_grpc(&self) -> bool {
        self.content_type().starts_with("application/grpc")
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

type Forwarded = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    protocol: Protocol,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let exchanges = exchanges.clone();
        connections.spawn(async move {
            let connection = TokioIo::new(connection);
            let exchange =
                service_fn(move |request| record_and_forward(request, target, protocol, exchanges.clone()));
            // A client that goes away in mid connection is none of the recorder's business: what it sent is recorded.
            let _ = match protocol {
                Protocol::Http1 => {
                    hyper::server::conn::http1::Builder::new().serve_connection(connection, exchange).await
                }
                Protocol::Http2 => {
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(connection, exchange)
                        .await
                }
            };
        });
    }
}

async fn record_and_forward(
    request: Request<Incoming>,
    target: SocketAddr,
    protocol: Protocol,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
) -> Result<Response<Forwarded>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = head.uri.path().to_owned();

    let mut onward = Request::new(Full::new(body.clone()));
    *onward.method_mut() = head.method;
    *onward.headers_mut() = head.headers.clone();
    for of_this_hop_only in [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING] {
        onward.headers_mut().remove(of_this_hop_only);
    }
    let answer = forward(onward, &path, target, protocol).await?;
    let (answer_head, answer_body) = answer.into_parts();
    let answer_body: Collected<Bytes> = answer_body.collect().await?;
    let trailers = answer_body.trailers().cloned();

    let grpc_status = trailers.as_ref().unwrap_or(&answer_head.headers).get("grpc-status");
    let answer = match grpc_status {
        Some(code) => format!("{} grpc-status {}", answer_head.status.as_u16(), code.to_str().unwrap()),
        None => answer_head.status.as_u16().to_string(),
    };
    exchanges.lock().unwrap().push(Exchange { path, headers: head.headers, body, answer });

    let mut answer_headers = answer_head.headers;
    for of_this_hop_only in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        answer_headers.remove(of_this_hop_only);
    }
    let body = Full::new(answer_body.to_bytes());
    let body = match trailers {
        Some(trailers) => body.with_trailers(async { Some(Ok(trailers)) }).boxed(),
        None => body.boxed(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer_head.status;
    *response.headers_mut() = answer_headers;
    Ok(response)
}

async fn forward(
    mut request: Request<Full<Bytes>>,
    path: &str,
    target: SocketAddr,
    protocol: Protocol,
) -> Result<Response<Incoming>, hyper::Error> {
    let connection = TokioIo::new(TcpStream::connect(target).await.expect("the collector listens"));
    match protocol {
        Protocol::Http1 => {
            *request.uri_mut() = Uri::try_from(path).unwrap();
            request.headers_mut().insert(HOST, target.to_string().parse().unwrap());
            let (mut sender, driver) = hyper::client::conn::http1::handshake(connection).await?;
            tokio::spawn(driver);
            sender.send_request(request).await
        }
        Protocol::Http2 => {
            *request.uri_mut() = Uri::try_from(format!("http://{target}{path}")).unwrap();
            let executor = TokioExecutor::new();
            let (mut sender, driver) = hyper::client::conn::http2::handshake(executor, connection).await?;
            tokio::spawn(driver);
            sender.send_request(request).await
        }
    }
}
