//! Spans with their events, links and status.

use super::list::for_each_field;
use super::{KeyValueView, List, View};
use crate::otlp::Text;

/// A `Span`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// 16 bytes, or whatever the client sent instead.
    pub trace_id: &'a [u8],
    /// 8 bytes, or whatever the client sent instead.
    pub span_id: &'a [u8],
    /// The W3C `tracestate` header.
    pub trace_state: Text<'a>,
    /// Empty for a root span.
    pub parent_span_id: &'a [u8],
    /// The W3C trace flags in the low 8 bits; bits 8 and 9 say whether the parent is remote.
    pub flags: u32,
    /// What the span did.
    pub name: Text<'a>,
    /// A `SpanKind`: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Nanoseconds since 1970.
    pub start_time_unix_nano: u64,
    /// Nanoseconds since 1970.
    pub end_time_unix_nano: u64,
    /// What else is known of the span.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
    /// What happened during the span.
    pub events: List<'a, EventView<'a>>,
    /// How many events its maker left out.
    pub dropped_events_count: u32,
    /// Spans this one refers to.
    pub links: List<'a, LinkView<'a>>,
    /// How many links its maker left out.
    pub dropped_links_count: u32,
    /// How it ended.
    pub status: StatusView<'a>,
}

impl<'a> View<'a> for SpanView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut span = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => span.trace_id = value.bytes(),
            2 => span.span_id = value.bytes(),
            3 => span.trace_state = value.text(),
            4 => span.parent_span_id = value.bytes(),
            5 => span.name = value.text(),
            6 => span.kind = value.int32(),
            7 => span.start_time_unix_nano = value.number(),
            8 => span.end_time_unix_nano = value.number(),
            9 => span.attributes.note_element(from_here, number),
            10 => span.dropped_attributes_count = value.uint32(),
            11 => span.events.note_element(from_here, number),
            12 => span.dropped_events_count = value.uint32(),
            13 => span.links.note_element(from_here, number),
            14 => span.dropped_links_count = value.uint32(),
            15 => span.status = StatusView::parse(value.bytes()),
            16 => span.flags = value.uint32(),
            _ => {}
        });
        span
    }
}

/// A `Span.Event`.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventView<'a> {
    /// Nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What happened.
    pub name: Text<'a>,
    /// What else is known of it.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
}

impl<'a> View<'a> for EventView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut event = Self::default();
        for_each_field(bytes, |from_here, number, value| match number {
            1 => event.time_unix_nano = value.number(),
            2 => event.name = value.text(),
            3 => event.attributes.note_element(from_here, number),
            4 => event.dropped_attributes_count = value.uint32(),
            _ => {}
        });
        event
    }
}

/// A `Span.Link`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkView<'a> {
    /// The other span's trace: 16 bytes.
    pub trace_id: &'a [u8],
    /// The other span: 8 bytes.
    pub span_id: &'a [u8],
    /// The W3C `tracestate` of the other span.
    pub trace_state: Text<'a>,
    /// What else is known of the link.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
    /// As a span's flags.
    pub flags: u32,
}

impl<'a> View<'a> for LinkView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut link = Self::default();
        for_each_field(bytes, |from_here, number, value| match number {
            1 => link.trace_id = value.bytes(),
            2 => link.span_id = value.bytes(),
            3 => link.trace_state = value.text(),
            4 => link.attributes.note_element(from_here, number),
            5 => link.dropped_attributes_count = value.uint32(),
            6 => link.flags = value.uint32(),
            _ => {}
        });
        link
    }
}

/// A `Status`.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatusView<'a> {
    /// Why it failed, for people.
    pub message: Text<'a>,
    /// A `StatusCode`: 0 unset, 1 ok, 2 error.
    pub code: i32,
}

impl<'a> View<'a> for StatusView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut status = Self::default();
        for_each_field(bytes, |_, number, value| match number {
            2 => status.message = value.text(),
            3 => status.code = value.int32(),
            _ => {}
        });
        status
    }
}
