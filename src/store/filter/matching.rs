//! Whether an item fits a [`Filter`]: the one place that says so, for every engine.

use std::borrow::Cow;

use crate::otlp::{
    AnyValueView, KeyValueView, List, LogRecordView, ResourceView, ScopeView, SpanView, Text, hexadecimal,
};

use super::{Condition, Field, Filter, Test};

/// The service of a resource that does not name one.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// The `StatusCode` of what failed.
pub const STATUS_ERROR: i32 = 2;

/// An item with what stands above it on the wire.
#[derive(Debug, Clone, Copy)]
pub struct PlacedItem<'a> {
    /// Its resource.
    pub resource: &'a ResourceView<'a>,
    /// Its scope.
    pub scope: &'a ScopeView<'a>,
    /// Itself.
    pub item: ItemView<'a>,
}

/// What conditions are held against.
#[derive(Debug, Clone, Copy)]
pub enum ItemView<'a> {
    /// A span.
    Span(&'a SpanView<'a>),
    /// A log record.
    LogRecord(&'a LogRecordView<'a>),
    /// A data point of whatever kind, by its attributes: it has no other field.
    DataPoint(List<'a, KeyValueView<'a>>),
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldValue<'a> {
    /// An attribute's value or a body.
    Any(AnyValueView<'a>),
    /// A name.
    Text(Text<'a>),
    /// A word for an enumeration's value.
    Word(&'static str),
    /// An id, shown in lower-case hexadecimal.
    Id(&'a [u8]),
    /// A `SeverityNumber`, a word as text.
    Severity(i32),
}

impl Filter {
    /// True where every condition holds.
    pub fn fits(&self, placed: PlacedItem<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(placed.value(&condition.field)))
    }
}

impl Condition {
    /// True where the condition holds of its field's value, which is none where the item has no such field.
    pub fn holds(&self, value: Option<FieldValue<'_>>) -> bool {
        value.is_some_and(|value| value.passes(&self.test)) != self.negated
    }
}

impl<'a> PlacedItem<'a> {
    /// What `field` holds; none where the item has no such field. Empty names, ids and bodies are none: the wire does
    /// not tell them from absent ones.
    pub fn value(self, field: &Field) -> Option<FieldValue<'a>> {
        match (field, self.item) {
            (Field::Attribute(key), item) => self.attribute(item.attributes(), key).map(FieldValue::Any),
            (Field::Service, _) => Some(service_of(self.resource)),
            (Field::Scope, _) => some_text(self.scope.name),
            (Field::Name, ItemView::Span(span)) => some_text(span.name),
            (Field::Name, ItemView::LogRecord(record)) => some_text(record.event_name),
            (Field::Body, ItemView::LogRecord(record)) => match record.body {
                AnyValueView::Empty => None,
                body => Some(FieldValue::Any(body)),
            },
            (Field::Kind, ItemView::Span(span)) => Some(FieldValue::Word(kind_word(span.kind))),
            (Field::Status, ItemView::Span(span)) => Some(FieldValue::Word(status_word(span.status.code))),
            (Field::DurationMilliseconds, ItemView::Span(span)) => {
                let milliseconds = duration_nano(span) as f64 / 1e6;
                Some(FieldValue::Any(AnyValueView::Double(milliseconds)))
            }
            (Field::Severity, ItemView::LogRecord(record)) => {
                Some(FieldValue::Severity(record.severity_number))
            }
            (Field::TraceId, ItemView::Span(span)) => some_id(span.trace_id),
            (Field::TraceId, ItemView::LogRecord(record)) => some_id(record.trace_id),
            (Field::SpanId, ItemView::Span(span)) => some_id(span.span_id),
            (Field::SpanId, ItemView::LogRecord(record)) => some_id(record.span_id),
            _ => None,
        }
    }

    fn attribute(self, of_item: List<'a, KeyValueView<'a>>, key: &str) -> Option<AnyValueView<'a>> {
        let above = || self.scope.attributes.get(key).or_else(|| self.resource.attributes.get(key));
        of_item.get(key).or_else(above)
    }
}

impl<'a> ItemView<'a> {
    /// The item's own attributes.
    pub const fn attributes(self) -> List<'a, KeyValueView<'a>> {
        match self {
            Self::Span(span) => span.attributes,
            Self::LogRecord(record) => record.attributes,
            Self::DataPoint(attributes) => attributes,
        }
    }
}

