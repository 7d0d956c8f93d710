//! What the shop logs.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::{Service, resource, scope};

/// A record of a span.
pub fn record(
    time_unix_nano: u64,
    severity_number: i32,
    body: &str,
    attributes: Vec<KeyValue>,
    trace_id: &[u8],
    span_id: &[u8],
) -> LogRecord {
    let severity_text = match severity_number {
        17.. => "ERROR",
        13.. => "WARN",
        _ => "INFO",
    };
    LogRecord {
        time_unix_nano,
        observed_time_unix_nano: time_unix_nano,
        severity_number,
        severity_text: severity_text.to_owned(),
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(body.to_owned())) }),
        attributes,
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        ..LogRecord::default()
    }
}

/// The records of a service as its SDK sends them.
pub fn group(service: Service, log_records: Vec<LogRecord>) -> ResourceLogs {
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    ResourceLogs { resource: resource(service), scope_logs, ..ResourceLogs::default() }
}
