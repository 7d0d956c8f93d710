//! Log lines as somebody who reads or parses them sees them.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;
use crate::config::Optional;

fn lines_of(config: &LogsTelemetry, resource: &[(String, String)], log: impl FnOnce()) -> Vec<String> {
    let (output, written) = LogOutput::memory();
    tracing::subscriber::with_default(log_subscriber(config, resource, output), log);
    lines(&written)
}

fn lines(written: &Arc<Mutex<String>>) -> Vec<String> {
    written.lock().lines().map(str::to_owned).collect()
}

fn resource() -> Vec<(String, String)> {
    vec![("service.name".to_owned(), "weir".to_owned()), ("service.version".to_owned(), "1".to_owned())]
}

/// The line without its time, which changes.
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_once('\t').unwrap();
    assert_eq!(time.len(), "2026-08-22T09:30:00.123Z".len(), "{time}");
    rest
}

#[test]
fn a_console_line_has_tabs_between_its_parts() {
    let config = LogsTelemetry { disable_caller: true, ..LogsTelemetry::default() };
    let lines = lines_of(&config, &resource(), || {
        let span =
            tracing::error_span!("component", otelcol.component.id = "otlp", otelcol.signal = "traces");
        tracing::warn!(parent: &span, dropped_spans = 2, message_text = "a \"b\"", "Partial success response");
        tracing::info!("Everything is ready.");
    });
    assert_eq!(
        without_time(&lines[0]),
        "warn\tPartial success response\t{\"resource\": {\"service.name\": \"weir\", \"service.version\": \"1\"}, \
         \"otelcol.component.id\": \"otlp\", \"otelcol.signal\": \"traces\", \"dropped_spans\": 2, \
         \"message_text\": \"a \\\"b\\\"\"}"
    );
    assert_eq!(
        without_time(&lines[1]),
        "info\tEverything is ready.\t{\"resource\": {\"service.name\": \"weir\", \"service.version\": \"1\"}}"
    );
}

#[test]
fn a_json_line_is_one_object_with_the_collectors_keys() {
    let initial_fields = [("cluster".to_owned(), crate::config::Anything("blue".into()))].into();
    let config = LogsTelemetry { encoding: LogEncoding::Json, initial_fields, ..LogsTelemetry::default() };
    let lines = lines_of(&config, &resource(), || {
        let span = tracing::error_span!("component", otelcol.component.id = "batch");
        tracing::error!(parent: &span, error = "no\nroute", dropped_items = 7, "Dropping data.");
    });
    assert!(lines[0].starts_with("{\"level\":\"error\",\"ts\":\""), "{}", lines[0]);
    let mut line: Value = serde_json::from_str(&lines[0]).unwrap();
    let caller = line["caller"].take();
    assert!(caller.as_str().unwrap().starts_with("logging/tests.rs:"), "{caller}");
    line["ts"].take();
    assert_eq!(
        line,
        json!({
            "level": "error", "ts": null, "caller": null, "msg": "Dropping data.", "cluster": "blue",
            "resource": {"service.name": "weir", "service.version": "1"},
            "otelcol.component.id": "batch", "error": "no\nroute", "dropped_items": 7,
        })
    );
}

#[test]
fn less_severe_lines_than_the_level_are_left_out() {
    let messages = |level| {
        let config = LogsTelemetry { level, disable_caller: true, ..LogsTelemetry::default() };
        lines_of(&config, &[], || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
            tracing::info!(target: "hyper::client", "of a library");
            tracing::warn!(target: "hyper::client", "w of a library");
        })
        .iter()
        .map(|line| line.rsplit('\t').next().unwrap().to_owned())
        .collect::<Vec<_>>()
    };
    assert_eq!(messages(LogLevel::Error), ["e"]);
    assert_eq!(messages(LogLevel::Warn), ["e", "w", "w of a library"]);
    assert_eq!(messages(LogLevel::Info), ["e", "w", "i", "w of a library"]);
    assert_eq!(messages(LogLevel::Debug), ["e", "w", "i", "d", "w of a library"]);
}

#[test]
fn repeated_messages_are_thinned_out_unless_sampling_is_off() {
    let repeat = |config: &LogsTelemetry| {
        lines_of(config, &[], || {
            for _ in 0..115 {
                tracing::info!("again");
            }
            tracing::info!("another");
        })
        .len()
    };
    assert_eq!(repeat(&LogsTelemetry::default()), 10 + 1 + 1);
    let sampling = Optional::off(crate::config::telemetry::LogSampling::default());
    assert_eq!(repeat(&LogsTelemetry { sampling, ..LogsTelemetry::default() }), 116);
}

#[test]
fn lines_are_appended_to_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.log").to_string_lossy().into_owned();
    let url = folder.path().join("url.log");
    std::fs::write(&url, "before\n").unwrap();
    let mut output = LogOutput::open(&[plain.clone(), format!("file://{}", url.display())]).unwrap();
    output.write_line("one");
    output.write_line("two");
    assert_eq!(std::fs::read_to_string(plain).unwrap(), "one\ntwo\n");
    assert_eq!(std::fs::read_to_string(url).unwrap(), "before\none\ntwo\n");
}

#[test]
fn a_path_that_cannot_be_opened_is_named() {
    let error = LogOutput::open(&["/nowhere/weir.log".to_owned()]).unwrap_err().to_string();
    assert_eq!(error, "open /nowhere/weir.log: No such file or directory (os error 2)");
}
