//! What the plain engine answers, from telemetry written by hand.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::*;
use crate::store::{Condition, LogPosition, ServiceShare, Test, TraceOrder};

const SECOND: u64 = 1_000_000_000;

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    }
}

fn resource(service: &str) -> Option<Resource> {
    let attributes = vec![attribute("service.name", service), attribute("service.version", "7")];
    Some(Resource { attributes, ..Resource::default() })
}

/// Trace, span, parent, kind, name, start in seconds, duration in seconds, failed.
type SpanRow = (u8, u8, u8, i32, &'static str, u64, u64, bool);

fn spans(service: &str, rows: &[SpanRow]) -> Batch {
    let span = |(trace, id, parent, kind, name, start, duration, failed): &SpanRow| Span {
        trace_id: vec![*trace; 16],
        span_id: vec![*id; 8],
        parent_span_id: if *parent == 0 { Vec::new() } else { vec![*parent; 8] },
        kind: *kind,
        name: (*name).to_owned(),
        start_time_unix_nano: start * SECOND,
        end_time_unix_nano: (start + duration) * SECOND,
        status: failed.then(|| Status { code: 2, ..Status::default() }),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: rows.iter().map(span).collect(), ..ScopeSpans::default() }];
    let group = ResourceSpans { resource: resource(service), scope_spans, ..ResourceSpans::default() };
    let body = ExportTraceServiceRequest { resource_spans: vec![group] }.encode_to_vec();
    Batch::from_valid_part(Signal::Traces, body.into(), rows.len())
}

/// Second, severity, body.
fn logs(service: &str, rows: &[(u64, i32, &str)]) -> Batch {
    let record = |(second, severity_number, body): &(u64, i32, &str)| LogRecord {
        time_unix_nano: second * SECOND,
        severity_number: *severity_number,
        body: attribute("", body).value,
        ..LogRecord::default()
    };
    let log_records = rows.iter().map(record).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let group = ResourceLogs { resource: resource(service), scope_logs, ..ResourceLogs::default() };
    let body = ExportLogsServiceRequest { resource_logs: vec![group] }.encode_to_vec();
    Batch::from_valid_part(Signal::Logs, body.into(), rows.len())
}

fn store_of(batches: &[Batch]) -> MemoryStore {
    let store = MemoryStore::new(u64::MAX);
    batches.iter().for_each(|batch| store.append(batch).unwrap());
    store
}

fn shop_calls_stock() -> MemoryStore {
    store_of(&[
        spans("shop", &[(1, 1, 0, 2, "GET /", 100, 10, false), (1, 2, 1, 3, "GET stock", 101, 5, false)]),
        spans("stock", &[(1, 3, 2, 2, "GET stock", 102, 3, true), (2, 4, 0, 2, "GET stock", 200, 1, false)]),
    ])
}

fn bodies(batch: &Batch) -> Vec<String> {
    let mut bodies = Vec::new();
    for_each_scope_group(batch, |_, scope_group| {
        bodies.extend(scope_group.log_records().map(|record| record.body.to_text()));
    });
    bodies
}

fn between(from_second: u64, to_second: u64) -> TimeRange {
    TimeRange { from_unix_nano: from_second * SECOND, to_unix_nano: to_second * SECOND }
}

fn condition(field: Field, test: Test) -> Filter {
    Filter { conditions: vec![Condition { field, test, negated: false }] }
}

