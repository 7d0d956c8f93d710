//! Ends of calls, written as spans, paired as they come.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;

use super::*;
use crate::otlp::View;

const CLIENT: i32 = 3;
const SERVER: i32 = 2;

fn span(kind: i32, id: u8, parent: u8, attributes: &[(&str, &str)]) -> Span {
    let ids = |id: u8| if id == 0 { Vec::new() } else { vec![id; 8] };
    let attribute = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue((*value).to_owned())) }),
        ..KeyValue::default()
    };
    Span {
        trace_id: vec![7; 16],
        span_id: ids(id),
        parent_span_id: ids(parent),
        kind,
        start_time_unix_nano: 61_000_000_000,
        end_time_unix_nano: 61_000_000_000 + u64::from(id),
        attributes: attributes.iter().map(attribute).collect(),
        ..Span::default()
    }
}

fn end(service: &str, span: Span) -> Option<CallEnd> {
    let encoded = span.encode_to_vec();
    let span = SpanView::parse(&encoded);
    let attributes = span.attributes.iter().map(|attribute| (attribute.key.as_bytes(), attribute.value()));
    CallEnd::of(&service.into(), &span, || Peer::of(attributes).map(Arc::new))
}

fn take(pairing: &mut CallPairing, service: &str, span: Span) -> Vec<String> {
    let mut found = Vec::new();
    pairing.take(&end(service, span).unwrap(), 0, &mut |call| found.push(shown(&call)));
    found
}

fn shown(call: &Call) -> String {
    let failed = if call.is_failed { " failed" } else { "" };
    let Call { client, server, server_kind, duration_nano, .. } = call;
    assert_eq!(call.minute_unix_nano, 60_000_000_000);
    format!("{client} > {server} ({server_kind}) {duration_nano}{failed}")
}

fn peer(attributes: &[(&str, &str)]) -> Option<String> {
    let call = end("a", span(CLIENT, 1, 0, attributes)).unwrap().call_to_peer()?;
    Some(format!("{} ({})", call.server, call.server_kind))
}

#[test]
fn a_call_is_found_whichever_end_comes_first() {
    let mut pairing = CallPairing::new(10);
    assert_eq!(take(&mut pairing, "shop", span(CLIENT, 1, 9, &[])), [""; 0]);
    assert_eq!(take(&mut pairing, "stock", span(SERVER, 2, 1, &[])), ["shop > stock (service) 2"]);
    assert_eq!(take(&mut pairing, "stock", span(SERVER, 4, 3, &[])), [""; 0]);
    assert_eq!(take(&mut pairing, "shop", span(CLIENT, 3, 9, &[])), ["shop > stock (service) 4"]);
}

#[test]
fn every_callee_of_a_caller_is_a_call_and_the_callee_says_how_it_went() {
    let mut pairing = CallPairing::new(10);
    let failed = Span { status: Some(Status { code: 2, ..Status::default() }), ..span(5, 2, 1, &[]) };
    assert_eq!(take(&mut pairing, "shop", span(4, 1, 9, &[("messaging.system", "kafka")])), [""; 0]);
    assert_eq!(take(&mut pairing, "mail", failed), ["shop > mail (service) 2 failed"]);
    assert_eq!(take(&mut pairing, "stock", span(5, 3, 1, &[])), ["shop > stock (service) 3"]);
    assert_eq!(pairing.calls_to_peers().count(), 0);
}

#[test]
fn a_caller_that_nobody_answers_called_the_peer_it_names_once_it_is_given_up() {
    let mut pairing = CallPairing::new(2);
    let to_database = span(CLIENT, 1, 9, &[("db.system.name", "postgresql")]);
    assert_eq!(take(&mut pairing, "shop", to_database.clone()), [""; 0]);
    let now = pairing.calls_to_peers().map(|call| shown(&call)).collect::<Vec<_>>();
    assert_eq!(now, ["shop > postgresql (database) 1"]);
    assert_eq!(take(&mut pairing, "shop", span(CLIENT, 2, 9, &[])), [""; 0]);
    let found = take(&mut pairing, "shop", span(CLIENT, 3, 9, &[]));
    assert_eq!(found, ["shop > postgresql (database) 1"], "no room for a third");

    let mut pairing = CallPairing::new(10);
    take(&mut pairing, "shop", to_database);
    let mut found = Vec::new();
    pairing.give_up_before(0, &mut |call| found.push(shown(&call)));
    assert_eq!(found, [""; 0]);
    pairing.give_up_before(1, &mut |call| found.push(shown(&call)));
    assert_eq!(found, ["shop > postgresql (database) 1"]);
    assert_eq!(pairing.calls_to_peers().count(), 0);
}

#[test]
fn peers_are_named_as_the_conventions_say() {
    let address = ("server.address", "db.example");
    type Attributes<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Attributes<'_>, Option<&str>); 8] = [
        (&[], None),
        (&[address], Some("db.example (external)")),
        (&[("net.peer.name", "old.example")], Some("old.example (external)")),
        (&[address, ("db.system", "mysql")], Some("mysql (database)")),
        (&[("db.namespace", "orders"), ("db.system.name", "mysql")], Some("mysql/orders (database)")),
        (&[address, ("messaging.system", "kafka")], Some("kafka (messaging)")),
        (&[address, ("peer.service", "payments")], Some("payments (external)")),
        (&[("db.system", "mysql"), ("peer.service", "orders-db")], Some("orders-db (database)")),
    ];
    for (attributes, expected) in cases {
        assert_eq!(peer(attributes).as_deref(), expected, "{attributes:?}");
    }
}

#[test]
fn root_and_internal_spans_are_no_ends_of_calls() {
    assert!(end("a", span(SERVER, 1, 0, &[])).is_none());
    assert!(end("a", span(1, 1, 2, &[])).is_none());
    assert!(end("a", span(0, 1, 2, &[])).is_none());
}

#[test]
fn a_caller_without_an_id_calls_its_peer_at_once() {
    let mut pairing = CallPairing::new(10);
    let anonymous = span(CLIENT, 0, 9, &[("peer.service", "payments")]);
    assert_eq!(take(&mut pairing, "shop", anonymous), ["shop > payments (external) 0"]);
}
