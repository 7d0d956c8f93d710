//! What Zipkin is sent, and what its answers mean.

use prost::Message;
use serde_json::{Value, json};

use super::*;
use crate::network::http_server::testing::{RecordingServer, loopback, response};
use crate::otlp::json::decode_json;
use crate::pipeline::testing::settings;

fn batch() -> Batch {
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let text = |key: &str, value: &str| attribute(key, json!({"stringValue": value}));
    let document = json!({"resourceSpans": [{
        "resource": {"attributes": [
            text("service.name", "Checkout"),
            text("host.name", "h1"),
            text("cloud.resource_id", "arn"),
        ]},
        "scopeSpans": [{"scope": {"name": "lib", "version": "1.2"}, "spans": [
            {
                "traceId": "0af7651916cd43dd8448eb211c80319c",
                "spanId": "b7ad6b7169203331",
                "parentSpanId": "00f067aa0ba902b7",
                "traceState": "a=1",
                "name": "GET /Cart",
                "kind": 3,
                "startTimeUnixNano": "1700000000000000499",
                "endTimeUnixNano": "1700000000012345999",
                "attributes": [
                    text("network.peer.address", "10.0.0.7"),
                    text("service.peer.name", "Cart"),
                    attribute("net.peer.port", json!({"intValue": "8080"})),
                    text("network.local.address", "2001:db8::1"),
                    attribute("net.host.port", json!({"intValue": "99"})),
                    attribute("http.response.status_code", json!({"intValue": "503"})),
                    attribute("list", json!({"arrayValue": {"values": [{"intValue": "1"}, {"boolValue": true}]}})),
                ],
                "events": [
                    {"timeUnixNano": "1700000000001000000", "name": "retry"},
                    {
                        "timeUnixNano": "1700000000002000600",
                        "name": "message",
                        "attributes": [text("b", "x|y"), attribute("a", json!({"doubleValue": 1.5}))],
                        "droppedAttributesCount": 2,
                    },
                ],
                "links": [{
                    "traceId": "0af7651916cd43dd8448eb211c80319d",
                    "spanId": "b7ad6b7169203332",
                    "traceState": "t",
                    "attributes": [attribute("n", json!({"intValue": "3"}))],
                }],
                "status": {"code": 2, "message": "no answer"},
            },
            {
                "traceId": "00000000000000008448eb211c80319c",
                "spanId": "b7ad6b7169203333",
                "name": "work",
                "kind": 1,
                "startTimeUnixNano": "0",
                "endTimeUnixNano": "10",
                "attributes": [text("error", "false")],
                "status": {"code": 1},
            },
            {"traceId": "", "spanId": "b7ad6b7169203334", "name": "nowhere"},
        ]}],
    }]});
    decode_json(Signal::Traces, document.to_string().as_bytes()).unwrap()
}

fn section(endpoint: &str, format: ZipkinFormat) -> ZipkinExporterConfig {
    let mut config = ZipkinExporterConfig { format, ..ZipkinExporterConfig::default() };
    config.client.endpoint = format!("http://{endpoint}/api/v2/spans");
    config
}

fn sender(config: &ZipkinExporterConfig) -> ZipkinSender {
    ZipkinSender::new(config, &settings("zipkin", Signal::Traces)).unwrap()
}

