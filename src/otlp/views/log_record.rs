//! Log records.

use super::list::for_each_field;
use super::{AnyValueView, KeyValueView, List, View};
use crate::otlp::Text;

/// A `LogRecord`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogRecordView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// When it happened, in nanoseconds since 1970; 0 where unknown.
    pub time_unix_nano: u64,
    /// When it was collected, in nanoseconds since 1970.
    pub observed_time_unix_nano: u64,
    /// A `SeverityNumber`: 1 to 24, 0 where unknown.
    pub severity_number: i32,
    /// The severity as the source called it.
    pub severity_text: Text<'a>,
    /// The message itself.
    pub body: AnyValueView<'a>,
    /// What else is known of it.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
    /// The W3C trace flags in the low 8 bits.
    pub flags: u32,
    /// The trace it belongs to: 16 bytes or none.
    pub trace_id: &'a [u8],
    /// The span it belongs to: 8 bytes or none.
    pub span_id: &'a [u8],
    /// The kind of event, where the record is one.
    pub event_name: Text<'a>,
}

impl<'a> View<'a> for LogRecordView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut log_record = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => log_record.time_unix_nano = value.number(),
            2 => log_record.severity_number = value.int32(),
            3 => log_record.severity_text = value.text(),
            5 => log_record.body = AnyValueView::parse(value.bytes()),
            6 => log_record.attributes.note_element(from_here, number),
            7 => log_record.dropped_attributes_count = value.uint32(),
            8 => log_record.flags = value.uint32(),
            9 => log_record.trace_id = value.bytes(),
            10 => log_record.span_id = value.bytes(),
            11 => log_record.observed_time_unix_nano = value.number(),
            12 => log_record.event_name = value.text(),
            _ => {}
        });
        log_record
    }
}
