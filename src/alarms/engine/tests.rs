//! Rules over metrics in time: which samples count, when a state changes, and what a restart leaves.

use super::*;
use crate::alarms::RuleConfig;
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::otlp::Signal;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
/// A whole number of hours since 1970.
const START: u64 = 490_000 * 3600 * SECOND;

/// A rule as users write it.
fn rule(yaml: &str) -> Rule {
    let node = parse_yaml(yaml, &std::sync::Arc::from("rule")).unwrap();
    let (mut config, mut decoding) = (RuleConfig::default(), Decoding::default());
    config.update(&node, &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    Rule::new(&config).unwrap()
}

/// One data point.
struct Point {
    metric: &'static str,
    seconds: u64,
    value: f64,
    attributes: Vec<(&'static str, &'static str)>,
    /// A cumulative counter's start; a gauge without.
    counts_since: Option<u64>,
}

fn gauge(metric: &'static str, seconds: u64, value: f64) -> Point {
    Point { metric, seconds, value, attributes: Vec::new(), counts_since: None }
}

impl Point {
    fn of(mut self, key: &'static str, value: &'static str) -> Self {
        self.attributes.push((key, value));
        self
    }

    fn counted_since(mut self, seconds: u64) -> Self {
        self.counts_since = Some(seconds);
        self
    }

    /// A batch with this host's name on it.
    fn named(&self, host: &str) -> Batch {
        self.batch_with(&[("service.name", "web"), ("host.name", host)])
    }

    fn batch(&self, service: &str) -> Batch {
        self.batch_with(&[("service.name", service)])
    }

    fn batch_with(&self, resource: &[(&str, &str)]) -> Batch {
        let time = |seconds: u64| (START + seconds * SECOND).to_string();
        let attribute =
            |(key, value): &(&str, &str)| serde_json::json!({"key": key, "value": {"stringValue": value}});
        let mut point = serde_json::json!({
            "timeUnixNano": time(self.seconds),
            "asDouble": self.value,
            "attributes": self.attributes.iter().map(attribute).collect::<Vec<_>>(),
        });
        let data = match self.counts_since {
            None => serde_json::json!({"gauge": {"dataPoints": [point]}}),
            Some(since) => {
                point["startTimeUnixNano"] = time(since).into();
                serde_json::json!({"sum": {
                    "dataPoints": [point], "aggregationTemporality": 2, "isMonotonic": true
                }})
            }
        };
        let mut metric = data;
        metric["name"] = self.metric.into();
        let body = serde_json::json!({"resourceMetrics": [{
            "resource": {"attributes": resource.iter().map(attribute).collect::<Vec<_>>()},
            "scopeMetrics": [{"metrics": [metric]}],
        }]});
        crate::otlp::json::decode_json(Signal::Metrics, body.to_string().as_bytes()).unwrap()
    }
}

/// An engine with its own time.
struct Station {
    engine: Engine,
}

impl Station {
    fn watching(rule_yaml: &str) -> Self {
        Self { engine: Engine::new(vec![rule(rule_yaml)], Vec::new(), START) }
    }

    fn take(&self, point: &Point) {
        self.engine.take(&point.batch("web"), START + point.seconds * SECOND);
    }

    /// The transitions when it is this many seconds after the start.
    fn at(&self, seconds: u64) -> Vec<String> {
        let told = |transition: Transition| {
            let key = transition.series.key.join(",");
            let (previous, state) = (transition.previous.name(), transition.series.state.name());
            format!("{key}: {previous} -> {state}")
        };
        self.engine.close_due(START + seconds * SECOND).transitions.into_iter().map(told).collect()
    }
}

const HIGH_CPU: &str = "
name: high cpu
metric: {name: cpu, statistic: Average, period: 60s}
threshold: 80
evaluation_periods: 2
evaluation_delay: 10s
";

#[test]
fn a_state_changes_when_the_period_and_its_delay_are_over() {
    let station = Station::watching(HIGH_CPU);
    for (seconds, value) in [(10, 90.0), (50, 80.0), (70, 95.0)] {
        station.take(&gauge("cpu", seconds, value));
    }
    assert_eq!(station.at(69), [""; 0]);
    assert_eq!(station.at(70), [""; 0], "one breaching period of two");
    assert_eq!(station.at(130), [": INSUFFICIENT_DATA -> ALARM"]);
    station.take(&gauge("cpu", 140, 10.0));
    assert_eq!(station.at(190), [": ALARM -> OK"]);
}

#[test]
fn what_comes_after_the_delay_is_counted_and_left_out() {
    let station = Station::watching(HIGH_CPU);
    assert_eq!(station.at(75), [""; 0]);
    station.take(&gauge("cpu", 30, 99.0));
    station.engine.take(&gauge("cpu", 300, 99.0).batch("web"), START + 75 * SECOND);
    let counts = EngineCounts { late: 1, early: 1, beyond_limit: 0 };
    assert_eq!(station.engine.counts(), counts);
}

#[test]
fn each_combination_of_values_has_its_own_state() {
    let station = Station::watching(
        "{name: disk, metric: {name: used, dimensions: {device: sd*}}, split_by: [device], threshold: 0.9}",
    );
    for (device, value) in [("sda", 0.95), ("sdb", 0.5), ("loop0", 1.0)] {
        station.take(&gauge("used", 30, value).of("device", device));
    }
    assert_eq!(station.at(75), ["sda: INSUFFICIENT_DATA -> ALARM", "sdb: INSUFFICIENT_DATA -> OK"]);
}

#[test]
fn a_counter_counts_by_how_much_it_grew() {
    let station = Station::watching(
        "{name: flood, metric: {name: requests, statistic: Sum}, threshold: 100, treat_missing_data: notBreaching}",
    );
    let requests = |seconds, total| gauge("requests", seconds, total).counted_since(0);
    station.engine.take(&gauge("requests", 10, 5000.0).counted_since(0).batch("web"), START);
    for (seconds, total) in [(61, 5050.0), (119, 5100.0), (121, 5201.0)] {
        station.take(&requests(seconds, total));
    }
    assert_eq!(station.at(75), [": INSUFFICIENT_DATA -> ALARM"], "it began when the engine did");
    assert_eq!(station.at(135), [": ALARM -> OK"], "100 is not more than 100");
    assert_eq!(station.at(195), [": OK -> ALARM"]);
}

#[test]
fn an_expression_is_watched_over_several_metrics() {
    let station = Station::watching(
        "
name: errors
split_by: [service.name]
threshold: 5
metrics:
  - {id: e, expression: 100 * failed / all, return_data: true}
  - {id: failed, metric: {name: requests, dimensions: {status: /^5/}, statistic: Sum}}
  - {id: all, metric: {name: requests, statistic: Sum}}
",
    );
    for (status, count) in [("200", 94.0), ("500", 4.0), ("503", 2.0)] {
        station.take(&gauge("requests", 5, count).of("status", status));
    }
    assert_eq!(station.at(75), ["web: INSUFFICIENT_DATA -> ALARM"]);
}

#[test]
fn a_namespace_is_who_sends() {
    let station = Station::watching("{name: a, metric: {name: cpu, namespace: shop/*}, threshold: 1}");
    station.take(&gauge("cpu", 5, 9.0));
    assert_eq!(station.at(75), [""; 0]);
    station.engine.take(&gauge("cpu", 65, 9.0).batch("shop/web"), START + MINUTE);
    assert_eq!(station.at(135), [": INSUFFICIENT_DATA -> ALARM"]);
}

#[test]
fn a_restart_in_any_state_changes_nothing() {
    for (value, state) in
        [(Some(90.0), AlarmState::Alarm), (Some(1.0), AlarmState::Ok), (None, AlarmState::InsufficientData)]
    {
        let before = Station::watching(HIGH_CPU);
        for seconds in [10, 70] {
            if let Some(value) = value {
                before.take(&gauge("cpu", seconds, value));
            }
        }
        let _ = before.at(130);
        let records = before.engine.records();
        assert_eq!(records[0][0].state, state);
        // It was away for three minutes, and comes back in the middle of a period.
        let back = START + 5 * MINUTE + 30 * SECOND;
        let after = Station { engine: Engine::new(vec![rule(HIGH_CPU)], records.clone(), back) };
        assert_eq!(after.engine.records(), records);
        assert_eq!(after.at(330), [""; 0]);
        if let Some(value) = value {
            after.take(&gauge("cpu", 340, 100.0 - value));
            after.take(&gauge("cpu", 370, value));
        }
        assert_eq!(after.at(440), [""; 0], "{state:?}");
        assert_eq!(after.engine.counts(), EngineCounts::default());
    }
}

#[test]
fn a_series_that_is_gone_for_long_is_forgotten_out_of_alarm() {
    let station = Station::watching(
        "
name: hosts
metric: {name: cpu}
split_by: [host.name]
threshold: 80
treat_missing_data: ignore
series_expiration: 10m
",
    );
    station.take(&gauge("cpu", 5, 90.0).of("host.name", "a"));
    assert_eq!(station.at(75), ["a: INSUFFICIENT_DATA -> ALARM"]);
    assert_eq!(station.at(9 * 60), [""; 0]);
    let closed = station.engine.close_due(START + 11 * MINUTE);
    assert_eq!(closed.transitions.len(), 1);
    assert_eq!((closed.transitions[0].previous, closed.forgotten.len()), (AlarmState::Alarm, 1));
    assert_eq!(closed.forgotten[0].series.state, AlarmState::InsufficientData);
    assert!(station.engine.records()[0].is_empty());
}

#[test]
fn a_long_sleep_closes_no_more_than_a_window() {
    let station = Station::watching(HIGH_CPU);
    station.take(&gauge("cpu", 10, 90.0));
    assert_eq!(station.at(1_000_000 * 60), [""; 0]);
    assert_eq!(station.engine.records()[0][0].window.len(), 4);
    assert_eq!(station.engine.next_due_unix_nano(), Some(START + 1_000_000 * MINUTE + 10 * SECOND));
}

#[test]
fn a_clock_that_is_set_back_begins_the_periods_anew() {
    const NINE_DAYS: u64 = 9 * 24 * 3600;
    let station = Station::watching("{name: a, metric: {name: cpu}, threshold: 80, evaluation_delay: 10s}");
    station.take(&gauge("cpu", 3605, 10.0));
    assert_eq!(station.at(3670), [": INSUFFICIENT_DATA -> OK"]);
    let set_back = |seconds| station.engine.close_due(START + seconds * SECOND).was_set_back;
    // By an hour, into the middle of a period, and nothing of the next one is late.
    assert!(set_back(100));
    assert!(!set_back(101));
    station.take(&gauge("cpu", 130, 90.0));
    assert_eq!(station.at(190), [": OK -> ALARM"]);
    // Nine days ahead for a moment.
    assert_eq!(station.at(NINE_DAYS), [": ALARM -> INSUFFICIENT_DATA"]);
    assert!(set_back(200));
    station.take(&gauge("cpu", 250, 90.0));
    assert_eq!(station.at(310), [": INSUFFICIENT_DATA -> ALARM"]);
    assert_eq!(station.engine.counts(), EngineCounts::default());
}

#[test]
fn values_somebody_invents_make_room_for_those_that_matter() {
    let station = Station::watching(
        "{name: a, metric: {name: cpu}, split_by: [host.name], threshold: 80, evaluation_delay: 0s}",
    );
    let invent = |number: usize| {
        let batch =
            gauge("cpu", 1, if number == 7 { 90.0 } else { 1.0 }).named(&format!("invented-{number:05}"));
        station.engine.take(&batch, START + SECOND);
    };
    (0..10_000).for_each(invent);
    station.take(&gauge("cpu", 2, 90.0).of("host.name", "real"));
    assert_eq!(station.engine.counts().beyond_limit, 1, "each of them has a data point in its period");
    let closed = station.engine.close_due(START + MINUTE);
    assert_eq!((closed.transitions.len(), closed.full), (10_000, vec![0]));
    assert_eq!(station.engine.close_due(START + 2 * MINUTE).full, [0; 0], "it is told once");

    station.take(&gauge("cpu", 122, 90.0).of("host.name", "real"));
    let closed = station.engine.close_due(START + 3 * MINUTE);
    let [forgotten] = closed.forgotten.as_slice() else { panic!("{:?}", closed.forgotten) };
    assert_eq!(forgotten.series.state, AlarmState::Ok);
    let changed = closed.transitions.iter().find(|transition| transition.series.key == ["real"]);
    assert_eq!(changed.map(|transition| transition.series.state), Some(AlarmState::Alarm));
    let kept = &station.engine.records()[0];
    assert_eq!(kept.len(), 10_000);
    assert!(kept.iter().any(|record| record.key == ["invented-00007"]), "that one is in ALARM");
}

#[tokio::test(start_paused = true)]
async fn counters_that_are_gone_for_long_are_forgotten() {
    let station =
        Station::watching("{name: a, metric: {name: requests}, threshold: 1, series_expiration: 10m}");
    let tasks = TaskScope::new(crate::pipeline::testing::settings("alarms", Signal::Metrics).workers);
    station.engine.forget_stale_counters(&tasks, Clock::starting_at(START + SECOND));
    station.take(&gauge("requests", 0, 5.0).counted_since(0));
    station.take(&gauge("requests", 300, 5.0).counted_since(0).of("host.name", "a"));
    assert_eq!(station.engine.reader.counters.count(), 2);
    tokio::time::sleep(std::time::Duration::from_secs(601)).await;
    assert_eq!(station.engine.reader.counters.count(), 1);
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(station.engine.reader.counters.count(), 0);
}
