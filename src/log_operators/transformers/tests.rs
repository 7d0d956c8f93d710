//! Every operator as configurations write it: YAML and entries in, entries out.

mod recombining;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::config::telemetry::MetricsLevel;
use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::log_operators::{JsonNumbers, LogEntry, OperatorChain, Operators, Value, ValueMap};
use crate::otlp::Signal;
use crate::pipeline::Settings;
use crate::pipeline::testing::settings;
use crate::telemetry::drops::DropReason;
use crate::telemetry::{SeriesValue, Telemetry};

/// The chain of a list of operators.
fn chain_with(operators: &str, settings: &Settings) -> OperatorChain {
    let (operators, errors) = decode(operators);
    assert_eq!(errors, Vec::<String>::new());
    OperatorChain::build(&operators, settings).unwrap()
}

fn chain(operators: &str) -> OperatorChain {
    chain_with(operators, &settings("filelog", Signal::Logs))
}

/// The list, and what is wrong with it.
fn decode(operators: &str) -> (Operators, Vec<String>) {
    let node = parse_yaml(operators, &Arc::from("test")).unwrap();
    let mut decoding = Decoding::default();
    let mut list = Operators::default();
    list.update(&node, &mut decoding);
    let mut checking = Checking::default();
    list.check(&mut checking);
    let errors = decoding.into_errors().into_iter().chain(checking.into_errors());
    let shown = |error: crate::config::ConfigError| {
        let place =
            error.path.iter().map(String::as_str).chain(error.field.as_deref()).collect::<Vec<_>>().join(".");
        format!("{place}: {}", error.message)
    };
    (list, errors.map(shown).collect())
}

fn errors(operators: &str) -> Vec<String> {
    decode(operators).1
}

/// An entry of JSON: `body`, `attributes`, `resource`; a text alone is the body.
fn entry(json: &Json) -> LogEntry {
    let value = |json: &Json| Value::from_json(&json.to_string(), JsonNumbers::IntsWherePossible).unwrap();
    let map = |key: &str| match json.get(key).map(value) {
        Some(Value::Map(map)) => map,
        _ => ValueMap::new(),
    };
    LogEntry {
        body: json
            .get("body")
            .map_or_else(|| if json.is_string() { value(json) } else { Value::Empty }, value),
        attributes: map("attributes"),
        resource: map("resource"),
        ..LogEntry::new(1, Value::Empty)
    }
}

/// The same way back; what is empty is left out.
fn shown(entry: &LogEntry) -> Json {
    let parse = |text: String| serde_json::from_str::<Json>(&text).unwrap();
    let mut shown = serde_json::Map::new();
    if entry.body != Value::Empty {
        shown.insert("body".to_owned(), parse(entry.body.to_json()));
    }
    for (key, map) in [("attributes", &entry.attributes), ("resource", &entry.resource)] {
        if !map.is_empty() {
            shown.insert(key.to_owned(), parse(Value::Map(map.clone()).to_json()));
        }
    }
    Json::Object(shown)
}

fn run(chain: &mut OperatorChain, input: &Json) -> Vec<Json> {
    let mut out = Vec::new();
    chain.process(entry(input), &mut out);
    out.iter().map(shown).collect()
}

/// One operator, an entry, and what becomes of it.
async fn check(cases: &[(&str, Json, Json)]) {
    for (operators, input, expected) in cases {
        assert_eq!(run(&mut chain(operators), input), std::slice::from_ref(expected), "{operators}");
    }
}

/// How many entries operators failed on, and how many of those were dropped.
fn failures(telemetry: &Telemetry) -> (f64, f64) {
    let sum = |name: &str, wanted: Option<&str>| -> f64 {
        let readings = telemetry.read(MetricsLevel::Detailed);
        let series = readings
            .iter()
            .filter(|reading| reading.description.name == name)
            .flat_map(|reading| &reading.series);
        let is_wanted = |attributes: &[(String, String)]| {
            wanted.is_none_or(|reason| attributes.iter().any(|(_, value)| value == reason))
        };
        series
            .filter(|series| is_wanted(&series.attributes))
            .map(|series| match series.value {
                SeriesValue::Number(count) => count,
                _ => 0.0,
            })
            .sum()
    };
    (
        sum("weir_log_operator_errors", None),
        sum("weir_dropped_items", Some(DropReason::OperatorFailed.name())),
    )
}

