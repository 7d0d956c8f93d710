//! The receiver as Zipkin's clients meet it, over loopback, and what it makes of their spans.

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::*;
use crate::exporters::zipkin::Translation;
use crate::network::compression::{Compression, compress};
use crate::otlp::json::{decode_json, encode_json};
use crate::pipeline::testing::{Sink, settings};
use crate::zipkin::json::write_spans;

struct Receiver {
    component: ZipkinReceiver,
    address: String,
    sink: Arc<Sink>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Receiver {
    async fn start(parse_string_tags: bool) -> Self {
        let settings = settings("zipkin", Signal::Traces);
        let sink = Sink::new();
        let mut config = ZipkinReceiverConfig { parse_string_tags, ..ZipkinReceiverConfig::default() };
        config.server.endpoint = "127.0.0.1:0".to_owned();
        let handler = ZipkinHandler {
            consumer: Arc::<Sink>::clone(&sink),
            counters: Format::ALL.map(|format| ReceiverCounters::new(&settings, format.transport())),
            tag_types: TagTypes { are_parsed: parse_string_tags },
            clock: settings.clock,
            in_flight: settings.in_flight.clone(),
            scope: TaskScope::new(settings.workers.clone()),
        };
        let scope = handler.scope.clone();
        let component =
            ZipkinReceiver { server: HttpServer::new(&config.server, Arc::new(handler)).unwrap(), scope };
        let address = component.server.start(&component.scope).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { component, address, sink, client }
    }

    async fn post(&self, path: &str, content_type: &str, body: impl Into<Bytes>) -> (u16, String) {
        let request =
            Request::post(format!("http://{}{path}", self.address)).header("content-type", content_type);
        self.send(request, body).await
    }

    async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> (u16, String) {
        let response: Response<_> =
            self.client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// What reached the pipeline, as OTLP's JSON.
    fn taken(&self) -> Vec<Value> {
        let batches = self.sink.taken();
        batches
            .iter()
            .map(|batch| without_empty(serde_json::from_slice(&encode_json(batch)).unwrap()))
            .collect()
    }
}

const JSON: &str = "application/json";

/// The same without messages in which nothing is set, which say nothing.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, member)| (key, without_empty(member)));
            Value::Object(members.filter(|(_, member)| !is_empty(member)).collect())
        }
        Value::Array(elements) => elements.into_iter().map(without_empty).collect(),
        scalar => scalar,
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// The example of the Zipkin API's own description.
fn documented_span() -> Value {
    json!({
        "id": "352bff9a74ca9ad2",
        "traceId": "5af7183fb1d4cf5f",
        "parentId": "6b221d5bc9e6496c",
        "name": "get /api",
        "timestamp": 1_556_604_172_355_737_u64,
        "duration": 1431,
        "kind": "SERVER",
        "localEndpoint": {"serviceName": "backend", "ipv4": "192.168.99.1", "port": 3306},
        "remoteEndpoint": {"ipv4": "172.19.0.2", "port": 58648},
        "tags": {"http.method": "GET", "http.path": "/api"},
    })
}

#[tokio::test]
async fn the_documented_span_becomes_otlp_from_json_and_protobuf() {
    let receiver = Receiver::start(false).await;
    let body = json!([documented_span()]).to_string();
    let spans = parse_spans(body.as_bytes()).unwrap();
    let protobuf = ListOfSpans { spans }.encode_to_vec();
    assert_eq!(receiver.post("/api/v2/spans", JSON, body).await, (202, String::new()));
    assert_eq!(receiver.post("/api/v2/spans", "application/x-protobuf", protobuf).await.0, 202);
    let expected = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "backend")]},
        "scopeSpans": [{"scope": {}, "spans": [{
            "traceId": "00000000000000005af7183fb1d4cf5f",
            "spanId": "352bff9a74ca9ad2",
            "parentSpanId": "6b221d5bc9e6496c",
            "name": "get /api",
            "kind": 2,
            "startTimeUnixNano": "1556604172355737000",
            "endTimeUnixNano": "1556604172357168000",
            "attributes": [
                text("http.method", "GET"),
                text("http.path", "/api"),
                text("network.local.address", "192.168.99.1"),
                {"key": "net.host.port", "value": {"intValue": "3306"}},
                text("network.peer.address", "172.19.0.2"),
                {"key": "net.peer.port", "value": {"intValue": "58648"}},
            ],
        }]}],
    }]});
    let expected = without_empty(expected);
    assert_eq!(receiver.taken(), [expected.clone(), expected]);
    receiver.component.shutdown(Instant::now()).await;
}

