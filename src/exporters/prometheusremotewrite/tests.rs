//! The exporter against a server in the same process that reads requests with types of its own.

mod answers;
mod messages;
mod series;

use std::sync::Arc;

use prost::Message;
use serde_json::{Value, json};

use self::messages::{v1, v2};
use super::sender::RemoteWriteSender;
use super::{RemoteWriteExporter, RemoteWriteExporterConfig};
use crate::network::http_server::testing::{RecordingServer, loopback};
use crate::otlp::json::decode_json;
use crate::otlp::{Batch, Signal};
use crate::pipeline::testing::settings;

const V2: &str = "io.prometheus.write.v2.Request";
/// The time of points, in milliseconds since 1970.
const TIME_MS: i64 = 1_700_000_000_123;

/// A store that takes everything, and an exporter in front of it.
struct Store {
    server: RecordingServer,
    sender: RemoteWriteSender,
}

impl Store {
    async fn start(change: impl FnOnce(&mut RemoteWriteExporterConfig)) -> Self {
        let server = RecordingServer::start(loopback()).await;
        let sender = RemoteWriteSender::new(&config(&server, change), &exporter_settings()).unwrap();
        Self { server, sender }
    }

    /// The series that came, each in one line: its labels, and its samples as `value@milliseconds after
    /// TIME_MS`.
    async fn lines(&self, resource: Value, metrics: Value) -> Vec<String> {
        let response = self.sender.write(batch(resource, metrics)).await.unwrap();
        assert_eq!(response.error_message, "");
        self.requests().iter().flat_map(|request| &request.timeseries).map(line).collect()
    }

    /// The series of all requests.
    fn series(&self) -> Vec<v1::TimeSeries> {
        self.requests().into_iter().flat_map(|request| request.timeseries).collect()
    }

    fn requests(&self) -> Vec<v1::WriteRequest> {
        let requests = self.server.requests();
        requests.iter().map(|(_, body)| v1::WriteRequest::decode(body.clone()).unwrap()).collect()
    }

    fn requests_v2(&self) -> Vec<v2::Request> {
        let requests = self.server.requests();
        requests.iter().map(|(_, body)| v2::Request::decode(body.clone()).unwrap()).collect()
    }
}

fn config(
    server: &RecordingServer,
    change: impl FnOnce(&mut RemoteWriteExporterConfig),
) -> RemoteWriteExporterConfig {
    let mut config = RemoteWriteExporterConfig::default();
    config.client.endpoint = format!("http://{}/write", server.address);
    // One request after the other, so that they arrive in their order.
    config.max_batch_request_parallelism = Some(1);
    change(&mut config);
    config
}

fn exporter_settings() -> crate::pipeline::Settings {
    settings("prometheusremotewrite", Signal::Metrics)
}

fn batch(resource: Value, metrics: Value) -> Batch {
    let request = json!({"resourceMetrics": [{"resource": {"attributes": attributes(&resource)},
        "scopeMetrics": [{"scope": {"name": "lib", "version": "1"}, "metrics": metrics}]}]});
    decode_json(Signal::Metrics, request.to_string().as_bytes()).unwrap()
}

/// A map of texts as attributes.
fn attributes(map: &Value) -> Value {
    let pairs = map.as_object().unwrap().iter();
    pairs.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
}

/// A point with `fields`, measured so many milliseconds after `TIME_MS`, counted since ten seconds before that.
fn point(labels: Value, after_ms: i64, fields: Value) -> Value {
    let mut point = json!({"attributes": attributes(&labels),
        "timeUnixNano": ((TIME_MS + after_ms) * 1_000_000).to_string(),
        "startTimeUnixNano": ((TIME_MS - 10_000) * 1_000_000).to_string()});
    point.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    point
}

fn gauge(name: &str, points: Value) -> Value {
    json!({"name": name, "gauge": {"dataPoints": points}})
}

fn counter(name: &str, temporality: i32, points: Value) -> Value {
    let sum = json!({"isMonotonic": true, "aggregationTemporality": temporality, "dataPoints": points});
    json!({"name": name, "sum": sum})
}

fn line(series: &v1::TimeSeries) -> String {
    let labels: Vec<_> =
        series.labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect();
    let samples: Vec<_> = series
        .samples
        .iter()
        .map(|sample| format!("{}@{}", sample.value, sample.timestamp - TIME_MS))
        .collect();
    format!("{} {}", labels.join(","), samples.join(" "))
}

#[tokio::test]
async fn requests_say_what_they_are() {
    let store = Store::start(|config| config.protobuf_message = V2.to_owned()).await;
    let gauge = gauge("g", json!([point(json!({}), 0, json!({"asInt": "1"}))]));
    store.sender.write(batch(json!({}), json!([gauge]))).await.unwrap();
    let (head, _) = store.server.requests().remove(0);
    assert_eq!(head.uri.path(), "/write");
    assert_eq!(head.headers["content-type"], "application/x-protobuf;proto=io.prometheus.write.v2.Request");
    assert_eq!(head.headers["content-encoding"], "snappy");
    assert_eq!(head.headers["x-prometheus-remote-write-version"], "2.0.0");
    assert!(head.headers["user-agent"].to_str().unwrap().starts_with("weir/"));
}

#[tokio::test]
async fn metadata_of_clients_becomes_header_fields_where_asked_for() {
    let store = Store::start(|config| config.include_metadata_keys = vec!["X-Scope-OrgID".to_owned()]).await;
    let gauge = gauge("g", json!([point(json!({}), 0, json!({"asInt": "1"}))]));
    let metadata = [("x-scope-orgid", "blue"), ("authorization", "secret")];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).into();
    let client = crate::otlp::ClientInfo { metadata, ..Default::default() };
    let batch = batch(json!({}), json!([gauge])).with_client(Some(Arc::new(client)));
    store.sender.write(batch).await.unwrap();
    let (head, _) = store.server.requests().remove(0);
    assert_eq!(head.headers["content-type"], "application/x-protobuf");
    assert_eq!(head.headers["x-prometheus-remote-write-version"], "0.1.0");
    assert_eq!(head.headers["x-scope-orgid"], "blue");
    assert!(!head.headers.contains_key("authorization"));
}
