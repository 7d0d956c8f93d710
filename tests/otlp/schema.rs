//! The OTLP messages as a table: field numbers, OTLP/JSON names and types, typed in from opentelemetry-proto 1.11.
//!
//! Weir's own code and prost's generated code stay out of this on purpose: what they would lose or rename together must
//! show up as a difference here.

/// One protobuf message type.
pub struct Message {
    pub fields: &'static [Field],
}

/// One field of a message, with its OTLP/JSON name.
pub struct Field {
    pub number: u32,
    pub name: &'static str,
    pub kind: Kind,
    pub label: Label,
}

/// The type of a field's value, which decides both its wire encoding and its JSON spelling.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    /// Bytes written in JSON as hexadecimal digits: trace and span ids.
    HexBytes,
    /// Bytes written in JSON as base64.
    Base64Bytes,
    Bool,
    /// An enumeration; OTLP/JSON allows its number only.
    Enum,
    UnsignedVarint,
    SignedVarint,
    ZigzagVarint,
    Fixed32,
    Fixed64,
    SignedFixed64,
    Double,
    Nested(&'static Message),
}

/// How often a field occurs, and whether its default value may be left out.
#[derive(Clone, Copy, PartialEq)]
pub enum Label {
    /// A singular field: absent and default are the same.
    Singular,
    /// A member of a `oneof`, or an `optional` field: absent and default differ.
    Presence,
    Repeated,
}

use Kind::{
    Base64Bytes, Bool, Double, Enum, Fixed32, Fixed64, HexBytes, Nested, SignedFixed64, SignedVarint, Text,
    UnsignedVarint, ZigzagVarint,
};

const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Singular }
}

const fn present(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Presence }
}

const fn many(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, label: Label::Repeated }
}

const fn message(fields: &'static [Field]) -> Message {
    Message { fields }
}

pub static EXPORT_TRACES: Message = message(&[many(1, "resourceSpans", Nested(&RESOURCE_SPANS))]);
pub static EXPORT_METRICS: Message = message(&[many(1, "resourceMetrics", Nested(&RESOURCE_METRICS))]);
pub static EXPORT_LOGS: Message = message(&[many(1, "resourceLogs", Nested(&RESOURCE_LOGS))]);