#[test]
fn traces_are_found_by_one_span_and_told_by_all() {
    let store = shop_calls_stock();
    let failed = condition(Field::Status, Test::Equals("error".to_owned()));
    let mut search = TraceSearch { range: between(102, 103), filter: failed, order: TraceOrder::Newest };
    let found = store.search_traces(&search, &Limits::NONE).unwrap();
    let share = |service: &str, spans, errors| ServiceShare { service: service.to_owned(), spans, errors };
    let first = TraceSummary {
        trace_id: [1; 16],
        root_service: "shop".to_owned(),
        root_name: "GET /".to_owned(),
        has_root: true,
        start_unix_nano: 100 * SECOND,
        duration_nano: 10 * SECOND,
        spans: 3,
        errors: 1,
        services: vec![share("shop", 2, 0), share("stock", 1, 1)],
    };
    assert_eq!(found, Answer::whole(vec![first]));

    search = TraceSearch { range: TimeRange::ALL, filter: Filter::default(), order: TraceOrder::Newest };
    let ids = |search: &TraceSearch, rows| {
        let answer = store.search_traces(search, &Limits { rows, ..Limits::NONE }).unwrap();
        (answer.value.iter().map(|trace| trace.trace_id[0]).collect::<Vec<_>>(), answer.cut)
    };
    assert_eq!(ids(&search, 9), (vec![2, 1], None));
    search.order = TraceOrder::Longest;
    assert_eq!(ids(&search, 9), (vec![1, 2], None));
    assert_eq!(ids(&search, 1), (vec![1], Some(Cut::Rows)));
    assert_eq!(store.trace(&[1; 16], &Limits::NONE).unwrap().value.items(), 3);
    assert_eq!(store.trace(&[9; 16], &Limits::NONE).unwrap().value.items(), 0);
}

#[test]
fn requests_are_counted_by_service_operation_and_whole_minute() {
    let store = shop_calls_stock();
    let answer = store.service_rates(between(119, 180), &Limits::NONE).unwrap();
    let names: Vec<_> = answer.value.iter().map(|service| (&*service.service, &*service.version)).collect();
    assert_eq!(names, [("shop", "7"), ("stock", "7")], "second 119 is in the minute from 60 on");
    let all = store.service_rates(TimeRange::ALL, &Limits::NONE).unwrap().value;
    let stock = &all[1].rates;
    assert_eq!((stock.requests, stock.errors, stock.durations.max_nano), (2, 1, 3 * SECOND));
    let minutes: Vec<_> =
        stock.minutes.iter().map(|minute| (minute.unix_nano, minute.requests, minute.errors)).collect();
    assert_eq!(minutes, [(60 * SECOND, 1, 1), (180 * SECOND, 1, 0)]);
    let operations = store.operation_rates("shop", TimeRange::ALL, &Limits::NONE).unwrap().value;
    let shown: Vec<_> = operations
        .iter()
        .map(|operation| (&*operation.operation, operation.kind, operation.rates.requests))
        .collect();
    assert_eq!(shown, [("GET /", "server", 1)]);
}

#[test]
fn calls_are_told_by_both_services() {
    let edges = shop_calls_stock().service_edges(TimeRange::ALL, &Limits::NONE).unwrap().value;
    let shown: Vec<_> = edges
        .iter()
        .map(|edge| (&*edge.client, &*edge.server, edge.server_kind, edge.requests, edge.errors))
        .collect();
    assert_eq!(shown, [("shop", "stock", "service", 1, 1)]);
}

#[test]
fn records_come_newest_first_and_go_on_where_an_answer_ended() {
    let store = store_of(&[
        logs("a", &[(5, 9, "one"), (7, 17, "two"), (7, 17, "three")]),
        logs("b", &[(7, 9, "four")]),
    ]);
    let mut search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    let two = Limits { rows: 2, ..Limits::NONE };
    let answer = store.search_logs(&search, &two).unwrap();
    assert_eq!(
        (bodies(&answer.value.records), answer.cut),
        (vec!["four".to_owned(), "three".to_owned()], Some(Cut::Rows))
    );
    search.before = answer.value.next;
    assert_eq!(search.before, Some(LogPosition { unix_nano: 7 * SECOND, older_at_that_time: 1 }));
    let answer = store.search_logs(&search, &two).unwrap();
    assert_eq!((bodies(&answer.value.records), answer.cut), (vec!["two".to_owned(), "one".to_owned()], None));
}

