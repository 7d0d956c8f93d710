//! What is refused, per signal. What is chosen is shown by the specs of `attributes`.

use std::sync::Arc;

use super::{MatchProperties, RecordFilter};
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::otlp::Signal;

fn refused(signal: Signal, yaml: &str) -> String {
    let (mut properties, mut decoding) = (MatchProperties::default(), Decoding::default());
    properties.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    let as_include = RecordFilter::compile(signal, Some(&properties), None).unwrap_err();
    assert_eq!(RecordFilter::compile(signal, None, Some(&properties)).unwrap_err(), as_include);
    as_include
}

#[test]
fn fields_of_other_signals_are_refused() {
    let for_logs = "services, span_names, span_kinds and metric_names are not valid for log records";
    let for_metrics = "\"span_names\", \"span_kinds\", \"log_bodies\", \"log_severity_texts\", \
                       \"log_severity_number\", \"services\", \"attributes\" and \"libraries\" are not valid \
                       for metrics";
    for (signal, yaml, expected) in [
        (Signal::Traces, "log_bodies: [a]", "log_bodies should not be specified for trace spans"),
        (
            Signal::Traces,
            "log_severity_texts: [a]",
            "log_severity_texts should not be specified for trace spans",
        ),
        (
            Signal::Traces,
            "log_severity_number: {min: 1}",
            "log_severity_number should not be specified for trace spans",
        ),
        (Signal::Traces, "metric_names: [a]", "metric_names should not be specified for trace spans"),
        (Signal::Logs, "services: [a]", for_logs),
        (Signal::Logs, "span_names: [a]", for_logs),
        (Signal::Logs, "span_kinds: [a]", for_logs),
        (Signal::Logs, "metric_names: [a]", for_logs),
        (Signal::Metrics, "services: [a]", for_metrics),
        (Signal::Metrics, "span_names: [a]", for_metrics),
        (Signal::Metrics, "span_kinds: [a]", for_metrics),
        (Signal::Metrics, "log_bodies: [a]", for_metrics),
        (Signal::Metrics, "log_severity_texts: [a]", for_metrics),
        (Signal::Metrics, "log_severity_number: {}", for_metrics),
        (Signal::Metrics, "attributes: [{key: a}]", for_metrics),
        (Signal::Metrics, "libraries: [{name: a}]", for_metrics),
    ] {
        assert_eq!(refused(signal, yaml), expected, "{yaml}");
    }
}

#[test]
fn a_section_that_says_nothing_is_refused() {
    for (signal, expected) in [
        (
            Signal::Traces,
            r#"at least one of "attributes", "libraries",  or "resources" field must be specified"#,
        ),
        (
            Signal::Logs,
            r#"at least one of "attributes", "libraries", "span_kinds", "resources", "log_bodies", "log_severity_texts" or "log_severity_number" field must be specified"#,
        ),
        (Signal::Metrics, r#"at least one of "metric_names" or "resources" field must be specified"#),
    ] {
        assert_eq!(refused(signal, "match_type: strict"), expected);
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let unrecognized = "unrecognized match_type: 'exact', valid types are: [regexp strict]";
    let missing_bracket = "error parsing regexp: missing closing ]: `[`";
    for (yaml, expected) in [
        ("{match_type: exact, services: [a]}", format!("error creating service name filters: {unrecognized}")),
        ("{match_type: exact, span_names: [a]}", format!("error creating span name filters: {unrecognized}")),
        ("{match_type: exact, span_kinds: [a]}", format!("error creating span kind filters: {unrecognized}")),
        (
            "{match_type: exact, libraries: [{name: a}]}",
            format!("error creating library name filters: {unrecognized}"),
        ),
        (
            "{match_type: regexp, libraries: [{name: a, version: '['}]}",
            format!("error creating library version filters: {missing_bracket}"),
        ),
        (
            "{match_type: exact, attributes: [{key: a, value: b}]}",
            format!("error creating attribute filters: {unrecognized}"),
        ),
        (
            "{match_type: regexp, attributes: [{key: a, value: '['}]}",
            format!("error creating attribute filters: {missing_bracket}"),
        ),
        (
            "{match_type: regexp, attributes: [{key: key, value: 1}]}",
            "error creating attribute filters: match_type=regexp for \"key\" only supports Str, but found Int"
                .to_owned(),
        ),
        (
            "{match_type: regexp, resources: [{key: key, value: [a]}]}",
            "error creating resource filters: match_type=regexp for \"key\" only supports Str, but found Slice"
                .to_owned(),
        ),
        (
            "{match_type: strict, attributes: [{value: a}]}",
            "error creating attribute filters: can't have empty key in the list of attributes".to_owned(),
        ),
        (
            "{match_type: strict, span_kinds: [SERVER]}",
            "span_kinds string must match one of the standard span kinds when match_type=strict: \
             [SPAN_KIND_CLIENT SPAN_KIND_CONSUMER SPAN_KIND_INTERNAL SPAN_KIND_PRODUCER SPAN_KIND_SERVER]"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(Signal::Traces, yaml), expected, "{yaml}");
    }
    for (field, of) in [("log_bodies", "log record body"), ("log_severity_texts", "log record severity text")]
    {
        let expected = format!("error creating {of} filters: {missing_bracket}");
        assert_eq!(refused(Signal::Logs, &format!("{{match_type: regexp, {field}: ['[']}}")), expected);
    }
    let expected = format!("error creating metric name filters: {missing_bracket}");
    assert_eq!(refused(Signal::Metrics, "{match_type: regexp, metric_names: ['[']}"), expected);
}
