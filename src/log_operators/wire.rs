//! Entries written as an OTLP request, without building its messages first.

use super::entry::{LogEntry, severity_name};
use super::value::{put_any_value, put_map};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};
use crate::otlp::{Batch, Signal};

/// Appends the entries to the body of a request, grouped by resource and scope in the order in which those come first.
///
/// What is appended is a valid body by itself, so calls may follow each other: a few dozen entries at a time are
/// still in the processor's cache when they are written.
pub fn append_log_entries(body: &mut Vec<u8>, entries: &[LogEntry]) {
    for of_resource in group_by(entries.iter().collect(), |left, right| left.resource == right.resource) {
        put_message(body, 1, |out| put_resource_logs(out, of_resource));
    }
}

/// The entries as one batch.
pub fn put_log_entries(entries: &[LogEntry]) -> Batch {
    if entries.is_empty() {
        return Batch::empty(Signal::Logs);
    }
    let mut body = Vec::with_capacity(entries.len() * 256);
    append_log_entries(&mut body, entries);
    Batch::from_valid_part(Signal::Logs, body.into(), entries.len())
}

/// The entries in groups of which `is_same` says that they belong together. What comes in one run is
/// compared once an entry; there is no search while all are of one group.
fn group_by(entries: Vec<&LogEntry>, is_same: impl Fn(&LogEntry, &LogEntry) -> bool) -> Vec<Vec<&LogEntry>> {
    let Some(first) = entries.first() else { return Vec::new() };
    if entries.iter().all(|entry| is_same(first, entry)) {
        return vec![entries];
    }
    let mut groups: Vec<Vec<&LogEntry>> = Vec::new();
    let mut current = 0;
    for entry in entries {
        let belongs = |group: &Vec<&LogEntry>| group.first().is_some_and(|first| is_same(first, entry));
        if !groups.get(current).is_some_and(belongs) {
            current = groups.iter().position(belongs).unwrap_or(groups.len());
        }
        match groups.get_mut(current) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups
}

fn put_resource_logs(out: &mut Vec<u8>, entries: Vec<&LogEntry>) {
    if let Some(first) = entries.first()
        && !first.resource.is_empty()
    {
        put_message(out, 1, |out| put_map(out, 1, &first.resource));
    }
    for of_scope in group_by(entries, is_of_one_scope) {
        put_message(out, 2, |out| put_scope_logs(out, &of_scope));
    }
}

fn is_of_one_scope(left: &LogEntry, right: &LogEntry) -> bool {
    left.scope_name.is_empty() && right.scope_name.is_empty() || left.scope_name == right.scope_name
}

fn put_scope_logs(out: &mut Vec<u8>, entries: &[&LogEntry]) {
    if let Some(first) = entries.first()
        && !first.scope_name.is_empty()
    {
        put_message(out, 1, |out| put_length_delimited(out, 1, first.scope_name.as_bytes()));
    }
    for entry in entries {
        put_message(out, 2, |out| put_log_record(out, entry));
    }
}

fn put_log_record(out: &mut Vec<u8>, entry: &LogEntry) {
    if let Some(unix_nano) = entry.time_unix_nano {
        put_fixed64(out, 1, unix_nano);
    }
    if entry.severity != 0 {
        put_key(out, 2, WireType::Varint);
        put_varint(out, u64::from(entry.severity));
    }
    let severity_text = match entry.severity_text.as_str() {
        "" => severity_name(entry.severity),
        text => text,
    };
    if !severity_text.is_empty() {
        put_length_delimited(out, 3, severity_text.as_bytes());
    }
    put_any_value(out, 5, &entry.body);
    put_map(out, 6, &entry.attributes);
    if let Some(flags) = entry.trace_flags
        && flags != 0
    {
        put_key(out, 8, WireType::Fixed32);
        out.extend_from_slice(&flags.to_le_bytes());
    }
    put_id::<16>(out, 9, &entry.trace_id);
    put_id::<8>(out, 10, &entry.span_id);
    put_fixed64(out, 11, entry.observed_unix_nano);
}

fn put_fixed64(out: &mut Vec<u8>, field_number: u32, number: u64) {
    put_key(out, field_number, WireType::Fixed64);
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends an identifier at its full length; one of zeros only is none.
fn put_id<const LENGTH: usize>(out: &mut Vec<u8>, field_number: u32, id: &[u8]) {
    let mut full = [0; LENGTH];
    for (to, from) in full.iter_mut().zip(id) {
        *to = *from;
    }
    if full != [0; LENGTH] {
        put_length_delimited(out, field_number, &full);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value;
    use prost::Message;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::log_operators::{Value, ValueMap};
    use crate::otlp::json::encode_json;
    use crate::otlp::validate;

    fn as_json(entries: &[LogEntry]) -> Json {
        let batch = put_log_entries(entries);
        assert_eq!(batch.items(), entries.len());
        for part in batch.parts() {
            assert_eq!(validate(Signal::Logs, part).unwrap(), entries.len());
        }
        serde_json::from_slice(&encode_json(&batch)).unwrap()
    }

    #[test]
    fn every_field_of_an_entry_is_written() {
        let attributes: ValueMap = [
            ("text", Value::from("a")),
            ("truth", true.into()),
            ("whole", (-5).into()),
            ("number", 2.5.into()),
            ("nothing", Value::Empty),
            ("bytes", Value::Bytes(Bytes::from_static(b"\xff"))),
            ("list", vec![Value::from("b"), Value::from(1)].into()),
            ("map", [("key", "value")].into_iter().collect::<ValueMap>().into()),
        ]
        .into_iter()
        .collect();
        let entry = LogEntry {
            observed_unix_nano: 7,
            time_unix_nano: Some(5),
            severity: 14,
            severity_text: "warning!".into(),
            body: "a line".into(),
            attributes,
            resource: [("host.name", "here")].into_iter().collect(),
            scope_name: "a scope".to_owned(),
            trace_id: vec![0xab; 20],
            span_id: vec![0xcd; 3],
            trace_flags: Some(1),
        };
        let expected = json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "here"}}]},
            "scopeLogs": [{"scope": {"name": "a scope"}, "logRecords": [{
                "timeUnixNano": "5", "observedTimeUnixNano": "7",
                "severityNumber": 14, "severityText": "warning!",
                "body": {"stringValue": "a line"},
                "attributes": [
                    {"key": "text", "value": {"stringValue": "a"}},
                    {"key": "truth", "value": {"boolValue": true}},
                    {"key": "whole", "value": {"intValue": "-5"}},
                    {"key": "number", "value": {"doubleValue": 2.5}},
                    {"key": "nothing", "value": {}},
                    {"key": "bytes", "value": {"bytesValue": "/w=="}},
                    {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "b"}, {"intValue": "1"}]}}},
                    {"key": "map", "value": {"kvlistValue": {"values": [
                        {"key": "key", "value": {"stringValue": "value"}}]}}},
                ],
                "flags": 1,
                "traceId": "abababababababababababababababab", "spanId": "cdcdcd0000000000",
            }]}],
        }]});
        assert_eq!(as_json(&[entry]), expected);
    }

    #[test]
    fn a_severity_without_text_is_sent_with_its_name() {
        let entry = LogEntry { severity: 10, ..LogEntry::new(1, "x".into()) };
        let record = as_json(&[entry])["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0].clone();
        assert_eq!(record["severityText"], "INFO2");
        assert_eq!(record["severityNumber"], 10);
        assert_eq!(record.get("timeUnixNano"), None);
    }

    #[test]
    fn entries_are_grouped_by_resource_and_scope() {
        let entry = |host: &str, scope: &str, line: &str| LogEntry {
            resource: [("host", host)].into_iter().collect(),
            scope_name: scope.to_owned(),
            ..LogEntry::new(1, line.into())
        };
        let entries = [
            entry("a", "s", "1"),
            entry("b", "s", "2"),
            entry("a", "t", "3"),
            entry("a", "s", "4"),
            entry("b", "s", "5"),
        ];
        let mut found = Vec::new();
        for resource in as_json(&entries)["resourceLogs"].as_array().unwrap() {
            let host = &resource["resource"]["attributes"][0]["value"]["stringValue"];
            for scope in resource["scopeLogs"].as_array().unwrap() {
                let lines: Vec<&str> = scope["logRecords"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|record| record["body"]["stringValue"].as_str().unwrap())
                    .collect();
                found.push(format!(
                    "{} {} {}",
                    host.as_str().unwrap(),
                    scope["scope"]["name"].as_str().unwrap(),
                    lines.join("")
                ));
            }
        }
        assert_eq!(found, ["a s 14", "a t 3", "b s 25"]);
    }

    #[test]
    fn values_nested_too_deep_for_protobuf_are_written_as_json() {
        let mut body = Value::from("bottom");
        for _ in 0..100 {
            body = [("m", body)].into_iter().collect::<ValueMap>().into();
        }
        let mut written = Vec::new();
        append_log_entries(&mut written, &[LogEntry::new(1, body)]);
        assert_eq!(validate(Signal::Logs, &written).unwrap(), 1);
        let request = ExportLogsServiceRequest::decode(&*written).unwrap();
        let mut value = request.resource_logs[0].scope_logs[0].log_records[0].body.clone().unwrap();
        for _ in 0..30 {
            let Some(any_value::Value::KvlistValue(map)) = value.value else { panic!("no map") };
            value = map.values[0].value.clone().unwrap();
        }
        let rest = format!("{}\"bottom\"{}", "{\"m\":".repeat(70), "}".repeat(70));
        assert_eq!(value.value, Some(any_value::Value::StringValue(rest)));
    }
}