#[tokio::test]
async fn bodies_may_be_compressed_and_empty() {
    let receiver = Receiver::start(false).await;
    let body = json!([documented_span()]).to_string();
    let compressed = compress(Compression::Gzip, 1, &[body.into()]).unwrap();
    let request = Request::post(format!("http://{}/api/v2/spans", receiver.address))
        .header("content-encoding", "gzip")
        .header("content-type", "application/json; charset=utf-8");
    assert_eq!(receiver.send(request, compressed).await.0, 202);
    assert_eq!(receiver.post("/api/v2/spans", JSON, "[]").await.0, 202);
    assert_eq!(receiver.taken().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason() {
    let receiver = Receiver::start(false).await;
    let span = |changes: Value| {
        let mut span = documented_span();
        span.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!([span]).to_string()
    };
    for (body, expected) in [
        (span(json!({"traceId": ""})), "valid traceId required"),
        (span(json!({"id": "0"})), "valid span id required"),
        (
            span(json!({"parentId": "12345678901234567"})),
            "invalid parentId \"12345678901234567\": an id is a number in hexadecimal of at most 16 digits",
        ),
        (
            span(json!({"traceId": "x"})),
            "invalid traceId \"x\": an id is a number in hexadecimal of at most 32 digits",
        ),
        (span(json!({"annotations": [{"value": "a"}]})), "valid annotation timestamp required"),
        (span(json!({"localEndpoint": {"ipv4": "1.2"}})), "invalid IP address: 1.2"),
        ("{".to_owned(), "invalid type: map, expected a sequence at line 1 column 0"),
    ] {
        assert_eq!(receiver.post("/api/v2/spans", JSON, body).await, (400, expected.to_owned()));
    }
    let without_id = ListOfSpans { spans: vec![crate::zipkin::Span::default()] }.encode_to_vec();
    assert_eq!(
        receiver.post("/api/v2/spans", "application/x-protobuf", without_id).await,
        (400, "invalid TraceID: has length 0 yet wanted length 16".to_owned())
    );
    assert_eq!(receiver.post("/api/v1/spans", JSON, "{}").await.0, 400);
    assert_eq!(receiver.post("/api/v1/spans", "application/x-thrift", "x").await.0, 415);
    let get = Request::get(format!("http://{}/api/v2/spans", receiver.address));
    assert_eq!(receiver.send(get, "").await.0, 405);
    assert_eq!(receiver.taken(), Vec::<Value>::new());
}

#[tokio::test]
async fn refusals_of_the_pipeline_have_the_collectors_answers() {
    let receiver = Receiver::start(false).await;
    let body = json!([documented_span()]).to_string();
    receiver.sink.refuse_next(Refusal::permanent("no"));
    receiver.sink.refuse_next(Refusal::retryable("later"));
    for (status, text) in [(400, "\"Bad Request\""), (500, "\"Internal Server Error\""), (202, "")] {
        assert_eq!(receiver.post("/api/v2/spans", JSON, body.clone()).await, (status, text.to_owned()));
    }
}

#[tokio::test]
async fn spans_of_version_1_have_their_kind_and_service_in_annotations() {
    let receiver = Receiver::start(true).await;
    let endpoint = json!({"serviceName": "front", "ipv4": "10.0.0.1", "port": 80});
    let body = json!([{
        "traceId": "5af7183fb1d4cf5f",
        "id": "352bff9a74ca9ad2",
        "name": "get",
        "annotations": [
            {"timestamp": 1_556_604_172_355_737_u64, "value": "sr", "endpoint": endpoint},
            {"timestamp": 1_556_604_172_355_800_u64, "value": "retry", "endpoint": endpoint},
            {"timestamp": 1_556_604_172_355_900_u64, "value": "ss", "endpoint": endpoint},
        ],
        "binaryAnnotations": [
            {"key": "http.status_code", "value": "500", "endpoint": endpoint},
            {"key": "lc", "value": "servlet"},
            {"key": "error", "value": "true"},
        ],
    }]);
    assert_eq!(receiver.post("/api/v1/spans", JSON, body.to_string()).await.0, 202);
    let expected = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "front"), text("ipv4", "10.0.0.1"), text("port", "80")]},
        "scopeSpans": [{"spans": [{
            "traceId": "00000000000000005af7183fb1d4cf5f",
            "spanId": "352bff9a74ca9ad2",
            "name": "get",
            "kind": 2,
            "startTimeUnixNano": "1556604172355737000",
            "endTimeUnixNano": "1556604172355900000",
            "attributes": [
                {"key": "http.status_code", "value": {"intValue": "500"}},
                text("component", "servlet"),
            ],
            "events": [{"timeUnixNano": "1556604172355800000", "name": "retry"}],
            "status": {"code": 2},
        }]}],
    }]});
    assert_eq!(receiver.taken(), [without_empty(expected)]);
}