#[tokio::test]
async fn add_puts_a_value_into_a_field() {
    let body = json!({"body": {"a": 1}, "resource": {"host": "h"}});
    check(&[
        ("[{type: add, field: attributes.x, value: text}]", body.clone(),
            json!({"body": {"a": 1}, "resource": {"host": "h"}, "attributes": {"x": "text"}})),
        ("[{type: add, field: body.b, value: [1, {c: true}, 2.5]}]", body.clone(),
            json!({"body": {"a": 1, "b": [1, {"c": true}, 2.5]}, "resource": {"host": "h"}})),
        ("[{type: add, field: body, value: {b: 2}}]", body.clone(),
            json!({"body": {"a": 1, "b": 2}, "resource": {"host": "h"}})),
        ("[{type: add, field: resource.name, value: 'EXPR(upper(resource.host) + \"-\" + string(body.a))'}]",
            body.clone(), json!({"body": {"a": 1}, "resource": {"host": "h", "name": "H-1"}})),
        ("[{type: add, field: attributes.tags, value: 'EXPR([body.a, body.a + 1])'}]", body,
            json!({"body": {"a": 1}, "resource": {"host": "h"}, "attributes": {"tags": [1, 2]}})),
    ])
    .await;
}

#[tokio::test]
async fn copy_move_and_remove_take_values_about() {
    let input = json!({"body": {"a": {"b": 1}, "c": "x"}, "attributes": {"k": 1}, "resource": {"r": 2}});
    check(&[
        (
            "[{type: copy, from: body.a.b, to: attributes.b}]",
            input.clone(),
            json!({"body": {"a": {"b": 1}, "c": "x"}, "attributes": {"k": 1, "b": 1}, "resource": {"r": 2}}),
        ),
        (
            "[{type: move, from: body.c, to: body}]",
            input.clone(),
            json!({"body": "x", "attributes": {"k": 1}, "resource": {"r": 2}}),
        ),
        (
            "[{type: move, from: 'attributes[\"k\"]', to: 'resource[\"x.y\"]'}]",
            input.clone(),
            json!({"body": {"a": {"b": 1}, "c": "x"}, "resource": {"r": 2, "x.y": 1}}),
        ),
        (
            "[{type: move, from: body.a, to: body.d.e}]",
            input.clone(),
            json!({"body": {"c": "x", "d": {"e": {"b": 1}}}, "attributes": {"k": 1}, "resource": {"r": 2}}),
        ),
        (
            "[{type: remove, field: body.a.b}]",
            input.clone(),
            json!({"body": {"a": {}, "c": "x"}, "attributes": {"k": 1}, "resource": {"r": 2}}),
        ),
        (
            "[{type: remove, field: attributes}, {type: remove, field: attributes, on_error: drop}]",
            input.clone(),
            json!({"body": {"a": {"b": 1}, "c": "x"}, "resource": {"r": 2}}),
        ),
        (
            "[{type: remove, field: resource}, {type: remove, field: body}]",
            input,
            json!({"attributes": {"k": 1}}),
        ),
    ])
    .await;
}

#[tokio::test]
async fn retain_keeps_what_is_named() {
    let input = json!({"body": {"a": {"b": 1, "c": 2}, "d": 3}, "attributes": {"k": 1, "l": 2}, "resource": {"r": 2}});
    check(&[
        (
            "[{type: retain, fields: [body.a.b, attributes.l]}]",
            input.clone(),
            json!({"body": {"a": {"b": 1}}, "attributes": {"l": 2}, "resource": {"r": 2}}),
        ),
        (
            "[{type: retain, fields: [body.a.b, body.a]}]",
            input.clone(),
            json!({"body": {"a": {"b": 1, "c": 2}}, "attributes": {"k": 1, "l": 2}, "resource": {"r": 2}}),
        ),
        (
            "[{type: retain, fields: [resource.missing]}]",
            input,
            json!({"body": {"a": {"b": 1, "c": 2}, "d": 3}, "attributes": {"k": 1, "l": 2}}),
        ),
    ])
    .await;
}