#[test]
fn records_are_counted_in_every_step() {
    let store = store_of(&[logs("a", &[(5, 9, "one"), (7, 17, "two"), (7, 0, "three"), (10, 1, "late")])]);
    let counts =
        store.count_logs(between(4, 10), 2 * SECOND, &Filter::default(), &Limits::NONE).unwrap().value;
    let shown: Vec<_> = counts.iter().map(|step| (step.unix_nano / SECOND, step.by_severity)).collect();
    assert_eq!(shown, [(4, [0, 0, 0, 1, 0, 0, 0]), (6, [1, 0, 0, 0, 0, 1, 0]), (8, [0, 0, 0, 0, 0, 0, 0])]);
    for step in [0, 1] {
        let refused = store.count_logs(between(0, 10), step, &Filter::default(), &Limits::NONE);
        assert!(matches!(refused, Err(StoreError::Question(_))), "{step}");
    }
}

#[test]
fn facets_and_keys_are_of_what_fits() {
    let store = store_of(&[logs("a", &[(5, 9, "x"), (7, 17, "y")]), logs("b", &[(7, 9, "x")])]);
    let fields = [Field::Service, Field::Body, Field::Name];
    let facets = store
        .facets(Signal::Logs, between(6, 9), &Filter::default(), &fields, 1, &Limits::NONE)
        .unwrap()
        .value;
    let shown: Vec<_> = facets.iter().map(|facet| facet.values.clone()).collect();
    assert_eq!(shown, [vec![("a".to_owned(), 1)], vec![("x".to_owned(), 1)], vec![]]);
    let keys = store.attribute_keys(Signal::Logs, TimeRange::ALL, &Limits::NONE).unwrap().value;
    assert_eq!(keys, ["service.name", "service.version"].map(|key| Field::Attribute(key.to_owned())));
}

#[test]
fn the_oldest_batches_go_when_there_is_no_room() {
    let (first, second) = (logs("a", &[(5, 9, "one")]), logs("a", &[(4, 9, "two")]));
    let store = MemoryStore::new(first.bytes() as u64);
    store.append(&first).unwrap();
    store.append(&second).unwrap();
    let search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    assert_eq!(bodies(&store.search_logs(&search, &Limits::NONE).unwrap().value.records), ["two"]);
    let statistics = store.statistics().unwrap();
    let expected = SignalStatistics {
        items: 1,
        bytes: second.bytes() as u64,
        partitions: 1,
        oldest_unix_nano: Some(4 * SECOND),
    };
    assert_eq!((statistics.bytes, statistics.signals[2]), (second.bytes() as u64, expected));
}

#[test]
fn an_export_has_what_lies_in_the_range() {
    let store = store_of(&[logs("a", &[(5, 9, "one"), (7, 9, "two")]), logs("b", &[(8, 9, "three")])]);
    let mut found = Vec::new();
    store
        .export(Signal::Logs, between(6, 9), &mut |batch| {
            found.extend(bodies(&batch));
            Ok(())
        })
        .unwrap();
    assert_eq!(found, ["two", "three"]);
}

#[test]
fn little_may_be_read_and_the_answer_says_so() {
    let store = store_of(&[logs("a", &[(5, 9, "one")]), logs("a", &[(7, 9, "two")])]);
    let search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    let answer = store.search_logs(&search, &Limits { bytes: 1, ..Limits::NONE }).unwrap();
    assert_eq!((bodies(&answer.value.records), answer.cut), (vec!["two".to_owned()], Some(Cut::Bytes)));
    let deadline = Some(Instant::now());
    let answer = store.search_logs(&search, &Limits { deadline, ..Limits::NONE }).unwrap();
    assert_eq!((answer.value.records.items(), answer.cut), (0, Some(Cut::Time)));
}

#[test]
fn values_are_kept_until_they_are_deleted() {
    let store = store_of(&[]);
    store.set_value("view", Some(Bytes::from_static(b"{}"))).unwrap();
    assert_eq!(store.value("view").unwrap().as_deref(), Some(&b"{}"[..]));
    store.set_value("view", None).unwrap();
    assert_eq!(store.value("view").unwrap(), None);
}
