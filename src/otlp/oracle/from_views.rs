//! The structs prost decodes to, filled from the views alone.

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

use crate::otlp::{
    AnyValueView, Batch, BucketsView, ExemplarView, ExponentialHistogramDataPointView,
    HistogramDataPointView, KeyValueView, List, LogRecordView, MetricData, MetricView, NumberDataPointView,
    NumberValue, ResourceView, ScopeView, SpanView, SummaryDataPointView,
};

pub(super) fn trace_request(batch: &Batch) -> ExportTraceServiceRequest {
    let resource_spans = batch.resource_groups().map(|resource_group| ResourceSpans {
        resource: Some(resource(resource_group.resource)),
        scope_spans: resource_group
            .scope_groups
            .iter()
            .map(|scope_group| ScopeSpans {
                scope: Some(scope(scope_group.scope)),
                spans: scope_group.spans().map(span).collect(),
                schema_url: scope_group.schema_url.to_string(),
            })
            .collect(),
        schema_url: resource_group.schema_url.to_string(),
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

pub(super) fn metrics_request(batch: &Batch) -> ExportMetricsServiceRequest {
    let resource_metrics = batch.resource_groups().map(|resource_group| ResourceMetrics {
        resource: Some(resource(resource_group.resource)),
        scope_metrics: resource_group
            .scope_groups
            .iter()
            .map(|scope_group| ScopeMetrics {
                scope: Some(scope(scope_group.scope)),
                metrics: scope_group.metrics().map(metric).collect(),
                schema_url: scope_group.schema_url.to_string(),
            })
            .collect(),
        schema_url: resource_group.schema_url.to_string(),
    });
    ExportMetricsServiceRequest { resource_metrics: resource_metrics.collect() }
}

pub(super) fn logs_request(batch: &Batch) -> ExportLogsServiceRequest {
    let resource_logs = batch.resource_groups().map(|resource_group| ResourceLogs {
        resource: Some(resource(resource_group.resource)),
        scope_logs: resource_group
            .scope_groups
            .iter()
            .map(|scope_group| ScopeLogs {
                scope: Some(scope(scope_group.scope)),
                log_records: scope_group.log_records().map(log_record).collect(),
                schema_url: scope_group.schema_url.to_string(),
            })
            .collect(),
        schema_url: resource_group.schema_url.to_string(),
    });
    ExportLogsServiceRequest { resource_logs: resource_logs.collect() }
}

fn resource(view: ResourceView<'_>) -> Resource {
    Resource {
        attributes: attributes(view.attributes),
        dropped_attributes_count: view.dropped_attributes_count,
        entity_refs: view
            .entity_refs
            .iter()
            .map(|entity| EntityRef {
                schema_url: entity.schema_url.to_string(),
                r#type: entity.kind.to_string(),
                id_keys: entity.id_keys.iter().map(|key| key.to_string()).collect(),
                description_keys: entity.description_keys.iter().map(|key| key.to_string()).collect(),
            })
            .collect(),
    }
}

fn scope(view: ScopeView<'_>) -> InstrumentationScope {
    InstrumentationScope {
        name: view.name.to_string(),
        version: view.version.to_string(),
        attributes: attributes(view.attributes),
        dropped_attributes_count: view.dropped_attributes_count,
    }
}

fn span(view: SpanView<'_>) -> Span {
    Span {
        trace_id: view.trace_id.to_vec(),
        span_id: view.span_id.to_vec(),
        trace_state: view.trace_state.to_string(),
        parent_span_id: view.parent_span_id.to_vec(),
        flags: view.flags,
        name: view.name.to_string(),
        kind: view.kind,
        start_time_unix_nano: view.start_time_unix_nano,
        end_time_unix_nano: view.end_time_unix_nano,
        attributes: attributes(view.attributes),
        dropped_attributes_count: view.dropped_attributes_count,
        events: view
            .events
            .iter()
            .map(|event| Event {
                time_unix_nano: event.time_unix_nano,
                name: event.name.to_string(),
                attributes: attributes(event.attributes),
                dropped_attributes_count: event.dropped_attributes_count,
            })
            .collect(),
        dropped_events_count: view.dropped_events_count,
        links: view
            .links
            .iter()
            .map(|link| Link {
                trace_id: link.trace_id.to_vec(),
                span_id: link.span_id.to_vec(),
                trace_state: link.trace_state.to_string(),
                attributes: attributes(link.attributes),
                dropped_attributes_count: link.dropped_attributes_count,
                flags: link.flags,
            })
            .collect(),
        dropped_links_count: view.dropped_links_count,
        status: Some(Status { message: view.status.message.to_string(), code: view.status.code }),
    }
}

fn log_record(view: LogRecordView<'_>) -> LogRecord {
    LogRecord {
        time_unix_nano: view.time_unix_nano,
        observed_time_unix_nano: view.observed_time_unix_nano,
        severity_number: view.severity_number,
        severity_text: view.severity_text.to_string(),
        body: Some(any_value(view.body)),
        attributes: attributes(view.attributes),
        dropped_attributes_count: view.dropped_attributes_count,
        flags: view.flags,
        trace_id: view.trace_id.to_vec(),
        span_id: view.span_id.to_vec(),
        event_name: view.event_name.to_string(),
    }
}

fn metric(view: MetricView<'_>) -> Metric {
    let data = match view.data {
        MetricData::Empty => None,
        MetricData::Gauge { data_points } => Some(metric::Data::Gauge(metrics::Gauge {
            data_points: data_points.iter().map(number_data_point).collect(),
        })),
        MetricData::Sum { data_points, aggregation_temporality, is_monotonic } => {
            Some(metric::Data::Sum(metrics::Sum {
                data_points: data_points.iter().map(number_data_point).collect(),
                aggregation_temporality,
                is_monotonic,
            }))
        }
        MetricData::Histogram { data_points, aggregation_temporality } => {
            Some(metric::Data::Histogram(metrics::Histogram {
                data_points: data_points.iter().map(histogram_data_point).collect(),
                aggregation_temporality,
            }))
        }
        MetricData::ExponentialHistogram { data_points, aggregation_temporality } => {
            Some(metric::Data::ExponentialHistogram(metrics::ExponentialHistogram {
                data_points: data_points.iter().map(exponential_histogram_data_point).collect(),
                aggregation_temporality,
            }))
        }
        MetricData::Summary { data_points } => Some(metric::Data::Summary(metrics::Summary {
            data_points: data_points.iter().map(summary_data_point).collect(),
        })),
    };
    Metric {
        name: view.name.to_string(),
        description: view.description.to_string(),
        unit: view.unit.to_string(),
        metadata: attributes(view.metadata),
        data,
    }
}

fn number_data_point(view: NumberDataPointView<'_>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(view.attributes),
        start_time_unix_nano: view.start_time_unix_nano,
        time_unix_nano: view.time_unix_nano,
        exemplars: exemplars(view.exemplars),
        flags: view.flags,
        value: view.value.map(|value| match value {
            NumberValue::Int(number) => number_data_point::Value::AsInt(number),
            NumberValue::Double(number) => number_data_point::Value::AsDouble(number),
        }),
    }
}

fn histogram_data_point(view: HistogramDataPointView<'_>) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(view.attributes),
        start_time_unix_nano: view.start_time_unix_nano,
        time_unix_nano: view.time_unix_nano,
        count: view.count,
        sum: view.sum,
        bucket_counts: view.bucket_counts.iter().collect(),
        explicit_bounds: view.explicit_bounds.iter().collect(),
        exemplars: exemplars(view.exemplars),
        flags: view.flags,
        min: view.min,
        max: view.max,
    }
}

fn exponential_histogram_data_point(
    view: ExponentialHistogramDataPointView<'_>,
) -> ExponentialHistogramDataPoint {
    let buckets = |view: BucketsView<'_>| {
        Some(Buckets { offset: view.offset, bucket_counts: view.bucket_counts().collect() })
    };
    ExponentialHistogramDataPoint {
        attributes: attributes(view.attributes),
        start_time_unix_nano: view.start_time_unix_nano,
        time_unix_nano: view.time_unix_nano,
        count: view.count,
        sum: view.sum,
        scale: view.scale,
        zero_count: view.zero_count,
        positive: buckets(view.positive),
        negative: buckets(view.negative),
        flags: view.flags,
        exemplars: exemplars(view.exemplars),
        min: view.min,
        max: view.max,
        zero_threshold: view.zero_threshold,
    }
}

