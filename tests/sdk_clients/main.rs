//! What real OpenTelemetry SDKs send arrives behind Weir as it was sent, field by field.
//!
//! A client sends to a recorder, the recorder passes every request on to a gateway under test, and the gateway exports to a
//! second Weir and to the OpenTelemetry Collector, which both write files. The recorded requests are compared with the
//! files by a reader of OTLP that shares no code with Weir. Needs `tests/clients/install` and `tests/peers/otelcol/build`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this crate is tests all over")]

mod backends;
mod clients;
mod collectors;
mod coverage;
mod recorder;
#[path = "../otlp"]
mod otlp {
    pub mod canonical;
    pub mod collector;
    pub mod compare;
    #[cfg(test)]
    pub mod sample;
    pub mod schema;
}

use std::path::Path;

use clients::Client;
use collectors::{config_of_a_back_end, config_of_the_gateway, free_endpoints, records_in_file};
use coverage::surprises;
use otlp::collector::{Collector, otelcol as otelcol_program};
use otlp::compare::{Signal, differences};
use recorder::Recorder;

#[tokio::test]
async fn python_over_grpc() {
    what_is_sent_arrives(Client::Python, "grpc", "none").await;
}

#[tokio::test]
async fn python_over_http_with_protobuf() {
    what_is_sent_arrives(Client::Python, "http/protobuf", "none").await;
}

#[tokio::test]
async fn python_over_http_with_json() {
    what_is_sent_arrives(Client::Python, "http/json", "gzip").await;
}

#[tokio::test]
async fn node_over_grpc() {
    what_is_sent_arrives(Client::Node, "grpc", "gzip").await;
}

#[tokio::test]
async fn node_over_http_with_protobuf() {
    what_is_sent_arrives(Client::Node, "http/protobuf", "none").await;
}

#[tokio::test]
async fn node_over_http_with_json() {
    what_is_sent_arrives(Client::Node, "http/json", "none").await;
}

#[tokio::test]
async fn go_over_grpc() {
    what_is_sent_arrives(Client::Go, "grpc", "none").await;
}

#[tokio::test]
async fn go_over_http_with_protobuf() {
    what_is_sent_arrives(Client::Go, "http/protobuf", "gzip").await;
}

#[tokio::test]
async fn java_over_grpc() {
    what_is_sent_arrives(Client::Java, "grpc", "gzip").await;
}

#[tokio::test]
async fn java_over_http_with_protobuf() {
    what_is_sent_arrives(Client::Java, "http/protobuf", "none").await;
}

/// Sends with one client through the gateway and compares what both back ends wrote with what the recorder saw.
///
/// Everything is stopped by SIGTERM from the front to the back before the files are read, so what was answered OK has to
/// be in them by then.
async fn what_is_sent_arrives(client: Client, protocol: &str, compression: &str) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let weir = Path::new(env!("CARGO_BIN_EXE_weir"));
    let (second_weir, otelcol) = (free_endpoints(), free_endpoints());
    let (second_weir_file, otelcol_file) = (directory.join("weir.jsonl"), directory.join("otelcol.jsonl"));
    let config = config_of_a_back_end(second_weir, &second_weir_file);
    let second_weir_process =
        Collector::start("second-weir", weir, &config, &second_weir.addresses(), directory).await;
    let config = config_of_a_back_end(otelcol, &otelcol_file);
    let otelcol_process =
        Collector::start("otelcol", &otelcol_program(), &config, &otelcol.addresses(), directory).await;

    let gateway = free_endpoints();
    let encoding = if protocol == "http/json" { "json" } else { "proto" };
    let config = config_of_the_gateway(gateway, second_weir, otelcol, encoding);
    let gateway_process = Collector::start("gateway", weir, &config, &gateway.addresses(), directory).await;
    let recorder = Recorder::start(gateway).await;
    client.send(recorder.endpoints, protocol, compression).await;
    let log = gateway_process.log();
    for process in [gateway_process, second_weir_process, otelcol_process] {
        process.stop().await;
    }

    let exchanges = recorder.exchanges();
    let mut problems = Vec::new();
    for exchange in &exchanges {
        assert!(["200", "200 grpc-status 0"].contains(&exchange.answer()), "{}\n{log}", exchange.answer());
        assert_eq!(exchange.is_compressed(), compression == "gzip");
    }
    for signal in Signal::ALL {
        let of_signal = exchanges.iter().filter(|exchange| exchange.signal() == signal);
        let sent: Vec<_> = of_signal.flat_map(|exchange| exchange.records()).collect();
        let mut complain = |about: &str, found: Vec<String>| {
            problems.extend(found.into_iter().map(|problem| format!("{signal:?} {about}: {problem}")));
        };
        complain("of the client", surprises(client, signal, &sent));
        complain("at the second Weir", differences(&sent, &records_in_file(&second_weir_file, signal)));
        complain("at the Collector", differences(&sent, &records_in_file(&otelcol_file, signal)));
    }
    let first = problems.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(
        problems.is_empty(),
        "{} problems, the first:\n{first}\nthe gateway says:\n{log}",
        problems.len()
    );
}
