//! Jaeger: what it makes of a span, and what its API version 3 answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::{base64_of, get, until_there_are};
use crate::otlp::canonical::{UnknownMembers, from_json};
use crate::otlp::collector::{Collector, cache_directory, free_address};
use crate::otlp::compare::{Signal, records_of};

pub struct Jaeger {
    /// Where it takes OTLP over gRPC.
    pub otlp: SocketAddr,
    query: SocketAddr,
    _process: Collector,
}

impl Jaeger {
    pub async fn start(directory: &Path) -> Self {
        let (otlp, query) = (free_address(), free_address());
        let mut command = Command::new(cache_directory().join("jaeger/jaeger"));
        for (option, address) in [
            ("collector.otlp.grpc.host-port", otlp),
            ("query.http-server.host-port", query),
            ("collector.otlp.http.host-port", free_address()),
            ("collector.grpc-server.host-port", free_address()),
            ("collector.http-server.host-port", free_address()),
            ("query.grpc-server.host-port", free_address()),
            ("admin.http.host-port", free_address()),
        ] {
            command.arg(format!("--{option}={address}"));
        }
        let process = Collector::start_command("jaeger", command, &[otlp, query], directory).await;
        Self { otlp, query, _process: process }
    }

    /// The spans of these traces, as soon as they are `count`.
    pub async fn spans(&self, trace_ids: &BTreeSet<String>, count: usize) -> Vec<Value> {
        until_there_are(count, async || {
            let mut spans = Vec::new();
            for trace_id in trace_ids {
                let (status, answer) = get(self.query, &format!("/api/v3/traces/{trace_id}")).await;
                if status == 404 {
                    continue;
                }
                assert_eq!(status, 200, "{answer}");
                let answer: Value = serde_json::from_str(&answer).unwrap();
                let request = from_json(&answer["result"], Signal::Traces.request(), UnknownMembers::Refuse);
                let found = records_of(&request.unwrap(), Signal::Traces);
                spans.extend(found.into_iter().map(without_advice));
            }
            spans
        })
        .await
    }
}

/// The span as Jaeger keeps it: attributes in the order of their keys, lists and maps among them as JSON; events in the order
/// of their times. It has no place for flags, dropped counts, schema URLs, and the attributes of scopes and links.
pub fn as_kept(span: &Value) -> Value {
    let mut span = span.clone();
    for url in ["resourceSchemaUrl", "scopeSchemaUrl"] {
        span[url] = Value::Null;
    }
    remove(&mut span["scope"], &["attributes"]);
    keep_attributes(&mut span["resource"]);
    let record = &mut span["record"];
    remove(record, &["flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"]);
    keep_attributes(record);
    if let Some(events) = record.get_mut("events").and_then(Value::as_array_mut) {
        events.sort_by_key(|event| event["timeUnixNano"].as_u64());
        for event in events {
            remove(event, &["droppedAttributesCount"]);
            keep_attributes(event);
        }
    }
    for link in record.get_mut("links").and_then(Value::as_array_mut).into_iter().flatten() {
        remove(link, &["flags", "droppedAttributesCount"]);
        link["attributes"] =
            json!([{"key": "opentracing.ref_type", "value": {"stringValue": "follows_from"}}]);
    }
    span
}

/// Takes out what Jaeger says itself about a span.
fn without_advice(mut span: Value) -> Value {
    if let Some(attributes) = span["record"].get_mut("attributes").and_then(Value::as_array_mut) {
        attributes.retain(|attribute| attribute["key"] != "@jaeger@warnings");
        if attributes.is_empty() {
            remove(&mut span["record"], &["attributes"]);
        }
    }
    span
}

fn remove(parent: &mut Value, names: &[&str]) {
    let Some(members) = parent.as_object_mut() else { return };
    for name in names {
        members.remove(*name);
    }
}

fn keep_attributes(parent: &mut Value) {
    let Some(attributes) = parent.get_mut("attributes").and_then(Value::as_array_mut) else { return };
    attributes.sort_by_key(|attribute| attribute["key"].as_str().unwrap_or_default().to_owned());
    for attribute in attributes {
        let value = &mut attribute["value"];
        if value["doubleValue"] == "-0.0" {
            value["doubleValue"] = "0.0".into();
        }
        if value.get("arrayValue").is_some() || value.get("kvlistValue").is_some() {
            *value = json!({"stringValue": plain(value).to_string()});
        }
    }
}

/// A value as JSON without the names of types.
pub fn plain(value: &Value) -> Value {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else {
        return Value::Null;
    };
    let members = || value.get("values").and_then(Value::as_array).into_iter().flatten();
    match kind.as_str() {
        "arrayValue" => members().map(plain).collect(),
        "kvlistValue" => members()
            .map(|member| (member["key"].as_str().unwrap().to_owned(), plain(&member["value"])))
            .collect::<Map<_, _>>()
            .into(),
        "doubleValue" => number(value.as_str().unwrap().parse().unwrap()),
        "bytesValue" => base64_of(value).into(),
        _ => value.clone(),
    }
}

/// Whole numbers are written without a fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}
