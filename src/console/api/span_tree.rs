//! One trace as JSON: resources and scopes once, spans with times from the trace's start.

use std::collections::HashMap;

use serde::Serialize;

use super::attributes::attributes;
use crate::console::answer::{CutShape, Pair, milliseconds};
use crate::otlp::{Batch, ResourceView, ScopeView, SpanView, hexadecimal};
use crate::store::filter::matching::{FieldValue, duration_nano, kind_word, service_of, status_word};

/// Answer of `/traces/{id}`.
#[derive(Debug, Serialize)]
pub struct Trace {
    trace_id: String,
    start_ms: f64,
    start_unix_nano: String,
    duration_ns: u64,
    resources: Vec<TraceResource>,
    scopes: Vec<TraceScope>,
    spans: Vec<TraceSpan>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct TraceResource {
    service: String,
    attributes: Vec<Pair>,
}

#[derive(Debug, Serialize)]
struct TraceScope {
    name: String,
    version: String,
}

#[derive(Debug, Serialize)]
struct TraceSpan {
    id: String,
    /// Empty where there is none.
    parent: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    status_message: String,
    start_offset_ns: u64,
    duration_ns: u64,
    resource: usize,
    scope: usize,
    attributes: Vec<Pair>,
    events: Vec<SpanEvent>,
    links: Vec<SpanLink>,
}

#[derive(Debug, Serialize)]
struct SpanEvent {
    name: String,
    /// Below 0 for what is said to have happened before the trace began.
    offset_ns: i64,
    attributes: Vec<Pair>,
}

#[derive(Debug, Serialize)]
struct SpanLink {
    trace_id: String,
    span_id: String,
    attributes: Vec<Pair>,
}

/// The trace whose spans are in `batch`.
pub fn trace_of(trace_id: &str, batch: &Batch, cut: Option<CutShape>) -> Trace {
    let mut resources = Distinct::default();
    let mut scopes = Distinct::default();
    let mut placed = Vec::new();
    for group in batch.resource_groups() {
        let resource = resources.index(group.resource.bytes, || TraceResource::of(&group.resource));
        for scope_group in group.scope_groups {
            let scope = scopes.index(scope_group.scope.bytes, || TraceScope::of(&scope_group.scope));
            placed.extend(scope_group.spans().map(|span| (span, resource, scope)));
        }
    }
    let start = placed.iter().map(|(span, ..)| span.start_time_unix_nano).min().unwrap_or(0);
    let end = placed.iter().map(|(span, ..)| span.end_time_unix_nano.max(span.start_time_unix_nano)).max();
    placed.sort_by_key(|(span, ..)| span.start_time_unix_nano);
    let spans = placed.iter().map(|(span, resource, scope)| TraceSpan::of(span, *resource, *scope, start));
    Trace {
        trace_id: trace_id.to_owned(),
        start_ms: milliseconds(start),
        start_unix_nano: start.to_string(),
        duration_ns: end.unwrap_or(start) - start,
        spans: spans.collect(),
        resources: resources.values,
        scopes: scopes.values,
        cut,
    }
}

/// Values by the bytes they were made of, each once.
struct Distinct<'a, T> {
    indices: HashMap<&'a [u8], usize>,
    values: Vec<T>,
}

impl<T> Default for Distinct<'_, T> {
    fn default() -> Self {
        Self { indices: HashMap::new(), values: Vec::new() }
    }
}

impl<'a, T> Distinct<'a, T> {
    fn index(&mut self, bytes: &'a [u8], make: impl FnOnce() -> T) -> usize {
        *self.indices.entry(bytes).or_insert_with(|| {
            self.values.push(make());
            self.values.len() - 1
        })
    }
}

impl TraceResource {
    fn of(resource: &ResourceView<'_>) -> Self {
        let service: FieldValue<'_> = service_of(resource);
        Self { service: service.to_text().into_owned(), attributes: attributes(resource.attributes) }
    }
}

impl TraceScope {
    fn of(scope: &ScopeView<'_>) -> Self {
        Self { name: scope.name.to_string(), version: scope.version.to_string() }
    }
}

impl TraceSpan {
    fn of(span: &SpanView<'_>, resource: usize, scope: usize, trace_start: u64) -> Self {
        let events = span.events.iter().map(|event| SpanEvent {
            name: event.name.to_string(),
            offset_ns: event.time_unix_nano.wrapping_sub(trace_start).cast_signed(),
            attributes: attributes(event.attributes),
        });
        let links = span.links.iter().map(|link| SpanLink {
            trace_id: hexadecimal(link.trace_id),
            span_id: hexadecimal(link.span_id),
            attributes: attributes(link.attributes),
        });
        Self {
            id: hexadecimal(span.span_id),
            parent: hexadecimal(span.parent_span_id),
            name: span.name.to_string(),
            kind: kind_word(span.kind),
            status: status_word(span.status.code),
            status_message: span.status.message.to_string(),
            start_offset_ns: span.start_time_unix_nano.saturating_sub(trace_start),
            duration_ns: duration_nano(span),
            resource,
            scope,
            attributes: attributes(span.attributes),
            events: events.collect(),
            links: links.collect(),
        }
    }
}
