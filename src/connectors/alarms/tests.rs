//! The connector's life: what it keeps through a restart, and what it hands on when the next component refuses.

use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::otlp::json::{decode_json, encode_json};
use crate::pipeline::testing::{MemoryStorage, Sink, settings};
use crate::pipeline::{Clock, Refusal};

/// A whole number of minutes.
const START: u64 = 1_767_225_600_000_000_000;

const CONFIG: &str = "
storage: file_storage
rules:
  - {name: high cpu, metric: {name: cpu}, threshold: 80, evaluation_delay: 0s}
";

fn config() -> Arc<AlarmsConfig> {
    let node = parse_yaml(CONFIG, &Arc::from("test.yaml")).unwrap();
    let (mut config, mut decoding) = (AlarmsConfig::default(), Decoding::default());
    config.update(&node, &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    Arc::new(config)
}

fn connector(sink: &Arc<Sink>, start_unix_nano: u64) -> Consuming {
    let settings =
        Settings { clock: Clock::starting_at(start_unix_nano), ..settings("alarms", Signal::Metrics) };
    let outputs = Outputs { logs: Some(Arc::clone(sink) as _), ..Outputs::default() };
    AlarmsConnector::create(config(), settings, outputs).unwrap()
}

fn cpu(unix_nano: u64, value: f64) -> Batch {
    let body = serde_json::json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{
        "name": "cpu",
        "gauge": {"dataPoints": [{"timeUnixNano": unix_nano.to_string(), "asDouble": value}]},
    }]}]}]});
    decode_json(Signal::Metrics, body.to_string().as_bytes()).unwrap()
}

/// The transitions that came out.
fn transitions(sink: &Sink) -> Vec<String> {
    let mut told = Vec::new();
    for batch in sink.taken() {
        let json: serde_json::Value = serde_json::from_slice(&encode_json(&batch)).unwrap();
        let resource = &json["resourceLogs"][0]["resource"]["attributes"];
        assert_eq!(resource[0], serde_json::json!({"key": "service.name", "value": {"stringValue": "weir"}}));
        for record in json["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap() {
            let attribute = |key: &str| {
                let attributes = record["attributes"].as_array().unwrap().iter();
                let found = attributes.clone().find(|attribute| attribute["key"] == key).unwrap();
                found["value"]["stringValue"].as_str().unwrap().to_owned()
            };
            told.push(format!("{} -> {}", attribute("alarm.previous_state"), attribute("alarm.state")));
        }
    }
    told
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_state_is_kept_through_a_restart() {
    let (storage, sink) = (Arc::new(MemoryStorage::default()).host(), Sink::new());
    let first = connector(&sink, START);
    first.start(&storage).await.unwrap();
    first.consume(cpu(START + 1, 90.0)).await.unwrap();
    advance(Duration::from_secs(61)).await;
    tokio::task::yield_now().await;
    first.shutdown(in_seconds(5)).await;
    assert_eq!(transitions(&sink), ["INSUFFICIENT_DATA -> ALARM"]);

    let again = START + 3600 * 1_000_000_000;
    let second = connector(&sink, again);
    second.start(&storage).await.unwrap();
    second.consume(cpu(again + 1, 90.0)).await.unwrap();
    advance(Duration::from_secs(61)).await;
    second.consume(cpu(again + 61_000_000_000, 10.0)).await.unwrap();
    advance(Duration::from_secs(60)).await;
    tokio::task::yield_now().await;
    second.shutdown(in_seconds(5)).await;
    assert_eq!(transitions(&sink), ["INSUFFICIENT_DATA -> ALARM", "ALARM -> OK"]);
}

#[tokio::test(start_paused = true)]
async fn a_transition_that_is_refused_comes_again() {
    let (storage, sink) = (Arc::new(MemoryStorage::default()).host(), Sink::new());
    let connector = connector(&sink, START);
    connector.start(&storage).await.unwrap();
    sink.refuse_next(Refusal::retryable("not now"));
    connector.consume(cpu(START + 1, 90.0)).await.unwrap();
    advance(Duration::from_secs(61)).await;
    tokio::task::yield_now().await;
    assert_eq!(transitions(&sink), [""; 0]);
    connector.shutdown(in_seconds(5)).await;
    assert_eq!(transitions(&sink), ["INSUFFICIENT_DATA -> ALARM"]);
}

#[tokio::test]
async fn nothing_is_taken_before_the_start() {
    let connector = connector(&Sink::new(), START);
    let refusal = connector.consume(cpu(START, 1.0)).await.unwrap_err();
    assert_eq!(refusal.message, "the alarms are not evaluated now");
}

#[tokio::test(start_paused = true)]
async fn a_transition_nobody_took_is_told_by_the_next_process() {
    let (storage, sink) = (Arc::new(MemoryStorage::default()).host(), Sink::new());
    let first = connector(&sink, START);
    first.start(&storage).await.unwrap();
    // Once when it happens, once when the process stops.
    sink.refuse_next(Refusal::retryable("not now"));
    sink.refuse_next(Refusal::retryable("not now"));
    first.consume(cpu(START + 1, 90.0)).await.unwrap();
    advance(Duration::from_secs(61)).await;
    tokio::task::yield_now().await;
    first.shutdown(in_seconds(5)).await;
    assert_eq!(transitions(&sink), [""; 0]);

    for _ in 0..2 {
        let next = connector(&sink, START + 3600 * 1_000_000_000);
        next.start(&storage).await.unwrap();
        advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
        next.shutdown(in_seconds(5)).await;
        assert_eq!(transitions(&sink), ["INSUFFICIENT_DATA -> ALARM"], "and no second time");
    }
}
