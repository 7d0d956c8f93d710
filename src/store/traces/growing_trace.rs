//! Sums up a trace, span by span in any order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::otlp::SpanView;
use crate::store::filter::matching::STATUS_ERROR;
use crate::store::service_edges::is_id;
use crate::store::{ServiceShare, TraceOrder, TraceSummary};

/// Puts summaries into the order asked for; those that are equal in it by their ids.
pub fn sort_summaries(summaries: &mut [TraceSummary], order: TraceOrder) {
    summaries.sort_by_key(|trace| {
        let longest = if order == TraceOrder::Longest { trace.duration_nano } else { 0 };
        (Reverse(longest), Reverse(trace.start_unix_nano), trace.trace_id)
    });
}

/// What is known of a trace so far.
#[derive(Debug, Default)]
pub struct GrowingTrace {
    /// The least of: not a root, start, span id, service, name.
    first: Option<(bool, u64, Vec<u8>, String, String)>,
    start_unix_nano: Option<u64>,
    end_unix_nano: u64,
    /// Spans and failed spans.
    services: BTreeMap<String, (u64, u64)>,
}

impl GrowingTrace {
    /// Adds one of its spans.
    pub fn add(&mut self, service: String, span: &SpanView<'_>) {
        let start = span.start_time_unix_nano;
        self.start_unix_nano = Some(self.start_unix_nano.map_or(start, |earliest| earliest.min(start)));
        self.end_unix_nano = self.end_unix_nano.max(span.end_time_unix_nano);
        let (spans, errors) = self.services.entry(service.clone()).or_default();
        *spans += 1;
        *errors += u64::from(span.status.code == STATUS_ERROR);
        let is_below = is_id(span.parent_span_id);
        let name = span.name.to_str().into_owned();
        let candidate = (is_below, start, span.span_id.to_vec(), service, name);
        if self.first.as_ref().is_none_or(|first| candidate < *first) {
            self.first = Some(candidate);
        }
    }

    /// What is known of the trace with this id.
    pub fn summary(self, trace_id: [u8; 16]) -> TraceSummary {
        let (is_below, _, _, root_service, root_name) = self.first.unwrap_or_default();
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
