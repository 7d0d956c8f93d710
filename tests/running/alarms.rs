//! Alarms of the running binary: through kills in every state, in front of a real Alertmanager, and scaling real workers.

#[cfg(feature = "real-parts")]
mod alertmanager;
mod scaling;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::received::log_records_in;
use crate::send::post_json;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// How often it is looked again; five times a second, so for two minutes.
const LOOKS: usize = 600;

/// The change of one series.
type Change = (String, String);

#[tokio::test]
async fn states_live_through_kills_and_no_transition_is_lost_or_invented() {
    let directory = tempfile::tempdir().unwrap();
    let alarms = KilledAlarms { directory: directory.path(), otlp: free_address() };

    let first = alarms.start(1).await;
    let values = [("level", "a", 1.0), ("level", "b", 10.0), ("pulse", "c", 1.0)];
    alarms.feed_until(&values, &[("level a", "OK"), ("level b", "ALARM"), ("pulse c", "OK")]).await;
    let silent = &values[..2];
    alarms
        .feed_until(silent, &[("level a", "OK"), ("level b", "ALARM"), ("pulse c", "INSUFFICIENT_DATA")])
        .await;
    alarms.kill(first).await;

    let second = alarms.start(2).await;
    let values = [("level", "a", 10.0), ("level", "b", 1.0), ("pulse", "c", 10.0)];
    alarms.feed_until(&values, &[("level a", "ALARM"), ("level b", "OK"), ("pulse c", "ALARM")]).await;
    alarms.kill(second).await;

    let third = alarms.start(3).await;
    let values = [("level", "a", 1.0), ("level", "b", 10.0), ("pulse", "c", 1.0), ("level", "d", 1.0)];
    let all = [("level a", "OK"), ("level b", "ALARM"), ("pulse c", "OK"), ("level d", "OK")];
    alarms.feed_until(&values, &all).await;
    third.stop().await;

    let expected = [
        ("level a", vec!["INSUFFICIENT_DATA -> OK", "OK -> ALARM", "ALARM -> OK"]),
        ("level b", vec!["INSUFFICIENT_DATA -> ALARM", "ALARM -> OK", "OK -> ALARM"]),
        ("level d", vec!["INSUFFICIENT_DATA -> OK"]),
        (
            "pulse c",
            vec![
                "INSUFFICIENT_DATA -> OK",
                "OK -> INSUFFICIENT_DATA",
                "INSUFFICIENT_DATA -> ALARM",
                "ALARM -> OK",
            ],
        ),
    ];
    let told = alarms.transitions();
    let told: Vec<(&str, Vec<String>)> = told
        .iter()
        .map(|(series, changes)| {
            (series.as_str(), changes.iter().map(|(from, to)| format!("{from} -> {to}")).collect())
        })
        .collect();
    assert_eq!(format!("{told:?}"), format!("{expected:?}"));
}

/// Alarms with a storage, whose process is killed.
struct KilledAlarms<'a> {
    directory: &'a Path,
    otlp: SocketAddr,
}

impl KilledAlarms<'_> {
    /// Starts the process for the `life`th time.
    async fn start(&self, life: usize) -> WeirProcess {
        let config = format!(
            "extensions:
  file_storage: {{directory: '{storage}', create_directory: true}}
receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
connectors:
  alarms:
    storage: file_storage
    rules:
      - name: level
        metric: {{name: level, period: 1s, statistic: Maximum}}
        split_by: [unit]
        threshold: 5
        treat_missing_data: ignore
        evaluation_delay: 1s
      # Without a value for five periods it does not know.
      - name: pulse
        metric: {{name: pulse, period: 1s, statistic: Maximum}}
        split_by: [unit]
        threshold: 5
        evaluation_periods: 3
        datapoints_to_alarm: 1
        evaluation_delay: 1s
exporters:
  file: {{path: '{file}'}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [alarms]}}
    logs: {{receivers: [alarms], exporters: [file]}}
",
            storage = self.directory.join("storage").display(),
            otlp = self.otlp,
            file = self.told(life).display(),
        );
        Launch::of_text(&config, self.directory).start(self.directory, &format!("life-{life}")).await
    }

    async fn kill(&self, weir: WeirProcess) {
        weir.signal("-KILL").await;
        weir.end().await;
    }

    fn told(&self, life: usize) -> PathBuf {
        self.directory.join(format!("told-{life}.jsonl"))
    }

    /// Sends gauges until the last change of each series is to this state.
    async fn feed_until(&self, gauges: &[(&str, &str, f64)], states: &[(&str, &str)]) {
        for _look in 0..LOOKS {
            send_gauges(self.otlp, gauges).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            let told = self.transitions();
            let is_in = |(series, state): &(&str, &str)| {
                told.get(*series).and_then(|changes| changes.last()).is_some_and(|(_, to)| to == state)
            };
            if states.iter().all(is_in) {
                return;
            }
        }
        panic!("not all of {states:?} come: {:?}", self.transitions());
    }

    /// What every life told of each series. A kill between taking a record and forgetting it lets the same record come twice.
    fn transitions(&self) -> BTreeMap<String, Vec<Change>> {
        let mut seen = Vec::new();
        let mut changes: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for record in (1..=3).flat_map(|life| log_records_in(&self.told(life))) {
            let key = (record["timeUnixNano"].clone(), record["attributes"].clone());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let text = |key| attribute(&record, key);
            let series = format!("{} {}", text("alarm.name"), text("alarm.label.unit"));
            changes.entry(series).or_default().push((text("alarm.previous_state"), text("alarm.state")));
        }
        changes
    }
}

/// The text of an attribute.
fn attribute(record: &Value, key: &str) -> String {
    let attributes = record["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key} is missing in {record}"));
    found["value"]["stringValue"].as_str().unwrap().to_owned()
}

/// Sends gauges of now: names, values of the attribute `unit`, and values.
async fn send_gauges(otlp: SocketAddr, gauges: &[(&str, &str, f64)]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos().to_string();
    let gauge = |(name, unit, value): &(&str, &str, f64)| {
        let attributes = json!([{"key": "unit", "value": {"stringValue": unit}}]);
        let point = json!({"timeUnixNano": now, "asDouble": value, "attributes": attributes});
        json!({"name": name, "gauge": {"dataPoints": [point]}})
    };
    let metrics: Vec<Value> = gauges.iter().map(gauge).collect();
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]});
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &request).await;
}
