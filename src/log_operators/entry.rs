//! A log record on its way through the operators.

use super::value::{Text, Value, ValueMap};

/// A log record, taken apart so that operators can change it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogEntry {
    /// When it was read, in nanoseconds since 1970.
    pub observed_unix_nano: u64,
    /// When what it tells of happened, in nanoseconds since 1970; none until an operator finds out.
    pub time_unix_nano: Option<u64>,
    /// OTLP's severity number, 1 to 24; 0 where it is not known.
    pub severity: u8,
    /// The severity as the source wrote it. Where it is empty the number's own name is sent.
    pub severity_text: Text,
    /// What was read, until operators make something else of it.
    pub body: Value,
    /// The attributes.
    pub attributes: ValueMap,
    /// The attributes of the resource.
    pub resource: ValueMap,
    /// The name of the instrumentation scope.
    pub scope_name: String,
    /// The trace it belongs to; sent as 16 bytes, filled up with zeros or cut. Empty for none.
    pub trace_id: Vec<u8>,
    /// The span it belongs to; sent as 8 bytes, filled up with zeros or cut. Empty for none.
    pub span_id: Vec<u8>,
    /// The W3C trace flags.
    pub trace_flags: Option<u32>,
}

/// The names of the severity numbers, from 0 on.
const SEVERITY_NAMES: [&str; 25] = [
    "", "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG", "DEBUG2", "DEBUG3", "DEBUG4", "INFO", "INFO2",
    "INFO3", "INFO4", "WARN", "WARN2", "WARN3", "WARN4", "ERROR", "ERROR2", "ERROR3", "ERROR4", "FATAL",
    "FATAL2", "FATAL3", "FATAL4",
];

/// The name of a severity number, such as `WARN2`; empty for 0 and for numbers OTLP does not have.
pub fn severity_name(number: u8) -> &'static str {
    SEVERITY_NAMES.get(usize::from(number)).copied().unwrap_or_default()
}

impl LogEntry {
    /// An entry with a body and no more, read at `observed_unix_nano`.
    pub fn new(observed_unix_nano: u64, body: Value) -> Self {
        Self { observed_unix_nano, body, ..Self::default() }
    }
}
