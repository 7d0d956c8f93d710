//! The exporter against a server in the same process.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use prost::Message;
use tonic::Code;

use super::{OtlpEncoding, OtlpHttpExporter, OtlpHttpExporterConfig, OtlpHttpSender};
use crate::config::{Checking, ConfigValue};
use crate::network::compression::Compression;
use crate::network::headers::retry_after;
use crate::network::http_client::HttpClientConfig;
use crate::network::http_server::testing::{RecordingServer, loopback, response};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::json::{decode_json, encode_response_json};
use crate::otlp::rpc_status::Status;
use crate::otlp::{Batch, Signal};
use crate::pipeline::testing::{settings, span_names, spans};
use crate::pipeline::{ExporterType, Refusal, RefusalClass};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

fn section(endpoint: &str) -> OtlpHttpExporterConfig {
    let mut config = OtlpHttpExporterConfig::default();
    config.client.endpoint = endpoint.to_owned();
    config
}

fn sender(config: &OtlpHttpExporterConfig) -> OtlpHttpSender {
    OtlpHttpSender::new(config, &settings("otlphttp", Signal::Traces)).unwrap()
}

fn two_parts() -> Batch {
    let mut batch = spans(&["a"]);
    batch.merge(spans(&["b", "c"]));
    batch
}

#[tokio::test]
async fn requests_arrive_whole_in_every_compression_and_encoding() {
    let server = RecordingServer::start(loopback()).await;
    for compression in Compression::ALL.into_iter().chain([Compression::None]) {
        for encoding in [OtlpEncoding::Protobuf, OtlpEncoding::Json] {
            let mut config = section(&format!("http://{}", server.address));
            config.client.compression = compression;
            config.encoding = encoding;
            sender(&config).post(two_parts()).await.unwrap();
        }
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 16);
    for (head, body) in requests {
        assert_eq!(head.uri.path(), "/v1/traces");
        let batch = match head.headers["content-type"].to_str().unwrap() {
            "application/json" => decode_json(Signal::Traces, &body).unwrap(),
            "application/x-protobuf" => Batch::from_untrusted_part(Signal::Traces, body).unwrap(),
            other => panic!("{other}"),
        };
        assert_eq!(span_names(&batch), ["a", "b", "c"]);
        assert!(head.headers.contains_key("content-length"));
        assert!(head.headers["user-agent"].to_str().unwrap().starts_with("weir/"));
    }
}

#[tokio::test]
async fn the_default_is_gzip_and_long_bodies_are_compressed_too() {
    let server = RecordingServer::start(loopback()).await;
    let sender = sender(&section(&format!("http://{}/", server.address)));
    let names: Vec<String> = (0..20_000).map(|number| format!("span {number}")).collect();
    sender.post(spans(&names)).await.unwrap();
    let (head, body) = server.requests().remove(0);
    assert_eq!(head.headers["content-encoding"], "gzip");
    assert_eq!(body, spans(&names).parts()[0]);
}

#[tokio::test]
async fn every_status_means_what_the_specification_says() {
    let server = RecordingServer::start(loopback()).await;
    let url = format!("http://{}/v1/traces", server.address);
    let sender = sender(&section(&format!("http://{}", server.address)));
    for (status, is_permanent, code) in [
        (301, true, Code::Unknown),
        (400, true, Code::InvalidArgument),
        (401, true, Code::Unauthenticated),
        (403, true, Code::PermissionDenied),
        (404, true, Code::Unimplemented),
        (408, true, Code::Unknown),
        (413, true, Code::Unknown),
        (429, false, Code::ResourceExhausted),
        (500, true, Code::Unknown),
        (501, true, Code::Unknown),
        (502, false, Code::Unavailable),
        (503, false, Code::Unavailable),
        (504, false, Code::Unavailable),
    ] {
        server.answer_next(response(status, &[], b""));
        let refusal = sender.post(two_parts()).await.unwrap_err();
        assert_eq!(refusal.is_permanent(), is_permanent, "{status}");
        assert_eq!(refusal.code, Some(code), "{status}");
        assert_eq!(
            refusal.message,
            format!("error exporting items, request to {url} responded with HTTP Status Code {status}")
        );
    }
    for status in [200, 202, 204] {
        server.answer_next(response(status, &[], b""));
        sender.post(two_parts()).await.unwrap();
    }
}

#[tokio::test]
async fn the_message_of_a_status_is_shown() {
    let server = RecordingServer::start(loopback()).await;
    let url = format!("http://{}/v1/traces", server.address);
    let sender = sender(&section(&format!("http://{}", server.address)));
    let status = Status::new(3, "no such tenant").encode_to_vec();
    let json = br#"{"code":3,"message":"no such tenant"}"#;
    for response in [response(400, &[PROTOBUF], &status), response(400, &[JSON], json)] {
        server.answer_next(response);
        assert_eq!(
            sender.post(two_parts()).await.unwrap_err().message,
            format!(
                "error exporting items, request to {url} responded with HTTP Status Code 400, \
                 Message=no such tenant, Details=[]"
            )
        );
    }
    server.answer_next(response(400, &[("content-type", "text/html")], b"<html>"));
    let refusal = sender.post(two_parts()).await.unwrap_err();
    assert!(refusal.message.ends_with("HTTP Status Code 400"), "{}", refusal.message);
}

