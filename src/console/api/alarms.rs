//! Alarms as the connector `alarms` tells of them: the gauge `alarm.state`, and a log record for each change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::attributes::value;
use crate::console::answer::{ApiError, CutShape, cut_shape, first_cut, milliseconds};
use crate::console::asked::Asked;
use crate::otlp::{Batch, LogRecordView};
use crate::store::filter::matching::record_time;
use crate::store::requests::minute_of;
use crate::store::{
    Aggregation, Answer, Condition, Cut, Field, Filter, LogSearch, MetricQuery, MetricSeries, Test, TimeRange,
};

/// Answer of `/alarms`.
#[derive(Debug, Serialize)]
pub struct Alarms {
    alarms: Vec<Alarm>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct Alarm {
    name: String,
    state: &'static str,
    since_ms: f64,
    reason: String,
    series: Vec<AlarmSeries>,
    /// As configured.
    rule: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize)]
struct AlarmSeries {
    labels: Labels,
    state: &'static str,
    since_ms: f64,
    reason: String,
    /// When it was last said to be so.
    #[serde(skip)]
    told_ms: f64,
}

/// Answer of `/alarms/history`.
#[derive(Debug, Serialize)]
pub struct AlarmHistory {
    changes: Vec<AlarmChange>,
    cut: Option<CutShape>,
}

/// A change of an alarm's state.
#[derive(Debug, Serialize)]
struct AlarmChange {
    time_ms: f64,
    name: String,
    labels: Labels,
    state: String,
    previous_state: String,
    reason: String,
}

type Labels = BTreeMap<String, String>;

/// The states with the value of the gauge, from good to bad.
const STATES: [&str; 3] = ["OK", "INSUFFICIENT_DATA", "ALARM"];
const NOT_DECIDED: &str = "Too few of its periods have ended to decide.";
const LABEL: &str = "alarm.label.";

/// The gauge comes each minute unless configured otherwise.
const STATE_WINDOW_NANO: u64 = 900_000_000_000;
const STEP_NANO: u64 = 60_000_000_000;
/// How far back reasons are looked for.
const REASON_WINDOW_NANO: u64 = 14 * 24 * 3_600_000_000_000;
const MOST_CHANGES: usize = 2_000;
/// As many as ten rules have.
const MOST_SERIES: usize = 100_000;
/// Of the series of each alarm the worst are shown.
const MOST_SERIES_SHOWN: usize = 1_000;
/// `alarm.state` in as many kinds and units, of which this project sends one.
const MOST_METRICS: usize = 1_000;

/// Every alarm, worst first.
pub fn alarms(asked: &Asked<'_>) -> Result<Alarms, ApiError> {
    let now = asked.console.clock.now_unix_nano();
    let rules = rules(asked);
    let mut alarms: BTreeMap<String, BTreeMap<Labels, AlarmSeries>> = BTreeMap::new();
    for name in rules.keys() {
        alarms.entry(name.clone()).or_default();
    }
    let states = states_now(asked, now)?;
    for (name, series) in states.value {
        alarms.entry(name).or_default().insert(series.labels.clone(), series);
    }
    let range = TimeRange { from_unix_nano: now.saturating_sub(REASON_WINDOW_NANO), to_unix_nano: u64::MAX };
    let (changes, changes_cut) = changes(asked, range, None, MOST_CHANGES)?;
    // They come newest first.
    for change in changes.into_iter().rev() {
        learn(alarms.entry(change.name.clone()).or_default(), change);
    }
    let has_more = alarms.values().any(|series| series.len() > MOST_SERIES_SHOWN);
    let cut = first_cut([states.cut, changes_cut, has_more.then_some(Cut::Rows)]);
    let mut alarms: Vec<Alarm> = alarms
        .into_iter()
        .map(|(name, series)| Alarm::of(series.into_values().collect(), rules.get(&name).cloned(), name))
        .collect();
    alarms.sort_by(|left, right| {
        badness(right.state).cmp(&badness(left.state)).then(right.since_ms.total_cmp(&left.since_ms))
    });
    Ok(Alarms { alarms, cut: cut_shape(cut, "series of alarms") })
}