#[tokio::test]
async fn spans_arrive_as_the_json_that_zipkin_documents() {
    let server = RecordingServer::start(loopback()).await;
    let sent = sender(&section(&server.address, ZipkinFormat::Json)).post(batch()).await.unwrap();
    assert_eq!(sent, ExportResponse { rejected: 1, error_message: "TraceID is invalid".to_owned() });
    let (head, body) = server.requests().remove(0);
    assert_eq!((head.method.as_str(), head.uri.path()), ("POST", "/api/v2/spans"));
    assert_eq!(head.headers["content-type"], "application/json");
    let common = |tags: Value| {
        let mut all = json!({
            "host.name": "h1", "faas.id": "arn", "otel.library.name": "lib", "otel.library.version": "1.2",
        });
        all.as_object_mut().unwrap().extend(tags.as_object().unwrap().clone());
        all
    };
    let expected = json!([
        {
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "id": "b7ad6b7169203331",
            "parentId": "00f067aa0ba902b7",
            "name": "get /cart",
            "kind": "CLIENT",
            "timestamp": 1_700_000_000_000_000_u64,
            "duration": 12_346,
            "localEndpoint": {"serviceName": "checkout", "ipv6": "2001:db8::1", "port": 99},
            "remoteEndpoint": {"serviceName": "cart", "ipv4": "10.0.0.7", "port": 8080},
            "annotations": [
                {"timestamp": 1_700_000_000_001_000_u64, "value": "retry"},
                {"timestamp": 1_700_000_000_002_001_u64, "value": r#"message|{"a":1.5,"b":"x|y"}|2"#},
            ],
            "tags": common(json!({
                "http.response.status_code": "503",
                "http.status_code": "503",
                "list": "[1,true]",
                "w3c.tracestate": "a=1",
                "otlp.link.0": r#"0af7651916cd43dd8448eb211c80319d|b7ad6b7169203332|t|{"n":3}|0"#,
                "error": "true",
                "otel.status_code": "STATUS_CODE_ERROR",
                "otel.status_description": "no answer",
            })),
        },
        {
            "traceId": "8448eb211c80319c",
            "id": "b7ad6b7169203333",
            "name": "work",
            "duration": 1,
            "localEndpoint": {"serviceName": "checkout"},
            "tags": common(json!({"span.kind": "internal", "otel.status_code": "STATUS_CODE_OK"})),
        },
    ]);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
}

#[tokio::test]
async fn protobuf_says_the_same() {
    let server = RecordingServer::start(loopback()).await;
    for format in [ZipkinFormat::Protobuf, ZipkinFormat::Json] {
        sender(&section(&server.address, format)).post(batch()).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests[0].0.headers["content-type"], "application/x-protobuf");
    let spans = ListOfSpans::decode(requests[0].1.clone()).unwrap().spans;
    assert_eq!(spans[0].name, "GET /Cart");
    assert_eq!(spans[0].remote_endpoint.as_ref().unwrap().ipv4, [10, 0, 0, 7]);
    assert_eq!(spans[1].parent_id, Vec::<u8>::new());
    let as_json: Value = serde_json::from_slice(&write_spans(&spans)).unwrap();
    assert_eq!(as_json, serde_json::from_slice::<Value>(&requests[1].1).unwrap());
}

#[tokio::test]
async fn a_resource_without_a_service_name_gets_another() {
    for (attributes, service, source) in [
        (json!([]), "<missing service name>", None),
        (json!([{"key": "faas.name", "value": {"stringValue": "f"}}]), "f", Some("faas.name")),
        (
            json!([{"key": "process.executable.name", "value": {"stringValue": "sh"}}]),
            "sh",
            Some("process.executable.name"),
        ),
    ] {
        let span = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"});
        let document = json!({"resourceSpans": [{
            "resource": {"attributes": attributes}, "scopeSpans": [{"spans": [span]}],
        }]});
        let batch = decode_json(Signal::Traces, document.to_string().as_bytes()).unwrap();
        let default_service_name = ZipkinExporterConfig::default().default_service_name;
        let (spans, _) = Translation { default_service_name }.spans_of(&batch);
        assert_eq!(spans[0].local_endpoint.as_ref().unwrap().service_name, service);
        assert_eq!(spans[0].tags.get("otlp.service.name.source").map(String::as_str), source);
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_tried_again_or_not() {
    let server = RecordingServer::start(loopback()).await;
    let sender = sender(&section(&server.address, ZipkinFormat::Json));
    for (status, is_permanent) in [(400, true), (413, true), (429, false), (500, false), (503, false)] {
        server.answer_next(response(status, &[], b""));
        let refusal = sender.post(batch()).await.unwrap_err();
        assert_eq!(refusal.message, format!("failed the request with status code {status}"));
        assert_eq!(refusal.is_permanent(), is_permanent, "{status}");
    }
    server.answer_next(response(202, &[], b""));
    assert_eq!(sender.post(batch()).await.unwrap().rejected, 1);
}
