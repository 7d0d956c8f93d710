//! Requests of every signal with every field of OTLP set some of the time.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1 as metrics;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::scramble::Dice;
use crate::otlp::Signal;

/// A canonical request body of `signal`, drawn with `dice`.
pub(super) fn request_body(signal: Signal, dice: &mut Dice) -> Vec<u8> {
    match signal {
        Signal::Traces => {
            let resource_spans = list(dice, 3, |dice| ResourceSpans {
                resource: maybe(dice, resource),
                scope_spans: list(dice, 3, |dice| ScopeSpans {
                    scope: maybe(dice, scope),
                    spans: list(dice, 4, span),
                    schema_url: text(dice),
                }),
                schema_url: text(dice),
            });
            ExportTraceServiceRequest { resource_spans }.encode_to_vec()
        }
        Signal::Metrics => {
            let resource_metrics = list(dice, 3, |dice| ResourceMetrics {
                resource: maybe(dice, resource),
                scope_metrics: list(dice, 3, |dice| ScopeMetrics {
                    scope: maybe(dice, scope),
                    metrics: list(dice, 4, metric),
                    schema_url: text(dice),
                }),
                schema_url: text(dice),
            });
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
        Signal::Logs => {
            let resource_logs = list(dice, 3, |dice| ResourceLogs {
                resource: maybe(dice, resource),
                scope_logs: list(dice, 3, |dice| ScopeLogs {
                    scope: maybe(dice, scope),
                    log_records: list(dice, 4, log_record),
                    schema_url: text(dice),
                }),
                schema_url: text(dice),
            });
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
    }
}

fn resource(dice: &mut Dice) -> Resource {
    Resource {
        attributes: attributes(dice),
        dropped_attributes_count: small(dice),
        entity_refs: list(dice, 1, |dice| EntityRef {
            schema_url: text(dice),
            r#type: text(dice),
            id_keys: list(dice, 2, text),
            description_keys: list(dice, 2, text),
        }),
    }
}

fn scope(dice: &mut Dice) -> InstrumentationScope {
    InstrumentationScope {
        name: text(dice),
        version: text(dice),
        attributes: attributes(dice),
        dropped_attributes_count: small(dice),
    }
}

fn span(dice: &mut Dice) -> Span {
    Span {
        trace_id: bytes(dice, 16),
        span_id: bytes(dice, 8),
        trace_state: text(dice),
        parent_span_id: bytes(dice, 8),
        flags: small(dice),
        name: text(dice),
        kind: enumeration(dice),
        start_time_unix_nano: any_u64(dice),
        end_time_unix_nano: any_u64(dice),
        attributes: attributes(dice),
        dropped_attributes_count: small(dice),
        events: list(dice, 2, |dice| Event {
            time_unix_nano: any_u64(dice),
            name: text(dice),
            attributes: attributes(dice),
            dropped_attributes_count: small(dice),
        }),
        dropped_events_count: small(dice),
        links: list(dice, 2, |dice| Link {
            trace_id: bytes(dice, 16),
            span_id: bytes(dice, 8),
            trace_state: text(dice),
            attributes: attributes(dice),
            dropped_attributes_count: small(dice),
            flags: small(dice),
        }),
        dropped_links_count: small(dice),
        status: maybe(dice, |dice| Status { message: text(dice), code: enumeration(dice) }),
    }
}

fn log_record(dice: &mut Dice) -> LogRecord {
    LogRecord {
        time_unix_nano: any_u64(dice),
        observed_time_unix_nano: any_u64(dice),
        severity_number: enumeration(dice),
        severity_text: text(dice),
        body: maybe(dice, |dice| any_value(dice, 4)),
        attributes: attributes(dice),
        dropped_attributes_count: small(dice),
        flags: small(dice),
        trace_id: bytes(dice, 16),
        span_id: bytes(dice, 8),
        event_name: text(dice),
    }
}

fn metric(dice: &mut Dice) -> Metric {
    let data = match dice.roll(6) {
        0 => None,
        1 => Some(metric::Data::Gauge(metrics::Gauge { data_points: list(dice, 4, number_data_point) })),
        2 => Some(metric::Data::Sum(metrics::Sum {
            data_points: list(dice, 4, number_data_point),
            aggregation_temporality: enumeration(dice),
            is_monotonic: dice.roll(2) == 0,
        })),
        3 => Some(metric::Data::Histogram(metrics::Histogram {
            data_points: list(dice, 4, histogram_data_point),
            aggregation_temporality: enumeration(dice),
        })),
        4 => Some(metric::Data::ExponentialHistogram(metrics::ExponentialHistogram {
            data_points: list(dice, 4, exponential_histogram_data_point),
            aggregation_temporality: enumeration(dice),
        })),
        _ => Some(metric::Data::Summary(metrics::Summary { data_points: list(dice, 4, summary_data_point) })),
    };
    Metric { name: text(dice), description: text(dice), unit: text(dice), metadata: attributes(dice), data }
}

fn number_data_point(dice: &mut Dice) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(dice),
        start_time_unix_nano: any_u64(dice),
        time_unix_nano: any_u64(dice),
        exemplars: list(dice, 2, exemplar),
        flags: small(dice),
        value: match dice.roll(3) {
            0 => None,
            1 => Some(number_data_point::Value::AsInt(any_i64(dice))),
            _ => Some(number_data_point::Value::AsDouble(any_f64(dice))),
        },
    }
}

