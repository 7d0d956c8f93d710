//! The numbers of the columns of log records. Part of the format.

/// The record's own time; the others by the names of their fields.
pub const TIME: u16 = 3;
/// The observed time, as the difference to the record's own.
pub const OBSERVED_AFTER: u16 = 4;
pub const SEVERITY_NUMBER: u16 = 5;
pub const SEVERITY_TEXT: u16 = 6;
/// The body as an encoded `AnyValue`.
pub const BODY: u16 = 7;
pub const TRACE_ID: u16 = 8;
pub const SPAN_ID: u16 = 9;
pub const FLAGS: u16 = 10;
pub const DROPPED_ATTRIBUTES: u16 = 11;
pub const EVENT_NAME: u16 = 12;
/// Fields that OTLP does not know, as they lie in the record.
pub const EXTRA: u16 = 13;
