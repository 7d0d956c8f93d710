//! What holds of every operator: whatever an entry is, none panics and none loses it.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::otlp::Signal;
use crate::pipeline::testing::settings;

/// One of each type that sends on every entry it is given.
const EACH: &[&str] = &[
    "{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%d %H:%M:%S'}, \
     severity: {parse_from: attributes.level}, scope_name: {parse_from: attributes.logger}, trace: {}}",
    "{type: json_parser, parse_ints: true, parse_to: body}",
    "{type: json_array_parser, parse_to: body}",
    "{type: regex_parser, regex: '^(?P<time>[^ ]*) (?P<level>\\w+) (?P<rest>.*)$', parse_to: body.a.b}",
    "{type: csv_parser, header: 'a,b,c'}",
    "{type: csv_parser, header: 'a,b,c', lazy_quotes: true, parse_to: body}",
    "{type: key_value_parser}",
    "{type: key_value_parser, delimiter: ':', pair_delimiter: ';'}",
    "{type: syslog_parser, protocol: rfc3164}",
    "{type: syslog_parser, protocol: rfc5424}",
    "{type: uri_parser}",
    "{type: container}",
    "{type: container, format: containerd, add_metadata_from_filepath: false}",
    "{type: time_parser, parse_from: body, layout: '%Y-%m-%dT%H:%M:%S.%f%z'}",
    "{type: time_parser, parse_from: body, layout_type: gotime, layout: '2006-01-02T15:04:05Z07:00'}",
    "{type: time_parser, parse_from: body, layout_type: epoch, layout: s.ns}",
    "{type: severity_parser, parse_from: body}",
    "{type: trace_parser, trace_id: {parse_from: body}}",
    "{type: scope_name_parser, parse_from: body}",
    "{type: add, field: body.x, value: EXPR(body.y.z)}",
    "{type: add, field: attributes.x, value: \"EXPR(split(body, ' ')[1:])\"}",
    "{type: assign_keys, field: body, keys: [a, b]}",
    "{type: copy, from: body.x, to: attributes.y}",
    "{type: flatten, field: body.x}",
    "{type: move, from: body, to: attributes.x.y}",
    "{type: noop, if: 'body contains \"a\"'}",
    "{type: recombine, combine_field: body, is_first_entry: 'body matches \"^a\"'}",
    "{type: regex_replace, regex: '[^a]*', replace_with: '$0-', field: body}",
    "{type: regex_replace, regex_name: ansi_control_sequences, field: body}",
    "{type: remove, field: body.x.y}",
    "{type: retain, fields: [body.x, attributes.y]}",
    "{type: router, routes: [{expr: 'body.x == 1', output: end}], default: [end]}",
    "{type: sanitize_utf8}",
    "{type: unquote, field: body}",
];

fn chain(operator: &str) -> OperatorChain {
    let node = parse_yaml(&format!("[{operator}, {{type: noop, id: end}}]"), &"test".into()).unwrap();
    let (mut decoding, mut checking) = (Decoding::default(), Checking::default());
    let mut operators = Operators::default();
    operators.update(&node, &mut decoding);
    operators.check(&mut checking);
    assert_eq!(decoding.into_errors(), [], "{operator}");
    assert_eq!(checking.into_errors(), [], "{operator}");
    OperatorChain::build(&operators, &settings("filelog", Signal::Logs)).unwrap()
}

#[test]
fn each_type_of_operator_is_among_those_tried() {
    for operator in OPERATORS {
        // A filter is there to lose entries.
        let wanted = format!("{{type: {}", operator.type_name);
        let is_tried = |tried: &&str| {
            tried.starts_with(&format!("{wanted},")) || tried.starts_with(&format!("{wanted}}}"))
        };
        assert!(operator.type_name == "filter" || EACH.iter().any(is_tried), "{wanted}");
    }
}

/// Lines that look a little like what parsers read, and values that are no lines.
fn bodies() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(
        &[
            "{",
            "}",
            "\"",
            "'",
            ":",
            ",",
            "=",
            "[",
            "]",
            " ",
            "\\",
            "a",
            "1",
            "-1",
            "1e999",
            "null",
            "true",
            "<34>",
            "<1>1 ",
            "Oct 11 22:14:15",
            "2024-02-30T25:61:61.123Z",
            "2023-06-22T10:27:25.813799277Z stdout F ",
            "1700000000.5",
            "http://",
            "a@b:99999/%zz?x=%",
            "é",
            "\u{1b}[1m",
            "\0",
            "\n",
            "{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"t\"}",
            "{\"time\":\"2024-01-01 00:00:00\",\"level\":\"warn\",\"logger\":\"l\",\"trace_id\":\"zz\"}",
        ][..],
    );
    let line = prop::collection::vec(words, 0..12).prop_map(|words| words.concat());
    prop_oneof![
        4 => line.prop_map(Value::from),
        2 => ".{0,40}".prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::Int),
        1 => any::<f64>().prop_map(Value::Double),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Bytes(bytes.into())),
        1 => any::<i64>().prop_map(|number| Value::Array(vec![number.into(), "a".into()])),
        1 => ".{0,10}".prop_map(|text| Value::Map([("x", text)].into_iter().collect())),
        1 => Just(Value::Empty),
    ]
}

#[test]
fn no_operator_loses_an_entry_whatever_it_holds() {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let chains = std::cell::RefCell::new(EACH.iter().map(|operator| chain(operator)).collect::<Vec<_>>());
    proptest!(ProptestConfig::with_cases(300), |(body in bodies())| {
        for (chain, operator) in chains.borrow_mut().iter_mut().zip(EACH) {
            let mut out = Vec::new();
            chain.process(LogEntry::new(1, body.clone()), &mut out);
            chain.flush(&mut out);
            prop_assert_eq!(out.len(), 1, "{}", operator);
            prop_assert!(crate::otlp::validate(Signal::Logs, &put_log_entries(&out).parts()[0]).is_ok());
        }
    });
}
