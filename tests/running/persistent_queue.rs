//! A sending queue with a storage: what was answered OK arrives after the process was killed, again and again, and exactly once where
//! it was only stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::load_until_refused::{Load, SPANS_PER_REQUEST};
use crate::sink::Sink;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// A life of the process ends once this many requests of it were answered OK.
const REQUESTS_PER_LIFE: usize = 200;
/// How often it is looked whether everything has arrived; 20 times a second, so for a minute.
const LOOKS: usize = 1200;

/// Kills in the middle of ingest with the back end away, and then with the back end there.
#[tokio::test]
async fn what_was_answered_ok_arrives_after_every_kill() {
    what_was_answered_arrives_through(&[End::Kill, End::Kill, End::Kill], "fsync: false").await;
}

#[tokio::test]
async fn with_fsync_and_requests_gathered_in_the_queue_too() {
    what_was_answered_arrives_through(&[End::Kill, End::Stop, End::Kill], "fsync: true").await;
}

#[tokio::test]
async fn what_was_answered_ok_arrives_exactly_once_where_the_process_is_stopped() {
    let duplicates =
        what_was_answered_arrives_through(&[End::Stop, End::Stop, End::Stop], "fsync: false").await;
    assert_eq!(duplicates, 0);
}

#[tokio::test]
async fn two_processes_do_not_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let (running, _) = start(directory.path(), "first", free_address(), "fsync: false").await;
    let config = config(directory.path(), free_address(), free_address(), "fsync: false");
    let file = directory.path().join("second.yaml");
    std::fs::write(&file, config).unwrap();
    let (ended, log) =
        Launch::of_file(&file, directory.path()).run_to_its_end(directory.path(), "second").await;
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("exporter_otlp_grpc__traces.weir is in use by another process"), "{log}");
    running.stop().await;
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Kill,
    Stop,
}

/// Lives of the process under load, the last of them with the back end there, and one without load in which the rest is delivered.
/// Nothing that was answered OK may be missing; returns how often a span came again.
async fn what_was_answered_arrives_through(ends: &[End], fsync: &str) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let back_end = free_address();
    let mut sink = None;
    let mut answered_ok = BTreeSet::new();
    for (life, end) in ends.iter().enumerate() {
        if life + 1 == ends.len() {
            let started = Sink::start_at(back_end).await;
            started.release();
            sink = Some(started);
        }
        let (weir, address) = start(directory.path(), &format!("life-{life}"), back_end, fsync).await;
        let load = Load::start(&life.to_string(), address, REQUESTS_PER_LIFE).await;
        load.wait_until_under_way().await;
        match end {
            End::Kill => {
                weir.signal("-KILL").await;
                weir.end().await;
            }
            End::Stop => drop(weir.stop().await),
        }
        answered_ok.extend(load.end().await);
    }
    let sink = sink.unwrap();
    assert!(answered_ok.len() >= ends.len() * REQUESTS_PER_LIFE * SPANS_PER_REQUEST);

    let (weir, _) = start(directory.path(), "last-life", back_end, fsync).await;
    let missing = |arrived: &BTreeMap<String, usize>| {
        answered_ok.iter().filter(|name| !arrived.contains_key(*name)).count()
    };
    for _look in 0..LOOKS {
        if missing(&sink.spans()) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What came before a kill may come again: the queue is empty once nothing has come for a second.
    let (mut requests, mut quiet_looks) = (sink.requests(), 0);
    while quiet_looks < 20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        quiet_looks = if sink.requests() == requests { quiet_looks + 1 } else { 0 };
        requests = sink.requests();
    }
    let log = weir.stop().await;
    let arrived = sink.spans();
    assert_eq!(missing(&arrived), 0, "of {} answered OK\n{log}", answered_ok.len());
    assert!(!log.contains("Dropping data."), "{log}");

    // The queue is empty now: another life sends nothing.
    let sent = sink.requests();
    let (weir, _) = start(directory.path(), "empty-life", back_end, fsync).await;
    let log = weir.stop().await;
    assert!(!log.contains("holds requests of an earlier run"), "{log}");
    assert_eq!(sink.requests(), sent, "{log}");
    arrived.values().map(|times| times - 1).sum()
}

fn config(directory: &Path, address: SocketAddr, back_end: SocketAddr, fsync: &str) -> String {
    let storage = directory.join("storage");
    // The persistent queue gathers; the processor `batch` before it would answer OK for what only memory has.
    format!(
        r#"
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "{address}"}}}}}}}}
extensions: {{file_storage: {{directory: "{}", create_directory: true, {fsync}}}}}
exporters:
  otlp:
    endpoint: "{back_end}"
    tls: {{insecure: true}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 200ms, max_elapsed_time: 0s}}
    sending_queue: {{storage: file_storage, queue_size: 1000000, batch: {{min_size: 64, max_size: 64, flush_timeout: 50ms}}}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlp]}}}}
"#,
        storage.display()
    )
}

async fn start(directory: &Path, name: &str, back_end: SocketAddr, fsync: &str) -> (WeirProcess, SocketAddr) {
    let address = free_address();
    let config = config(directory, address, back_end, fsync);
    (Launch::of_text(&config, directory).start(directory, name).await, address)
}
