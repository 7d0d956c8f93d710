//! What an action is told of a transition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alarms::{AlarmState, Rule, SeriesRecord};
use crate::telemetry::UtcTime;

/// An alarm and one of its series, by the values it is split by.
pub type Subject = (String, Vec<String>);

/// A transition as it is told. Its JSON form is what a webhook gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same for each attempt to deliver it: the alarm, the series and the number of the transition.
    pub id: String,
    /// The name of the alarm.
    pub alarm: String,
    /// What the alarm means.
    pub description: String,
    /// The state that began.
    pub state: AlarmState,
    /// The state that ended.
    pub previous_state: AlarmState,
    /// Why, in words.
    pub reason: String,
    /// When, as in RFC 3339.
    pub time: String,
    /// The series: the attributes the alarm splits by.
    pub series: BTreeMap<String, String>,
    /// The last value, where there was one.
    pub value: Option<f64>,
    /// What it is held against.
    pub threshold: f64,
    /// How.
    pub comparison_operator: String,
    /// The labels of the alarm.
    pub labels: BTreeMap<String, String>,
    /// The texts of the alarm for people.
    pub annotations: BTreeMap<String, String>,
}

impl Notification {
    /// What is to be told of a series of `rule`, whose state was `previous_state` before.
    pub fn new(rule: &Rule, series: &SeriesRecord, previous_state: AlarmState, value: Option<f64>) -> Self {
        let config = &rule.config;
        let key = series.key.join("/");
        Self {
            id: format!("{}/{key}/{}", config.name, series.transitions),
            alarm: config.name.clone(),
            description: config.description.clone(),
            state: series.state,
            previous_state,
            reason: series.reason.clone(),
            time: UtcTime::from_unix_nano(series.since_unix_nano).rfc3339_nanos(),
            series: config.split_by.iter().cloned().zip(series.key.iter().cloned()).collect(),
            value,
            threshold: config.threshold,
            comparison_operator: config.comparison_operator.word().to_owned(),
            labels: config.labels.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect(),
            annotations: config.annotations.clone(),
        }
    }

    /// The alarm and its series, which all notifications about it have in common.
    pub fn subject(&self) -> Subject {
        (self.alarm.clone(), self.series.values().cloned().collect())
    }
}
