//! What counts as the same telemetry, and what is said of telemetry that is not.

use std::sync::Arc;

use super::*;
use crate::config::parse_yaml;
use crate::otlp::Signal;
use crate::spec::payload::batch_of;

fn batch(signal: Signal, yaml: &str) -> Batch {
    batch_of(signal, &parse_yaml(yaml, &Arc::from("spec.yaml")).unwrap()).unwrap()
}

fn spans(yaml: &str) -> Batch {
    batch(Signal::Traces, &format!("resourceSpans: [{{scopeSpans: [{{spans: {yaml}}}]}}]"))
}

fn points(yaml: &str) -> Batch {
    batch(
        Signal::Metrics,
        &format!(
            "resourceMetrics: [{{scopeMetrics: [{{metrics: [{{name: m, gauge: {{dataPoints: {yaml}}}}}]}}]}}]"
        ),
    )
}

fn compared(expected: &Batch, arrived: &Batch) -> Option<String> {
    difference(std::slice::from_ref(expected), std::slice::from_ref(arrived), &Leniency::default())
}

#[test]
fn cuts_groups_and_orders_make_no_difference() {
    let together = batch(
        Signal::Metrics,
        "resourceMetrics:
         - resource: {attributes: [{key: a, value: {intValue: 1}}, {key: b, value: {intValue: 2}}]}
           scopeMetrics:
           - scope: {name: s}
             metrics:
             - {name: m, sum: {dataPoints: [{asInt: 1}, {asInt: 2}], aggregationTemporality: 1}}
             - {name: n, gauge: {dataPoints: [{asDouble: .nan}]}}",
    );
    let apart = [
        batch(
            Signal::Metrics,
            "resourceMetrics:
             - resource: {attributes: [{key: b, value: {intValue: 2}}, {key: a, value: {intValue: '1'}}]}
               scopeMetrics:
               - scope: {name: s}
                 metrics:
                 - {name: n, gauge: {dataPoints: [{asDouble: NaN}]}}
                 - {name: m, sum: {dataPoints: [{asInt: '2'}], aggregationTemporality: AGGREGATION_TEMPORALITY_DELTA}}",
        ),
        batch(
            Signal::Metrics,
            "resourceMetrics:
             - resource: {attributes: [{key: a, value: {intValue: 1}}, {key: b, value: {intValue: 2}}]}
               scopeMetrics:
               - {scope: {name: s}, metrics: [{name: m, sum: {dataPoints: [{asInt: 1}], aggregationTemporality: 1}}]}",
        ),
    ];
    assert_eq!(difference(&[together], &apart, &Leniency::default()), None);
}

#[test]
fn maps_in_values_have_no_order_and_lists_have() {
    let body = |value: &str| {
        batch(Signal::Logs, &format!("resourceLogs: [{{scopeLogs: [{{logRecords: [{{body: {value}}}]}}]}}]"))
    };
    let map = |first: &str, second: &str| {
        body(&format!("{{kvlistValue: {{values: [{{key: {first}}}, {{key: {second}}}]}}}}"))
    };
    assert_eq!(compared(&map("a", "b"), &map("b", "a")), None);
    let list = |first: u8, second: u8| {
        body(&format!("{{arrayValue: {{values: [{{intValue: {first}}}, {{intValue: {second}}}]}}}}"))
    };
    assert!(compared(&list(1, 2), &list(2, 1)).is_some());
    assert!(compared(&list(1, 2), &map("a", "b")).is_some());
}

