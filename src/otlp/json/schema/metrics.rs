//! The messages that carry data points, of `metrics.proto` and `metrics_service.proto`.

use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;

use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Kind, Message, SPAN_ID, TRACE_ID, always, items, list, one, one_of, optional, values};

pub(super) static EXPORT_REQUEST: Message =
    Message { fields: &[list(1, "resourceMetrics", &RESOURCE_METRICS)] };

pub(super) static EXPORT_RESPONSE: Message =
    Message { fields: &[always(1, "partialSuccess", &PARTIAL_SUCCESS)] };

static PARTIAL_SUCCESS: Message =
    Message { fields: &[one(1, "rejectedDataPoints", Kind::Int64), one(2, "errorMessage", Kind::String)] };

static RESOURCE_METRICS: Message = Message {
    fields: &[
        always(1, "resource", &RESOURCE),
        list(2, "scopeMetrics", &SCOPE_METRICS),
        one(3, "schemaUrl", Kind::String),
    ],
};

static SCOPE_METRICS: Message = Message {
    fields: &[always(1, "scope", &SCOPE), list(2, "metrics", &METRIC), one(3, "schemaUrl", Kind::String)],
};

static METRIC: Message = Message {
    fields: &[
        one(1, "name", Kind::String),
        one(2, "description", Kind::String),
        one(3, "unit", Kind::String),
        one_of(5, "gauge", Kind::Message(&GAUGE)),
        one_of(7, "sum", Kind::Message(&SUM)),
        one_of(9, "histogram", Kind::Message(&HISTOGRAM)),
        one_of(10, "exponentialHistogram", Kind::Message(&EXPONENTIAL_HISTOGRAM)),
        one_of(11, "summary", Kind::Message(&SUMMARY)),
        list(12, "metadata", &KEY_VALUE),
    ],
};

static GAUGE: Message = Message { fields: &[items(1, "dataPoints", &NUMBER_DATA_POINT)] };

static SUM: Message = Message {
    fields: &[
        items(1, "dataPoints", &NUMBER_DATA_POINT),
        one(2, "aggregationTemporality", TEMPORALITY),
        one(3, "isMonotonic", Kind::Bool),
    ],
};

static HISTOGRAM: Message = Message {
    fields: &[items(1, "dataPoints", &HISTOGRAM_DATA_POINT), one(2, "aggregationTemporality", TEMPORALITY)],
};

static EXPONENTIAL_HISTOGRAM: Message = Message {
    fields: &[
        items(1, "dataPoints", &EXPONENTIAL_HISTOGRAM_DATA_POINT),
        one(2, "aggregationTemporality", TEMPORALITY),
    ],
};

static SUMMARY: Message = Message { fields: &[items(1, "dataPoints", &SUMMARY_DATA_POINT)] };

static NUMBER_DATA_POINT: Message = Message {
    fields: &[
        list(7, "attributes", &KEY_VALUE),
        one(2, "startTimeUnixNano", Kind::Fixed64),
        one(3, "timeUnixNano", Kind::Fixed64),
        one_of(4, "asDouble", Kind::Double),
        one_of(6, "asInt", Kind::Sfixed64),
        list(5, "exemplars", &EXEMPLAR),
        one(8, "flags", Kind::Uint32),
    ],
};

static HISTOGRAM_DATA_POINT: Message = Message {
    fields: &[
        list(9, "attributes", &KEY_VALUE),
        one(2, "startTimeUnixNano", Kind::Fixed64),
        one(3, "timeUnixNano", Kind::Fixed64),
        one(4, "count", Kind::Fixed64),
        optional(5, "sum", Kind::Double),
        values(6, "bucketCounts", Kind::Fixed64),
        values(7, "explicitBounds", Kind::Double),
        list(8, "exemplars", &EXEMPLAR),
        one(10, "flags", Kind::Uint32),
        optional(11, "min", Kind::Double),
        optional(12, "max", Kind::Double),
    ],
};

static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = Message {
    fields: &[
        list(1, "attributes", &KEY_VALUE),
        one(2, "startTimeUnixNano", Kind::Fixed64),
        one(3, "timeUnixNano", Kind::Fixed64),
        one(4, "count", Kind::Fixed64),
        optional(5, "sum", Kind::Double),
        one(6, "scale", Kind::Sint32),
        one(7, "zeroCount", Kind::Fixed64),
        always(8, "positive", &BUCKETS),
        always(9, "negative", &BUCKETS),
        one(10, "flags", Kind::Uint32),
        list(11, "exemplars", &EXEMPLAR),
        optional(12, "min", Kind::Double),
        optional(13, "max", Kind::Double),
        one(14, "zeroThreshold", Kind::Double),
    ],
};

static BUCKETS: Message =
    Message { fields: &[one(1, "offset", Kind::Sint32), values(2, "bucketCounts", Kind::Uint64)] };

static SUMMARY_DATA_POINT: Message = Message {
    fields: &[
        list(7, "attributes", &KEY_VALUE),
        one(2, "startTimeUnixNano", Kind::Fixed64),
        one(3, "timeUnixNano", Kind::Fixed64),
        one(4, "count", Kind::Fixed64),
        one(5, "sum", Kind::Double),
        list(6, "quantileValues", &VALUE_AT_QUANTILE),
        one(8, "flags", Kind::Uint32),
    ],
};

static VALUE_AT_QUANTILE: Message =
    Message { fields: &[one(1, "quantile", Kind::Double), one(2, "value", Kind::Double)] };

static EXEMPLAR: Message = Message {
    fields: &[
        list(7, "filteredAttributes", &KEY_VALUE),
        one(2, "timeUnixNano", Kind::Fixed64),
        one_of(3, "asDouble", Kind::Double),
        one_of(6, "asInt", Kind::Sfixed64),
        one(5, "traceId", TRACE_ID),
        one(4, "spanId", SPAN_ID),
    ],
};

const TEMPORALITY: Kind = Kind::Enum("AggregationTemporality", |name| {
    AggregationTemporality::from_str_name(name).map(|temporality| temporality as i32)
});
