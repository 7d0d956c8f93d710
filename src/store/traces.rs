//! Questions about traces.

pub(super) mod growing_trace;

use super::{Filter, TimeRange};

/// Which traces: those with at least one span that began in the range and for which everything else holds at once.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSearch {
    /// When the span began.
    pub range: TimeRange,
    /// What else holds of the span: service, name, status, duration, attributes.
    pub filter: Filter,
    /// Which first.
    pub order: TraceOrder,
}

/// Which traces come first. Of equal ones the newer, then the one with the lower id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TraceOrder {
    /// By start, newest first.
    #[default]
    Newest,
    /// By duration, longest first.
    Longest,
}

/// What is known of a trace from all its spans in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSummary {
    /// Its id.
    pub trace_id: [u8; 16],
    /// The service of the root span, or of the earliest span where no root is there; the earliest root of several,
    /// that with the lower span id of those that began at once.
    pub root_service: String,
    /// The name of that span.
    pub root_name: String,
    /// True where a span without a parent is there.
    pub has_root: bool,
    /// The earliest start.
    pub start_unix_nano: u64,
    /// From there to the latest end.
    pub duration_nano: u64,
    /// How many spans there are.
    pub spans: u64,
    /// How many of them have the status error.
    pub errors: u64,
    /// The services that took part, by name.
    pub services: Vec<ServiceShare>,
}

/// A service's part in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceShare {
    /// The service.
    pub service: String,
    /// How many spans of the trace are its.
    pub spans: u64,
    /// How many of those have the status error.
    pub errors: u64,
}