impl<'a> FieldValue<'a> {
    /// True where the test holds.
    pub fn passes(self, test: &Test) -> bool {
        let compares = |holds: fn(&f64, &f64) -> bool, bound: &f64| {
            self.number().is_some_and(|number| holds(&number, bound))
        };
        match test {
            Test::Exists => true,
            Test::Equals(text) => self.to_text() == *text || self.is_severity_number(text),
            Test::Contains(part) => contains_ignoring_ascii_case(self.to_text().as_bytes(), part.as_bytes()),
            Test::Below(bound) => compares(f64::lt, bound),
            Test::AtMost(bound) => compares(f64::le, bound),
            Test::Above(bound) => compares(f64::gt, bound),
            Test::AtLeast(bound) => compares(f64::ge, bound),
        }
    }

    /// A severity is equal to its number as well as to its word.
    fn is_severity_number(self, text: &str) -> bool {
        matches!(self, Self::Severity(number) if text.parse() == Ok(number))
    }

    /// The value as text. Borrows where it is one.
    pub fn to_text(self) -> Cow<'a, str> {
        match self {
            Self::Any(AnyValueView::String(text)) | Self::Text(text) => text.to_str(),
            Self::Any(value) => Cow::Owned(value.to_text()),
            Self::Word(word) => Cow::Borrowed(word),
            Self::Id(id) => Cow::Owned(hexadecimal(id)),
            Self::Severity(number) => Cow::Borrowed(severity_word(number)),
        }
    }

    /// The value as a number; none where it is not one. A text is one where it is written as a finite one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Any(AnyValueView::Int(number)) => Some(number as f64),
            Self::Any(AnyValueView::Double(number)) => Some(number),
            Self::Any(AnyValueView::String(text)) | Self::Text(text) => {
                text.to_str().parse().ok().filter(|number: &f64| number.is_finite())
            }
            Self::Severity(number) => Some(f64::from(number)),
            Self::Any(_) | Self::Word(_) | Self::Id(_) => None,
        }
    }
}

/// The service a resource belongs to; an empty name is none.
pub fn service_of<'a>(resource: &ResourceView<'a>) -> FieldValue<'a> {
    match resource.attributes.get("service.name") {
        None | Some(AnyValueView::Empty) => FieldValue::Word(UNKNOWN_SERVICE),
        Some(AnyValueView::String(name)) if name.is_empty() => FieldValue::Word(UNKNOWN_SERVICE),
        Some(name) => FieldValue::Any(name),
    }
}

/// How long a span took; 0 where it ended before it began.
pub const fn duration_nano(span: &SpanView<'_>) -> u64 {
    span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)
}

/// A record's time, or else when it was observed.
pub const fn record_time(record: &LogRecordView<'_>) -> u64 {
    match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    }
}

/// The word for a `SpanKind`.
pub const fn kind_word(kind: i32) -> &'static str {
    match kind {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "unspecified",
    }
}

/// The word for a `StatusCode`.
pub const fn status_word(code: i32) -> &'static str {
    match code {
        1 => "ok",
        STATUS_ERROR => "error",
        _ => "unset",
    }
}

/// The word for a `SeverityNumber`.
pub fn severity_word(number: i32) -> &'static str {
    SEVERITY_WORDS.get(severity_class(number)).copied().unwrap_or("unspecified")
}

/// The place of a `SeverityNumber` among unspecified, trace, debug, info, warn, error and fatal.
pub const fn severity_class(number: i32) -> usize {
    match number {
        1..=4 => 1,
        5..=8 => 2,
        9..=12 => 3,
        13..=16 => 4,
        17..=20 => 5,
        21..=24 => 6,
        _ => 0,
    }
}

/// The words for severities, by [`severity_class`].
pub const SEVERITY_WORDS: [&str; 7] = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];

/// True where `text` has `part` somewhere, upper and lower case of ASCII letters being the same.
pub fn contains_ignoring_ascii_case(text: &[u8], part: &[u8]) -> bool {
    let Some((first, _)) = part.split_first() else {
        return true;
    };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, text).any(|at| {
        let there = text.get(at..at.saturating_add(part.len()));
        there.is_some_and(|there| there.eq_ignore_ascii_case(part))
    })
}

fn some_text(text: Text<'_>) -> Option<FieldValue<'_>> {
    (!text.is_empty()).then_some(FieldValue::Text(text))
}

fn some_id(id: &[u8]) -> Option<FieldValue<'_>> {
    (!id.is_empty()).then_some(FieldValue::Id(id))
}

#[cfg(test)]
mod tests;
