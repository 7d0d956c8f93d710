//! Traces, out of all spans.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Reading, for_each_item};
use crate::otlp::{Batch, Signal, SpanView};
use crate::store::filter::matching::{ItemView, STATUS_ERROR, service_of};
use crate::store::grouped_items::{GroupedItems, for_each_scope_group};
use crate::store::service_edges::is_id;
use crate::store::{Answer, Cut, Limits, ServiceShare, TimeRange, TraceOrder, TraceSearch, TraceSummary};

/// Every span of a trace.
pub(super) fn trace(batches: &[Arc<Batch>], trace_id: &[u8; 16], limits: &Limits) -> Answer<Batch> {
    let mut reading = Reading::new(limits);
    let mut spans = GroupedItems::new(Signal::Traces);
    let mut is_cut = false;
    for (_, batch) in reading.newest_first(batches) {
        for_each_scope_group(batch, |resource_group, scope_group| {
            for span in scope_group.spans().filter(|span| span.trace_id == trace_id) {
                if spans.items() >= limits.rows {
                    is_cut = true;
                } else {
                    spans.push_record(resource_group.bytes, scope_group.bytes, span.bytes);
                }
            }
        });
    }
    Answer { value: spans.into_batch(), cut: reading.cut.or(is_cut.then_some(Cut::Rows)) }
}

/// The traces that have a span as searched for.
pub(super) fn search(
    batches: &[Arc<Batch>],
    search: &TraceSearch,
    limits: &Limits,
) -> Answer<Vec<TraceSummary>> {
    let mut found = BTreeSet::<[u8; 16]>::new();
    let mut reading = Reading::new(limits);
    for (_, batch) in reading.newest_first(batches) {
        for_each_item(batch, search.range, |placed, _| {
            if let ItemView::Span(span) = placed.item
                && let Ok(trace_id) = span.trace_id.try_into()
                && search.filter.fits(placed)
            {
                found.insert(trace_id);
            }
        });
    }
    let mut traces: BTreeMap<[u8; 16], GrowingTrace> = BTreeMap::new();
    for batch in batches {
        for_each_item(batch, TimeRange::ALL, |placed, _| {
            if let ItemView::Span(span) = placed.item
                && let Ok(trace_id) = span.trace_id.try_into()
                && found.contains(&trace_id)
            {
                let service = service_of(placed.resource).to_text().into_owned();
                traces.entry(trace_id).or_default().add(service, span);
            }
        });
    }
    let mut summaries: Vec<TraceSummary> =
        traces.into_iter().map(|(trace_id, trace)| trace.summary(trace_id)).collect();
    summaries.sort_by_key(|trace| {
        let longest = if search.order == TraceOrder::Longest { trace.duration_nano } else { 0 };
        (Reverse(longest), Reverse(trace.start_unix_nano), trace.trace_id)
    });
    reading.answer(summaries)
}

/// What is known of a trace so far.
#[derive(Default)]
struct GrowingTrace {
    /// The least of: not a root, start, span id, service, name.
    first: Option<(bool, u64, Vec<u8>, String, String)>,
    start_unix_nano: Option<u64>,
    end_unix_nano: u64,
    /// Spans and failed spans.
    services: BTreeMap<String, (u64, u64)>,
}

impl GrowingTrace {
    fn add(&mut self, service: String, span: &SpanView<'_>) {
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

    fn summary(self, trace_id: [u8; 16]) -> TraceSummary {
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
