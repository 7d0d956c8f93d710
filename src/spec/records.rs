//! Telemetry as a set of records, so that it can be compared whatever way it was batched and grouped.
//!
//! A record is a span, a data point or a log record together with the resource, the scope and the metric
//! it belongs to, as a map from paths such as `resource.attributes{host}` to the values shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::otlp::json::encode_json;
use crate::otlp::{Batch, Signal};

/// What a comparison leaves out.
#[derive(Debug, Clone, Default)]
pub struct Leniency {
    /// Names of fields in the spelling of JSON, at any depth.
    pub fields: Vec<String>,
    /// Keys of attributes.
    pub attributes: Vec<String>,
}

/// One item with everything it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is called in a difference.
    pub label: String,
    /// Every value of it by path.
    pub leaves: BTreeMap<String, String>,
}

impl Record {
    /// The values of the item alone, without those it shares with its resource, scope and metric.
    pub fn own_leaves(&self) -> impl Iterator<Item = (&String, &String)> {
        let is_shared =
            |path: &str| ["resource.", "scope.", "metric."].iter().any(|level| path.starts_with(level));
        self.leaves.iter().filter(move |(path, _)| !is_shared(path))
    }
}

/// The records of all `batches`. A group without items counts as a record of its own.
pub fn records_of(batches: &[Batch], leniency: &Leniency) -> Vec<Record> {
    let mut records = Vec::new();
    for batch in batches {
        // What the encoder writes is JSON.
        let request: Value = serde_json::from_slice(&encode_json(batch)).unwrap_or_default();
        let names = Names::of(batch.signal());
        for group in list(&request, names.resource_groups) {
            resource_group(group, &names, leniency, &mut records);
        }
    }
    records
}

/// What the levels of a request are called in JSON.
struct Names {
    resource_groups: &'static str,
    scope_groups: &'static str,
    items: &'static str,
}

impl Names {
    const fn of(signal: Signal) -> Self {
        let (resource_groups, scope_groups, items) = match signal {
            Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
            Signal::Metrics => ("resourceMetrics", "scopeMetrics", "metrics"),
            Signal::Logs => ("resourceLogs", "scopeLogs", "logRecords"),
        };
        Self { resource_groups, scope_groups, items }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn resource_group(group: &Value, names: &Names, leniency: &Leniency, records: &mut Vec<Record>) {
    let mut resource = Leaves::new(leniency);
    resource.message("resource", group.get("resource"));
    resource.field("resource", "schemaUrl", group.get("schemaUrl"));
    let label = resource_label(&resource.leaves);
    let scope_groups = list(group, names.scope_groups);
    if scope_groups.is_empty() {
        records.push(Record { label: format!("{label} without scopes"), leaves: resource.leaves });
        return;
    }
    for group in scope_groups {
        let mut scope = resource.clone();
        scope.message("scope", group.get("scope"));
        scope.field("scope", "schemaUrl", group.get("schemaUrl"));
        let label = match scope.leaves.get("scope.name") {
            Some(name) => format!("{label} / scope {name}"),
            None => label.clone(),
        };
        let items = list(group, names.items);
        if items.is_empty() {
            records.push(Record { label: format!("{label} without {}", names.items), leaves: scope.leaves });
            continue;
        }
        for item in items {
            match names.items {
                "metrics" => metric(item, &scope, &label, records),
                _ => {
                    let mut record = scope.clone();
                    record.message("", Some(item));
                    let label = format!("{label} / {}", item_label(item));
                    records.push(Record { label, leaves: record.leaves });
                }
            }
        }
    }
}

/// The kinds of metric, as their fields are called.
const METRIC_KINDS: [&str; 5] = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];

fn metric(metric: &Value, scope: &Leaves<'_>, label: &str, records: &mut Vec<Record>) {
    let mut common = scope.clone();
    let name = metric.get("name").and_then(Value::as_str).unwrap_or_default();
    let label = format!("{label} / metric {name}");
    let kind = METRIC_KINDS.into_iter().find(|kind| metric.get(kind).is_some());
    let mut header = metric.as_object().cloned().unwrap_or_default();
    let mut points = Vec::new();
    if let Some(kind) = kind {
        common.leaves.insert("metric.kind".to_owned(), kind.to_owned());
        if let Some(Value::Object(mut data)) = header.remove(kind) {
            if let Some(Value::Array(listed)) = data.remove("dataPoints") {
                points = listed;
            }
            header.extend(data);
        }
    }
    common.message("metric", Some(&Value::Object(header)));
    if points.is_empty() {
        records.push(Record { label: format!("{label} without points"), leaves: common.leaves });
        return;
    }
    for point in &points {
        let mut record = common.clone();
        record.message("", Some(point));
        let label = format!("{label} / point{}", shown_attributes(&record.leaves, "attributes{"));
        records.push(Record { label, leaves: record.leaves });
    }
}

fn item_label(item: &Value) -> String {
    match item.get("name").and_then(Value::as_str) {
        Some(name) => format!("span {name}"),
        None => {
            let mut body = String::new();
            match item.get("body").and_then(|body| body.get("stringValue")) {
                Some(text) => body.push_str(&text.to_string()),
                None => body.push_str(&item.get("body").map(ToString::to_string).unwrap_or_default()),
            }
            format!("log {body}")
        }
    }
}

fn resource_label(leaves: &BTreeMap<String, String>) -> String {
    format!("resource{}", shown_attributes(leaves, "resource.attributes{"))
}

/// `{key=value, ...}` of the attributes whose paths begin with `prefix`.
fn shown_attributes(leaves: &BTreeMap<String, String>, prefix: &str) -> String {
    let shown: Vec<String> = leaves
        .range(prefix.to_owned()..)
        .take_while(|(path, _)| path.starts_with(prefix))
        .map(|(path, value)| {
            let key = path[prefix.len()..].replacen('}', "", 1);
            format!("{key}={}", value.trim_matches('"'))
        })
        .collect();
    format!("{{{}}}", shown.join(", "))
}

/// A scalar of a field whose kind is known: JSON puts 64-bit integers in quotes, people do not.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(char::is_control) => text.clone(),
        value => value.to_string(),
    }
}