#[tokio::test]
async fn retry_after_is_honoured_on_429_and_503_as_seconds_and_as_date() {
    let server = RecordingServer::start(loopback()).await;
    let sender = sender(&section(&format!("http://{}", server.address)));
    let delay = |refusal: Refusal| match refusal.class {
        RefusalClass::Retryable { after } => after,
        other => panic!("{other:?}"),
    };
    for (status, value, expected) in [
        (429, "7", Some(Duration::from_secs(7))),
        (503, "30", Some(Duration::from_secs(30))),
        (502, "7", None),
        (503, "soon", None),
        (503, "Mon, 01 Jan 2001 00:00:00 GMT", Some(Duration::ZERO)),
    ] {
        server.answer_next(response(status, &[("retry-after", value)], b""));
        assert_eq!(delay(sender.post(two_parts()).await.unwrap_err()), expected, "{status} {value}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "Thu, 01 Jan 1970 00:02:00 GMT".parse().unwrap());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(90);
    assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_partial_success_is_a_success_that_says_what_was_not_taken() {
    let server = RecordingServer::start(loopback()).await;
    let sender = sender(&section(&format!("http://{}", server.address)));
    let partial = ExportResponse { rejected: 2, error_message: "too old".to_owned() };
    let json = encode_response_json(Signal::Traces, &partial);
    for (content_type, body, expected) in [
        (PROTOBUF, partial.encode(), &partial),
        (JSON, json, &partial),
        (PROTOBUF, b"<html>".to_vec(), &ExportResponse::default()),
    ] {
        server.answer_next(response(200, &[content_type], &body));
        assert_eq!(sender.post(two_parts()).await.unwrap(), *expected);
    }
}

#[tokio::test]
async fn a_back_end_that_is_not_there_is_worth_another_try() {
    let server = RecordingServer::start(loopback()).await;
    let address = server.address.clone();
    server.stop().await;
    drop(server);
    let sender = sender(&section(&format!("http://{address}")));
    let refusal = sender.post(two_parts()).await.unwrap_err();
    assert!(!refusal.is_permanent());
    let expected = format!("failed to make an HTTP request: Post \"http://{address}/v1/traces\": ");
    assert!(refusal.message.starts_with(&expected), "{}", refusal.message);
    assert!(refusal.message.contains("Connection refused"), "{}", refusal.message);
}

#[tokio::test]
async fn the_component_sends_what_it_is_given_and_ends() {
    use crate::pipeline::Host;
    let server = RecordingServer::start(loopback()).await;
    let config = section(&format!("http://{}", server.address));
    let exporter = OtlpHttpExporter::create(Arc::new(config), settings("otlphttp", Signal::Traces)).unwrap();
    exporter.start(&Host::default()).await.unwrap();
    exporter.consume(two_parts()).await.unwrap();
    exporter.shutdown(tokio::time::Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn each_signal_has_its_url() {
    let mut config = section("https://collector.test:4318/otlp/");
    config.logs_endpoint = "http://logs.test/in".to_owned();
    let url = |signal| config.url_of(signal).unwrap().to_string();
    assert_eq!(url(Signal::Traces), "https://collector.test:4318/otlp/v1/traces");
    assert_eq!(url(Signal::Metrics), "https://collector.test:4318/otlp/v1/metrics");
    assert_eq!(url(Signal::Logs), "http://logs.test/in");
    config.client.endpoint.clear();
    assert_eq!(
        config.url_of(Signal::Traces),
        Err("either endpoint or traces_endpoint must be specified".to_owned())
    );
}

#[test]
fn sections_are_checked() {
    type Change = fn(&mut OtlpHttpExporterConfig);
    let cases: [(Change, &str); 5] = [
        (|config| config.client.endpoint.clear(), "at least one endpoint must be specified"),
        (
            |config| config.client.endpoint = "localhost:4318".into(),
            "endpoint must be a valid URL: \"localhost:4318\" begins neither with http:// nor with https://",
        ),
        (
            |config| config.traces_endpoint = "ftp://a/".into(),
            "traces_endpoint must be a valid URL: \"ftp://a/\" begins neither with http:// nor with https://",
        ),
        (
            |config| config.client.compression_params.level = 12,
            "unsupported parameters {Level:12} for compression type \"gzip\"",
        ),
        (
            |config| config.client.proxy_url = "socks5://p:1".into(),
            "proxy_url \"socks5://p:1\" is not supported: write it as http://host:port",
        ),
    ];
    for (change, message) in cases {
        let mut config = section("http://localhost:4318");
        change(&mut config);
        let mut checking = Checking::default();
        config.check(&mut checking);
        let errors = checking.into_errors();
        assert_eq!(errors.first().map(|error| error.message.as_str()), Some(message));
    }
    let defaults = OtlpHttpExporterConfig::default();
    assert_eq!(defaults.client.timeout, crate::config::GoDuration::from_secs(30));
    assert_eq!(defaults.client.compression, Compression::Gzip);
    assert_eq!(HttpClientConfig::default().compression, Compression::None);
    assert!(defaults.sending_queue.is_on());
}
