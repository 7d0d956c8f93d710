//! The messages that carry spans, of `trace.proto` and `trace_service.proto`.

use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};

use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Kind, Message, SPAN_ID, TRACE_ID, always, items, list, one};

pub(super) static EXPORT_REQUEST: Message = Message { fields: &[list(1, "resourceSpans", &RESOURCE_SPANS)] };

pub(super) static EXPORT_RESPONSE: Message =
    Message { fields: &[always(1, "partialSuccess", &PARTIAL_SUCCESS)] };

static PARTIAL_SUCCESS: Message =
    Message { fields: &[one(1, "rejectedSpans", Kind::Int64), one(2, "errorMessage", Kind::String)] };

static RESOURCE_SPANS: Message = Message {
    fields: &[
        always(1, "resource", &RESOURCE),
        list(2, "scopeSpans", &SCOPE_SPANS),
        one(3, "schemaUrl", Kind::String),
    ],
};

static SCOPE_SPANS: Message = Message {
    fields: &[always(1, "scope", &SCOPE), items(2, "spans", &SPAN), one(3, "schemaUrl", Kind::String)],
};

static SPAN: Message = Message {
    fields: &[
        one(1, "traceId", TRACE_ID),
        one(2, "spanId", SPAN_ID),
        one(3, "traceState", Kind::String),
        one(4, "parentSpanId", SPAN_ID),
        one(16, "flags", Kind::Fixed32),
        one(5, "name", Kind::String),
        one(6, "kind", SPAN_KIND),
        one(7, "startTimeUnixNano", Kind::Fixed64),
        one(8, "endTimeUnixNano", Kind::Fixed64),
        list(9, "attributes", &KEY_VALUE),
        one(10, "droppedAttributesCount", Kind::Uint32),
        list(11, "events", &SPAN_EVENT),
        one(12, "droppedEventsCount", Kind::Uint32),
        list(13, "links", &SPAN_LINK),
        one(14, "droppedLinksCount", Kind::Uint32),
        always(15, "status", &SPAN_STATUS),
    ],
};

static SPAN_EVENT: Message = Message {
    fields: &[
        one(1, "timeUnixNano", Kind::Fixed64),
        one(2, "name", Kind::String),
        list(3, "attributes", &KEY_VALUE),
        one(4, "droppedAttributesCount", Kind::Uint32),
    ],
};

static SPAN_LINK: Message = Message {
    fields: &[
        one(1, "traceId", TRACE_ID),
        one(2, "spanId", SPAN_ID),
        one(3, "traceState", Kind::String),
        list(4, "attributes", &KEY_VALUE),
        one(5, "droppedAttributesCount", Kind::Uint32),
        one(6, "flags", Kind::Fixed32),
    ],
};

static SPAN_STATUS: Message =
    Message { fields: &[one(2, "message", Kind::String), one(3, "code", STATUS_CODE)] };

const SPAN_KIND: Kind = Kind::Enum("SpanKind", |name| SpanKind::from_str_name(name).map(|kind| kind as i32));
const STATUS_CODE: Kind =
    Kind::Enum("StatusCode", |name| StatusCode::from_str_name(name).map(|code| code as i32));
