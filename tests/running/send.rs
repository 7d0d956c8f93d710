//! What an application does: one span, one data point and one log record of a name, over either protocol.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as PointValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::transport::Channel;

/// Sends one request of each signal and expects each to be answered OK.
pub async fn send_over_grpc(channel: Channel, name: &str) {
    let spans = TraceServiceClient::new(channel.clone()).export(one_span(name)).await;
    assert_eq!(spans.unwrap().into_inner().partial_success, None);
    let points = MetricsServiceClient::new(channel.clone()).export(one_point(name)).await;
    assert_eq!(points.unwrap().into_inner().partial_success, None);
    let records = LogsServiceClient::new(channel).export(one_record(name)).await;
    assert_eq!(records.unwrap().into_inner().partial_success, None);
}

/// Posts one request of each signal on `connection` and expects each to be answered 200.
pub async fn send_over_http(connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, name: &str) {
    let bodies = [
        ("/v1/traces", one_span(name).encode_to_vec()),
        ("/v1/metrics", one_point(name).encode_to_vec()),
        ("/v1/logs", one_record(name).encode_to_vec()),
    ];
    let answers = post(connection, "application/x-protobuf", bodies).await;
    assert_eq!(answers, vec![Bytes::new(); 3]);
}

/// Posts one request of OTLP/JSON and expects it to be answered 200, without a partial success.
pub async fn post_json(
    connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    path: &'static str,
    request: &serde_json::Value,
) {
    let answers = post(connection, "application/json", [(path, request.to_string().into_bytes())]).await;
    assert_eq!(answers, [r#"{"partialSuccess":{}}"#]);
}

/// Posts bodies to paths one after the other. Each must be answered 200; returns what the answers hold.
async fn post(
    connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    content_type: &'static str,
    bodies: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
) -> Vec<Bytes> {
    let (mut sender, driver) = http1::handshake(TokioIo::new(connection)).await.unwrap();
    tokio::spawn(driver);
    let mut answers = Vec::new();
    for (path, body) in bodies {
        let request = Request::post(path)
            .header(HOST, "weir.test")
            .header(CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let answer = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status.as_u16(), 200, "{path}: {answer:?}");
        answers.push(answer);
    }
    answers
}

fn one_span(name: &str) -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_000_001,
        ..Span::default()
    };
    spans(vec![span])
}

/// A request of these spans in one scope of one resource.
pub fn spans(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource()), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

fn one_point(name: &str) -> ExportMetricsServiceRequest {
    let point = NumberDataPoint { value: Some(PointValue::AsInt(1)), ..NumberDataPoint::default() };
    let data = Some(Data::Gauge(Gauge { data_points: vec![point] }));
    let metrics = vec![Metric { name: name.to_owned(), data, ..Metric::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource()), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }
}

fn one_record(name: &str) -> ExportLogsServiceRequest {
    let log_records = vec![LogRecord { body: Some(text(name)), ..LogRecord::default() }];
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: Some(resource()), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }
}

fn resource() -> Resource {
    let attribute =
        KeyValue { key: "service.name".to_owned(), value: Some(text("shop")), ..KeyValue::default() };
    Resource { attributes: vec![attribute], ..Resource::default() }
}

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}

/// An encoded request of one span whose resource has an attribute of lists `depth` deep.
pub fn nested_request(depth: usize) -> Vec<u8> {
    let mut value = AnyValue { value: Some(Value::IntValue(1)) };
    for _ in 0..depth {
        value = AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![value] })) };
    }
    let attribute = KeyValue { key: "list".to_owned(), value: Some(value), ..KeyValue::default() };
    let resource = Some(Resource { attributes: vec![attribute], ..Resource::default() });
    let scope_spans = vec![ScopeSpans { spans: vec![Span::default()], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}