#[test]
fn tags_become_numbers_and_truth_values_where_asked_for() {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    for (tag, expected) in [
        ("12", Value::IntValue(12)),
        ("-1", Value::IntValue(-1)),
        ("1.50", Value::DoubleValue(1.5)),
        ("true", Value::BoolValue(true)),
        ("", Value::StringValue(String::new())),
        ("1.", Value::StringValue("1.".to_owned())),
        ("99999999999999999999", Value::StringValue("99999999999999999999".to_owned())),
    ] {
        assert_eq!(TagTypes { are_parsed: true }.value_of(tag.to_owned()), expected);
        assert_eq!(
            TagTypes { are_parsed: false }.value_of(tag.to_owned()),
            Value::StringValue(tag.to_owned())
        );
    }
}

/// All that Zipkin can carry of OTLP: whole microseconds, texts as attributes, names in lower case.
#[test]
fn what_the_exporter_sends_is_read_back() {
    let link = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319d", "spanId": "b7ad6b7169203332", "traceState": "t=1",
        "attributes": [{"key": "n", "value": {"intValue": "3"}}, text("t", "a|b")], "droppedAttributesCount": 4,
    });
    let event = json!({
        "timeUnixNano": "1700000000002000000", "name": "message",
        "attributes": [{"key": "flag", "value": {"boolValue": true}}], "droppedAttributesCount": 1,
    });
    let span = |number: u32, kind: u32, status: Value| {
        json!({
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "spanId": format!("b7ad6b716920333{number}"),
            "parentSpanId": "00f067aa0ba902b7",
            "traceState": "a=1",
            "name": "get /cart",
            "kind": kind,
            "startTimeUnixNano": "1700000000000000000",
            "endTimeUnixNano": "1700000000012345000",
            "attributes": [text("http.method", "GET"), text("network.peer.address", "2001:db8::1")],
            "events": [{"timeUnixNano": "1700000000001000000", "name": "a|b"}, event],
            "links": [link, link],
            "status": status,
        })
    };
    let spans: Vec<Value> = (0..6)
        .map(|kind| {
            let statuses = [json!({}), json!({"code": 1}), json!({"code": 2, "message": "no"})];
            let mut span = span(kind, kind, statuses[kind as usize % 3].clone());
            if kind % 3 == 0 {
                span.as_object_mut().unwrap().remove("status");
            }
            if kind == 0 {
                span.as_object_mut().unwrap().remove("kind");
            }
            span
        })
        .collect();
    let document = json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "cart"), text("host.name", "h1")]},
        "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": spans}],
    }]});
    let batch = decode_json(Signal::Traces, document.to_string().as_bytes()).unwrap();
    let (spans, _) = Translation { default_service_name: String::new() }.spans_of(&batch);
    for (format, body) in [
        (Format::Version2Json, write_spans(&spans)),
        (Format::Version2Protobuf, ListOfSpans { spans: spans.clone() }.encode_to_vec()),
    ] {
        let (part, items) = decode(format, &body, TagTypes { are_parsed: false }, Clock::default()).unwrap();
        let back = Batch::from_untrusted_part(Signal::Traces, part).unwrap();
        assert_eq!((back.items(), items), (6, 6));
        let back: Value = serde_json::from_slice(&encode_json(&back)).unwrap();
        assert_eq!(without_empty(back), without_empty(document.clone()));
    }
}