#[test]
fn every_value_counts() {
    for (expected, arrived, difference) in [
        ("{asInt: 0}", "{}", "asInt: expected 0, got nothing"),
        ("{asInt: 1}", "{asInt: 1, flags: 1}", "flags: expected nothing, got 1"),
        (
            "{attributes: [{key: k, value: {intValue: 1}}]}",
            "{attributes: [{key: k, value: {doubleValue: 1}}]}",
            "attributes{k}: expected 1, got 1.0",
        ),
        (
            "{attributes: [{key: k, value: {stringValue: '1'}}]}",
            "{attributes: [{key: k, value: {intValue: 1}}]}",
            "attributes{k}: expected \"1\", got 1",
        ),
        (
            "{attributes: [{key: k, value: {intValue: 1}}]}",
            "{attributes: [{key: k, value: {intValue: 1}}, {key: k, value: {intValue: 1}}]}",
            "attributes{k} again: expected nothing, got 1",
        ),
    ] {
        let found = compared(&points(&format!("[{expected}]")), &points(&format!("[{arrived}]"))).unwrap();
        assert!(found.ends_with(&format!(": {difference}")), "{found}");
    }
}

#[test]
fn the_same_record_twice_is_not_once() {
    assert_eq!(
        compared(&spans("[{name: a}]"), &spans("[{name: a}, {name: a}]")).unwrap(),
        "  unexpected: resource{} / span a: name: a"
    );
}

#[test]
fn empty_groups_are_found() {
    let nothing = batch(Signal::Traces, "{}");
    let scope = batch(Signal::Traces, "resourceSpans: [{scopeSpans: [{scope: {name: s}}]}]");
    assert_eq!(compared(&nothing, &scope).unwrap(), "  unexpected: resource{} / scope s without spans");
    let resource = batch(Signal::Traces, "resourceSpans: [{schemaUrl: u}]");
    assert_eq!(compared(&nothing, &resource).unwrap(), "  unexpected: resource{} without scopes");
    assert_eq!(
        compared(&nothing, &points("[]")).unwrap(),
        "  unexpected: resource{} / metric m without points"
    );
}

#[test]
fn what_is_left_out_is_not_compared() {
    let leniency = Leniency { fields: vec!["timeUnixNano".into()], attributes: vec!["pod".into()] };
    let expected = points("[{asInt: 1, attributes: [{key: k, value: {intValue: 1}}]}]");
    let arrived = points(
        "[{asInt: 1, timeUnixNano: 5, attributes: [{key: pod, value: {intValue: 9}}, {key: k, value: {intValue: 1}}],
           exemplars: [{timeUnixNano: 7}]}]",
    );
    assert_eq!(difference(&[expected], &[arrived], &leniency), None);
}

#[test]
fn each_missing_record_is_shown_beside_the_one_most_like_it() {
    let span = |name: &str, kind: u8| format!("{{name: {name}, kind: {kind}, traceState: x, flags: 1}}");
    let expected = spans(&format!("[{}, {}]", span("a", 1), span("b", 2)));
    let arrived = spans(&format!("[{}, {}]", span("b", 3), span("a", 2)));
    assert_eq!(
        compared(&expected, &arrived).unwrap(),
        "  resource{} / span a: kind: expected 1, got 2\n  resource{} / span b: kind: expected 2, got 3"
    );
    let other = spans("[{name: z, kind: 4}]");
    assert_eq!(
        compared(&spans(&format!("[{}]", span("a", 1))), &other).unwrap(),
        "  missing: resource{} / span a: flags: 1, kind: 1, name: a, traceState: x\n  \
         unexpected: resource{} / span z: kind: 4, name: z"
    );
}

#[test]
fn long_differences_are_cut() {
    let many: Vec<String> = (0..30).map(|number| format!("{{name: s{number:02}}}")).collect();
    let found = compared(&spans("[]"), &spans(&format!("[{}]", many.join(", ")))).unwrap();
    let lines: Vec<&str> = found.lines().collect();
    // The scope without spans is expected once and missing.
    assert_eq!(lines.len(), 1 + MOST_RECORDS + 1, "{found}");
    assert_eq!(lines.last(), Some(&"  and 22 more unexpected"));

    let long = "x".repeat(1000);
    let found = compared(&batch(Signal::Traces, "{}"), &spans(&format!("[{{name: {long}}}]"))).unwrap();
    assert_eq!(found.chars().count(), LONGEST_LINE + 3);
}
