//! Where attributes and editable messages lie in each message type.

use crate::otlp::Signal;
use crate::otlp::views::{items_in_metric, items_in_resource_group, items_in_scope_group};

/// The message types an [`Editor`](super::Editor) decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
    ResourceGroup,
    /// `Resource`.
    Resource,
    /// `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`.
    ScopeGroup,
    /// `InstrumentationScope`.
    Scope,
    /// `Span`.
    Span,
    /// `Span.Event`.
    SpanEvent,
    /// `Span.Link`.
    SpanLink,
    /// `LogRecord`.
    LogRecord,
    /// `Metric`; its attributes are its metadata.
    Metric,
    /// `NumberDataPoint`.
    NumberDataPoint,
    /// `HistogramDataPoint`.
    HistogramDataPoint,
    /// `ExponentialHistogramDataPoint`.
    ExponentialHistogramDataPoint,
    /// `SummaryDataPoint`.
    SummaryDataPoint,
    /// `Exemplar`; its attributes are its filtered attributes.
    Exemplar,
}

/// What a field of an entered message is to the walk, attributes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A message to decide about.
    Message(MessageKind),
    /// A metric's data with points of this kind, entered without asking.
    Data(MessageKind),
    /// Copied as it is.
    Other,
}

impl MessageKind {
    /// The field that holds attributes; 0 for none.
    pub(super) const fn attributes_field(self) -> u32 {
        match self {
            Self::ResourceGroup | Self::ScopeGroup => 0,
            Self::Resource | Self::ExponentialHistogramDataPoint => 1,
            Self::Scope | Self::SpanEvent => 3,
            Self::SpanLink => 4,
            Self::LogRecord => 6,
            Self::NumberDataPoint | Self::SummaryDataPoint | Self::Exemplar => 7,
            Self::Span | Self::HistogramDataPoint => 9,
            Self::Metric => 12,
        }
    }

    #[inline]
    pub(super) const fn role_of_field(self, number: u32, signal: Signal) -> Role {
        match (self, number) {
            (Self::ResourceGroup, 1) => Role::Message(Self::Resource),
            (Self::ResourceGroup, 2) => Role::Message(Self::ScopeGroup),
            (Self::ScopeGroup, 1) => Role::Message(Self::Scope),
            (Self::ScopeGroup, 2) => Role::Message(Self::record(signal)),
            (Self::Span, 11) => Role::Message(Self::SpanEvent),
            (Self::Span, 13) => Role::Message(Self::SpanLink),
            (Self::Metric, 5 | 7) => Role::Data(Self::NumberDataPoint),
            (Self::Metric, 9) => Role::Data(Self::HistogramDataPoint),
            (Self::Metric, 10) => Role::Data(Self::ExponentialHistogramDataPoint),
            (Self::Metric, 11) => Role::Data(Self::SummaryDataPoint),
            (Self::NumberDataPoint, 5)
            | (Self::HistogramDataPoint, 8)
            | (Self::ExponentialHistogramDataPoint, 11) => Role::Message(Self::Exemplar),
            _ => Role::Other,
        }
    }

    const fn record(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::Span,
            Signal::Metrics => Self::Metric,
            Signal::Logs => Self::LogRecord,
        }
    }

    /// The field that has to be there to be asked about: a group's resource or scope.
    pub(super) const fn header_field(self) -> Option<(u32, Self)> {
        match self {
            Self::ResourceGroup => Some((1, Self::Resource)),
            Self::ScopeGroup => Some((1, Self::Scope)),
            _ => None,
        }
    }

    /// True for messages that are nothing without the records in them.
    pub(super) const fn is_parent_of_records(self) -> bool {
        matches!(self, Self::ResourceGroup | Self::ScopeGroup | Self::Metric)
    }

    /// True for messages that make their parent not empty.
    pub(super) const fn counts_for_parent(self) -> bool {
        !matches!(self, Self::Resource | Self::Scope | Self::SpanEvent | Self::SpanLink | Self::Exemplar)
    }

    /// How many spans, data points or log records a message of this kind is or holds.
    pub(super) fn items_in(self, signal: Signal, message: &[u8]) -> usize {
        match self {
            Self::ResourceGroup => items_in_resource_group(signal, message),
            Self::ScopeGroup => items_in_scope_group(signal, message),
            Self::Metric => items_in_metric(message),
            Self::Resource | Self::Scope | Self::SpanEvent | Self::SpanLink | Self::Exemplar => 0,
            _ => 1,
        }
    }
}
