//! Compares what was sent with what arrived, record by record and field by field.
//!
//! Collectors may regroup: put records of equal resources and scopes under one parent, cut a batch in two, spread the
//! points of a metric over two messages. So both sides are flattened to records that carry their resource, scope and
//! schema URLs, and the order of the records is free. Everything within a record, lists included, has to be equal.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::schema::{EXPORT_LOGS, EXPORT_METRICS, EXPORT_TRACES, Message};

/// The three signals, each with the names of its three levels in OTLP/JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

    /// The request message.
    pub fn request(self) -> &'static Message {
        match self {
            Signal::Traces => &EXPORT_TRACES,
            Signal::Metrics => &EXPORT_METRICS,
            Signal::Logs => &EXPORT_LOGS,
        }
    }

    /// The names of the lists of resources, scopes and records.
    pub fn levels(self) -> [&'static str; 3] {
        match self {
            Signal::Traces => ["resourceSpans", "scopeSpans", "spans"],
            Signal::Metrics => ["resourceMetrics", "scopeMetrics", "metrics"],
            Signal::Logs => ["resourceLogs", "scopeLogs", "logRecords"],
        }
    }
}

/// Flattens one canonical request: one entry for each span, log record, or data point, and one for each empty parent.
pub fn records_of(request: &Value, signal: Signal) -> Vec<Value> {
    let [resources, scopes, records] = signal.levels();
    let mut flattened = Vec::new();
    for resource in list(request, resources) {
        let of_resource = json!({
            "resource": resource.get("resource"),
            "resourceSchemaUrl": resource.get("schemaUrl"),
        });
        if list(resource, scopes).is_empty() {
            flattened.push(of_resource.clone());
        }
        for scope in list(resource, scopes) {
            let mut of_scope = of_resource.clone();
            of_scope["scope"] = scope.get("scope").cloned().unwrap_or_default();
            of_scope["scopeSchemaUrl"] = scope.get("schemaUrl").cloned().unwrap_or_default();
            if list(scope, records).is_empty() {
                flattened.push(of_scope.clone());
            }
            let single_records = list(scope, records).iter().flat_map(|record| match signal {
                Signal::Metrics => metrics_of_one_point(record),
                Signal::Traces | Signal::Logs => vec![record.clone()],
            });
            flattened.extend(single_records.map(|record| {
                let mut entry = of_scope.clone();
                entry["record"] = record;
                entry
            }));
        }
    }
    flattened
}

/// The differences between two collections of records, each one line; empty when they are equal but for their order.
pub fn differences(sent: &[Value], arrived: &[Value]) -> Vec<String> {
    let mut additional = arrived.to_vec();
    let mut missing = Vec::new();
    for record in sent {
        match additional.iter().position(|candidate| candidate == record) {
            Some(position) => drop(additional.swap_remove(position)),
            None => missing.push(record),
        }
    }
    let mut report = Vec::new();
    for record in missing {
        let closest = (0..additional.len()).min_by_key(|&position| {
            let mut found = Vec::new();
            differences_within("", record, &additional[position], &mut found);
            found.len()
        });
        match closest {
            Some(position) => differences_within("", record, &additional.swap_remove(position), &mut report),
            None => report.push(format!("sent but did not arrive: {}", shortened(Some(record)))),
        }
    }
    report.extend(
        additional.iter().map(|record| format!("arrived but was not sent: {}", shortened(Some(record)))),
    );
    report
}

/// Every path with a value in these records, list positions left out; an enumeration's number is part of its path, so
/// that `record.kind=2` can be asked for.
pub fn paths_of(records: &[Value]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for record in records {
        collect_paths("", record, &mut paths);
    }
    paths
}

fn list<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    parent.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The metric once for each of its data points, or once as it is when it has none.
fn metrics_of_one_point(metric: &Value) -> Vec<Value> {
    let with_points = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"]
        .into_iter()
        .find(|kind| metric.get(kind).is_some_and(|data| !list(data, "dataPoints").is_empty()));
    let Some(kind) = with_points else { return vec![metric.clone()] };
    let one_point = |point: &Value| {
        let mut single = metric.clone();
        single[kind]["dataPoints"] = json!([point]);
        single
    };
    list(&metric[kind], "dataPoints").iter().map(one_point).collect()
}

fn differences_within(path: &str, sent: &Value, arrived: &Value, report: &mut Vec<String>) {
    match (sent, arrived) {
        (Value::Object(sent), Value::Object(arrived)) => {
            let names: BTreeSet<&String> = sent.keys().chain(arrived.keys()).collect();
            for name in names {
                difference_of_member(&format!("{path}.{name}"), sent, arrived, name, report);
            }
        }
        (Value::Array(sent), Value::Array(arrived)) => {
            for position in 0..sent.len().max(arrived.len()) {
                let path = format!("{path}[{position}]");
                match (sent.get(position), arrived.get(position)) {
                    (Some(sent), Some(arrived)) => differences_within(&path, sent, arrived, report),
                    (sent, arrived) => report.push(one_line(&path, sent, arrived)),
                }
            }
        }
        _ if sent == arrived => {}
        _ => report.push(one_line(path, Some(sent), Some(arrived))),
    }
}

fn difference_of_member(
    path: &str,
    sent: &Map<String, Value>,
    arrived: &Map<String, Value>,
    name: &str,
    report: &mut Vec<String>,
) {
    match (sent.get(name), arrived.get(name)) {
        (Some(sent), Some(arrived)) => differences_within(path, sent, arrived, report),
        (sent, arrived) => report.push(one_line(path, sent, arrived)),
    }
}

fn one_line(path: &str, sent: Option<&Value>, arrived: Option<&Value>) -> String {
    let path = path.trim_start_matches('.');
    format!("{path}: sent {}, arrived {}", shortened(sent), shortened(arrived))
}

fn shortened(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    if text.chars().count() <= 300 {
        return text;
    }
    format!("{}... ({} bytes)", text.chars().take(300).collect::<String>(), text.len())
}

fn collect_paths(path: &str, value: &Value, paths: &mut BTreeSet<String>) {
    const ENUMERATIONS: [&str; 4] = ["kind", "code", "severityNumber", "aggregationTemporality"];
    match value {
        Value::Object(members) => {
            paths.insert(path.to_owned());
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if ENUMERATIONS.contains(&name.as_str()) && member.is_number() {
                    paths.insert(format!("{path}={member}"));
                }
                collect_paths(&path, member, paths);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_paths(path, element, paths)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => drop(paths.insert(path.to_owned())),
    }
}

#[cfg(test)]
mod tests;
