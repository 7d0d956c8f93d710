//! Broken, hostile and slow HTTP clients get the right refusal from the running binary, its memory stays
//! bounded, and good clients beside them are served.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use weir::network::compression::{Compression, compress};

use crate::send::nested_request;
use crate::weir_process::{Launch, WeirProcess};

const BODY_LIMIT: usize = 1024 * 1024;

/// The most the process may ever have held: far below what one believed bomb of each kind would take.
const MEMORY_LIMIT_KIB: u64 = 192 * 1024;

const TOO_LARGE: &str = "http: request body too large";

/// Starts a Weir that takes OTLP over HTTP at a unix socket in `directory`.
async fn start(directory: &Path) -> (WeirProcess, PathBuf) {
    let socket = directory.join("otlp.sock");
    let config = format!(
        "receivers:\n  otlp:\n    protocols:\n      http:\n        transport: unix\n        \
         endpoint: {}\n        max_request_body_size: {BODY_LIMIT}\n        read_timeout: 1s\n\
         exporters:\n  nop:\n\
         service:\n  telemetry:\n    metrics:\n      level: none\n  pipelines:\n    traces:\n      \
         receivers: [otlp]\n      exporters: [nop]\n",
        socket.display()
    );
    (Launch::of_text(&config, directory).start(directory, "weir").await, socket)
}

/// What is sent, and what must come back: the status and a part of the body.
struct Fault {
    name: String,
    request: Vec<u8>,
    status: u16,
    text: &'static str,
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn protobuf(body: &[u8]) -> Vec<u8> {
    post("content-type: application/x-protobuf\r\n", body)
}

fn json(body: &[u8]) -> Vec<u8> {
    post("content-type: application/json\r\n", body)
}

fn encoded(compression: Compression, body: &[u8]) -> Vec<u8> {
    let name = compression.name();
    post(&format!("content-type: application/x-protobuf\r\ncontent-encoding: {name}\r\n"), body)
}

fn faults() -> Vec<Fault> {
    let fault =
        |name: &str, request: Vec<u8>, status, text| Fault { name: name.to_owned(), request, status, text };
    let good = nested_request(0);
    let chunks = format!("{:x}\r\n{}\r\n", 65536, "a".repeat(65536)).repeat(17);
    let chunked = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    let deep_json = format!("{{\"resourceSpans\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let slow = b"POST /v1/traces HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                 content-length: 10\r\n\r\n{";
    let mut faults = vec![
        fault("no HTTP", b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n".to_vec(), 400, ""),
        fault("noise as protobuf", protobuf(&[0xff; 100]), 400, ""),
        fault("truncated protobuf", protobuf(&good[..good.len() - 1]), 400, ""),
        fault("noise as JSON", json(&[0xff; 100]), 400, "UTF-8"),
        fault("truncated JSON", json(b"{\"resourceSpans\":[{"), 400, ""),
        fault("deeply nested protobuf", protobuf(&nested_request(500)), 400, ""),
        fault("deeply nested JSON", json(deep_json.as_bytes()), 400, ""),
        fault("over-long", protobuf(&vec![0; BODY_LIMIT + 1]), 400, TOO_LARGE),
        fault("over-long in chunks", chunked.into_bytes(), 400, TOO_LARGE),
        fault("slow", slow.to_vec(), 408, "the body did not arrive in time"),
        fault(
            "unknown encoding",
            post("content-type: application/json\r\ncontent-encoding: br\r\n", b"{}"),
            400,
            "unsupported Content-Encoding: br",
        ),
    ];
    let zeros = Bytes::from(vec![0; 16 * BODY_LIMIT]);
    for compression in Compression::ALL {
        let name = compression.name();
        let whole = compress(compression, 0, &[Bytes::from(good.clone())]).unwrap();
        let bomb = compress(compression, 0, std::slice::from_ref(&zeros)).unwrap();
        let cut = &whole[..whole.len() - 1];
        faults.extend([
            fault(&format!("wrongly compressed {name}"), encoded(compression, &good), 400, "is not valid"),
            fault(&format!("truncated {name}"), encoded(compression, cut), 400, "is not valid"),
            fault(&format!("bomb of {name}"), encoded(compression, &bomb), 400, TOO_LARGE),
        ]);
    }
    faults
}

/// Sends the bytes and reads until the server closes; the status, and everything after the head.
async fn exchange(socket: &Path, request: &[u8]) -> (u16, String) {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8_lossy(&response).into_owned();
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_refused_while_good_clients_are_served() {
    let directory = tempfile::tempdir().unwrap();
    let (weir, socket) = start(directory.path()).await;
    let faulty = faults().into_iter().map(|fault| {
        let socket = socket.clone();
        tokio::spawn(async move {
            let (status, body) = exchange(&socket, &fault.request).await;
            assert_eq!(status, fault.status, "{}: {body}", fault.name);
            assert!(body.contains(fault.text), "{}: {body}", fault.name);
        })
    });
    let faulty: Vec<_> = faulty.collect();
    let good = protobuf(&nested_request(10));
    for _ in 0..100 {
        assert_eq!(exchange(&socket, &good).await, (200, String::new()));
    }
    for fault in faulty {
        fault.await.unwrap();
    }
    assert_eq!(exchange(&socket, &good).await, (200, String::new()));
    let peak = weir.peak_memory();
    assert!(peak < MEMORY_LIMIT_KIB, "{peak} KiB");
}

#[tokio::test]
async fn a_client_that_breaks_off_inside_its_body_harms_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let (_weir, socket) = start(directory.path()).await;
    for _ in 0..20 {
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        let whole = protobuf(&nested_request(0));
        stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    }
    assert_eq!(exchange(&socket, &protobuf(&nested_request(0))).await, (200, String::new()));
}