fn histogram_data_point(dice: &mut Dice) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(dice),
        start_time_unix_nano: any_u64(dice),
        time_unix_nano: any_u64(dice),
        count: any_u64(dice),
        sum: maybe(dice, any_f64),
        bucket_counts: list(dice, 4, any_u64),
        explicit_bounds: list(dice, 3, any_f64),
        exemplars: list(dice, 2, exemplar),
        flags: small(dice),
        min: maybe(dice, any_f64),
        max: maybe(dice, any_f64),
    }
}

fn exponential_histogram_data_point(dice: &mut Dice) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: attributes(dice),
        start_time_unix_nano: any_u64(dice),
        time_unix_nano: any_u64(dice),
        count: any_u64(dice),
        sum: maybe(dice, any_f64),
        scale: any_i32(dice),
        zero_count: any_u64(dice),
        positive: maybe(dice, buckets),
        negative: maybe(dice, buckets),
        flags: small(dice),
        exemplars: list(dice, 2, exemplar),
        min: maybe(dice, any_f64),
        max: maybe(dice, any_f64),
        zero_threshold: any_f64(dice),
    }
}

fn buckets(dice: &mut Dice) -> Buckets {
    Buckets { offset: any_i32(dice), bucket_counts: list(dice, 4, any_u64) }
}

fn summary_data_point(dice: &mut Dice) -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: attributes(dice),
        start_time_unix_nano: any_u64(dice),
        time_unix_nano: any_u64(dice),
        count: any_u64(dice),
        sum: any_f64(dice),
        quantile_values: list(dice, 3, |dice| ValueAtQuantile {
            quantile: any_f64(dice),
            value: any_f64(dice),
        }),
        flags: small(dice),
    }
}

fn exemplar(dice: &mut Dice) -> Exemplar {
    Exemplar {
        filtered_attributes: attributes(dice),
        time_unix_nano: any_u64(dice),
        span_id: bytes(dice, 8),
        trace_id: bytes(dice, 16),
        value: match dice.roll(3) {
            0 => None,
            1 => Some(exemplar::Value::AsInt(any_i64(dice))),
            _ => Some(exemplar::Value::AsDouble(any_f64(dice))),
        },
    }
}

fn attributes(dice: &mut Dice) -> Vec<KeyValue> {
    list(dice, 3, |dice| attribute(dice, 3))
}

fn attribute(dice: &mut Dice, depth: u32) -> KeyValue {
    KeyValue { key: text(dice), value: maybe(dice, |dice| any_value(dice, depth)), ..Default::default() }
}

fn any_value(dice: &mut Dice, depth: u32) -> AnyValue {
    let value = match dice.roll(if depth == 0 { 6 } else { 8 }) {
        0 => return AnyValue { value: None },
        1 => Value::StringValue(text(dice)),
        2 => Value::BoolValue(dice.roll(2) == 0),
        3 => Value::IntValue(any_i64(dice)),
        4 => Value::DoubleValue(any_f64(dice)),
        5 => Value::BytesValue(bytes(dice, 5)),
        6 => Value::ArrayValue(ArrayValue { values: list(dice, 3, |dice| any_value(dice, depth - 1)) }),
        _ => Value::KvlistValue(KeyValueList { values: list(dice, 3, |dice| attribute(dice, depth - 1)) }),
    };
    AnyValue { value: Some(value) }
}

fn list<T>(dice: &mut Dice, most: u64, mut element: impl FnMut(&mut Dice) -> T) -> Vec<T> {
    (0..dice.roll(most + 1)).map(|_| element(dice)).collect()
}

fn maybe<T>(dice: &mut Dice, mut element: impl FnMut(&mut Dice) -> T) -> Option<T> {
    (dice.roll(3) > 0).then(|| element(dice))
}

/// Short ones, and now and then one whose length takes two bytes.
fn text(dice: &mut Dice) -> String {
    let words = ["", "a", "http.route", "größe", "GET /api/v1/orders"];
    let word = words[usize::try_from(dice.roll(5)).unwrap()];
    if dice.roll(20) == 0 { word.repeat(12) } else { word.to_owned() }
}

fn bytes(dice: &mut Dice, length: usize) -> Vec<u8> {
    let length = if dice.roll(3) == 0 { 0 } else { length };
    (0..length).map(|_| any_u64(dice).to_le_bytes()[0]).collect()
}

fn small(dice: &mut Dice) -> u32 {
    u32::try_from(dice.roll(400)).unwrap().saturating_sub(100)
}

fn enumeration(dice: &mut Dice) -> i32 {
    i32::try_from(dice.roll(6)).unwrap() - 1
}

fn any_u64(dice: &mut Dice) -> u64 {
    let bits = dice.roll(64);
    dice.roll(u64::MAX) >> bits
}

fn any_i64(dice: &mut Dice) -> i64 {
    any_u64(dice).cast_signed()
}

fn any_i32(dice: &mut Dice) -> i32 {
    i32::try_from(dice.roll(1 << 32).cast_signed() - (1 << 31)).unwrap()
}

/// Any bits at all, infinities and subnormal numbers too; of those that are not a number only the one
/// that JSON can write.
fn any_f64(dice: &mut Dice) -> f64 {
    let double = f64::from_bits(any_u64(dice));
    if double.is_nan() { f64::NAN } else { double }
}
