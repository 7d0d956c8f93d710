//! What an SDK sent through the ready configurations is read back from real back ends through their own query APIs, and
//! equals it: traces from Jaeger and from Zipkin, logs from VictoriaLogs. All run at once, behind one Weir with all three.
//!
//! Needs `tests/clients/install python` and `install` of tests/tools/jaeger, victoria-logs and zipkin.

mod jaeger;
mod victoria_logs;
mod zipkin;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use jaeger::Jaeger;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use victoria_logs::VictoriaLogs;
use zipkin::Zipkin;

use crate::clients::Client;
use crate::collectors::free_endpoints;
use crate::otlp::collector::{Collector, free_address};
use crate::otlp::compare::{Signal, differences};
use crate::recorder::Recorder;

#[tokio::test]
async fn what_an_sdk_sent_is_in_jaeger_zipkin_and_victoria_logs() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let (jaeger, victoria_logs, zipkin) =
        tokio::join!(Jaeger::start(directory), VictoriaLogs::start(directory), Zipkin::start(directory));
    // Metrics have no back end here, but a client is answered with an error where nobody takes them.
    let metrics = directory.join("metrics.yaml");
    std::fs::write(
        &metrics,
        "exporters: {nop: }\nservice: {pipelines: {metrics: {receivers: [otlp], exporters: [nop]}}}\n",
    )
    .unwrap();

    let endpoints = free_endpoints();
    let own_metrics = free_address();
    let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
    for config in ["jaeger.yaml", "victorialogs.yaml", "zipkin.yaml"] {
        weir.arg("--config").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(config));
    }
    weir.arg("--config").arg(metrics);
    weir.env("WEIR_GRPC_ENDPOINT", endpoints.grpc.to_string())
        .env("WEIR_HTTP_ENDPOINT", endpoints.http.to_string())
        .env("WEIR_HEALTH_ENDPOINT", free_address().to_string())
        .env("WEIR_METRICS_HOST", own_metrics.ip().to_string())
        .env("WEIR_METRICS_PORT", own_metrics.port().to_string())
        .env("JAEGER_ENDPOINT", jaeger.otlp.to_string())
        .env("VICTORIALOGS_ENDPOINT", format!("http://{}", victoria_logs.address))
        .env("ZIPKIN_ENDPOINT", format!("http://{}", zipkin.address));
    let weir = Collector::start_command("weir", weir, &endpoints.addresses(), directory).await;

    let recorder = Recorder::start(endpoints).await;
    Client::Python.send(recorder.endpoints, "http/protobuf", "none").await;
    let sent = |signal: Signal| -> Vec<Value> {
        let exchanges = recorder.exchanges();
        exchanges
            .iter()
            .filter(|exchange| exchange.signal() == signal)
            .flat_map(|one| one.records())
            .collect()
    };
    let (spans, logs) = (sent(Signal::Traces), sent(Signal::Logs));
    assert!(
        spans.len() >= 11 && logs.len() >= 38,
        "{} spans and {} log records were sent",
        spans.len(),
        logs.len()
    );

    let spans_of_zipkin: Vec<Value> = spans.iter().map(zipkin::as_kept).collect();
    let spans: Vec<Value> = spans.iter().map(jaeger::as_kept).collect();
    let logs: Vec<Value> = logs.iter().map(victoria_logs::as_kept).collect();
    let spans_found = jaeger.spans(&trace_ids(&spans), spans.len()).await;
    let zipkin_found = zipkin.spans(&trace_ids(&spans), spans.len()).await;
    let logs_found = victoria_logs.rows(logs.len()).await;
    let mut problems = differences(&spans, &spans_found);
    problems.extend(differences(&spans_of_zipkin, &zipkin_found));
    problems.extend(differences(&logs, &logs_found));
    let log = weir.log();
    weir.stop().await;
    let first = problems.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(problems.is_empty(), "{} problems, the first:\n{first}\nWeir says:\n{log}", problems.len());
}

fn trace_ids(spans: &[Value]) -> BTreeSet<String> {
    spans.iter().map(|span| span["record"]["traceId"].as_str().unwrap().to_owned()).collect()
}

/// Asks again until `answer` has at least `count` members, and returns what it has in the end: back ends store what they
/// answered OK a moment later.
async fn until_there_are<T>(count: usize, mut answer: impl AsyncFnMut() -> Vec<T>) -> Vec<T> {
    for _look in 0..300 {
        let found = answer().await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    answer().await
}

/// The status and body of a page.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    // HTTP/1.0, so that the body is not cut into chunks.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).await.unwrap() > 0, "{head} is cut off");
    }
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .map(|(_, rest)| rest.split("\r\n").next().unwrap().parse::<u64>().unwrap());
    // Some servers close a connection long after the end of the answer.
    let mut body = String::new();
    stream.take(length.unwrap_or(u64::MAX)).read_to_string(&mut body).await.unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

/// Bytes, which are hexadecimal in a canonical value, as back ends write them.
fn base64_of(hexadecimal: &Value) -> String {
    let digits =
        hexadecimal.as_str().unwrap().as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// As JSON has it, with an exponent where it is far from 1. What is not finite is no JSON, and becomes an error's words.
fn text_of_double(value: f64) -> String {
    if value.is_nan() {
        return "json: unsupported value: NaN".to_owned();
    }
    if value.is_infinite() {
        return format!("json: unsupported value: {}Inf", if value > 0.0 { '+' } else { '-' });
    }
    if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    value.to_string()
}