/// Takes what a change says, where nothing newer was heard: the gauge comes each minute, or not at all where only the
/// logs of a connector `alarms` are kept. The change that led to a state tells its reason.
fn learn(known: &mut BTreeMap<Labels, AlarmSeries>, change: AlarmChange) {
    let Some(state) = STATES.iter().find(|state| **state == change.state) else { return };
    let is_news = known
        .get(&change.labels)
        .is_none_or(|series| change.time_ms >= series.told_ms || series.state == *state);
    if is_news {
        let told_ms = known.get(&change.labels).map_or(0.0, |series| series.told_ms).max(change.time_ms);
        let (labels, since_ms, reason) = (change.labels, change.time_ms, change.reason);
        known.insert(labels.clone(), AlarmSeries { labels, state, since_ms, reason, told_ms });
    } else if let Some(series) = known.get_mut(&change.labels) {
        // It left the state and came back; the change that says why is still to come.
        series.since_ms = series.told_ms;
        series.reason.clear();
    }
}

/// Changes of states, newest first.
pub fn history(asked: &Asked<'_>) -> Result<AlarmHistory, ApiError> {
    let limit = asked.rows("limit", 100, MOST_CHANGES)?;
    let (changes, cut) = changes(asked, asked.range()?, asked.text("name"), limit)?;
    Ok(AlarmHistory { changes, cut: cut_shape(cut, "changes") })
}

/// How many series of each service are in `ALARM`.
pub fn alarms_by_service(asked: &Asked<'_>) -> Result<Answer<BTreeMap<String, u64>>, ApiError> {
    let mut counts = BTreeMap::new();
    let states = states_now(asked, asked.console.clock.now_unix_nano())?;
    for (_, series) in states.value {
        if let Some(service) = series.labels.get("service.name").filter(|_| series.state == "ALARM") {
            *counts.entry(service.clone()).or_default() += 1;
        }
    }
    Ok(Answer { value: counts, cut: states.cut })
}

impl Alarm {
    /// The alarm is as its worst series, and that for as long as the first of those.
    fn of(mut series: Vec<AlarmSeries>, rule: Option<serde_json::Value>, name: String) -> Self {
        series.sort_by(|left, right| {
            badness(right.state).cmp(&badness(left.state)).then(left.since_ms.total_cmp(&right.since_ms))
        });
        series.truncate(MOST_SERIES_SHOWN);
        let worst = series.first().cloned();
        Self {
            name,
            state: worst.as_ref().map_or("INSUFFICIENT_DATA", |series| series.state),
            since_ms: worst.as_ref().map_or(0.0, |series| series.since_ms),
            reason: worst.map_or_else(|| "No data has come for it yet.".to_owned(), |series| series.reason),
            series,
            rule,
        }
    }
}

fn badness(state: &str) -> Option<usize> {
    STATES.iter().position(|known| *known == state)
}

/// The series of the gauge, each with the name of its alarm.
fn states_now(asked: &Asked<'_>, now: u64) -> Result<Answer<Vec<(String, AlarmSeries)>>, ApiError> {
    // Steps are whole minutes, or a state would begin at another moment each time.
    let from_unix_nano = minute_of(now.saturating_sub(STATE_WINDOW_NANO));
    let range = TimeRange { from_unix_nano, to_unix_nano: u64::MAX };
    let catalogue =
        asked.store().metric_catalogue(range, Some("alarm.state"), &asked.limits(MOST_METRICS))?;
    let fields = catalogue.value.into_iter().flat_map(|entry| entry.attributes).map(|(field, _)| field);
    let labels: BTreeSet<Field> =
        fields.filter(|field| matches!(field, Field::Attribute(key) if key.starts_with(LABEL))).collect();
    let group_by: Vec<Field> =
        [Field::Attribute("alarm.name".to_owned())].into_iter().chain(labels).collect();
    let question = MetricQuery {
        name: "alarm.state".to_owned(),
        range: TimeRange { to_unix_nano: now.saturating_add(STEP_NANO), ..range },
        step_nano: STEP_NANO,
        filter: Filter::default(),
        group_by: group_by.clone(),
        aggregation: Aggregation::Last,
    };
    let found = asked.store().query_metric(&question, &asked.limits(MOST_SERIES))?;
    let states = found.value.iter().filter_map(|series| state_of(series, &group_by)).collect();
    Ok(Answer { value: states, cut: first_cut([found.cut, catalogue.cut]) })
}

