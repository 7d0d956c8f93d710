//! The requests of `traces.json`, `metrics.json` and `logs.json` as prost structs: every field of every
//! message is set once.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

const TRACE_ID: [u8; 16] =
    [0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c];
const SPAN_ID: [u8; 8] = [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74];
const PARENT_SPAN_ID: [u8; 8] = [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x73];

pub(super) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}

pub(super) fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn service() -> Option<Resource> {
    let attributes = vec![attribute("service.name", text("my.service"))];
    Some(Resource { attributes, ..Resource::default() })
}

fn library() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "my.library".to_owned(), ..InstrumentationScope::default() })
}

pub(super) fn traces() -> ExportTraceServiceRequest {
    let scope = InstrumentationScope {
        name: "my.library".to_owned(),
        version: "1.0.0".to_owned(),
        attributes: vec![attribute("scope", text(""))],
        dropped_attributes_count: 2,
    };
    let scope_spans =
        ScopeSpans { scope: Some(scope), spans: vec![span()], schema_url: "https://scope".to_owned() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(full_resource()),
            scope_spans: vec![scope_spans],
            schema_url: "https://resource".to_owned(),
        }],
    }
}

fn full_resource() -> Resource {
    let strings = |strings: &[&str]| strings.iter().map(|&string| string.to_owned()).collect();
    let array = vec![
        AnyValue { value: Some(text("many")) },
        AnyValue { value: Some(Value::IntValue(0)) },
        AnyValue { value: None },
    ];
    Resource {
        attributes: vec![
            attribute("string", text("my.service")),
            attribute("bool", Value::BoolValue(true)),
            attribute("int", Value::IntValue(-9_007_199_254_740_993)),
            attribute("double", Value::DoubleValue(637.704)),
            attribute("array", Value::ArrayValue(ArrayValue { values: array })),
            attribute(
                "map",
                Value::KvlistValue(KeyValueList {
                    values: vec![attribute("inner", Value::BoolValue(false))],
                }),
            ),
            attribute("bytes", Value::BytesValue(vec![0xfb, 0xff])),
            KeyValue { key_strindex: 8, ..attribute("index", Value::StringValueStrindex(7)) },
        ],
        dropped_attributes_count: 1,
        entity_refs: vec![EntityRef {
            schema_url: "https://entity".to_owned(),
            r#type: "service".to_owned(),
            id_keys: strings(&["string", "bool"]),
            description_keys: strings(&["int"]),
        }],
    }
}

fn span() -> Span {
    Span {
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        trace_state: "vendor=1".to_owned(),
        parent_span_id: PARENT_SPAN_ID.to_vec(),
        flags: 257,
        name: "I'm a server span".to_owned(),
        kind: 2,
        start_time_unix_nano: 1_544_712_660_000_000_001,
        end_time_unix_nano: u64::MAX,
        attributes: vec![attribute("my.span.attr", text("some value"))],
        dropped_attributes_count: 3,
        events: vec![Event {
            time_unix_nano: 1_544_712_660_500_000_000,
            name: "exception".to_owned(),
            attributes: vec![KeyValue {
                key: "event".to_owned(),
                value: Some(AnyValue { value: None }),
                key_strindex: 0,
            }],
            dropped_attributes_count: 4,
        }],
        dropped_events_count: 5,
        links: vec![Link {
            trace_id: (0..16).collect(),
            span_id: (0..8).collect(),
            trace_state: "vendor=2".to_owned(),
            attributes: vec![attribute("link", Value::DoubleValue(f64::NAN))],
            dropped_attributes_count: 6,
            flags: 256,
        }],
        dropped_links_count: 7,
        status: Some(Status { message: "late".to_owned(), code: 2 }),
    }
}

