//! The requests a load sends: built once as bytes, so that sending costs no encoding.
//!
//! A span has ten attributes and about 494 bytes, a log record the same attributes and a body of some 120
//! characters, a data point five attributes; every request names one resource of five attributes.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

use crate::Outcome;
use crate::case::{Case, Compression, Protocol, Signal};

pub use self::bodies::Bodies;

mod bodies;
mod for_components;

/// How many different requests a load repeats.
const VARIANTS: usize = 16;
const START_NANOS: u64 = 1_790_000_000_000_000_000;

/// What the items of a load are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Spans, log records and data points as the module says.
    Usual,
    /// Data points with one attribute more, which is another on each of 256.
    SixAttributes,
    /// Cumulative sums, each of 10,000 series in every hundredth request.
    Series,
    /// Spans of one resource with 10 names.
    TenOperations,
    /// Spans of one resource with 1,000 names.
    ThousandOperations,
}

/// The request bodies of a case as they go onto the wire: compressed, and with the gRPC prefix where it is gRPC.
pub fn bodies(case: &Case) -> Outcome<Bodies> {
    let variants =
        if case.payload == Payload::Series { for_components::SERIES / case.size } else { VARIANTS };
    let body = |variant| wire_body(case, request(case.payload, case.signal, case.size, variant));
    Ok(Bodies::new((0..variants).map(body).collect::<Outcome<_>>()?))
}

fn wire_body(case: &Case, message: Vec<u8>) -> Outcome<Bytes> {
    let message = match case.compression {
        Compression::None => message,
        Compression::Gzip => gzip(&message)?,
    };
    if case.protocol == Protocol::Http {
        return Ok(message.into());
    }
    let mut framed = Vec::with_capacity(message.len() + 5);
    framed.push(u8::from(case.compression == Compression::Gzip));
    framed.extend(u32::try_from(message.len())?.to_be_bytes());
    framed.extend(message);
    Ok(framed.into())
}

/// gzip as the SDKs send it, at their default level.
fn gzip(message: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(message)?;
    Ok(encoder.finish()?)
}

fn request(payload: Payload, signal: Signal, size: usize, variant: usize) -> Vec<u8> {
    let of_resource = if payload == Payload::Usual { variant } else { 0 };
    let resource = Some(resource(of_resource));
    let scope = Some(InstrumentationScope {
        name: "io.opentelemetry.checkout-http".to_owned(),
        version: "2.4.1".to_owned(),
        ..Default::default()
    });
    let numbers = (0..size).map(|index| variant * size + index);
    match signal {
        Signal::Traces => {
            let spans = match payload {
                Payload::TenOperations => numbers.map(for_components::span_of_operation(10)).collect(),
                Payload::ThousandOperations => {
                    numbers.map(for_components::span_of_operation(1_000)).collect()
                }
                _ => numbers.map(span).collect(),
            };
            let scope_spans = vec![ScopeSpans { scope, spans, ..Default::default() }];
            let resource_spans = vec![ResourceSpans { resource, scope_spans, ..Default::default() }];
            ExportTraceServiceRequest { resource_spans }.encode_to_vec()
        }
        Signal::Metrics => {
            let metrics = match payload {
                Payload::SixAttributes => for_components::metrics_of_six_attributes(size, variant),
                Payload::Series => vec![for_components::sum_of_series(numbers)],
                _ => metrics(size, variant),
            };
            let scope_metrics = vec![ScopeMetrics { scope, metrics, ..Default::default() }];
            let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..Default::default() }];
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
        Signal::Logs => {
            let scope_logs = vec![ScopeLogs {
                scope,
                log_records: numbers.map(log_record).collect(),
                ..Default::default()
            }];
            let resource_logs = vec![ResourceLogs { resource, scope_logs, ..Default::default() }];
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
    }
}

fn resource(variant: usize) -> Resource {
    let attributes = vec![
        text("service.name", format!("checkout-{}", variant % 4)),
        text("service.version", "2026.11.3".to_owned()),
        text("service.instance.id", format!("checkout-{variant}-7f9c4d5b6-x{variant:04}")),
        text("host.name", format!("node-{variant}.example.internal")),
        text("deployment.environment.name", "production".to_owned()),
    ];
    Resource { attributes, ..Default::default() }
}

