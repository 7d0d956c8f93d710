//! What a signal does to what was answered OK: it is delivered while the back end is up, and counted where it cannot be.

use std::net::SocketAddr;
use std::path::Path;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;

use crate::load_until_refused::{Load, SPANS_PER_REQUEST, connect, span};
use crate::send::spans;
use crate::sink::Sink;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// The signal is sent once this many requests were answered OK.
const REQUESTS_BEFORE_THE_SIGNAL: usize = 400;

#[tokio::test]
async fn sigterm_under_load_loses_nothing_that_was_answered_ok() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start().await;
    let (mut weir, address) = start(directory.path(), sink.address).await;

    let load = Load::start("load", address, REQUESTS_BEFORE_THE_SIGNAL).await;
    load.wait_until_under_way().await;
    weir.signal("-TERM").await;
    weir.wait_for_log("Starting shutdown...").await;
    assert_eq!(sink.spans().len(), 0, "everything is still on its way when the signal comes");
    sink.release();
    let answered_ok = load.end().await;
    let (ended, log) = weir.end().await;

    assert_eq!(ended.code(), Some(0), "{log}");
    assert!(log.contains("Shutdown complete."), "{log}");
    assert!(answered_ok.len() >= REQUESTS_BEFORE_THE_SIGNAL * SPANS_PER_REQUEST);
    assert!(!log.contains("Dropping data."), "{log}");
    let arrived = sink.spans();
    let lost: Vec<_> = answered_ok.iter().filter(|name| !arrived.contains_key(*name)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}\n{log}", lost.len(), answered_ok.len());
    // The back end took everything the first time, so nothing was sent twice.
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}\n{log}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start().await;
    let (mut weir, address) = start(directory.path(), sink.address).await;
    send_one_request(address).await;
    sink.wait_for_a_request().await;

    weir.signal("-INT").await;
    weir.wait_for_log("Starting shutdown...").await;
    weir.signal("-INT").await;
    let (ended, log) = weir.end().await;
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(!log.contains("Shutdown complete."), "{log}");
}

#[tokio::test]
async fn what_cannot_be_delivered_at_a_stop_is_counted_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = free_address();
    let (mut weir, address) = start(directory.path(), nobody).await;
    send_one_request(address).await;
    weir.wait_for_log("Exporting failed. Will retry the request after interval.").await;

    let log = weir.stop().await;
    let dropped: Vec<_> = log.lines().filter(|line| line.contains("Dropping data.")).collect();
    assert_eq!(dropped.len(), 1, "{log}");
    assert!(dropped[0].contains("\"dropped_items\": 10"), "{log}");
}

#[tokio::test]
async fn sighup_changes_nothing_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start().await;
    let (mut weir, address) = start(directory.path(), sink.address).await;

    weir.signal("-HUP").await;
    weir.wait_for_log("This version does not reload its configuration while it runs").await;
    sink.release();
    send_one_request(address).await;
    let log = weir.stop().await;

    assert_eq!(sink.spans().len(), SPANS_PER_REQUEST, "{log}");
    assert!(!log.contains("second signal"), "{log}");
}

/// Starts a gateway for traces that keeps some in every place on the way: the batch, the queue, and requests under way.
async fn start(directory: &Path, back_end: SocketAddr) -> (WeirProcess, SocketAddr) {
    let address = free_address();
    let config = format!(
        r#"
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "{address}"}}}}}}}}
processors: {{batch: {{timeout: 1s, send_batch_size: 64, send_batch_max_size: 64}}}}
exporters: {{otlp: {{endpoint: "{back_end}", timeout: 0s, tls: {{insecure: true}}, sending_queue: {{num_consumers: 2}}}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [batch], exporters: [otlp]}}}}
"#
    );
    (Launch::of_text(&config, directory).start(directory, "weir").await, address)
}

async fn send_one_request(address: SocketAddr) {
    let spans = spans((0..SPANS_PER_REQUEST).map(|number| span(format!("{number}"))).collect());
    TraceServiceClient::new(connect(address).await).export(spans).await.unwrap();
}
