//! What a client has to send for its test to mean something, and what each SDK cannot send.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::clients::Client;
use crate::otlp::compare::{Signal, paths_of};

/// Paths as [`paths_of`] writes them: each prefix with each of its endings.
type Paths = &'static [(&'static str, &'static [&'static str])];

const RESOURCE_AND_SCOPE: Paths = &[
    ("resource.attributes.value", &["stringValue", "boolValue", "intValue", "doubleValue"]),
    ("resource.attributes.value.arrayValue.values", &["stringValue"]),
    ("resourceSchemaUrl", &[""]),
    ("scope", &["name", "version"]),
    ("scope.attributes.value", &["stringValue", "intValue", "arrayValue.values.stringValue"]),
    ("scopeSchemaUrl", &[""]),
];
const TRACES: Paths = &[
    ("record", &["traceId", "spanId", "parentSpanId", "traceState", "flags", "name"]),
    ("record", &["startTimeUnixNano", "endTimeUnixNano"]),
    ("record", &["kind=1", "kind=2", "kind=3", "kind=4", "kind=5"]),
    ("record", &["droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"]),
    ("record.status", &["code=1", "code=2", "message"]),
    ("record.attributes.value", &["stringValue", "boolValue", "intValue", "doubleValue"]),
    ("record.attributes.value.arrayValue.values", &["stringValue", "boolValue", "intValue", "doubleValue"]),
    ("record.attributes.value", &["bytesValue", "kvlistValue.values.value.kvlistValue"]),
    ("record.events", &["name", "timeUnixNano", "attributes.value.stringValue"]),
    ("record.events.attributes.value.arrayValue.values", &["stringValue", "intValue"]),
    ("record.links", &["traceId", "spanId", "traceState", "flags"]),
    ("record.links.attributes.value", &["stringValue", "arrayValue.values.intValue"]),
];
const METRICS: Paths = &[
    ("record", &["name", "description", "unit"]),
    ("record.sum", &["isMonotonic", "aggregationTemporality=1", "aggregationTemporality=2"]),
    ("record.sum.dataPoints", &["asInt", "asDouble", "startTimeUnixNano", "timeUnixNano"]),
    ("record.sum.dataPoints.attributes.value", &["stringValue", "arrayValue.values.stringValue"]),
    ("record.sum.dataPoints.exemplars", &["asInt", "asDouble", "timeUnixNano", "spanId", "traceId"]),
    ("record.gauge.dataPoints", &["asDouble", "timeUnixNano", "attributes.value.boolValue"]),
    ("record.histogram", &["aggregationTemporality=1", "aggregationTemporality=2"]),
    ("record.histogram.dataPoints", &["startTimeUnixNano", "timeUnixNano", "count", "sum", "min", "max"]),
    ("record.histogram.dataPoints", &["bucketCounts", "explicitBounds", "attributes.value.stringValue"]),
    ("record.histogram.dataPoints.exemplars", &["asDouble", "timeUnixNano", "spanId", "traceId"]),
    ("record.histogram.dataPoints.exemplars", &["filteredAttributes.value.stringValue"]),
    ("record.exponentialHistogram", &["aggregationTemporality=1", "aggregationTemporality=2"]),
    ("record.exponentialHistogram.dataPoints", &["startTimeUnixNano", "timeUnixNano", "count", "sum", "min"]),
    (
        "record.exponentialHistogram.dataPoints",
        &["max", "scale", "zeroCount", "attributes.value.stringValue"],
    ),
    ("record.exponentialHistogram.dataPoints.positive", &["offset", "bucketCounts"]),
    ("record.exponentialHistogram.dataPoints.negative", &["offset", "bucketCounts"]),
    ("record.exponentialHistogram.dataPoints.exemplars", &["asDouble", "timeUnixNano", "spanId", "traceId"]),
    ("record.summary.dataPoints", &["count", "sum", "quantileValues.quantile", "quantileValues.value"]),
];
const LOGS: Paths = &[
    ("record", &["timeUnixNano", "observedTimeUnixNano", "severityText", "eventName"]),
    ("record", &["traceId", "spanId", "flags", "droppedAttributesCount"]),
    ("record.body", &["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue"]),
    ("record.body", &["arrayValue.values.arrayValue.values.bytesValue"]),
    ("record.body.kvlistValue.values.value", &["stringValue", "bytesValue", "kvlistValue"]),
    ("record.body.kvlistValue.values.value.arrayValue.values", &["doubleValue", "arrayValue", "kvlistValue"]),
    ("record.attributes.value", &["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue"]),
    ("record.attributes.value.arrayValue.values", &["stringValue", "boolValue", "intValue", "doubleValue"]),
    ("record.attributes.value.kvlistValue.values.value", &["bytesValue", "arrayValue", "kvlistValue"]),
];

