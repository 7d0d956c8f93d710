//! Broken, hostile and slow gRPC clients get the right refusal from the running binary, its memory stays
//! bounded, and good clients beside them are served.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use weir::network::compression::{Compression, compress};

use crate::send::nested_request;
use crate::weir_process::{Launch, WeirProcess, free_address};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The most the process may ever have held: far below what one believed bomb would take.
const MEMORY_LIMIT_KIB: u64 = 160 * 1024;

/// gRPC's message limit where none is configured.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

fn config(address: SocketAddr) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}}}\n\
         exporters: {{nop: }}\n\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n\
         \x20 pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}\n"
    )
}

async fn start(directory: &TempDir, address: SocketAddr) -> WeirProcess {
    let directory = directory.path();
    Launch::of_text(&config(address), directory).start(directory, "weir").await
}

/// Its name; the path, headers and body sent; the code and a part of the message that must come back.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Full<Bytes>, Code, &'a str);

/// What a call was answered: the HTTP status, gRPC's code and its message.
#[derive(Debug, PartialEq)]
struct Answer {
    http: u16,
    code: Option<Code>,
    message: String,
}

async fn call<B>(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: B) -> Answer
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}{path}")).body(body).unwrap();
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    for (name, value) in headers {
        let name = http::HeaderName::try_from(*name).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = sender.send_request(request).await.unwrap();
    let (head, body) = response.into_parts();
    let trailers = body.collect().await.ok().and_then(|body| body.trailers().cloned());
    connection.abort();
    let status = |headers: &HeaderMap| tonic::Status::from_header_map(headers);
    let status = status(&head.headers).or_else(|| trailers.as_ref().and_then(status));
    Answer {
        http: head.status.as_u16(),
        code: status.as_ref().map(tonic::Status::code),
        message: status.map(|status| status.message().to_owned()).unwrap_or_default(),
    }
}

/// A body of one chunk that never ends.
struct Stalled(Option<Bytes>);

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None => Poll::Pending,
        }
    }
}

fn framed(compressed: bool, announced: usize, message: &[u8]) -> Full<Bytes> {
    let mut body = vec![u8::from(compressed)];
    body.extend_from_slice(&u32::try_from(announced).unwrap().to_be_bytes());
    body.extend_from_slice(message);
    Full::new(body.into())
}

fn whole(message: &[u8]) -> Full<Bytes> {
    framed(false, message.len(), message)
}

fn bomb(compression: Compression) -> Vec<u8> {
    let zeros = Bytes::from(vec![0_u8; 256 * 1024 * 1024]);
    compress(compression, 0, &[zeros]).unwrap().to_vec()
}

async fn expect_ok(address: SocketAddr) {
    let answer = call(address, EXPORT, &[], whole(&nested_request(3))).await;
    assert_eq!(answer, Answer { http: 200, code: Some(Code::Ok), message: String::new() });
}

