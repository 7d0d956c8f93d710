//! What comes out of alarms: a log record for each transition, and a metric of how the series stand.

use std::collections::BTreeMap;

use crate::alarms::{AlarmState, Rule, SeriesRecord, Transition};
use crate::log_operators::{LogEntry, Value, ValueMap, put_log_entries, put_value};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{MetricKind, Point, PointValue};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::otlp::{Batch, NumberValue};

const SCOPE: &str = "weir/alarms";

/// A record for each transition.
pub(super) fn transition_logs(rules: &[Rule], transitions: &[Transition], now_unix_nano: u64) -> Batch {
    let entries: Vec<LogEntry> = transitions
        .iter()
        .filter_map(|transition| Some(log_entry(rules.get(transition.rule)?, transition, now_unix_nano)))
        .collect();
    put_log_entries(&entries)
}

fn log_entry(rule: &Rule, transition: &Transition, now_unix_nano: u64) -> LogEntry {
    let series = &transition.series;
    let (severity, state) = (severity_of(series.state), series.state.name());
    let mut attributes = ValueMap::default();
    let mut put = |key: &str, value: Value| attributes.insert(key, value);
    put("alarm.name", Value::String(rule.config.name.clone()));
    put("alarm.state", Value::String(state.to_owned()));
    put("alarm.previous_state", Value::String(transition.previous.name().to_owned()));
    put("alarm.reason", Value::String(series.reason.clone()));
    put("alarm.threshold", Value::Double(rule.config.threshold));
    if let Some(value) = transition.value {
        put("alarm.value", Value::Double(value));
    }
    for (key, value) in labels(rule, series) {
        put(&key, Value::String(value.to_owned()));
    }
    LogEntry {
        observed_unix_nano: now_unix_nano,
        time_unix_nano: Some(series.since_unix_nano),
        severity,
        body: Value::String(format!("{} is {state}: {}", rule.config.name, series.reason)),
        attributes,
        scope_name: SCOPE.to_owned(),
        ..LogEntry::default()
    }
}

/// OTLP's severity number.
const fn severity_of(state: AlarmState) -> u8 {
    match state {
        AlarmState::Ok => 9,
        AlarmState::InsufficientData => 13,
        AlarmState::Alarm => 17,
    }
}

/// The gauge `alarm.state`: how each series stands, as a number.
pub(super) fn state_metrics(rules: &[Rule], records: &[Vec<SeriesRecord>], now_unix_nano: u64) -> Batch {
    let header = MetricHeader {
        name: b"alarm.state",
        description: b"State of a series of an alarm: 0 for OK, 1 for INSUFFICIENT_DATA, 2 for ALARM.",
        unit: b"1",
        ..MetricHeader::of_kind(MetricKind::Gauge)
    };
    let mut scope = Vec::new();
    put_length_delimited(&mut scope, 1, SCOPE.as_bytes());
    if records.iter().all(Vec::is_empty) {
        return Batch::empty(crate::otlp::Signal::Metrics);
    }
    let mut body = Vec::new();
    put_resource_group(&mut body, b"", b"", |out| {
        put_scope_group(out, &scope, b"", |out| {
            put_metric(out, &header, |out| {
                for (rule, records) in rules.iter().zip(records) {
                    records.iter().for_each(|record| put_state(out, rule, record, now_unix_nano));
                }
            });
        });
    });
    metrics_batch(body)
}

fn put_state(out: &mut Vec<u8>, rule: &Rule, record: &SeriesRecord, now_unix_nano: u64) {
    let mut attributes = MessageList::default();
    attributes.push_with(|out| put_attribute(out, "alarm.name", &rule.config.name));
    for (key, value) in labels(rule, record) {
        attributes.push_with(|out| put_attribute(out, &key, value));
    }
    let point = Point {
        start_time_unix_nano: 0,
        time_unix_nano: now_unix_nano,
        value: PointValue::Number(NumberValue::Int(record.state.number())),
        exemplars: MessageList::default(),
    };
    put_point(out, &attributes, &point);
}

fn put_attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    put_length_delimited(out, 1, key.as_bytes());
    put_message(out, 2, |out| put_value(out, &Value::String(value.to_owned())));
}

/// The labels of the rule and of the series as attributes: `alarm.label.` before each key, so that none of them
/// can be taken for one of the alarm itself. What the series says is stronger.
fn labels<'a>(rule: &'a Rule, series: &'a SeriesRecord) -> BTreeMap<String, &'a str> {
    let of_rule = rule.config.labels.iter().map(|(key, value)| (key, value.0.as_str()));
    let of_series = rule.config.split_by.iter().zip(series.key.iter().map(String::as_str));
    of_rule.chain(of_series).map(|(key, value)| (format!("alarm.label.{key}"), value)).collect()
}