fn summary_data_point(view: SummaryDataPointView<'_>) -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: attributes(view.attributes),
        start_time_unix_nano: view.start_time_unix_nano,
        time_unix_nano: view.time_unix_nano,
        count: view.count,
        sum: view.sum,
        quantile_values: view
            .quantile_values
            .iter()
            .map(|pair| ValueAtQuantile { quantile: pair.quantile, value: pair.value })
            .collect(),
        flags: view.flags,
    }
}

fn exemplars<'a>(views: List<'a, ExemplarView<'a>>) -> Vec<Exemplar> {
    let exemplar = |view: ExemplarView<'a>| Exemplar {
        filtered_attributes: attributes(view.filtered_attributes),
        time_unix_nano: view.time_unix_nano,
        span_id: view.span_id.to_vec(),
        trace_id: view.trace_id.to_vec(),
        value: view.value.map(|value| match value {
            NumberValue::Int(number) => exemplar::Value::AsInt(number),
            NumberValue::Double(number) => exemplar::Value::AsDouble(number),
        }),
    };
    views.iter().map(exemplar).collect()
}

fn attributes<'a>(views: List<'a, KeyValueView<'a>>) -> Vec<KeyValue> {
    let key_value = |view: KeyValueView<'a>| KeyValue {
        key: view.key.to_string(),
        value: Some(any_value(view.value())),
        ..Default::default()
    };
    views.iter().map(key_value).collect()
}

fn any_value(view: AnyValueView<'_>) -> AnyValue {
    let value = match view {
        AnyValueView::Empty => return AnyValue { value: None },
        AnyValueView::String(text) => Value::StringValue(text.to_string()),
        AnyValueView::Bool(truth) => Value::BoolValue(truth),
        AnyValueView::Int(number) => Value::IntValue(number),
        AnyValueView::Double(number) => Value::DoubleValue(number),
        AnyValueView::Array(values) => {
            Value::ArrayValue(ArrayValue { values: values.iter().map(any_value).collect() })
        }
        AnyValueView::KeyValueList(pairs) => Value::KvlistValue(KeyValueList { values: attributes(pairs) }),
        AnyValueView::Bytes(bytes) => Value::BytesValue(bytes.to_vec()),
    };
    AnyValue { value: Some(value) }
}
