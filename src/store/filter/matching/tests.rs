//! Every field and every test, held against items written as OTLP.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;

use super::*;
use crate::otlp::View;

fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

fn attributes(pairs: &[(&str, Value)]) -> Vec<KeyValue> {
    let attribute = |(key, value): &(&str, Value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(value.clone()) }),
        ..KeyValue::default()
    };
    pairs.iter().map(attribute).collect()
}

fn resource() -> Vec<u8> {
    let shop = attributes(&[("service.name", text("shop")), ("everywhere", text("resource"))]);
    Resource { attributes: shop, ..Resource::default() }.encode_to_vec()
}

fn scope() -> Vec<u8> {
    let of_scope = attributes(&[("everywhere", text("scope")), ("in.scope", text("yes"))]);
    InstrumentationScope { name: "tracer".to_owned(), attributes: of_scope, ..Default::default() }
        .encode_to_vec()
}

fn span() -> Vec<u8> {
    let mixed = ArrayValue {
        values: [text("a"), Value::IntValue(1)].map(|value| AnyValue { value: Some(value) }).to_vec(),
    };
    Span {
        trace_id: (0..16).collect(),
        span_id: vec![0xab; 8],
        name: "GET /orders".to_owned(),
        kind: 2,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_002_500_000,
        attributes: attributes(&[
            ("everywhere", text("span")),
            ("status", Value::IntValue(200)),
            ("ratio", Value::DoubleValue(0.25)),
            ("whole", Value::DoubleValue(3.0)),
            ("written", text("17.5")),
            ("endless", text("inf")),
            ("flag", Value::BoolValue(true)),
            ("raw", Value::BytesValue(vec![0, 1])),
            ("list", Value::ArrayValue(mixed)),
            ("nothing", text("")),
        ]),
        status: Some(Status { code: 2, message: String::new() }),
        ..Span::default()
    }
    .encode_to_vec()
}

fn record() -> Vec<u8> {
    LogRecord {
        severity_number: 18,
        body: Some(AnyValue { value: Some(text("Payment REFUSED for größe")) }),
        event_name: "payment.refused".to_owned(),
        trace_id: vec![0xff; 16],
        ..LogRecord::default()
    }
    .encode_to_vec()
}

/// Holds one condition against the span, the record, and a data point without attributes.
fn fitting(field: Field, test: Test, negated: bool) -> [bool; 3] {
    let (resource, scope, span, record) = (resource(), scope(), span(), record());
    let (resource, scope) = (ResourceView::parse(&resource), ScopeView::parse(&scope));
    let (span, record) = (SpanView::parse(&span), LogRecordView::parse(&record));
    let filter = Filter { conditions: vec![Condition { field, test, negated }] };
    let items = [ItemView::Span(&span), ItemView::LogRecord(&record), ItemView::DataPoint(List::default())];
    items.map(|item| filter.fits(PlacedItem { resource: &resource, scope: &scope, item }))
}

fn attribute(key: &str) -> Field {
    Field::Attribute(key.to_owned())
}

fn equals(value: &str) -> Test {
    Test::Equals(value.to_owned())
}

fn contains(part: &str) -> Test {
    Test::Contains(part.to_owned())
}

#[test]
fn every_field_is_found_where_it_stands_and_nowhere_else() {
    let (all, none) = ([true; 3], [false; 3]);
    let (of_span, of_record) = ([true, false, false], [false, true, false]);
    let cases = [
        (attribute("everywhere"), "span", of_span),
        (attribute("everywhere"), "scope", [false, true, true]),
        (attribute("everywhere"), "resource", none),
        (attribute("in.scope"), "yes", all),
        (attribute("service.name"), "shop", all),
        (Field::Service, "shop", all),
        (Field::Scope, "tracer", all),
        (Field::Name, "GET /orders", of_span),
        (Field::Name, "payment.refused", of_record),
        (Field::Body, "Payment REFUSED for größe", of_record),
        (Field::Kind, "server", of_span),
        (Field::Status, "error", of_span),
        (Field::DurationMilliseconds, "2.5", of_span),
        (Field::Severity, "error", of_record),
        (Field::TraceId, "000102030405060708090a0b0c0d0e0f", of_span),
        (Field::TraceId, "ffffffffffffffffffffffffffffffff", of_record),
        (Field::SpanId, "abababababababab", of_span),
    ];
    for (field, value, expected) in cases {
        assert_eq!(fitting(field.clone(), equals(value), false), expected, "{field:?} {value}");
        assert_eq!(fitting(field.clone(), equals(value), true), expected.map(|fits| !fits), "not {field:?}");
        assert_eq!(fitting(field.clone(), equals(&format!("{value} ")), false), none, "{field:?}");
    }
}

