//! Sums up a trace, span by span in any order.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use crate::otlp::SpanView;
use crate::store::filter::matching::STATUS_ERROR;
use crate::store::service_edges::is_id;
use crate::store::{ServiceShare, TimeRange, TraceOrder, TraceSummary};

/// Where a trace stands among answers: the least comes first, and no two traces have the same place.
pub type TracePlace = (Reverse<u64>, Reverse<u64>, [u8; 16]);

/// Where a trace stands in the order asked for; those that are equal in it stand by their ids.
pub fn place_of(trace: &TraceSummary, order: TraceOrder) -> TracePlace {
    let end = trace.start_unix_nano.saturating_add(trace.duration_nano);
    let extent = TimeRange { from_unix_nano: trace.start_unix_nano, to_unix_nano: end };
    place_of_extent(trace.trace_id, extent, order)
}

/// The same of a trace of which only is known when it began and ended.
pub fn place_of_extent(trace_id: [u8; 16], extent: TimeRange, order: TraceOrder) -> TracePlace {
    let duration = extent.to_unix_nano.saturating_sub(extent.from_unix_nano);
    let longest = if order == TraceOrder::Longest { duration } else { 0 };
    (Reverse(longest), Reverse(extent.from_unix_nano), trace_id)
}

/// What is known of a trace so far.
#[derive(Debug, Default)]
pub struct GrowingTrace {
    first: Option<FirstSpan>,
    start_unix_nano: Option<u64>,
    end_unix_nano: u64,
    /// Spans and failed spans.
    services: BTreeMap<String, (u64, u64)>,
}

/// The span a trace is named by: the least of these in their order.
#[derive(Debug, Default)]
struct FirstSpan {
    is_below: bool,
    start_unix_nano: u64,
    span_id: Vec<u8>,
    service: String,
    name: String,
}

impl GrowingTrace {
    /// Adds one of its spans.
    pub fn add(&mut self, service: &str, span: &SpanView<'_>) {
        let start = span.start_time_unix_nano;
        self.start_unix_nano = Some(self.start_unix_nano.map_or(start, |earliest| earliest.min(start)));
        self.end_unix_nano = self.end_unix_nano.max(span.end_time_unix_nano);
        let error = u64::from(span.status.code == STATUS_ERROR);
        match self.services.get_mut(service) {
            Some((spans, errors)) => (*spans, *errors) = (*spans + 1, *errors + error),
            None => drop(self.services.insert(service.to_owned(), (1, error))),
        }
        if self.first.as_ref().is_none_or(|first| first.is_behind(service, span)) {
            self.first = Some(FirstSpan {
                is_below: is_id(span.parent_span_id),
                start_unix_nano: start,
                span_id: span.span_id.to_vec(),
                service: service.to_owned(),
                name: span.name.to_str().into_owned(),
            });
        }
    }

    /// True where no span was added.
    pub const fn is_empty(&self) -> bool {
        self.start_unix_nano.is_none()
    }

    /// What is known of the trace with this id.
    pub fn summary(self, trace_id: [u8; 16]) -> TraceSummary {
        let FirstSpan { is_below, service: root_service, name: root_name, .. } =
            self.first.unwrap_or_default();
        let start_unix_nano = self.start_unix_nano.unwrap_or_default();
        let services = self.services.into_iter();
        let services: Vec<ServiceShare> =
            services.map(|(service, (spans, errors))| ServiceShare { service, spans, errors }).collect();
        TraceSummary {
            trace_id,
            root_service,
            root_name,
            has_root: !is_below,
            start_unix_nano,
            duration_nano: self.end_unix_nano.saturating_sub(start_unix_nano),
            spans: services.iter().map(|share| share.spans).sum(),
            errors: services.iter().map(|share| share.errors).sum(),
            services,
        }
    }
}

impl FirstSpan {
    fn is_behind(&self, service: &str, span: &SpanView<'_>) -> bool {
        let this = (self.is_below, self.start_unix_nano);
        match (is_id(span.parent_span_id), span.start_time_unix_nano).cmp(&this) {
            Ordering::Equal => {
                let this = (&*self.span_id, &*self.service, &*self.name);
                (span.span_id, service, &*span.name.to_str()) < this
            }
            order => order.is_lt(),
        }
    }
}
