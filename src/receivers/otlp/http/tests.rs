//! The receiver as HTTP clients meet it, over loopback.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use tonic::Code;

use super::{OtlpHttpConfig, OtlpHttpServer};
use crate::otlp::Signal;
use crate::otlp::json::{decode_status_json, encode_json};
use crate::otlp::rpc_status::Status;
use crate::pipeline::testing::{Sink, settings, spans};
use crate::pipeline::{Outputs, Refusal, Settings, TaskScope};
use crate::telemetry::instruments;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

struct Receiver {
    address: String,
    sink: Arc<Sink>,
    settings: Settings,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Receiver {
    /// A receiver of traces alone.
    async fn start(mut config: OtlpHttpConfig) -> Self {
        config.server.endpoint = "127.0.0.1:0".to_owned();
        let settings = settings("otlp", Signal::Traces);
        let sink = Sink::new();
        let mut outputs = Outputs::default();
        outputs.set(Signal::Traces, Arc::<Sink>::clone(&sink));
        let scope = TaskScope::new(settings.workers.clone());
        let server = OtlpHttpServer::new(&config, &settings, &outputs, &scope).unwrap();
        let address = server.server.start(&scope).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, sink, settings, client }
    }

    async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Response<Bytes> {
        let request = request.body(Full::new(body.into())).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    }

    fn post(&self, path: &str, content_type: &str) -> http::request::Builder {
        Request::post(format!("http://{}{path}", self.address)).header("content-type", content_type)
    }

    async fn post_spans(&self, content_type: &str) -> Response<Bytes> {
        let batch = spans(&["a", "b"]);
        let body = if content_type == JSON { encode_json(&batch).into() } else { batch.parts()[0].clone() };
        self.send(self.post("/v1/traces", content_type), body).await
    }

    fn counted(&self, description: &'static crate::telemetry::InstrumentDescription) -> u64 {
        let attributes = [("receiver", "otlp"), ("transport", "http")];
        self.settings.telemetry.counter(description, &attributes).value()
    }
}

fn content_type(response: &Response<Bytes>) -> &str {
    response.headers().get("content-type").unwrap().to_str().unwrap()
}

fn status_of(response: &Response<Bytes>) -> (i32, String) {
    let status = match content_type(response) {
        PROTOBUF => Status::decode(&response.body()[..]).unwrap(),
        JSON => decode_status_json(response.body()).unwrap(),
        other => panic!("a status in {other}"),
    };
    (status.code, status.message)
}

#[tokio::test]
async fn both_encodings_are_taken_and_answered_in_kind() {
    let receiver = Receiver::start(OtlpHttpConfig::default()).await;
    for (content_type, body) in [
        (PROTOBUF, ""),
        (JSON, r#"{"partialSuccess":{}}"#),
        ("application/JSON; charset=utf-8", r#"{"partialSuccess":{}}"#),
    ] {
        let batch = spans(&["a", "b"]);
        let is_json = content_type != PROTOBUF;
        let request = if is_json { encode_json(&batch).into() } else { batch.parts()[0].clone() };
        let response = receiver.send(receiver.post("/v1/traces", content_type), request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), body);
        assert_eq!(self::content_type(&response), if is_json { JSON } else { PROTOBUF });
    }
    assert_eq!(receiver.sink.names(), vec![vec!["a", "b"]; 3]);
    assert_eq!(receiver.counted(&instruments::RECEIVER_ACCEPTED_SPANS), 6);
    assert!(receiver.sink.taken().iter().all(|batch| batch.client().is_none()));
}

#[tokio::test]
async fn an_empty_request_is_answered_ok_without_the_pipeline() {
    let receiver = Receiver::start(OtlpHttpConfig::default()).await;
    for (content_type, body) in [(PROTOBUF, ""), (JSON, "{}"), (JSON, r#"{"resourceSpans":[]}"#)] {
        let response = receiver.send(receiver.post("/v1/traces", content_type), body).await;
        assert_eq!(response.status(), StatusCode::OK, "{body}");
    }
    assert!(receiver.sink.taken().is_empty());
}

#[tokio::test]
async fn what_is_not_an_export_is_refused_in_plain_text() {
    let receiver = Receiver::start(OtlpHttpConfig::default()).await;
    let get = Request::get(format!("http://{}/v1/traces", receiver.address));
    for (request, status, text) in [
        (get, 405, "405 method not allowed, supported: [POST]"),
        (
            receiver.post("/v1/traces", "text/plain"),
            415,
            "415 unsupported media type, supported: [application/json, application/x-protobuf]",
        ),
        (receiver.post("/v1/other", PROTOBUF), 404, "404 page not found\n"),
        // A signal without a pipeline has no path.
        (receiver.post("/v1/metrics", PROTOBUF), 404, "404 page not found\n"),
    ] {
        let response = receiver.send(request, "body").await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, text.as_bytes()));
        assert!(content_type(&response).starts_with("text/plain"));
    }
}

