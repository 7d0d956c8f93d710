//! Log files that are rotated in every way while lines are written to them, and Weir is restarted and killed: with a
//! storage every line arrives, and but once unless it was killed.

mod log_sink;
mod rotating_writer;

use std::collections::BTreeMap;
use std::path::Path;

use self::log_sink::LogSink;
use self::rotating_writer::RotatingWriter;
use crate::weir_process::{Launch, WeirProcess};

/// How many lines are written, a bound for the load.
const LINES: usize = 30_000;

/// How often Weir is stopped meanwhile.
const RESTARTS: usize = 5;

/// How often what arrived is looked at; 50 times a second, so for a minute.
const LOOKS: usize = 3000;

#[tokio::test]
async fn every_line_arrives_once_through_rotation_and_graceful_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let sink = LogSink::start().await;
    let writer = RotatingWriter::start(directory.path().join("logs"), LINES, sink.clone());
    for _restart in 0..RESTARTS {
        let weir = start(directory.path(), &sink).await;
        sink.wait_for_more(LINES / 20).await;
        let log = weir.stop().await;
        assert!(!log.contains("Dropping data."), "{log}");
    }
    let weir = start(directory.path(), &sink).await;
    let arrived = all_lines(&sink, writer).await;
    weir.stop().await;
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{} lines came more than once: {twice:?}", twice.len());
}

#[tokio::test]
async fn no_line_is_missing_after_kills() {
    let directory = tempfile::tempdir().unwrap();
    let sink = LogSink::start().await;
    let writer = RotatingWriter::start(directory.path().join("logs"), LINES, sink.clone());
    for _kill in 0..RESTARTS {
        let weir = start(directory.path(), &sink).await;
        sink.wait_for_more(LINES / 20).await;
        weir.signal("-KILL").await;
        weir.end().await;
    }
    let weir = start(directory.path(), &sink).await;
    let arrived = all_lines(&sink, writer).await;
    weir.stop().await;
    let twice = arrived.values().filter(|times| **times > 1).count();
    println!("{twice} of {LINES} lines came more than once after {RESTARTS} kills");
    // Of each life at most what was on its way when it ended comes again: two batches.
    assert!(twice <= RESTARTS * 2 * 8192, "{twice}");
}

async fn start(directory: &Path, sink: &LogSink) -> WeirProcess {
    let config = format!(
        r#"
extensions: {{file_storage: {{directory: "{storage}", create_directory: true}}}}
receivers:
  file_log:
    include: ["{logs}/app.log*"]
    start_at: beginning
    storage: file_storage
    compression: auto
    poll_interval: 20ms
exporters: {{otlp: {{endpoint: "{sink}", tls: {{insecure: true}}, sending_queue: {{enabled: false}}}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  extensions: [file_storage]
  pipelines: {{logs: {{receivers: [file_log], exporters: [otlp]}}}}
"#,
        storage = directory.join("storage").display(),
        logs = directory.join("logs").display(),
        sink = sink.address,
    );
    Launch::of_text(&config, directory).start(directory, "weir").await
}

/// How often each line arrived, once all have.
async fn all_lines(sink: &LogSink, writer: RotatingWriter) -> BTreeMap<String, usize> {
    let written = writer.end().await;
    for _look in 0..LOOKS {
        if sink.lines().len() >= written.len() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let arrived = sink.lines();
    let missing: Vec<_> = written.iter().filter(|line| !arrived.contains_key(*line)).collect();
    assert!(missing.is_empty(), "{} of {} lines are missing: {missing:?}", missing.len(), written.len());
    assert_eq!(arrived.len(), written.len(), "lines arrived that were never written");
    arrived
}
