//! The action `alertmanager` in front of a real Alertmanager, which says by its own API what it was told. Needs
//! `tests/tools/alertmanager/install`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{LOOKS, send_gauges};
use crate::prometheus::{cached_program, get};
use crate::weir_process::{Launch, free_address};

#[tokio::test]
async fn an_alertmanager_receives_an_alarm_and_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let [otlp, api] = [free_address(), free_address()];
    let _alertmanager = start_alertmanager(api, directory).await;
    // An alert would end by itself after four times `resend`, which is longer than this test waits.
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
connectors:
  alarms:
    rules:
      - name: too hot
        description: Somebody left the stove on.
        metric: {{name: temperature, period: 1s, statistic: Maximum}}
        split_by: [unit]
        threshold: 80
        treat_missing_data: ignore
        evaluation_delay: 1s
        labels: {{severity: page}}
        annotations: {{runbook: open a window}}
        alarm_actions: [people]
    actions:
      people: {{type: alertmanager, urls: ['http://{api}'], resend: 1h}}
exporters: {{nop: }}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [alarms]}}
    logs: {{receivers: [alarms], exporters: [nop]}}
"
    );
    let weir = Launch::of_text(&config, directory).start(directory, "weir").await;
    let hot = [("temperature", "kitchen", 90.0), ("temperature", "hall", 20.0)];
    let alerts = feed_until_alerts(otlp, &hot, api, 1).await;
    let labels =
        json!({"alertname": "too hot", "alarm_state": "ALARM", "severity": "page", "unit": "kitchen"});
    assert_eq!(alerts[0]["labels"], labels);
    let annotations = alerts[0]["annotations"].as_object().unwrap();
    assert_eq!(annotations["description"], "Somebody left the stove on.");
    assert_eq!(annotations["runbook"], "open a window");
    let reason = annotations["reason"].as_str().unwrap();
    assert!(reason.starts_with("Threshold Crossed: 1 datapoint [90 ("), "{reason}");
    assert_eq!(alerts[0]["status"]["state"], "active");

    let cool = [("temperature", "kitchen", 20.0)];
    feed_until_alerts(otlp, &cool, api, 0).await;
    weir.stop().await;
}

/// Sends gauges until Alertmanager has so many alerts that have not ended.
async fn feed_until_alerts(
    otlp: SocketAddr,
    gauges: &[(&str, &str, f64)],
    api: SocketAddr,
    count: usize,
) -> Vec<Value> {
    let mut answer = String::new();
    for _look in 0..LOOKS {
        send_gauges(otlp, gauges).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        answer = get(api, "/api/v2/alerts").await;
        let alerts: Vec<Value> = serde_json::from_str(&answer).unwrap();
        if alerts.len() == count {
            return alerts;
        }
    }
    panic!("there are not {count} alerts: {answer}");
}

async fn start_alertmanager(api: SocketAddr, directory: &Path) -> Child {
    let config = directory.join("alertmanager.yaml");
    std::fs::write(&config, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let log = std::fs::File::create(directory.join("alertmanager.log")).unwrap();
    let process = Command::new(cached_program("alertmanager", "alertmanager"))
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", directory.join("alertmanager").display()))
        .arg(format!("--web.listen-address={api}"))
        // Alone, without others to agree with.
        .arg("--cluster.listen-address=")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("tests/tools/alertmanager/install gets Alertmanager: {error}"));
    for _look in 0..LOOKS {
        if TcpStream::connect(api).await.is_ok() {
            return process;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!(
        "Alertmanager does not listen: {}",
        std::fs::read_to_string(directory.join("alertmanager.log")).unwrap()
    );
}
