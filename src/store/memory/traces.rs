//! Traces, out of all spans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Reading, for_each_item};
use crate::otlp::{Batch, Signal};
use crate::store::filter::matching::{ItemView, service_of};
use crate::store::grouped_items::{GroupedItems, for_each_scope_group};
use crate::store::traces::growing_trace::{GrowingTrace, place_of};
use crate::store::{Answer, Cut, Limits, TimeRange, TraceSearch, TraceSummary};

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
                traces.entry(trace_id).or_default().add(&service, span);
            }
        });
    }
    let mut summaries: Vec<TraceSummary> =
        traces.into_iter().map(|(trace_id, trace)| trace.summary(trace_id)).collect();
    summaries.sort_by_key(|trace| place_of(trace, search.order));
    reading.answer(summaries)
}
