//! The receiver among its neighbours: what it hands on, and what it does when that is not taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::records_of;
use crate::config::telemetry::MetricsLevel;
use crate::otlp::Signal;
use crate::pipeline::testing::{MemoryStorage, Sink, settings};
use crate::pipeline::{Component, Consumer, Host, Outputs, ReceiverType, Refusal, Settings};
use crate::receivers::filelog::FileLogReceiver;
use crate::receivers::filelog::config::{FileLogConfig, StartAt};
use crate::telemetry::SeriesValue;

struct Running {
    folder: tempfile::TempDir,
    receiver: Box<dyn Component>,
    sink: Arc<Sink>,
    settings: Settings,
}

async fn started() -> Running {
    started_in(tempfile::tempdir().unwrap(), "file_log", None).await
}

/// Started as `id`, with its storage where there is one.
async fn started_in(folder: tempfile::TempDir, id: &str, storage: Option<&Arc<MemoryStorage>>) -> Running {
    let config = FileLogConfig {
        include: vec![format!("{}/*", folder.path().display())],
        start_at: StartAt::Beginning,
        storage: storage.map(|_| "file_storage".to_owned()),
        ..FileLogConfig::default()
    };
    let (sink, settings) = (Sink::new(), settings(id, Signal::Logs));
    let consumer: Arc<dyn Consumer> = Arc::<Sink>::clone(&sink);
    let outputs = Outputs { logs: Some(consumer), ..Outputs::default() };
    let receiver = FileLogReceiver::create(Arc::new(config), settings.clone(), outputs).unwrap();
    let host = storage.map_or_else(Host::default, MemoryStorage::host);
    receiver.start(&host).await.unwrap();
    Running { folder, receiver, sink, settings }
}

impl Running {
    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("a.log"), text).unwrap();
    }

    async fn bodies_when(&self, count: usize) -> Vec<String> {
        loop {
            let records: Vec<_> = self.sink.taken().iter().flat_map(records_of).collect();
            if records.len() >= count {
                return records.into_iter().map(|record| record.body).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(&self) {
        self.receiver.shutdown(Instant::now() + Duration::from_secs(5)).await;
    }

    fn counted(&self, name: &str) -> f64 {
        let readings = self.settings.telemetry.read(MetricsLevel::Basic);
        let reading = readings.iter().find(|reading| reading.description.name == name).unwrap();
        let number =
            |value: &SeriesValue| if let SeriesValue::Number(number) = value { *number } else { 0.0 };
        reading.series.iter().map(|series| number(&series.value)).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn lines_arrive_and_are_counted() {
    let running = started().await;
    running.write("1\n2\n");
    assert_eq!(running.bodies_when(2).await, ["1", "2"]);
    running.write("1\n2\n3\n");
    assert_eq!(running.bodies_when(3).await, ["1", "2", "3"]);
    running.stop().await;
    assert_eq!(running.counted("otelcol_receiver_accepted_log_records"), 3.0);
    assert_eq!(running.counted("otelcol_receiver_refused_log_records"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_now_is_offered_again() {
    let running = started().await;
    for _ in 0..20 {
        running.sink.refuse_next(Refusal::retryable("full"));
    }
    running.write("1\n2\n");
    assert_eq!(running.bodies_when(2).await, ["1", "2"]);
    running.stop().await;
    assert_eq!(running.counted("otelcol_receiver_refused_log_records"), 40.0);
    assert_eq!(running.counted("weir_dropped_items"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_dropped_and_counted() {
    let running = started().await;
    running.sink.refuse_next(Refusal::permanent("no"));
    running.write("1\n2\n");
    while running.counted("weir_dropped_items") < 2.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.write("1\n2\n3\n");
    assert_eq!(running.bodies_when(1).await, ["3"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_a_next_component_that_takes_nothing() {
    let running = started().await;
    for _ in 0..1000 {
        running.sink.refuse_next(Refusal::retryable("full"));
    }
    running.write("1\n");
    while running.counted("otelcol_receiver_refused_log_records") < 1.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let before = Instant::now();
    running.stop().await;
    assert!(before.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_not_read_again_after_a_restart_under_either_name() {
    let storage = Arc::new(MemoryStorage::default());
    let running = started_in(tempfile::tempdir().unwrap(), "filelog/a", Some(&storage)).await;
    running.write("1\n2\n");
    assert_eq!(running.bodies_when(2).await, ["1", "2"]);
    running.stop().await;
    running.write("1\n2\n3\n");
    let running = started_in(running.folder, "file_log/a", Some(&storage)).await;
    assert_eq!(running.bodies_when(1).await, ["3"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_read_again_after_a_restart() {
    let storage = Arc::new(MemoryStorage::default());
    let running = started_in(tempfile::tempdir().unwrap(), "file_log", Some(&storage)).await;
    for _ in 0..1000 {
        running.sink.refuse_next(Refusal::retryable("full"));
    }
    running.write("1\n");
    while running.counted("otelcol_receiver_refused_log_records") < 1.0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.stop().await;
    assert_eq!(running.counted("weir_dropped_items"), 0.0);
    let running = started_in(running.folder, "file_log", Some(&storage)).await;
    assert_eq!(running.bodies_when(1).await, ["1"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn with_an_end_to_retries_what_is_never_taken_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.log"), "1\n").unwrap();
    let mut config = FileLogConfig {
        include: vec![format!("{}/*", folder.path().display())],
        start_at: StartAt::Beginning,
        ..FileLogConfig::default()
    };
    config.retry_on_failure.enabled = true;
    let (sink, settings) = (Sink::new(), settings("file_log", Signal::Logs));
    for _ in 0..1000 {
        sink.refuse_next(Refusal::retryable("full"));
    }
    let consumer: Arc<dyn Consumer> = Arc::<Sink>::clone(&sink);
    let outputs = Outputs { logs: Some(consumer), ..Outputs::default() };
    let receiver = FileLogReceiver::create(Arc::new(config), settings.clone(), outputs).unwrap();
    receiver.start(&Host::default()).await.unwrap();
    let running = Running { folder, receiver, sink, settings };
    let begun = Instant::now();
    while running.counted("weir_dropped_items") < 1.0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(begun.elapsed() <= Duration::from_secs(301));
    running.stop().await;
}
