//! OTLP's messages as tables: which fields each has, how they are encoded and what they hold.
//!
//! Follows opentelemetry-proto 1.10. Validation walks these; a field missing here is skipped as unknown.

use super::Signal;
use super::validate::canonical;

/// One message type.
#[derive(Debug)]
pub(super) struct MessageSchema {
    pub name: &'static str,
    /// In the order of their numbers.
    pub fields: &'static [FieldSchema],
    /// True for what a signal is counted in: spans, data points, log records.
    pub is_item: bool,
    /// Recognises the encodings that real exporters write, much faster than the walk over the table.
    /// `true` means valid, with no singular message in pieces and at most three levels of messages below;
    /// `false` means that the table has to decide.
    pub recognise: Option<fn(&[u8]) -> bool>,
}

/// One field of a message type.
#[derive(Debug)]
pub(super) struct FieldSchema {
    pub number: u32,
    pub name: &'static str,
    pub kind: FieldKind,
    /// A member of the message's oneof of which one is a message.
    pub in_oneof: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum FieldKind {
    Varint,
    Fixed32,
    Fixed64,
    /// A string or bytes.
    Bytes,
    /// A list of varints, packed or not.
    Varints,
    /// A list of eight-byte numbers, packed or not.
    Fixed64s,
    /// A message that may stand once; further ones merge into it.
    Message(&'static MessageSchema),
    /// A list of messages.
    Messages(&'static MessageSchema),
}

impl MessageSchema {
    const fn new(name: &'static str, fields: &'static [FieldSchema]) -> Self {
        Self { name, fields, is_item: false, recognise: None }
    }

    const fn item(mut self) -> Self {
        self.is_item = true;
        self
    }

    const fn recognised_by(mut self, recognise: fn(&[u8]) -> bool) -> Self {
        self.recognise = Some(recognise);
        self
    }

    /// The field with this number, if OTLP knows it.
    pub fn field(&self, number: u32) -> Option<&'static FieldSchema> {
        self.fields.iter().find(|field| field.number == number)
    }
}

/// The request body of a signal.
pub(super) const fn request(signal: Signal) -> &'static MessageSchema {
    match signal {
        Signal::Traces => &TRACE_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
        Signal::Logs => &LOGS_REQUEST,
    }
}

const fn field(number: u32, name: &'static str, kind: FieldKind) -> FieldSchema {
    FieldSchema { number, name, kind, in_oneof: false }
}

const fn one_of(number: u32, name: &'static str, kind: FieldKind) -> FieldSchema {
    FieldSchema { number, name, kind, in_oneof: true }
}

use FieldKind::{Bytes, Fixed32, Fixed64, Fixed64s, Message, Messages, Varint, Varints};

static TRACE_REQUEST: MessageSchema =
    MessageSchema::new("ExportTraceServiceRequest", &[field(1, "resource_spans", Messages(&RESOURCE_SPANS))]);
static METRICS_REQUEST: MessageSchema = MessageSchema::new(
    "ExportMetricsServiceRequest",
    &[field(1, "resource_metrics", Messages(&RESOURCE_METRICS))],
);
static LOGS_REQUEST: MessageSchema =
    MessageSchema::new("ExportLogsServiceRequest", &[field(1, "resource_logs", Messages(&RESOURCE_LOGS))]);

static RESOURCE_SPANS: MessageSchema = MessageSchema::new(
    "ResourceSpans",
    &[
        field(1, "resource", Message(&RESOURCE)),
        field(2, "scope_spans", Messages(&SCOPE_SPANS)),
        field(3, "schema_url", Bytes),
    ],
);
static SCOPE_SPANS: MessageSchema = MessageSchema::new(
    "ScopeSpans",
    &[
        field(1, "scope", Message(&INSTRUMENTATION_SCOPE)),
        field(2, "spans", Messages(&SPAN)),
        field(3, "schema_url", Bytes),
    ],
);
static RESOURCE_METRICS: MessageSchema = MessageSchema::new(
    "ResourceMetrics",
    &[
        field(1, "resource", Message(&RESOURCE)),
        field(2, "scope_metrics", Messages(&SCOPE_METRICS)),
        field(3, "schema_url", Bytes),
    ],
);
static SCOPE_METRICS: MessageSchema = MessageSchema::new(
    "ScopeMetrics",
    &[
        field(1, "scope", Message(&INSTRUMENTATION_SCOPE)),
        field(2, "metrics", Messages(&METRIC)),
        field(3, "schema_url", Bytes),
    ],
);
static RESOURCE_LOGS: MessageSchema = MessageSchema::new(
    "ResourceLogs",
    &[
        field(1, "resource", Message(&RESOURCE)),
        field(2, "scope_logs", Messages(&SCOPE_LOGS)),
        field(3, "schema_url", Bytes),
    ],
);
static SCOPE_LOGS: MessageSchema = MessageSchema::new(
    "ScopeLogs",
    &[
        field(1, "scope", Message(&INSTRUMENTATION_SCOPE)),
        field(2, "log_records", Messages(&LOG_RECORD)),
        field(3, "schema_url", Bytes),
    ],
);

static RESOURCE: MessageSchema = MessageSchema::new(
    "Resource",
    &[
        field(1, "attributes", Messages(&KEY_VALUE)),
        field(2, "dropped_attributes_count", Varint),
        field(3, "entity_refs", Messages(&ENTITY_REF)),
    ],
);
static ENTITY_REF: MessageSchema = MessageSchema::new(
    "EntityRef",
    &[
        field(1, "schema_url", Bytes),
        field(2, "type", Bytes),
        field(3, "id_keys", Bytes),
        field(4, "description_keys", Bytes),
    ],
);
static INSTRUMENTATION_SCOPE: MessageSchema = MessageSchema::new(
    "InstrumentationScope",
    &[
        field(1, "name", Bytes),
        field(2, "version", Bytes),
        field(3, "attributes", Messages(&KEY_VALUE)),
        field(4, "dropped_attributes_count", Varint),
    ],
);
static KEY_VALUE: MessageSchema = MessageSchema::new(
    "KeyValue",
    &[field(1, "key", Bytes), field(2, "value", Message(&ANY_VALUE)), field(3, "key_strindex", Varint)],
)
.recognised_by(canonical::is_key_value);
static ANY_VALUE: MessageSchema = MessageSchema::new(
    "AnyValue",
    &[
        one_of(1, "string_value", Bytes),
        one_of(2, "bool_value", Varint),
        one_of(3, "int_value", Varint),
        one_of(4, "double_value", Fixed64),
        one_of(5, "array_value", Message(&ARRAY_VALUE)),
        one_of(6, "kvlist_value", Message(&KEY_VALUE_LIST)),
        one_of(7, "bytes_value", Bytes),
        one_of(8, "string_value_strindex", Varint),
    ],
)
.recognised_by(canonical::is_scalar_value);
static ARRAY_VALUE: MessageSchema =
    MessageSchema::new("ArrayValue", &[field(1, "values", Messages(&ANY_VALUE))]);
static KEY_VALUE_LIST: MessageSchema =
    MessageSchema::new("KeyValueList", &[field(1, "values", Messages(&KEY_VALUE))]);

static SPAN: MessageSchema = MessageSchema::new(
    "Span",
    &[
        field(1, "trace_id", Bytes),
        field(2, "span_id", Bytes),
        field(3, "trace_state", Bytes),
        field(4, "parent_span_id", Bytes),
        field(5, "name", Bytes),
        field(6, "kind", Varint),
        field(7, "start_time_unix_nano", Fixed64),
        field(8, "end_time_unix_nano", Fixed64),
        field(9, "attributes", Messages(&KEY_VALUE)),
        field(10, "dropped_attributes_count", Varint),
        field(11, "events", Messages(&EVENT)),
        field(12, "dropped_events_count", Varint),
        field(13, "links", Messages(&LINK)),
        field(14, "dropped_links_count", Varint),
        field(15, "status", Message(&STATUS)),
        field(16, "flags", Fixed32),
    ],
)
.item()
.recognised_by(canonical::is_span);
static EVENT: MessageSchema = MessageSchema::new(
    "Span.Event",
    &[
        field(1, "time_unix_nano", Fixed64),
        field(2, "name", Bytes),
        field(3, "attributes", Messages(&KEY_VALUE)),
        field(4, "dropped_attributes_count", Varint),
    ],
);
static LINK: MessageSchema = MessageSchema::new(
    "Span.Link",
    &[
        field(1, "trace_id", Bytes),
        field(2, "span_id", Bytes),
        field(3, "trace_state", Bytes),
        field(4, "attributes", Messages(&KEY_VALUE)),
        field(5, "dropped_attributes_count", Varint),
        field(6, "flags", Fixed32),
    ],
);
static STATUS: MessageSchema =
    MessageSchema::new("Status", &[field(2, "message", Bytes), field(3, "code", Varint)]);

static LOG_RECORD: MessageSchema = MessageSchema::new(
    "LogRecord",
    &[
        field(1, "time_unix_nano", Fixed64),
        field(2, "severity_number", Varint),
        field(3, "severity_text", Bytes),
        field(5, "body", Message(&ANY_VALUE)),
        field(6, "attributes", Messages(&KEY_VALUE)),
        field(7, "dropped_attributes_count", Varint),
        field(8, "flags", Fixed32),
        field(9, "trace_id", Bytes),
        field(10, "span_id", Bytes),
        field(11, "observed_time_unix_nano", Fixed64),
        field(12, "event_name", Bytes),
    ],
)
.item()
.recognised_by(canonical::is_log_record);

static METRIC: MessageSchema = MessageSchema::new(
    "Metric",
    &[
        field(1, "name", Bytes),
        field(2, "description", Bytes),
        field(3, "unit", Bytes),
        one_of(5, "gauge", Message(&GAUGE)),
        one_of(7, "sum", Message(&SUM)),
        one_of(9, "histogram", Message(&HISTOGRAM)),
        one_of(10, "exponential_histogram", Message(&EXPONENTIAL_HISTOGRAM)),
        one_of(11, "summary", Message(&SUMMARY)),
        field(12, "metadata", Messages(&KEY_VALUE)),
    ],
);
static GAUGE: MessageSchema =
    MessageSchema::new("Gauge", &[field(1, "data_points", Messages(&NUMBER_DATA_POINT))]);
static SUM: MessageSchema = MessageSchema::new(
    "Sum",
    &[
        field(1, "data_points", Messages(&NUMBER_DATA_POINT)),
        field(2, "aggregation_temporality", Varint),
        field(3, "is_monotonic", Varint),
    ],
);
static HISTOGRAM: MessageSchema = MessageSchema::new(
    "Histogram",
    &[field(1, "data_points", Messages(&HISTOGRAM_DATA_POINT)), field(2, "aggregation_temporality", Varint)],
);
static EXPONENTIAL_HISTOGRAM: MessageSchema = MessageSchema::new(
    "ExponentialHistogram",
    &[
        field(1, "data_points", Messages(&EXPONENTIAL_HISTOGRAM_DATA_POINT)),
        field(2, "aggregation_temporality", Varint),
    ],
);
static SUMMARY: MessageSchema =
    MessageSchema::new("Summary", &[field(1, "data_points", Messages(&SUMMARY_DATA_POINT))]);

static NUMBER_DATA_POINT: MessageSchema = MessageSchema::new(
    "NumberDataPoint",
    &[
        field(2, "start_time_unix_nano", Fixed64),
        field(3, "time_unix_nano", Fixed64),
        field(4, "as_double", Fixed64),
        field(5, "exemplars", Messages(&EXEMPLAR)),
        field(6, "as_int", Fixed64),
        field(7, "attributes", Messages(&KEY_VALUE)),
        field(8, "flags", Varint),
    ],
)
.item()
.recognised_by(canonical::is_number_data_point);
static HISTOGRAM_DATA_POINT: MessageSchema = MessageSchema::new(
    "HistogramDataPoint",
    &[
        field(2, "start_time_unix_nano", Fixed64),
        field(3, "time_unix_nano", Fixed64),
        field(4, "count", Fixed64),
        field(5, "sum", Fixed64),
        field(6, "bucket_counts", Fixed64s),
        field(7, "explicit_bounds", Fixed64s),
        field(8, "exemplars", Messages(&EXEMPLAR)),
        field(9, "attributes", Messages(&KEY_VALUE)),
        field(10, "flags", Varint),
        field(11, "min", Fixed64),
        field(12, "max", Fixed64),
    ],
)
.item();
static EXPONENTIAL_HISTOGRAM_DATA_POINT: MessageSchema = MessageSchema::new(
    "ExponentialHistogramDataPoint",
    &[
        field(1, "attributes", Messages(&KEY_VALUE)),
        field(2, "start_time_unix_nano", Fixed64),
        field(3, "time_unix_nano", Fixed64),
        field(4, "count", Fixed64),
        field(5, "sum", Fixed64),
        field(6, "scale", Varint),
        field(7, "zero_count", Fixed64),
        field(8, "positive", Message(&BUCKETS)),
        field(9, "negative", Message(&BUCKETS)),
        field(10, "flags", Varint),
        field(11, "exemplars", Messages(&EXEMPLAR)),
        field(12, "min", Fixed64),
        field(13, "max", Fixed64),
        field(14, "zero_threshold", Fixed64),
    ],
)
.item();
static BUCKETS: MessageSchema = MessageSchema::new(
    "ExponentialHistogramDataPoint.Buckets",
    &[field(1, "offset", Varint), field(2, "bucket_counts", Varints)],
);
static SUMMARY_DATA_POINT: MessageSchema = MessageSchema::new(
    "SummaryDataPoint",
    &[
        field(2, "start_time_unix_nano", Fixed64),
        field(3, "time_unix_nano", Fixed64),
        field(4, "count", Fixed64),
        field(5, "sum", Fixed64),
        field(6, "quantile_values", Messages(&VALUE_AT_QUANTILE)),
        field(7, "attributes", Messages(&KEY_VALUE)),
        field(8, "flags", Varint),
    ],
)
.item();
static VALUE_AT_QUANTILE: MessageSchema = MessageSchema::new(
    "SummaryDataPoint.ValueAtQuantile",
    &[field(1, "quantile", Fixed64), field(2, "value", Fixed64)],
);
static EXEMPLAR: MessageSchema = MessageSchema::new(
    "Exemplar",
    &[
        field(2, "time_unix_nano", Fixed64),
        field(3, "as_double", Fixed64),
        field(4, "span_id", Bytes),
        field(5, "trace_id", Bytes),
        field(6, "as_int", Fixed64),
        field(7, "filtered_attributes", Messages(&KEY_VALUE)),
    ],
);
