//! What comes out of alarms: a log record for each transition, and a metric of how the series stand.

use std::collections::BTreeMap;

use super::untold::UntoldTransition;
use crate::alarms::{AlarmState, Rule, SeriesRecord};
use crate::build_info;
use crate::log_operators::{LogEntry, Value, ValueMap, put_log_entries, put_value};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{MetricKind, Point, PointValue};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::otlp::{Batch, NumberValue};

const SCOPE: &str = "weir/alarms";

/// A record for each transition.
pub(super) fn transition_logs<'a>(
    transitions: impl Iterator<Item = &'a UntoldTransition>,
    now_unix_nano: u64,
) -> Batch {
    let entries: Vec<LogEntry> = transitions.map(|transition| log_entry(transition, now_unix_nano)).collect();
    put_log_entries(&entries)
}

fn log_entry(transition: &UntoldTransition, now_unix_nano: u64) -> LogEntry {
    let notification = &transition.notification;
    let state = notification.state.name();
    let mut attributes = ValueMap::default();
    let mut put = |key: &str, value: Value| attributes.insert(key, value);
    put("alarm.name", notification.alarm.as_str().into());
    put("alarm.state", state.into());
    put("alarm.previous_state", notification.previous_state.name().into());
    put("alarm.reason", notification.reason.as_str().into());
    put("alarm.threshold", Value::Double(notification.threshold));
    if let Some(value) = notification.value {
        put("alarm.value", Value::Double(value));
    }
    for (key, value) in labels(&notification.labels, &notification.series) {
        put(&key, value.into());
    }
    LogEntry {
        observed_unix_nano: now_unix_nano,
        time_unix_nano: Some(transition.time_unix_nano),
        severity: severity_of(notification.state),
        body: format!("{} is {state}: {}", notification.alarm, notification.reason).into(),
        attributes,
        resource: [("service.name", build_info::COMMAND)].into_iter().collect(),
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
    let mut resource = Vec::new();
    put_message(&mut resource, 1, |out| put_attribute(out, "service.name", build_info::COMMAND));
    put_resource_group(&mut body, &resource, b"", |out| {
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
    let of_rule = rule.config.labels.iter().map(|(key, value)| (key, &value.0));
    for (key, value) in labels(of_rule, rule.config.split_by.iter().zip(&record.key)) {
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
    put_message(out, 2, |out| put_value(out, &value.into()));
}

/// The labels of the rule and of the series as attributes: `alarm.label.` before each key, so that none of them
/// can be taken for one of the alarm itself. What the series says is stronger.
fn labels<'a>(
    of_rule: impl IntoIterator<Item = (&'a String, &'a String)>,
    of_series: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<String, &'a str> {
    let all = of_rule.into_iter().chain(of_series);
    all.map(|(key, value)| (format!("alarm.label.{key}"), value.as_str())).collect()
}