/// The values of a record while it is put together.
#[derive(Clone)]
struct Leaves<'a> {
    leniency: &'a Leniency,
    leaves: BTreeMap<String, String>,
}

impl<'a> Leaves<'a> {
    const fn new(leniency: &'a Leniency) -> Self {
        Self { leniency, leaves: BTreeMap::new() }
    }

    /// Adds the fields of a message under `path`.
    fn message(&mut self, path: &str, message: Option<&Value>) {
        let Some(Value::Object(fields)) = message else {
            return;
        };
        for (name, value) in fields {
            self.field(path, name, Some(value));
        }
    }

    fn field(&mut self, path: &str, name: &str, value: Option<&Value>) {
        let Some(value) = value else {
            return;
        };
        if self.leniency.fields.iter().any(|ignored| ignored == name) {
            return;
        }
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (name, value) {
            ("attributes" | "filteredAttributes", Value::Array(attributes)) => {
                self.attributes(&path, attributes)
            }
            ("body", value) => self.any_value(&path, value),
            (_, value) => self.value(&path, value),
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(_) => self.message(path, Some(value)),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), item);
                }
            }
            Value::Array(numbers) => {
                let shown: Vec<String> = numbers.iter().map(scalar).collect();
                self.leaves.insert(path.to_owned(), format!("[{}]", shown.join(", ")));
            }
            value => {
                self.leaves.insert(path.to_owned(), scalar(value));
            }
        }
    }

    /// Adds attributes by key. A key that stands twice counts twice.
    fn attributes(&mut self, path: &str, attributes: &[Value]) {
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            let key = attribute.get("key").and_then(Value::as_str).unwrap_or_default();
            if self.leniency.attributes.iter().any(|ignored| ignored == key) {
                continue;
            }
            let mut path = format!("{path}{{{key}}}");
            while !seen.insert(path.clone()) {
                path.push_str(" again");
            }
            self.any_value(&path, attribute.get("value").unwrap_or(&Value::Null));
        }
    }

    /// Adds a value of an attribute or a body, such that the kinds cannot be mistaken for each other.
    fn any_value(&mut self, path: &str, value: &Value) {
        let empty = Map::new();
        let shown = match value.as_object().unwrap_or(&empty).iter().next() {
            None => "empty".to_owned(),
            Some((kind, value)) => match (kind.as_str(), value) {
                ("arrayValue", value) => {
                    let items = list(value, "values");
                    for (index, item) in items.iter().enumerate() {
                        self.any_value(&format!("{path}[{index}]"), item);
                    }
                    format!("a list of {}", items.len())
                }
                ("kvlistValue", value) => {
                    let entries = list(value, "values");
                    self.attributes(path, entries);
                    "a map".to_owned()
                }
                ("intValue", value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                ("doubleValue", value) => {
                    value.as_f64().map_or_else(|| value.to_string(), |double| format!("{double:?}"))
                }
                ("bytesValue", value) => format!("bytes {value}"),
                (_, value) => value.to_string(),
            },
        };
        self.leaves.insert(path.to_owned(), shown);
    }
}