#[tokio::test]
async fn a_body_that_is_no_request_is_a_400_in_the_requests_encoding() {
    let receiver = Receiver::start(OtlpHttpConfig::default()).await;
    let deep = format!(r#"{{"resourceSpans":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (content_type, body) in [
        (PROTOBUF, &b"\x0a\xff"[..]),
        (PROTOBUF, b"{}"),
        (JSON, b"\x0a\x00"),
        (JSON, br#"{"resourceSpans":1}"#),
        (JSON, deep.as_bytes()),
    ] {
        let response =
            receiver.send(receiver.post("/v1/traces", content_type), Bytes::copy_from_slice(body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(self::content_type(&response), content_type);
        let (code, message) = status_of(&response);
        assert_eq!(code, Code::InvalidArgument as i32);
        assert!(!message.is_empty());
    }
    let encoded = receiver.post("/v1/traces", JSON).header("content-encoding", "br");
    let response = receiver.send(encoded, "{}").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(status_of(&response), (3, "unsupported Content-Encoding: br".to_owned()));
}

#[tokio::test]
async fn refusals_become_the_collectors_statuses() {
    let receiver = Receiver::start(OtlpHttpConfig::default()).await;
    let coded = |code| Refusal::retryable("no").with_code(code);
    let delay = Some(Duration::from_millis(1500));
    for (refusal, http_status, code, message, retry_after) in [
        (Refusal::retryable("sending queue is full"), 503, 14, "sending queue is full", None),
        (Refusal::permanent("no such tenant"), 500, 13, "Permanent error: no such tenant", None),
        (Refusal::retryable("later").after(delay), 503, 14, "later", Some("2")),
        (coded(Code::ResourceExhausted).after(delay), 429, 8, "no", Some("2")),
        (coded(Code::ResourceExhausted), 429, 8, "no", None),
        (coded(Code::InvalidArgument), 400, 3, "no", None),
        (coded(Code::Unauthenticated), 401, 16, "no", None),
        (coded(Code::PermissionDenied), 403, 7, "no", None),
        (coded(Code::Unimplemented), 404, 12, "no", None),
        (coded(Code::Cancelled), 503, 1, "no", None),
        (coded(Code::DeadlineExceeded), 503, 4, "no", None),
        (coded(Code::Aborted), 503, 10, "no", None),
        (coded(Code::OutOfRange), 503, 11, "no", None),
        (coded(Code::DataLoss), 503, 15, "no", None),
        (coded(Code::Internal), 500, 13, "no", None),
        (coded(Code::NotFound), 500, 5, "no", None),
    ] {
        for content_type in [PROTOBUF, JSON] {
            receiver.sink.refuse_next(refusal.clone());
            let response = receiver.post_spans(content_type).await;
            assert_eq!(response.status().as_u16(), http_status, "{refusal:?}");
            assert_eq!(self::content_type(&response), content_type);
            assert_eq!(status_of(&response), (code, message.to_owned()));
            let header = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(header, retry_after, "{refusal:?}");
        }
    }
    assert_eq!(receiver.counted(&instruments::RECEIVER_REFUSED_SPANS), 64);
    assert_eq!(receiver.counted(&instruments::RECEIVER_ACCEPTED_SPANS), 0);
}

#[tokio::test]
async fn the_clients_header_fields_are_kept_where_asked_for() {
    let mut config = OtlpHttpConfig::default();
    config.server.include_metadata = true;
    let receiver = Receiver::start(config).await;
    let request = receiver.post("/v1/traces", PROTOBUF).header("X-Tenant", "a").header("X-Tenant", "b");
    receiver.send(request, spans(&["a"]).parts()[0].clone()).await;
    let batches = receiver.sink.taken();
    let client = batches[0].client().unwrap();
    assert_eq!(client.metadata["x-tenant"], ["a", "b"]);
    assert!(client.address.unwrap().ip().is_loopback());
}

#[tokio::test]
async fn paths_are_configured_with_or_without_a_leading_slash() {
    let config = OtlpHttpConfig { traces_url_path: "in/spans".to_owned(), ..OtlpHttpConfig::default() };
    let receiver = Receiver::start(config).await;
    let response = receiver.send(receiver.post("/in/spans", JSON), "{}").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(receiver.post_spans(JSON).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bytes_in_flight_are_counted_in_both_encodings_until_they_are_gone() {
    for content_type in [PROTOBUF, JSON] {
        let receiver = Receiver::start(OtlpHttpConfig::default()).await;
        receiver.post_spans(content_type).await;
        let held = receiver.sink.taken();
        assert_eq!(receiver.settings.in_flight.bytes(), held[0].bytes());
        assert!(held[0].bytes() > 0);
    }
}

#[test]
fn the_defaults_are_the_collectors() {
    let config = OtlpHttpConfig::default();
    assert_eq!(config.server.endpoint, "localhost:4318");
    assert!(config.server.read_header_timeout.is_zero());
    assert!(config.server.write_timeout.is_zero());
    assert!(config.server.idle_timeout.is_zero());
}