#[tokio::test]
async fn faults_are_refused_while_good_clients_are_served() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut weir = start(&directory, address).await;
    let good = nested_request(3);
    let gzip: &[(&str, &str)] = &[("grpc-encoding", "gzip")];
    let compressed = |bytes: &[u8]| framed(true, bytes.len(), bytes);
    let too_large = format!("grpc: received message after decompression larger than max {MESSAGE_LIMIT}");
    let gzip_bomb = bomb(Compression::Gzip);
    let zstd_bomb = bomb(Compression::Zstd);
    let cases: Vec<Case> = vec![
        (
            "noise",
            EXPORT,
            &[],
            whole(&[0xff; 100]),
            Code::InvalidArgument,
            "grpc: error unmarshalling request",
        ),
        ("truncated", EXPORT, &[], framed(false, 1000, &good), Code::Internal, "ended inside a message"),
        (
            "no prefix",
            EXPORT,
            &[],
            Full::new(Bytes::from_static(b"\0\0")),
            Code::Internal,
            "ended inside a message",
        ),
        ("no message", EXPORT, &[], Full::default(), Code::Internal, "no message"),
        (
            "two messages",
            EXPORT,
            &[],
            framed(false, good.len(), &[good.as_slice(), &[0; 5]].concat()),
            Code::Internal,
            "more than one message",
        ),
        (
            "over-long",
            EXPORT,
            &[],
            framed(false, 100 * 1024 * 1024, &good),
            Code::ResourceExhausted,
            "grpc: received message larger than max (104857600 vs. 4194304)",
        ),
        ("deeply nested", EXPORT, &[], whole(&nested_request(500)), Code::InvalidArgument, "nest"),
        ("not gzip", EXPORT, gzip, compressed(&good), Code::Internal, "failed to decompress"),
        ("compressed without a name", EXPORT, &[], compressed(&good), Code::Internal, "compressed flag set"),
        ("gzip bomb", EXPORT, gzip, compressed(&gzip_bomb), Code::ResourceExhausted, &too_large),
        (
            "zstd bomb",
            EXPORT,
            &[("grpc-encoding", "zstd")],
            compressed(&zstd_bomb),
            Code::ResourceExhausted,
            &too_large,
        ),
        (
            "unknown encoding",
            EXPORT,
            &[("grpc-encoding", "brotli")],
            compressed(&good),
            Code::Unimplemented,
            "Decompressor is not installed for grpc-encoding \"brotli\"",
        ),
        (
            "unknown service",
            "/some.Service/Export",
            &[],
            whole(&good),
            Code::Unimplemented,
            "unknown service some.Service",
        ),
        (
            "signal without pipeline",
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            &[],
            whole(b""),
            Code::Unimplemented,
            "unknown service opentelemetry.proto.collector.logs.v1.LogsService",
        ),
        (
            "unknown method",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
            &[],
            whole(&good),
            Code::Unimplemented,
            "unknown method Import for service opentelemetry.proto.collector.trace.v1.TraceService",
        ),
    ];
    for (name, path, headers, body, code, message) in cases {
        let answer = call(address, path, headers, body).await;
        assert_eq!((answer.http, answer.code), (200, Some(code)), "{name}: {answer:?}");
        assert!(answer.message.contains(message), "{name}: {answer:?}");
        expect_ok(address).await;
    }
    let not_grpc = call(address, EXPORT, &[("content-type", "text/plain")], whole(&good)).await;
    assert_eq!((not_grpc.http, not_grpc.code), (415, None));
    assert!(weir.is_running());
    assert!(weir.peak_memory() < MEMORY_LIMIT_KIB, "{} KiB", weir.peak_memory());
}

#[tokio::test]
async fn every_compression_a_client_may_use_is_understood() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let _weir = start(&directory, address).await;
    for (name, compression) in
        [("gzip", Compression::Gzip), ("snappy", Compression::SnappyFramed), ("zstd", Compression::Zstd)]
    {
        let message = compress(compression, 0, &[nested_request(3).into()]).unwrap();
        let body = framed(true, message.len(), &message);
        let answer = call(address, EXPORT, &[("grpc-encoding", name)], body).await;
        assert_eq!(answer.code, Some(Code::Ok), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn a_connection_that_speaks_no_http_is_closed() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let _weir = start(&directory, address).await;
    for noise in
        [&b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"[..], &[0xff; 64], b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n\0\0"]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        let mut answer = Vec::new();
        let ended =
            tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "the connection stays open after {noise:?}");
        expect_ok(address).await;
    }
}

#[tokio::test]
async fn slow_clients_take_no_room_that_they_do_not_fill() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let mut weir = start(&directory, address).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        // Each announces the largest message there may be and sends ten bytes of it.
        let mut start = vec![0];
        start.extend_from_slice(&u32::try_from(MESSAGE_LIMIT).unwrap().to_be_bytes());
        start.extend_from_slice(&[0x0a; 10]);
        slow.push(tokio::spawn(call(address, EXPORT, &[], Stalled(Some(start.into())))));
    }
    for _ in 0..10 {
        expect_ok(address).await;
    }
    assert!(weir.peak_memory() < MEMORY_LIMIT_KIB, "{} KiB", weir.peak_memory());
    slow.iter().for_each(tokio::task::JoinHandle::abort);
    expect_ok(address).await;
    assert!(weir.is_running());
}
