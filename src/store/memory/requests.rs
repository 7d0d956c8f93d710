//! Requests and calls, counted anew for each question.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Reading, for_each_item};
use crate::otlp::{Batch, SpanView};
use crate::store::filter::matching::{
    ItemView, PlacedItem, STATUS_ERROR, duration_nano, kind_word, service_of,
};
use crate::store::requests::{is_request, minute_of, minutes_of};
use crate::store::service_edges::{Call, CallEnd, CallSide, Peer};
use crate::store::{
    Answer, DurationBuckets, Limits, MinuteOfRequests, OperationRates, RequestRates, ServiceEdge,
    ServiceRates, TimeRange,
};

/// The requests of every service.
pub(super) fn of_services(
    batches: &[Arc<Batch>],
    range: TimeRange,
    limits: &Limits,
) -> Answer<Vec<ServiceRates>> {
    let mut reading = Reading::new(limits);
    let mut services: BTreeMap<String, Minutes> = BTreeMap::new();
    for (_, batch) in reading.newest_first(batches) {
        for_each_request(batch, range, |placed, span| {
            let service = service_of(placed.resource).to_text().into_owned();
            services.entry(service).or_default().add(span);
        });
    }
    let mut versions: HashMap<String, String> = HashMap::new();
    for batch in batches {
        for_each_item(batch, TimeRange::ALL, |placed, _| {
            if let Some(version) = placed.resource.attributes.get("service.version") {
                versions.insert(service_of(placed.resource).to_text().into_owned(), version.to_text());
            }
        });
    }
    let rates = |(service, minutes): (String, Minutes)| ServiceRates {
        version: versions.remove(&service).unwrap_or_default(),
        service,
        rates: minutes.rates(),
    };
    let services = services.into_iter().map(rates).collect();
    reading.answer(services)
}

/// The requests of every operation of a service.
pub(super) fn of_operations(
    batches: &[Arc<Batch>],
    service: &str,
    range: TimeRange,
    limits: &Limits,
) -> Answer<Vec<OperationRates>> {
    let mut reading = Reading::new(limits);
    let mut operations: BTreeMap<(String, &'static str), Minutes> = BTreeMap::new();
    for (_, batch) in reading.newest_first(batches) {
        for_each_request(batch, range, |placed, span| {
            if service_of(placed.resource).to_text() == service {
                let operation = (span.name.to_str().into_owned(), kind_word(span.kind));
                operations.entry(operation).or_default().add(span);
            }
        });
    }
    let rates = |((operation, kind), minutes): (_, Minutes)| OperationRates {
        operation,
        kind,
        rates: minutes.rates(),
    };
    reading.answer(operations.into_iter().map(rates).collect())
}

/// Who called whom.
pub(super) fn edges(batches: &[Arc<Batch>], range: TimeRange, limits: &Limits) -> Answer<Vec<ServiceEdge>> {
    let mut reading = Reading::new(limits);
    let (mut callers, mut without_id, mut callees) = (HashMap::new(), Vec::new(), Vec::new());
    let read: Vec<&Batch> = reading.newest_first(batches).map(|(_, batch)| batch).collect();
    for batch in read.into_iter().rev() {
        for_each_item(batch, TimeRange::ALL, |placed, _| {
            let ItemView::Span(span) = placed.item else {
                return;
            };
            let service: Arc<str> = service_of(placed.resource).to_text().into();
            let attributes =
                span.attributes.iter().map(|attribute| (attribute.key.as_bytes(), attribute.value()));
            let Some(end) = CallEnd::of(&service, span, || Peer::of(attributes).map(Arc::new)) else {
                return;
            };
            match (&end.side, end.id) {
                (CallSide::Callee, _) => callees.push(end),
                (CallSide::Caller(_), None) => without_id.push(end),
                (CallSide::Caller(_), Some(id)) => {
                    callers.entry(id).or_insert(end);
                }
            }
        });
    }
    let (mut calls, mut answered) = (Vec::new(), HashSet::new());
    for callee in &callees {
        if let Some(id) = callee.id
            && let Some(caller) = callers.get(&id)
        {
            calls.push(caller.call_to(callee));
            answered.insert(id);
        }
    }
    let unanswered = callers.iter().filter(|(id, _)| !answered.contains(id)).map(|(_, caller)| caller);
    calls.extend(unanswered.chain(&without_id).filter_map(CallEnd::call_to_peer));
    calls.retain(|call| minutes_of(range).contains(call.minute_unix_nano));
    reading.answer(edges_of(&calls))
}

fn edges_of(calls: &[Call]) -> Vec<ServiceEdge> {
    let mut edges: BTreeMap<(&str, &str, &'static str), ServiceEdge> = BTreeMap::new();
    for call in calls {
        let edge =
            edges.entry((&call.client, &call.server, call.server_kind)).or_insert_with(|| ServiceEdge {
                client: call.client.to_string(),
                server: call.server.to_string(),
                server_kind: call.server_kind,
                requests: 0,
                errors: 0,
                durations: DurationBuckets::default(),
            });
        edge.requests += 1;
        edge.errors += u64::from(call.is_failed);
        edge.durations.add(call.duration_nano);
    }
    edges.into_values().collect()
}

fn for_each_request(batch: &Batch, range: TimeRange, mut visit: impl FnMut(PlacedItem<'_>, &SpanView<'_>)) {
    for_each_item(batch, TimeRange::ALL, |placed, time| {
        if let ItemView::Span(span) = placed.item
            && is_request(span)
            && minutes_of(range).contains(minute_of(time))
        {
            visit(placed, span);
        }
    });
}

/// Requests by minute.
#[derive(Default)]
struct Minutes(BTreeMap<u64, MinuteOfRequests>);

impl Minutes {
    fn add(&mut self, span: &SpanView<'_>) {
        let unix_nano = minute_of(span.start_time_unix_nano);
        let minute = self.0.entry(unix_nano).or_default();
        minute.unix_nano = unix_nano;
        minute.requests += 1;
        minute.errors += u64::from(span.status.code == STATUS_ERROR);
        minute.durations.add(duration_nano(span));
    }

    fn rates(self) -> RequestRates {
        let mut rates = RequestRates::default();
        for minute in self.0.into_values() {
            rates.requests += minute.requests;
            rates.errors += minute.errors;
            rates.durations.merge(&minute.durations);
            rates.minutes.push(minute);
        }
        rates
    }
}
