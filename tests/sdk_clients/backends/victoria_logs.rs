//! VictoriaLogs: what it makes of a log record, and what it answers to LogsQL.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;

use super::{base64_of, get, text_of_double, until_there_are};
use crate::otlp::collector::{Collector, cache_directory, free_address};

pub struct VictoriaLogs {
    pub address: SocketAddr,
    _process: Collector,
}

impl VictoriaLogs {
    pub async fn start(directory: &Path) -> Self {
        let address = free_address();
        let mut command = Command::new(cache_directory().join("victoria-logs/victoria-logs"));
        command
            .arg(format!("-httpListenAddr={address}"))
            .arg(format!("-storageDataPath={}", directory.join("victoria-logs").display()))
            // The client's records are of 2023.
            .arg("-retentionPeriod=100y");
        let process = Collector::start_command("victoria-logs", command, &[address], directory).await;
        Self { address, _process: process }
    }

    /// Everything it has, as soon as that are `count` rows. Its own fields about streams are left out, and times are
    /// nanoseconds since 1970.
    pub async fn rows(&self, count: usize) -> Vec<Value> {
        until_there_are(count, async || {
            let (status, answer) = get(self.address, "/select/logsql/query?query=*").await;
            assert_eq!(status, 200, "{answer}");
            answer.lines().map(row).collect()
        })
        .await
    }
}

/// The row that a log record becomes: every value a text, maps flattened, attributes of record and resource side by side. It
/// has no place for an observed time beside the time, for flags, an event's name, dropped counts, the scope and schema URLs.
pub fn as_kept(log: &Value) -> Value {
    const MISSING: &str =
        "missing _msg field; see https://docs.victoriametrics.com/victorialogs/keyconcepts/#message-field";
    let record = &log["record"];
    let mut row = Map::new();
    put_attributes(&mut row, "", &log["resource"]["attributes"]);
    match record["body"].get("kvlistValue") {
        Some(body) => put_attributes(&mut row, "", &body["values"]),
        None => put(&mut row, "_msg", text_of(&record["body"], true)),
    }
    put_attributes(&mut row, "", &record["attributes"]);
    for (name, field) in [("trace_id", "traceId"), ("span_id", "spanId")] {
        put(&mut row, name, record[field].as_str().unwrap_or_default().to_owned());
    }
    let severity_name = || severity(record["severityNumber"].as_u64().unwrap_or_default());
    put(&mut row, "severity", record["severityText"].as_str().map_or_else(severity_name, str::to_owned));
    row.entry("_msg").or_insert(MISSING.into());
    let time = record.get("timeUnixNano").unwrap_or(&record["observedTimeUnixNano"]);
    row.insert("_time".to_owned(), time.clone());
    row.into()
}

fn row(line: &str) -> Value {
    let mut row: Value = serde_json::from_str(line).unwrap();
    let time = OffsetDateTime::parse(row["_time"].as_str().unwrap(), &Rfc3339).unwrap();
    row["_time"] = json!(i64::try_from(time.unix_timestamp_nanos()).unwrap());
    let fields = row.as_object_mut().unwrap();
    fields.remove("_stream");
    fields.remove("_stream_id");
    row
}

fn put_attributes(row: &mut Map<String, Value>, prefix: &str, attributes: &Value) {
    for attribute in attributes.as_array().into_iter().flatten() {
        let (key, value) = (attribute["key"].as_str().unwrap_or_default(), &attribute["value"]);
        match value.get("kvlistValue") {
            Some(map) => put_attributes(row, &format!("{prefix}{key}."), &map["values"]),
            None => put(row, &format!("{prefix}{key}"), text_of(value, true)),
        }
    }
}

/// An empty text is no field.
fn put(row: &mut Map<String, Value>, name: &str, text: String) {
    if !text.is_empty() {
        row.insert(name.to_owned(), text.into());
    }
}

/// A value as text; within a list texts are quoted.
fn text_of(value: &Value, is_whole: bool) -> String {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else {
        return String::new();
    };
    let members = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    match kind.as_str() {
        "stringValue" if is_whole => value.as_str().unwrap().to_owned(),
        "doubleValue" => text_of_double(value.as_str().unwrap().parse().unwrap()),
        "bytesValue" => base64_of(value),
        "arrayValue" => {
            let members: Vec<String> =
                members("values").iter().map(|member| text_of(member, false)).collect();
            format!("[{}]", members.join(","))
        }
        "kvlistValue" => {
            let member = |member: &Value| format!("{}:{}", member["key"], text_of(&member["value"], false));
            format!("{{{}}}", members("values").iter().map(member).collect::<Vec<_>>().join(","))
        }
        _ => value.to_string(),
    }
}

/// The name of a severity's number, such as `Warn2` of 14.
fn severity(number: u64) -> String {
    let Some(place) = number.checked_sub(1) else { return "Unspecified".to_owned() };
    let name = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal"][place as usize / 4];
    let step = place % 4 + 1;
    if step == 1 { name.to_owned() } else { format!("{name}{step}") }
}