#[test]
fn what_is_there_exists_even_when_empty_unless_the_wire_cannot_say_so() {
    let cases = [
        (attribute("nothing"), [true, false, false]),
        (attribute("elsewhere"), [false; 3]),
        (Field::Service, [true; 3]),
        (Field::Name, [true, true, false]),
        (Field::Body, [false, true, false]),
        (Field::Kind, [true, false, false]),
        (Field::Severity, [false, true, false]),
        (Field::TraceId, [true, true, false]),
        (Field::SpanId, [true, false, false]),
    ];
    for (field, expected) in cases {
        assert_eq!(fitting(field.clone(), Test::Exists, false), expected, "{field:?}");
        assert_eq!(fitting(field.clone(), Test::Exists, true), expected.map(|there| !there), "not {field:?}");
    }
}

#[test]
fn values_of_every_type_are_compared_as_text() {
    let of_span = [true, false, false];
    let cases = [
        ("status", "200"),
        ("ratio", "0.25"),
        ("whole", "3"),
        ("written", "17.5"),
        ("flag", "true"),
        ("raw", "AAE="),
        ("list", "[\"a\",1]"),
        ("nothing", ""),
    ];
    for (key, value) in cases {
        assert_eq!(fitting(attribute(key), equals(value), false), of_span, "{key}");
    }
    assert_eq!(fitting(attribute("status"), equals("200.0"), false), [false; 3]);
}

#[test]
fn numbers_and_texts_that_are_numbers_are_compared_as_numbers() {
    let tests = [Test::Below, Test::AtMost, Test::Above, Test::AtLeast];
    let cases = [
        ("status", 200.0, [false, true, false, true]),
        ("status", 199.5, [false, false, true, true]),
        ("ratio", 0.3, [true, true, false, false]),
        ("written", 17.5, [false, true, false, true]),
        ("written", 100.0, [true, true, false, false]),
        ("endless", 1.0, [false; 4]),
        ("flag", 0.0, [false; 4]),
        ("everywhere", 0.0, [false; 4]),
        ("elsewhere", 0.0, [false; 4]),
    ];
    for (key, bound, expected) in cases {
        let found = tests.map(|test| fitting(attribute(key), test(bound), false)[0]);
        assert_eq!(found, expected, "{key} {bound}");
        let negated = tests.map(|test| fitting(attribute(key), test(bound), true)[0]);
        assert_eq!(negated, expected.map(|holds| !holds), "not {key} {bound}");
    }
    assert_eq!(fitting(Field::DurationMilliseconds, Test::Above(2.4), false), [true, false, false]);
    assert_eq!(fitting(Field::DurationMilliseconds, Test::AtMost(2.4), false), [false; 3]);
    assert_eq!(fitting(Field::Severity, Test::AtLeast(17.0), false), [false, true, false]);
    assert_eq!(fitting(Field::Severity, Test::Above(18.0), false), [false; 3]);
    assert_eq!(fitting(Field::Severity, equals("18"), false), [false, true, false]);
    assert_eq!(fitting(Field::Severity, equals("17"), false), [false; 3]);
}

#[test]
fn parts_are_found_whatever_the_case_of_ascii_letters() {
    let of_record = [false, true, false];
    for (part, expected) in [
        ("refused FOR", of_record),
        ("größe", of_record),
        ("GRößE", of_record),
        ("GRÖßE", [false; 3]),
        ("", of_record),
        ("refuses", [false; 3]),
        ("größe and more", [false; 3]),
    ] {
        assert_eq!(fitting(Field::Body, contains(part), false), expected, "{part}");
    }
    assert_eq!(fitting(attribute("status"), contains("00"), false), [true, false, false]);
    assert_eq!(fitting(Field::SpanId, contains("BABA"), false), [true, false, false]);
}

#[test]
fn all_conditions_have_to_hold_and_none_always_does() {
    let (resource, scope, span) = (resource(), scope(), span());
    let (resource, scope) = (ResourceView::parse(&resource), ScopeView::parse(&scope));
    let span = SpanView::parse(&span);
    let placed = PlacedItem { resource: &resource, scope: &scope, item: ItemView::Span(&span) };
    let condition = |field, test| Condition { field, test, negated: false };
    let server = condition(Field::Kind, equals("server"));
    let slow = condition(Field::DurationMilliseconds, Test::Above(10.0));
    assert!(Filter::default().fits(placed));
    assert!(Filter { conditions: vec![server.clone()] }.fits(placed));
    assert!(!Filter { conditions: vec![server, slow] }.fits(placed));
}

#[test]
fn a_resource_without_a_name_has_the_unknown_service() {
    for unnamed in [attributes(&[]), attributes(&[("service.name", text(""))])] {
        let resource = Resource { attributes: unnamed, ..Resource::default() }.encode_to_vec();
        assert_eq!(service_of(&ResourceView::parse(&resource)).to_text(), "unknown_service");
    }
}

#[test]
fn severities_outside_of_their_range_are_unspecified() {
    let words = [-1, 0, 1, 4, 5, 9, 13, 17, 21, 24, 25].map(severity_word);
    let expected = [
        "unspecified",
        "unspecified",
        "trace",
        "trace",
        "debug",
        "info",
        "warn",
        "error",
        "fatal",
        "fatal",
        "unspecified",
    ];
    assert_eq!(words, expected);
}
