//! The messages that carry log records, of `logs.proto` and `logs_service.proto`.

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;

use super::common::{ANY_VALUE, KEY_VALUE, RESOURCE, SCOPE};
use super::{Kind, Message, SPAN_ID, TRACE_ID, always, items, list, one};

pub(super) static EXPORT_REQUEST: Message = Message { fields: &[list(1, "resourceLogs", &RESOURCE_LOGS)] };

pub(super) static EXPORT_RESPONSE: Message =
    Message { fields: &[always(1, "partialSuccess", &PARTIAL_SUCCESS)] };

static PARTIAL_SUCCESS: Message =
    Message { fields: &[one(1, "rejectedLogRecords", Kind::Int64), one(2, "errorMessage", Kind::String)] };

static RESOURCE_LOGS: Message = Message {
    fields: &[
        always(1, "resource", &RESOURCE),
        list(2, "scopeLogs", &SCOPE_LOGS),
        one(3, "schemaUrl", Kind::String),
    ],
};

static SCOPE_LOGS: Message = Message {
    fields: &[
        always(1, "scope", &SCOPE),
        items(2, "logRecords", &LOG_RECORD),
        one(3, "schemaUrl", Kind::String),
    ],
};

static LOG_RECORD: Message = Message {
    fields: &[
        one(1, "timeUnixNano", Kind::Fixed64),
        one(11, "observedTimeUnixNano", Kind::Fixed64),
        one(2, "severityNumber", SEVERITY_NUMBER),
        one(3, "severityText", Kind::String),
        always(5, "body", &ANY_VALUE),
        list(6, "attributes", &KEY_VALUE),
        one(7, "droppedAttributesCount", Kind::Uint32),
        one(8, "flags", Kind::Fixed32),
        one(9, "traceId", TRACE_ID),
        one(10, "spanId", SPAN_ID),
        one(12, "eventName", Kind::String),
    ],
};

const SEVERITY_NUMBER: Kind =
    Kind::Enum("SeverityNumber", |name| SeverityNumber::from_str_name(name).map(|number| number as i32));