fn span(number: usize) -> Span {
    let start = START_NANOS + number as u64 * 1_000_003;
    Span {
        trace_id: identifier(number / 8, 16),
        span_id: identifier(number + 1, 8),
        parent_span_id: identifier(number, 8),
        name: format!("GET /api/v1/carts/{{cart}}/items/{}", number % 7),
        kind: 1 + (number % 5) as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 12_345_678 + number as u64 % 1_000_000,
        attributes: item_attributes(number),
        status: Some(Status { message: String::new(), code: i32::from(number.is_multiple_of(50)) * 2 }),
        flags: 0x101,
        ..Default::default()
    }
}

fn log_record(number: usize) -> LogRecord {
    let time = START_NANOS + number as u64 * 1_000_003;
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time + 1_000,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(string(format!(
            "order {number} of customer {} was accepted: {} items, payment authorised, \
             shipment handed to carrier within {} ms",
            number % 977,
            number % 9 + 1,
            number % 450
        ))),
        attributes: item_attributes(number),
        flags: 1,
        trace_id: identifier(number / 8, 16),
        span_id: identifier(number + 1, 8),
        ..Default::default()
    }
}

/// Ten attributes: seven texts, two integers and a boolean.
fn item_attributes(number: usize) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET".to_owned()),
        text("http.route", "/api/v1/carts/{cart}/items/{item}".to_owned()),
        text("url.path", format!("/api/v1/carts/{}/items/{}", number % 4096, number % 7)),
        text("url.scheme", "https".to_owned()),
        text("server.address", "checkout.example.internal".to_owned()),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) Gecko".to_owned()),
        text("customer.id", format!("c-{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)),
        attribute(
            "http.response.status_code",
            Value::IntValue(if number.is_multiple_of(50) { 500 } else { 200 }),
        ),
        attribute("server.port", Value::IntValue(8443)),
        attribute("cart.discounted", Value::BoolValue(number.is_multiple_of(3))),
    ]
}

/// Metrics of up to five points each: sums, gauges and histograms in turn.
fn metrics(points: usize, variant: usize) -> Vec<Metric> {
    let numbers: Vec<usize> = (0..points).map(|index| variant * points + index).collect();
    let with_data = |(index, numbers): (usize, &[usize])| {
        let data = match index % 3 {
            0 => Data::Sum(Sum {
                data_points: numbers.iter().copied().map(number_point).collect(),
                aggregation_temporality: 2,
                is_monotonic: true,
            }),
            1 => Data::Gauge(Gauge { data_points: numbers.iter().copied().map(number_point).collect() }),
            _ => Data::Histogram(Histogram {
                data_points: numbers.iter().copied().map(histogram_point).collect(),
                aggregation_temporality: 2,
            }),
        };
        Metric {
            name: format!("http.server.request.quantity_{index}"),
            description: "What the server did with requests".to_owned(),
            unit: "s".to_owned(),
            data: Some(data),
            ..Default::default()
        }
    };
    numbers.chunks(5).enumerate().map(with_data).collect()
}

fn number_point(number: usize) -> NumberDataPoint {
    NumberDataPoint {
        attributes: point_attributes(number),
        start_time_unix_nano: START_NANOS,
        time_unix_nano: START_NANOS + 60_000_000_000,
        value: Some(number_data_point::Value::AsDouble(number as f64 * 0.37)),
        ..Default::default()
    }
}

fn histogram_point(number: usize) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: point_attributes(number),
        start_time_unix_nano: START_NANOS,
        time_unix_nano: START_NANOS + 60_000_000_000,
        count: 15 * number as u64,
        sum: Some(number as f64 * 1.25),
        bucket_counts: vec![number as u64; 15],
        explicit_bounds: vec![
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
        ],
        ..Default::default()
    }
}

fn point_attributes(number: usize) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET".to_owned()),
        text("http.route", format!("/api/v1/carts/{{cart}}/items/{}", number % 7)),
        text("url.scheme", "https".to_owned()),
        attribute("http.response.status_code", Value::IntValue(200)),
        text("server.address", format!("checkout-{}.example.internal", number % 64)),
    ]
}

/// A distinct, well-mixed identifier of 8 or 16 bytes: real ones do not compress either.
fn identifier(number: usize, length: usize) -> Vec<u8> {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let second = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed.to_be_bytes().into_iter().chain(second.to_be_bytes()).take(length).collect()
}

fn text(key: &str, value: String) -> KeyValue {
    attribute(key, Value::StringValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn string(value: String) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value)) }
}