/// The paths that these records should have and have not, as they are or by what the SDK cannot send.
///
/// An SDK that has learned to send what is listed as impossible shows up here too, so the list stays true.
pub fn surprises(client: Client, signal: Signal, records: &[Value]) -> Vec<String> {
    let found = paths_of(records);
    let missing: BTreeSet<String> = wanted(signal).into_iter().filter(|path| !found.contains(path)).collect();
    let impossible: BTreeSet<String> =
        impossible(client, signal).iter().flat_map(|paths| expand(paths)).collect();
    let not_sent = missing.difference(&impossible).map(|path| format!("not sent: {path}"));
    let now_sent =
        impossible.difference(&missing).map(|path| format!("listed as impossible, but sent: {path}"));
    not_sent.chain(now_sent).collect()
}

fn wanted(signal: Signal) -> Vec<String> {
    let of_signal = match signal {
        Signal::Traces => TRACES,
        Signal::Metrics => METRICS,
        Signal::Logs => LOGS,
    };
    let severities = (1..=24).map(|number| format!("record.severityNumber={number}"));
    expand(RESOURCE_AND_SCOPE)
        .chain(expand(of_signal))
        .chain(severities.filter(|_| signal == Signal::Logs))
        .collect()
}

fn expand(paths: Paths) -> impl Iterator<Item = String> {
    let join = |prefix: &str, ending: &str| format!("{prefix}.{ending}").trim_end_matches('.').to_owned();
    paths.iter().flat_map(move |(prefix, endings)| endings.iter().map(move |ending| join(prefix, ending)))
}

/// What the SDK has no way to send.
fn impossible(client: Client, signal: Signal) -> &'static [Paths] {
    const NO_SCOPE_ATTRIBUTES: Paths =
        &[("scope.attributes.value", &["stringValue", "intValue", "arrayValue.values.stringValue"])];
    const NO_TRACE_STATE_OF_LINKS: Paths = &[("record.links", &["traceState"])];
    const NO_NESTED_SPAN_ATTRIBUTES: Paths =
        &[("record.attributes.value", &["bytesValue", "kvlistValue.values.value.kvlistValue"])];
    const NO_SUMMARY: Paths = &[(
        "record.summary.dataPoints",
        &["count", "sum", "quantileValues.quantile", "quantileValues.value"],
    )];
    const NO_NEGATIVE_MEASUREMENTS: Paths =
        &[("record.exponentialHistogram.dataPoints.negative", &["offset", "bucketCounts"])];
    // Python sends the negative half with empty buckets.
    const NO_NEGATIVE_OFFSET: Paths = &[("record.exponentialHistogram.dataPoints.negative", &["offset"])];
    const NO_EXEMPLARS: Paths = &[
        ("record.sum.dataPoints.exemplars", &["asInt", "asDouble", "timeUnixNano", "spanId", "traceId"]),
        ("record.histogram.dataPoints.exemplars", &["asDouble", "timeUnixNano", "spanId", "traceId"]),
        ("record.histogram.dataPoints.exemplars", &["filteredAttributes.value.stringValue"]),
        ("record.exponentialHistogram.dataPoints.exemplars", &["asDouble", "timeUnixNano"]),
        ("record.exponentialHistogram.dataPoints.exemplars", &["spanId", "traceId"]),
    ];
    match (client, signal) {
        (Client::Python | Client::Go, Signal::Traces) => &[NO_TRACE_STATE_OF_LINKS],
        (Client::Python, Signal::Metrics) => &[NO_SUMMARY, NO_NEGATIVE_OFFSET],
        (Client::Node, Signal::Traces) => &[NO_SCOPE_ATTRIBUTES, NO_NESTED_SPAN_ATTRIBUTES],
        (Client::Node, Signal::Metrics) => {
            &[NO_SCOPE_ATTRIBUTES, NO_SUMMARY, NO_NEGATIVE_MEASUREMENTS, NO_EXEMPLARS]
        }
        (Client::Java, Signal::Traces | Signal::Logs) => &[NO_SCOPE_ATTRIBUTES],
        (Client::Java, Signal::Metrics) => &[NO_SCOPE_ATTRIBUTES, NO_SUMMARY, NO_NEGATIVE_MEASUREMENTS],
        (Client::Python | Client::Node | Client::Go, Signal::Logs) | (Client::Go, Signal::Metrics) => &[],
    }
}