pub(super) fn logs() -> ExportLogsServiceRequest {
    let body = KeyValueList { values: vec![attribute("url", text("https://example.com/?a=1&b=<2>"))] };
    let log_record = LogRecord {
        time_unix_nano: 1_544_712_660_300_000_000,
        observed_time_unix_nano: 1_544_712_660_300_000_001,
        severity_number: 10,
        severity_text: "Information".to_owned(),
        body: Some(AnyValue { value: Some(Value::KvlistValue(body)) }),
        attributes: vec![attribute("string.attribute", text("some string"))],
        dropped_attributes_count: 1,
        flags: 255,
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        event_name: "browser.page_view".to_owned(),
    };
    let empty = LogRecord { body: Some(AnyValue { value: None }), ..LogRecord::default() };
    let scope_logs = ScopeLogs {
        scope: library(),
        log_records: vec![log_record, empty],
        schema_url: "https://scope".to_owned(),
    };
    let schema_url = "https://resource".to_owned();
    let resource_logs = ResourceLogs { resource: service(), scope_logs: vec![scope_logs], schema_url };
    ExportLogsServiceRequest { resource_logs: vec![resource_logs] }
}

pub(super) fn metrics() -> ExportMetricsServiceRequest {
    let gauge = Metric {
        name: "my.gauge".to_owned(),
        description: "I am a Gauge".to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Gauge(Gauge { data_points: vec![number_data_point(), NumberDataPoint::default()] })),
        metadata: vec![attribute("prometheus.type", text("gauge"))],
    };
    let named = |name: &str, data| Metric { name: name.to_owned(), data, ..Metric::default() };
    let zero =
        NumberDataPoint { value: Some(number_data_point::Value::AsInt(0)), ..NumberDataPoint::default() };
    let sum = Sum { data_points: vec![zero], aggregation_temporality: 1, is_monotonic: true };
    let histogram = Histogram { data_points: vec![histogram_data_point()], aggregation_temporality: 2 };
    let exponential =
        ExponentialHistogram { data_points: vec![exponential_data_point()], aggregation_temporality: 1 };
    let metrics = vec![
        gauge,
        named("my.counter", Some(Data::Sum(sum))),
        named("my.histogram", Some(Data::Histogram(histogram))),
        named("my.exponential.histogram", Some(Data::ExponentialHistogram(exponential))),
        named("my.summary", Some(Data::Summary(Summary { data_points: vec![summary_data_point()] }))),
        named("my.empty", None),
    ];
    let scope_metrics = ScopeMetrics { scope: library(), metrics, schema_url: "https://scope".to_owned() };
    let schema_url = "https://resource".to_owned();
    let resource_metrics =
        ResourceMetrics { resource: service(), scope_metrics: vec![scope_metrics], schema_url };
    ExportMetricsServiceRequest { resource_metrics: vec![resource_metrics] }
}

fn number_data_point() -> NumberDataPoint {
    let full = Exemplar {
        filtered_attributes: vec![attribute("exemplar", Value::BoolValue(true))],
        time_unix_nano: 3,
        value: Some(exemplar::Value::AsDouble(f64::NEG_INFINITY)),
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
    };
    NumberDataPoint {
        attributes: vec![attribute("gauge", text("some value"))],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        value: Some(number_data_point::Value::AsDouble(10.0)),
        exemplars: vec![full, exemplar_of(exemplar::Value::AsInt(-4))],
        flags: 1,
    }
}

fn exemplar_of(value: exemplar::Value) -> Exemplar {
    Exemplar { value: Some(value), ..Exemplar::default() }
}

fn histogram_data_point() -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: vec![attribute("histogram", text("some value"))],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 2,
        sum: Some(2.5),
        bucket_counts: vec![1, 0, 1],
        explicit_bounds: vec![0.5, f64::INFINITY],
        exemplars: vec![exemplar_of(exemplar::Value::AsDouble(1.0))],
        flags: 1,
        min: Some(0.0),
        max: Some(1e21),
    }
}

fn exponential_data_point() -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: vec![attribute("exponential", text("some value"))],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(10.0),
        scale: -3,
        zero_count: 1,
        positive: Some(Buckets { offset: 1, bucket_counts: vec![0, 300, u64::MAX] }),
        negative: Some(Buckets { offset: -2, bucket_counts: Vec::new() }),
        flags: 1,
        exemplars: vec![exemplar_of(exemplar::Value::AsInt(5))],
        min: Some(0.0),
        max: Some(5.0),
        zero_threshold: 1e-7,
    }
}

fn summary_data_point() -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: vec![attribute("summary", text("some value"))],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 4,
        sum: 12.5,
        quantile_values: vec![
            ValueAtQuantile { quantile: 0.99, value: 1.5 },
            ValueAtQuantile { quantile: 1.0, value: 0.0 },
        ],
        flags: 1,
    }
}
