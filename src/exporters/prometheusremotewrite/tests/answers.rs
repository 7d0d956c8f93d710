//! What answers of stores lead to, and what happens before a batch is sent.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::network::http_server::testing::response;
use crate::pipeline::{ExporterType, Host};

fn one_point(after_ms: i64, value: &str) -> Batch {
    let points = json!([point(json!({}), after_ms, json!({"asInt": value}))]);
    batch(json!({}), json!([gauge("g", points)]))
}

#[tokio::test]
async fn what_may_pass_is_tried_again_when_the_store_says_and_the_rest_is_not() {
    let store = Store::start(|_| {}).await;
    for (status, is_permanent, delay) in [
        (429, false, Some(7)),
        (500, false, Some(7)),
        (503, false, Some(7)),
        (400, true, None),
        (404, true, None),
    ] {
        store.server.answer_next(response(status, &[("retry-after", "7")], b"out of order sample\n"));
        let refusal = store.sender.write(one_point(0, "1")).await.unwrap_err();
        assert_eq!(
            (refusal.is_permanent(), refusal.delay()),
            (is_permanent, delay.map(Duration::from_secs)),
            "{status}"
        );
        assert!(refusal.message.ends_with(": out of order sample"), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_store_without_native_histograms_takes_the_rest() {
    let store = Store::start(|config| config.disable_scope_info = true).await;
    let native = json!({"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [point(json!({}), 0, json!({}))]}});
    let gauge = gauge("g", json!([point(json!({}), 0, json!({"asInt": "1"}))]));
    store.server.answer_next(response(204, &[], b""));
    store.server.answer_next(response(500, &[], b"native histograms are disabled\n"));
    let answer = store.sender.write(batch(json!({}), json!([native, gauge]))).await.unwrap();
    assert_eq!(answer.rejected, 1);
    assert!(answer.error_message.ends_with("native histograms are disabled"), "{}", answer.error_message);
    let (_, first) = store.server.requests().remove(0);
    assert_eq!(line(&v1::WriteRequest::decode(first).unwrap().timeseries[0]), "__name__=g 1@0");
}

#[tokio::test]
async fn a_store_that_is_not_there_may_come() {
    let store = Store::start(|config| config.client.endpoint = "http://127.0.0.1:1/write".to_owned()).await;
    assert!(!store.sender.write(one_point(0, "1")).await.unwrap_err().is_permanent());
}

#[tokio::test]
async fn what_a_store_of_the_second_version_did_not_write_is_counted() {
    let store = Store::start(|config| config.protobuf_message = V2.to_owned()).await;
    let points: Vec<_> = (0..5).map(|after_ms| point(json!({}), after_ms, json!({"asInt": "1"}))).collect();
    let five = || batch(json!({}), json!([gauge("g", json!(points))]));
    let written = [
        ("x-prometheus-remote-write-samples-written", "3"),
        ("x-prometheus-remote-write-histograms-written", "0"),
    ];
    for status in [204, 400] {
        store.server.answer_next(response(status, &written, b"two are out of order"));
        assert_eq!(store.sender.write(five()).await.unwrap().rejected, 2, "{status}");
    }
    let none = [("x-prometheus-remote-write-samples-written", "0")];
    store.server.answer_next(response(400, &none, b"all are out of order"));
    assert!(store.sender.write(five()).await.unwrap_err().is_permanent());
}

#[tokio::test]
async fn one_refused_request_of_several_is_counted_and_the_others_stand() {
    let store = Store::start(|config| {
        config.max_batch_size_bytes = 100;
        config.disable_scope_info = true;
    })
    .await;
    let points: Vec<_> =
        (0..9).map(|n| point(json!({"n": n.to_string().repeat(30)}), 0, json!({"asInt": "1"}))).collect();
    let nine = || batch(json!({}), json!([gauge("g", json!(points))]));
    store.server.answer_next(response(400, &[], b"bad"));
    let answer = store.sender.write(nine()).await.unwrap();
    assert_eq!(answer.rejected, 1);
    assert!(answer.error_message.ends_with("400 Bad Request: bad"), "{}", answer.error_message);
    assert_eq!(store.requests().len(), 9);
    store.server.answer_next(response(400, &[], b"bad"));
    store.server.answer_next(response(500, &[], b"later"));
    assert!(!store.sender.write(nine()).await.unwrap_err().is_permanent());
}

/// The requests, once there are so many.
async fn arrived(server: &RecordingServer, count: usize) -> Vec<(http::request::Parts, bytes::Bytes)> {
    for _look in 0..1000 {
        if server.requests().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.requests()
}

#[tokio::test]
async fn what_a_series_says_arrives_in_its_order_whatever_the_store_answers() {
    let server = RecordingServer::start(loopback()).await;
    // The first batch needs three attempts; all others wait behind it.
    server.answer_next(response(500, &[], b""));
    server.answer_next(response(429, &[], b""));
    let config = config(&server, |config| config.disable_scope_info = true);
    let exporter = RemoteWriteExporter::create(Arc::new(config), exporter_settings()).unwrap();
    exporter.start(&Host::default()).await.unwrap();
    for number in 0..20 {
        exporter.consume(one_point(number, "1")).await.unwrap();
    }
    let requests = arrived(&server, 22).await;
    exporter.shutdown(Instant::now() + Duration::from_secs(30)).await;
    let bodies = requests.iter().map(|(_, body)| v1::WriteRequest::decode(body.clone()).unwrap());
    let lines: Vec<String> = bodies.map(|request| line(&request.timeseries[0])).collect();
    let expected = [0, 0].into_iter().chain(0..20).map(|number| format!("__name__=g 1@{number}"));
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn deltas_are_added_up_once_whatever_the_store_answers() {
    let server = RecordingServer::start(loopback()).await;
    server.answer_next(response(503, &[], b""));
    let config = config(&server, |config| config.disable_scope_info = true);
    let exporter = RemoteWriteExporter::create(Arc::new(config), exporter_settings()).unwrap();
    exporter.start(&Host::default()).await.unwrap();
    for (after_ms, value) in [(1, "5"), (2, "2"), (2, "2")] {
        let mut delta = point(json!({}), after_ms, json!({"asInt": value}));
        delta["startTimeUnixNano"] = ((TIME_MS + after_ms - 1) * 1_000_000).to_string().into();
        let updown = json!({"name": "u", "sum": {"aggregationTemporality": 1, "dataPoints": [delta]}});
        let metrics = json!([counter("c", 1, json!([delta])), updown]);
        exporter.consume(batch(json!({}), metrics)).await.unwrap();
    }
    let requests = arrived(&server, 3).await;
    exporter.shutdown(Instant::now() + Duration::from_secs(30)).await;
    let bodies = requests.iter().map(|(_, body)| v1::WriteRequest::decode(body.clone()).unwrap());
    let lines: Vec<String> =
        bodies.flat_map(|request| request.timeseries).map(|series| line(&series)).collect();
    assert_eq!(lines, ["__name__=c_total 5@1", "__name__=c_total 5@1", "__name__=c_total 7@2"]);
}