fn state_of(series: &MetricSeries, group_by: &[Field]) -> Option<(String, AlarmSeries)> {
    let newest = series.points.last()?;
    let state = STATES.get(newest.value as usize)?;
    let unchanged = series.points.iter().rev().take_while(|point| point.value == newest.value);
    let since = unchanged.last().map_or(newest.unix_nano, |point| point.unix_nano);
    let mut labels = Labels::new();
    for (field, text) in group_by.iter().zip(&series.group).skip(1) {
        if let (Field::Attribute(key), Some(text)) = (field, text) {
            labels.insert(key.trim_start_matches(LABEL).to_owned(), text.clone());
        }
    }
    let name = series.group.first()?.clone()?;
    let (since_ms, told_ms) = (milliseconds(since), milliseconds(newest.unix_nano));
    // Holds until a change says its own.
    let reason = if *state == "INSUFFICIENT_DATA" { NOT_DECIDED } else { "" };
    Some((name, AlarmSeries { labels, state, since_ms, reason: reason.to_owned(), told_ms }))
}

fn changes(
    asked: &Asked<'_>,
    range: TimeRange,
    name: Option<&str>,
    limit: usize,
) -> Result<(Vec<AlarmChange>, Option<Cut>), ApiError> {
    let condition =
        |key: &str, test| Condition { field: Field::Attribute(key.to_owned()), test, negated: false };
    let mut conditions = vec![condition("alarm.previous_state", Test::Exists)];
    conditions.extend(name.map(|name| condition("alarm.name", Test::Equals(name.to_owned()))));
    let search = LogSearch { range, filter: Filter { conditions }, before: None };
    let found = asked.store().search_logs(&search, &asked.limits(limit))?;
    Ok((changes_in(&found.value.records), found.cut))
}

fn changes_in(batch: &Batch) -> Vec<AlarmChange> {
    let scope_groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
    scope_groups.flat_map(|group| group.log_records()).map(|record| change(&record)).collect()
}

fn change(record: &LogRecordView<'_>) -> AlarmChange {
    let text = |key: &str| record.attributes.get(key).map(|any| any.to_text()).unwrap_or_default();
    let labels = record.attributes.iter().filter_map(|attribute| {
        let key = attribute.key.to_string();
        let label = key.strip_prefix(LABEL)?.to_owned();
        Some((label, attribute.value().to_text()))
    });
    AlarmChange {
        time_ms: milliseconds(record_time(record)),
        name: text("alarm.name"),
        labels: labels.collect(),
        state: text("alarm.state"),
        previous_state: text("alarm.previous_state"),
        reason: record.attributes.get("alarm.reason").map_or_else(
            || value(record.body).as_str().unwrap_or_default().to_owned(),
            |reason| reason.to_text(),
        ),
    }
}

/// The rules of every connector `alarms` that runs, by name.
fn rules(asked: &Asked<'_>) -> BTreeMap<String, serde_json::Value> {
    let components = asked.console.service.components.iter();
    let sections =
        components.filter(|component| component.type_name == "alarms").map(|component| &component.section);
    let rules = sections.filter_map(|section| section.get("rules")?.as_sequence()).flatten();
    let named = rules.filter_map(|rule| {
        let name = rule.get("name")?.as_str()?.to_owned();
        Some((name, serde_json::to_value(rule).ok()?))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(time_ms: f64, state: &str) -> AlarmChange {
        let (name, previous_state) = ("a".to_owned(), String::new());
        let reason = format!("{state} at {time_ms}");
        AlarmChange { time_ms, name, labels: Labels::new(), state: state.to_owned(), previous_state, reason }
    }

    /// The state after the changes, with the gauge's where it said one.
    fn state_after(gauge: Option<(f64, &'static str)>, changes: &[(f64, &str)]) -> (&'static str, String) {
        let mut known = BTreeMap::new();
        if let Some((told_ms, state)) = gauge {
            let (labels, reason) = (Labels::new(), String::new());
            known.insert(Labels::new(), AlarmSeries { labels, state, since_ms: told_ms, reason, told_ms });
        }
        for (time_ms, state) in changes {
            learn(&mut known, change(*time_ms, state));
        }
        let series = known.into_values().next().unwrap();
        (series.state, series.reason)
    }

    #[test]
    fn what_was_heard_last_holds() {
        let changes = [(1.0, "OK"), (5.0, "ALARM")];
        assert_eq!(state_after(None, &changes), ("ALARM", "ALARM at 5".to_owned()));
        assert_eq!(state_after(Some((3.0, "OK")), &changes), ("ALARM", "ALARM at 5".to_owned()));
        assert_eq!(state_after(Some((9.0, "ALARM")), &changes), ("ALARM", "ALARM at 5".to_owned()));
        assert_eq!(state_after(Some((9.0, "OK")), &changes), ("OK", String::new()));
        let back = [(1.0, "OK"), (5.0, "ALARM"), (8.0, "OK")];
        assert_eq!(state_after(Some((9.0, "OK")), &back), ("OK", "OK at 8".to_owned()));
    }
}
