//! The store on disk under a running Weir: what was answered OK is there after each of a hundred kills, and what was
//! sent is found.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use weir::otlp::Signal;
use weir::store::engine::{EngineOptions, SqliteStore};
use weir::store::{Filter, Limits, LogSearch, TelemetryStore, TimeRange};

use crate::load_until_refused::{Load, connect};
use crate::send::send_over_grpc;
use crate::weir_process::{Launch, WeirProcess, free_address};

const KILLS: usize = 100;

#[tokio::test]
async fn what_was_answered_ok_is_in_the_store_after_every_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut answered_ok = BTreeSet::new();
    for life in 0..KILLS {
        let (weir, address) = start(directory.path(), "life").await;
        // Lives of different lengths end at different moments: before, in and after the making of blocks.
        let load = Load::start(&life.to_string(), address, 5 + life * 13 % 60).await;
        load.wait_until_under_way().await;
        weir.signal("-KILL").await;
        weir.end().await;
        answered_ok.extend(load.end().await);

        let store = open(directory.path());
        assert_eq!(store.damage().unwrap(), [""; 0], "after kill {life}");
        let kept = names_of_spans(&store);
        let missing: Vec<_> = answered_ok.difference(&kept).take(3).collect();
        assert!(missing.is_empty(), "after kill {life}: {missing:?} of {} answered OK", answered_ok.len());
    }
    assert!(answered_ok.len() > 10_000, "{}", answered_ok.len());
}

#[tokio::test]
async fn what_was_sent_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (weir, address) = start(directory.path(), "only-life").await;
    send_over_grpc(connect(address).await, "sent").await;
    weir.stop().await;
    let store = open(directory.path());
    let search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    assert_eq!(store.search_logs(&search, &Limits::NONE).unwrap().value.records.items(), 1);
    assert_eq!(names_of_spans(&store).len(), 1);
    let statistics = store.statistics().unwrap();
    assert_eq!(statistics.signals.map(|signal| signal.items), [1, 1, 1]);
}

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(&EngineOptions::new(directory.join("store"), Arc::new(|| 0))).unwrap()
}

fn names_of_spans(store: &SqliteStore) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    store
        .export(Signal::Traces, TimeRange::ALL, &mut |batch| {
            for scope_group in batch.resource_groups().flat_map(|group| group.scope_groups) {
                names.extend(scope_group.spans().map(|span| span.name.to_str().into_owned()));
            }
            Ok(())
        })
        .unwrap();
    names
}

async fn start(directory: &Path, name: &str) -> (WeirProcess, SocketAddr) {
    let address = free_address();
    let config = format!(
        r#"
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "{address}"}}}}}}}}
extensions: {{store: {{directory: "{}", durability: full}}}}
exporters: {{store: {{sending_queue: {{enabled: false}}}}}}
service:
  extensions: [store]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [store]}}
    metrics: {{receivers: [otlp], exporters: [store]}}
    logs: {{receivers: [otlp], exporters: [store]}}
"#,
        directory.join("store").display()
    );
    (Launch::of_text(&config, directory).start(directory, name).await, address)
}
