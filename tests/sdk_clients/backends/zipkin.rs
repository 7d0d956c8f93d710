//! Zipkin: what becomes of a span in its format, and what its API version 2 answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::jaeger::plain;
use super::{base64_of, get, text_of_double, until_there_are};
use crate::otlp::collector::{Collector, cache_directory, free_address};

pub struct Zipkin {
    pub address: SocketAddr,
    _process: Collector,
}

impl Zipkin {
    pub async fn start(directory: &Path) -> Self {
        let address = free_address();
        let mut command = Command::new("java");
        command
            .args(["-Xmx256m", "-jar"])
            .arg(cache_directory().join("zipkin/zipkin.jar"))
            .arg(format!("--server.port={}", address.port()))
            .env("QUERY_PORT", address.port().to_string());
        let process = Collector::start_command("zipkin", command, &[address], directory).await;
        Self { address, _process: process }
    }

    /// The spans of these traces, as soon as they are `count`, in the form of [`as_kept`].
    pub async fn spans(&self, trace_ids: &BTreeSet<String>, count: usize) -> Vec<Value> {
        until_there_are(count, async || {
            let mut spans = Vec::new();
            for trace_id in trace_ids {
                let (status, answer) = get(self.address, &format!("/api/v2/trace/{trace_id}")).await;
                if status == 404 {
                    continue;
                }
                assert_eq!(status, 200, "{answer}");
                // It takes some characters for longer than they are, and fills up with zeros.
                let found: Vec<Value> = serde_json::from_str(answer.trim_end_matches('\0')).unwrap();
                spans.extend(found.into_iter().map(span_found));
            }
            spans
        })
        .await
    }
}

/// The span in Zipkin's format, with small letters as Zipkin keeps names. Of events the times and names are looked at, of links
/// the ids. Tags of scopes are left out: they depend on the order of scopes, as they do in the Collector.
pub fn as_kept(span: &Value) -> Value {
    let record = &span["record"];
    let number = |name: &str| record[name].as_u64().unwrap_or_default();
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let mut tags = Map::new();
    put_attributes(&mut tags, &span["resource"]);
    let service = tags.remove("service.name").unwrap();
    put_attributes(&mut tags, record);
    let mut put = |name: &str, text: String| {
        if !text.is_empty() {
            tags.insert(name.to_owned(), text.into());
        }
    };
    put("w3c.tracestate", text("traceState"));
    if number("kind") == 1 {
        put("span.kind", "internal".to_owned());
    }
    match record["status"]["code"].as_u64() {
        Some(1) => put("otel.status_code", "STATUS_CODE_OK".to_owned()),
        Some(2) => {
            put("otel.status_code", "STATUS_CODE_ERROR".to_owned());
            put("error", "true".to_owned());
            put(
                "otel.status_description",
                record["status"]["message"].as_str().unwrap_or_default().to_owned(),
            );
        }
        _ => {}
    }
    for (position, link) in list(record, "links").iter().enumerate() {
        let ids = format!("{}|{}", link["traceId"].as_str().unwrap(), link["spanId"].as_str().unwrap());
        put(&format!("otlp.link.{position}"), ids);
    }

    let microseconds = |nanoseconds: u64| nanoseconds.saturating_add(500) / 1000;
    let (start, end) = (number("startTimeUnixNano"), number("endTimeUnixNano"));
    let mut annotations: Vec<Value> = list(record, "events")
        .iter()
        .map(|event| json!({"timestamp": microseconds(event["timeUnixNano"].as_u64().unwrap()), "value": event["name"]}))
        .collect();
    sort_annotations(&mut annotations);
    let mut kept = json!({
        "traceId": text("traceId"),
        "id": text("spanId"),
        "localEndpoint": {"serviceName": service.as_str().unwrap().to_lowercase()},
        "tags": tags,
        "annotations": annotations,
        "duration": microseconds(end - start).max(1),
    });
    if start >= 1_000_000_000 {
        kept["timestamp"] = microseconds(start).into();
    }
    let kind = ["", "", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"][number("kind") as usize].to_owned();
    for (name, value) in
        [("parentId", text("parentSpanId")), ("name", text("name").to_lowercase()), ("kind", kind)]
    {
        if !value.is_empty() {
            kept[name] = value.into();
        }
    }
    kept
}

/// Brings what was found into the form of [`as_kept`].
fn span_found(mut span: Value) -> Value {
    if let Some(tags) = span["tags"].as_object_mut() {
        tags.retain(|name, _| {
            !name.starts_with("scope.")
                && !name.starts_with("otel.library.")
                && !name.starts_with("otel.scope.")
        });
        for (name, value) in tags.iter_mut() {
            if name.starts_with("otlp.link.") {
                *value = value.as_str().unwrap().splitn(3, '|').take(2).collect::<Vec<_>>().join("|").into();
            }
        }
    }
    let mut annotations = list(&span, "annotations").to_vec();
    for annotation in &mut annotations {
        annotation["value"] = annotation["value"].as_str().unwrap().split('|').next().unwrap().into();
    }
    sort_annotations(&mut annotations);
    span["annotations"] = annotations.into();
    span
}

fn sort_annotations(annotations: &mut [Value]) {
    annotations.sort_by_key(|one| (one["timestamp"].as_u64(), one["value"].as_str().unwrap().to_owned()));
}

fn put_attributes(tags: &mut Map<String, Value>, parent: &Value) {
    for attribute in list(parent, "attributes") {
        let value = &attribute["value"];
        let text = match value.as_object().and_then(|value| value.iter().next()) {
            None => String::new(),
            Some((kind, value)) if kind == "stringValue" => value.as_str().unwrap().to_owned(),
            Some((kind, value)) if kind == "doubleValue" => {
                text_of_number(value.as_str().unwrap().parse().unwrap())
            }
            Some((kind, value)) if kind == "bytesValue" => base64_of(value),
            Some(_) => plain(value).to_string(),
        };
        tags.insert(attribute["key"].as_str().unwrap().to_owned(), text.into());
    }
}

/// By the specification's words for what is not finite, in formats that are not OTLP.
fn text_of_number(value: f64) -> String {
    match (value.is_nan(), value.is_infinite()) {
        (true, _) => "NaN".to_owned(),
        (_, true) => format!("{}Infinity", if value > 0.0 { "" } else { "-" }),
        _ => text_of_double(value),
    }
}

fn list<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    parent.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