static ANY_VALUE: Message = message(&[
    present(1, "stringValue", Text),
    present(2, "boolValue", Bool),
    present(3, "intValue", SignedVarint),
    present(4, "doubleValue", Double),
    present(5, "arrayValue", Nested(&ARRAY_VALUE)),
    present(6, "kvlistValue", Nested(&KEY_VALUE_LIST)),
    present(7, "bytesValue", Base64Bytes),
]);
static ARRAY_VALUE: Message = message(&[many(1, "values", Nested(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message = message(&[many(1, "values", Nested(&KEY_VALUE))]);
static KEY_VALUE: Message = message(&[one(1, "key", Text), one(2, "value", Nested(&ANY_VALUE))]);

static RESOURCE: Message = message(&[
    many(1, "attributes", Nested(&KEY_VALUE)),
    one(2, "droppedAttributesCount", UnsignedVarint),
    many(3, "entityRefs", Nested(&ENTITY_REF)),
]);
static ENTITY_REF: Message = message(&[
    one(1, "schemaUrl", Text),
    one(2, "type", Text),
    many(3, "idKeys", Text),
    many(4, "descriptionKeys", Text),
]);
static SCOPE: Message = message(&[
    one(1, "name", Text),
    one(2, "version", Text),
    many(3, "attributes", Nested(&KEY_VALUE)),
    one(4, "droppedAttributesCount", UnsignedVarint),
]);

static RESOURCE_SPANS: Message = message(&[
    one(1, "resource", Nested(&RESOURCE)),
    many(2, "scopeSpans", Nested(&SCOPE_SPANS)),
    one(3, "schemaUrl", Text),
]);
static SCOPE_SPANS: Message =
    message(&[one(1, "scope", Nested(&SCOPE)), many(2, "spans", Nested(&SPAN)), one(3, "schemaUrl", Text)]);
static SPAN: Message = message(&[
    one(1, "traceId", HexBytes),
    one(2, "spanId", HexBytes),
    one(3, "traceState", Text),
    one(4, "parentSpanId", HexBytes),
    one(5, "name", Text),
    one(6, "kind", Enum),
    one(7, "startTimeUnixNano", Fixed64),
    one(8, "endTimeUnixNano", Fixed64),
    many(9, "attributes", Nested(&KEY_VALUE)),
    one(10, "droppedAttributesCount", UnsignedVarint),
    many(11, "events", Nested(&SPAN_EVENT)),
    one(12, "droppedEventsCount", UnsignedVarint),
    many(13, "links", Nested(&SPAN_LINK)),
    one(14, "droppedLinksCount", UnsignedVarint),
    one(15, "status", Nested(&STATUS)),
    one(16, "flags", Fixed32),
]);
static SPAN_EVENT: Message = message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", Text),
    many(3, "attributes", Nested(&KEY_VALUE)),
    one(4, "droppedAttributesCount", UnsignedVarint),
]);
static SPAN_LINK: Message = message(&[
    one(1, "traceId", HexBytes),
    one(2, "spanId", HexBytes),
    one(3, "traceState", Text),
    many(4, "attributes", Nested(&KEY_VALUE)),
    one(5, "droppedAttributesCount", UnsignedVarint),
    one(6, "flags", Fixed32),
]);
static STATUS: Message = message(&[one(2, "message", Text), one(3, "code", Enum)]);

static RESOURCE_METRICS: Message = message(&[
    one(1, "resource", Nested(&RESOURCE)),
    many(2, "scopeMetrics", Nested(&SCOPE_METRICS)),
    one(3, "schemaUrl", Text),
]);
static SCOPE_METRICS: Message = message(&[
    one(1, "scope", Nested(&SCOPE)),
    many(2, "metrics", Nested(&METRIC)),
    one(3, "schemaUrl", Text),
]);
static METRIC: Message = message(&[
    one(1, "name", Text),
    one(2, "description", Text),
    one(3, "unit", Text),
    present(5, "gauge", Nested(&GAUGE)),
    present(7, "sum", Nested(&SUM)),
    present(9, "histogram", Nested(&HISTOGRAM)),
    present(10, "exponentialHistogram", Nested(&EXPONENTIAL_HISTOGRAM)),
    present(11, "summary", Nested(&SUMMARY)),
    many(12, "metadata", Nested(&KEY_VALUE)),
]);
static GAUGE: Message = message(&[many(1, "dataPoints", Nested(&NUMBER_DATA_POINT))]);
static SUM: Message = message(&[
    many(1, "dataPoints", Nested(&NUMBER_DATA_POINT)),
    one(2, "aggregationTemporality", Enum),
    one(3, "isMonotonic", Bool),
]);
static HISTOGRAM: Message =
    message(&[many(1, "dataPoints", Nested(&HISTOGRAM_DATA_POINT)), one(2, "aggregationTemporality", Enum)]);
static EXPONENTIAL_HISTOGRAM: Message = message(&[
    many(1, "dataPoints", Nested(&EXPONENTIAL_HISTOGRAM_DATA_POINT)),
    one(2, "aggregationTemporality", Enum),
]);
static SUMMARY: Message = message(&[many(1, "dataPoints", Nested(&SUMMARY_DATA_POINT))]);
static NUMBER_DATA_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    present(4, "asDouble", Double),
    many(5, "exemplars", Nested(&EXEMPLAR)),
    present(6, "asInt", SignedFixed64),
    many(7, "attributes", Nested(&KEY_VALUE)),
    one(8, "flags", UnsignedVarint),
]);
static HISTOGRAM_DATA_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    present(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    many(8, "exemplars", Nested(&EXEMPLAR)),
    many(9, "attributes", Nested(&KEY_VALUE)),
    one(10, "flags", UnsignedVarint),
    present(11, "min", Double),
    present(12, "max", Double),
]);
static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = message(&[
    many(1, "attributes", Nested(&KEY_VALUE)),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    present(5, "sum", Double),
    one(6, "scale", ZigzagVarint),
    one(7, "zeroCount", Fixed64),
    one(8, "positive", Nested(&BUCKETS)),
    one(9, "negative", Nested(&BUCKETS)),
    one(10, "flags", UnsignedVarint),
    many(11, "exemplars", Nested(&EXEMPLAR)),
    present(12, "min", Double),
    present(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);
static BUCKETS: Message = message(&[one(1, "offset", ZigzagVarint), many(2, "bucketCounts", UnsignedVarint)]);
static SUMMARY_DATA_POINT: Message = message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantileValues", Nested(&VALUE_AT_QUANTILE)),
    many(7, "attributes", Nested(&KEY_VALUE)),
    one(8, "flags", UnsignedVarint),
]);
static VALUE_AT_QUANTILE: Message = message(&[one(1, "quantile", Double), one(2, "value", Double)]);
static EXEMPLAR: Message = message(&[
    one(2, "timeUnixNano", Fixed64),
    present(3, "asDouble", Double),
    one(4, "spanId", HexBytes),
    one(5, "traceId", HexBytes),
    present(6, "asInt", SignedFixed64),
    many(7, "filteredAttributes", Nested(&KEY_VALUE)),
]);

static RESOURCE_LOGS: Message = message(&[
    one(1, "resource", Nested(&RESOURCE)),
    many(2, "scopeLogs", Nested(&SCOPE_LOGS)),
    one(3, "schemaUrl", Text),
]);
static SCOPE_LOGS: Message = message(&[
    one(1, "scope", Nested(&SCOPE)),
    many(2, "logRecords", Nested(&LOG_RECORD)),
    one(3, "schemaUrl", Text),
]);
static LOG_RECORD: Message = message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "severityNumber", Enum),
    one(3, "severityText", Text),
    one(5, "body", Nested(&ANY_VALUE)),
    many(6, "attributes", Nested(&KEY_VALUE)),
    one(7, "droppedAttributesCount", UnsignedVarint),
    one(8, "flags", Fixed32),
    one(9, "traceId", HexBytes),
    one(10, "spanId", HexBytes),
    one(11, "observedTimeUnixNano", Fixed64),
    one(12, "eventName", Text),
]);