#[tokio::test]
async fn flatten_and_assign_keys_change_the_shape() {
    check(&[
        (
            "[{type: flatten, field: body.a}]",
            json!({"body": {"a": {"b": 1, "d": 2}, "d": 3}}),
            json!({"body": {"d": 2, "b": 1}}),
        ),
        ("[{type: flatten, field: body.d}]", json!({"body": {"d": 3}}), json!({"body": {"d": 3}})),
        (
            "[{type: assign_keys, field: body, keys: [a, b]}]",
            json!({"body": [1, "x"]}),
            json!({"body": {"a": 1, "b": "x"}}),
        ),
        (
            "[{type: assign_keys, field: body, keys: [a]}]",
            json!({"body": [1, "x"]}),
            json!({"body": [1, "x"]}),
        ),
    ])
    .await;
}

#[tokio::test]
async fn texts_are_replaced_and_unquoted() {
    check(&[
        (
            r"[{type: regex_replace, regex: '(?P<day>\d+)/(\d+)', replace_with: '${2}-$day', field: body}]",
            json!("on 24/12 and 1/2"),
            json!({"body": "on 12-24 and 2-1"}),
        ),
        (
            "[{type: regex_replace, regex_name: ansi_control_sequences, field: attributes.x}]",
            json!({"attributes": {"x": "\u{1b}[1;31mred\u{1b}[0m"}}),
            json!({"attributes": {"x": "red"}}),
        ),
        ("[{type: regex_replace, regex: '^-', field: body.missing}]", json!("-a"), json!({"body": "-a"})),
        ("[{type: unquote, field: body}]", json!(r#""a\tb""#), json!({"body": "a\tb"})),
        ("[{type: unquote, field: body}]", json!("not quoted"), json!({"body": "not quoted"})),
        ("[{type: sanitize_utf8}]", json!("text"), json!({"body": "text"})),
    ])
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced_run_by_run() {
    let bytes = bytes::Bytes::from_static(b"a\xff\xfe\xe2\x28b\xffc");
    let mut out = Vec::new();
    chain("[{type: sanitize_utf8, field: body}]").process(LogEntry::new(1, Value::Bytes(bytes)), &mut out);
    assert_eq!(out[0].body, Value::from("a\u{fffd}(b\u{fffd}c"));
}

#[tokio::test]
async fn filter_drops_what_its_expression_is_true_for() {
    let mut filter = chain("[{type: filter, expr: 'body matches \"^DEBUG\"'}]");
    assert_eq!(run(&mut filter, &json!("DEBUG x")), Vec::<Json>::new());
    assert_eq!(run(&mut filter, &json!("INFO x")), [json!({"body": "INFO x"})]);
    let mut none = chain("[{type: filter, expr: 'true', drop_ratio: 0}]");
    let mut half = chain("[{type: filter, expr: 'true', drop_ratio: 0.5}]");
    let mut kept = [0, 0];
    for _ in 0..2_000 {
        kept[0] += run(&mut none, &json!("x")).len();
        kept[1] += run(&mut half, &json!("x")).len();
    }
    assert_eq!(kept[0], 2_000);
    assert!((800..1_200).contains(&kept[1]), "{kept:?}");
}

#[tokio::test]
async fn a_router_sends_to_the_first_route_that_fits() {
    let operators = "
- type: router
  routes:
    - {expr: 'body startsWith \"a\"', output: [to_a, to_both], attributes: {route: 'first-EXPR(upper(body))'}}
    - {expr: 'body == \"b\"', output: to_b}
  default: [end]
- {type: add, id: to_a, field: attributes.x, value: a, output: end}
- {type: add, id: to_b, field: attributes.x, value: b, output: end}
- {type: add, id: to_both, field: attributes.x, value: both}
- {type: noop, id: end}
";
    let mut router = chain(operators);
    let first = |x: &str| json!({"body": "ab", "attributes": {"route": "first-AB", "x": x}});
    assert_eq!(run(&mut router, &json!("ab")), [first("a"), first("both")]);
    assert_eq!(run(&mut router, &json!("b")), [json!({"body": "b", "attributes": {"x": "b"}})]);
    assert_eq!(run(&mut router, &json!("c")), [json!({"body": "c"})]);
    let mut strict =
        chain("[{type: router, routes: [{expr: 'body == \"a\"', output: end}]}, {type: noop, id: end}]");
    assert_eq!(run(&mut strict, &json!("a")).len(), 1);
    assert_eq!(run(&mut strict, &json!("b")).len(), 0);
}

#[tokio::test]
async fn on_error_says_what_becomes_of_an_entry() {
    for (on_error, entries, expected) in [
        ("send", 1, (1.0, 0.0)),
        ("send_quiet", 1, (1.0, 0.0)),
        ("drop", 0, (1.0, 1.0)),
        ("drop_quiet", 0, (1.0, 1.0)),
    ] {
        let settings = settings("filelog", Signal::Logs);
        let operators = format!("[{{type: move, from: body.a, to: body.b, on_error: {on_error}}}]");
        let mut chain = chain_with(&operators, &settings);
        assert_eq!(run(&mut chain, &json!("x")).len(), entries, "{on_error}");
        assert_eq!(failures(&settings.telemetry), expected, "{on_error}");
    }
}

#[tokio::test]
async fn if_lets_entries_by() {
    let settings = settings("filelog", Signal::Logs);
    let operators = "[{type: add, field: attributes.x, value: 1, if: 'body.n > 1'}]";
    let mut chain = chain_with(operators, &settings);
    assert_eq!(run(&mut chain, &json!({"body": {"n": 1}})), [json!({"body": {"n": 1}})]);
    assert_eq!(
        run(&mut chain, &json!({"body": {"n": 2}})),
        [json!({"body": {"n": 2}, "attributes": {"x": 1}})]
    );
    assert_eq!(failures(&settings.telemetry), (0.0, 0.0));
    assert_eq!(run(&mut chain, &json!("no map")), [json!({"body": "no map"})]);
    assert_eq!(failures(&settings.telemetry), (1.0, 0.0));
}

#[tokio::test]
async fn operators_are_connected_by_their_outputs() {
    let operators = "
- {type: add, field: attributes.a, value: 1, output: add2}
- {type: add, field: attributes.b, value: 1}
- {type: add, field: attributes.c, value: 1, output: [last, add1]}
- {type: noop, id: last}
";
    // The second and third `add` are called add1 and add2. The third sends to the end and back to the second,
    // which sends to the third's own successor: no circle, were it not for the default output of the second.
    assert_eq!(
        errors(operators),
        ["[2].output: pipeline has a circular dependency: {\"cycles\":\"(add2 -> add1 -> add2)\"}"]
    );
    let operators = operators.replace("attributes.b, value: 1", "attributes.b, value: 1, output: last");
    let attributes = |keys: &str| json!({"body": "x", "attributes": keys.chars().map(|key| (key.to_string(), json!(1))).collect::<serde_json::Map<_, _>>()});
    assert_eq!(run(&mut chain(&operators), &json!("x")), [attributes("ac"), attributes("acb")]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (operators, expected) in [
        ("[{id: x}]", "[0]: missing required field 'type'"),
        ("[{type: 5}]", "[0]: non-string type int for field 'type'"),
        ("[{type: moove}]", "[0]: unsupported type 'moove'"),
        ("[noop]", "[0]: '[0]' expected type 'map', got unconvertible type 'string', value: \"noop\""),
        ("[{type: noop, ouput: x}]", "[0]: '[0]' has invalid keys: ouput"),
        (
            "[{type: noop, on_error: ignore}]",
            "[0].on_error: operator config has an invalid `on_error` field.: {\"on_error\":\"ignore\"}",
        ),
        ("[{type: noop, if: 'body.'}]", "[0].if: failed to compile expression 'body.': expected name (1:6)"),
        (
            "[{type: noop, if: '1'}]",
            "[0].if: failed to compile expression '1': expected bool, but got int (1:1)",
        ),
        (
            "[{type: noop, output: nowhere}]",
            "[0].output: operator 'nowhere' does not exist: {\"operator_id\":\"noop\"}",
        ),
        (
            "[{type: noop, id: a}, {type: add, id: a, field: body, value: 1}]",
            "[1].id: operator with id 'a' already exists in pipeline",
        ),
        (
            "[{type: noop, output: [b, b]}, {type: noop, id: b}]",
            "[0].output: operators cannot be connected, because a connection already exists: \
             {\"input_operator\":\"noop\",\"output_operator\":\"b\"}",
        ),
        (
            "[{type: noop, output: noop}]",
            "[0].output: pipeline has a circular dependency: {\"cycles\":\"(noop -> noop)\"}",
        ),
        ("[{type: add, value: 1}]", "[0].field: add: missing required field 'field'"),
        ("[{type: add, field: body}]", "[0].value: add: missing required field 'value'"),
        (
            "[{type: add, field: attributes, value: 1}]",
            "[0].field: '[0].field' attributes cannot be referenced without subfield",
        ),
        (
            "[{type: add, field: body, value: EXPR(1 +)}]",
            "[0].value: failed to compile expression '1 +': unexpected token EOF (1:4)",
        ),
        ("[{type: copy, to: body}]", "[0].from: copy: missing from field"),
        ("[{type: move, from: body}]", "[0].to: copy: missing to field"),
        ("[{type: remove}]", "[0].field: remove: field is empty"),
        ("[{type: retain}]", "[0].fields: retain: 'fields' is empty"),
        ("[{type: flatten}]", "[0].field: invalid field type: <nil>"),
        ("[{type: assign_keys, field: body}]", "[0].keys: assign_keys missing required field keys"),
        (
            "[{type: filter, expr: 'true', drop_ratio: 1.5}]",
            "[0].drop_ratio: drop_ratio must be a number between 0 and 1",
        ),
        ("[{type: filter}]", "[0].expr: failed to compile expression '': unexpected token EOF (1:1)"),
        ("[{type: regex_replace, field: body}]", "[0]: either regex or regex_name must be set"),
        (
            "[{type: regex_replace, field: body, regex_name: colours}]",
            "[0].regex_name: regex_name colours is unknown",
        ),
        (
            "[{type: regex_replace, field: body, regex: 'a('}]",
            "[0].regex: error parsing regexp: missing closing ): `a(`",
        ),
        ("[{type: unquote}]", "[0].field: unquote: missing required field 'field'"),
        (
            "[{type: router, routes: [{expr: '1 +', output: a}]}]",
            "[0].routes.[0].expr: failed to compile expression '1 +': unexpected token EOF (1:4)",
        ),
        (
            "[{type: router, routes: [{expr: 'true', output: a, attributes: {x: EXPR(1 +)}}]}]",
            "[0].routes.[0].attributes.[x]: failed to build attributer for route 'true': compile embedded \
             expression: unexpected token EOF (1:4)",
        ),
        (
            "[{type: router, routes: [{expr: 'true', output: a}]}]",
            "[0].output: operator 'a' does not exist: {\"operator_id\":\"router\"}",
        ),
        (
            "[{type: router, output: a}]",
            "[0].output: a router has no output of its own: write it under routes or as default",
        ),
        (
            "[{type: recombine, combine_field: body}]",
            "[0]: one of is_first_entry and is_last_entry must be set",
        ),
        (
            "[{type: recombine, combine_field: body, is_first_entry: 'true', is_last_entry: 'true'}]",
            "[0].is_last_entry: only one of is_first_entry and is_last_entry can be set",
        ),
        (
            "[{type: recombine, is_first_entry: 'true'}]",
            "[0].combine_field: missing required argument 'combine_field'",
        ),
        (
            "[{type: recombine, combine_field: body, is_first_entry: 'true', overwrite_with: latest}]",
            "[0].overwrite_with: invalid value 'latest' for parameter 'overwrite_with'",
        ),
        (
            "[{type: recombine, combine_field: body, is_last_entry: '1 +'}]",
            "[0].is_last_entry: failed to compile is_last_entry: unexpected token EOF (1:4)",
        ),
    ] {
        assert_eq!(errors(operators), [expected], "{operators}");
    }
}
