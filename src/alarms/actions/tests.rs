//! Actions from a transition to their end: what is told, what is tried again, and what is not done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::alarms::AlarmState;
use crate::config::GoDuration;
use crate::network::http_server::testing::{RecordingServer, loopback, response};
use crate::otlp::Signal;
use crate::pipeline::testing::settings;

fn notification(alarm: &str, state: AlarmState, number: u64) -> Notification {
    Notification {
        id: format!("{alarm}//{number}"),
        alarm: alarm.to_owned(),
        description: "What it means.".to_owned(),
        state,
        previous_state: AlarmState::InsufficientData,
        reason: "Threshold Crossed.".to_owned(),
        time: "2026-01-01T00:01:00Z".to_owned(),
        series: BTreeMap::from([("host.name".to_owned(), "a".to_owned())]),
        value: Some(81.5),
        threshold: 80.0,
        comparison_operator: "GreaterThanThreshold".to_owned(),
        labels: BTreeMap::from([("severity".to_owned(), "page".to_owned())]),
        annotations: BTreeMap::new(),
    }
}

fn runner(name: &str, config: ActionConfig, memory: ActionMemory) -> ActionRunner {
    let actions = Actions(BTreeMap::from([(name.to_owned(), config)]));
    let runner =
        ActionRunner::new(&actions, &settings("alarms", Signal::Metrics), &tracing::Span::none(), memory);
    let runner = runner.unwrap();
    runner.start();
    runner
}

fn webhook(server: &RecordingServer) -> ActionConfig {
    let mut config = WebhookConfig::default();
    config.client.endpoint = format!("http://{}/hook", server.address);
    ActionConfig::Webhook(Box::new(config))
}

fn tell(runner: &ActionRunner, action: &str, notification: Notification, is_wanted: bool) {
    runner.tell(Delivery { action: action.to_owned(), notification, is_wanted });
}

/// The bodies the server has got, once there are so many.
async fn bodies(server: &RecordingServer, count: usize) -> Vec<serde_json::Value> {
    for _ in 0..500 {
        if server.requests().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let requests = server.requests();
    assert_eq!(requests.len(), count);
    requests.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
}

#[tokio::test]
async fn a_webhook_gets_what_it_is_named_for_as_json() {
    let server = RecordingServer::start(loopback()).await;
    let runner = runner("hook", webhook(&server), ActionMemory::default());
    tell(&runner, "hook", notification("high cpu", AlarmState::Ok, 1), false);
    tell(&runner, "hook", notification("high cpu", AlarmState::Alarm, 2), true);
    let [body] = bodies(&server, 1).await.try_into().unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "id": "high cpu//2",
            "alarm": "high cpu",
            "description": "What it means.",
            "state": "ALARM",
            "previous_state": "INSUFFICIENT_DATA",
            "reason": "Threshold Crossed.",
            "time": "2026-01-01T00:01:00Z",
            "series": {"host.name": "a"},
            "value": 81.5,
            "threshold": 80.0,
            "comparison_operator": "GreaterThanThreshold",
            "labels": {"severity": "page"},
            "annotations": {},
        })
    );
}

#[tokio::test]
async fn what_is_not_taken_comes_again_in_order_and_what_is_refused_does_not() {
    let server = RecordingServer::start(loopback()).await;
    for status in [503, 400, 200] {
        server.answer_next(response(status, &[], b""));
    }
    let runner = runner("hook", webhook(&server), ActionMemory::default());
    tell(&runner, "hook", notification("a", AlarmState::Alarm, 1), true);
    tell(&runner, "hook", notification("a", AlarmState::Ok, 2), true);
    let ids: Vec<_> = bodies(&server, 3).await.into_iter().map(|body| body["id"].clone()).collect();
    assert_eq!(ids, ["a//1", "a//1", "a//2"]);
}

#[tokio::test]
async fn what_waits_at_the_end_is_delivered_by_the_next_process() {
    let server = RecordingServer::start(loopback()).await;
    server.answer_next(response(503, &[], b""));
    let first = runner("hook", webhook(&server), ActionMemory::default());
    tell(&first, "hook", notification("a", AlarmState::Alarm, 1), true);
    bodies(&server, 1).await;
    first.shutdown(tokio::time::Instant::now() + Duration::from_secs(5)).await;
    let json = serde_json::to_vec(&first.memory()).unwrap();
    let _second = runner("hook", webhook(&server), serde_json::from_slice(&json).unwrap());
    assert_eq!(bodies(&server, 2).await[1]["id"], "a//1");
}

#[tokio::test]
async fn an_alertmanager_hears_of_the_beginning_and_the_end() {
    let server = RecordingServer::start(loopback()).await;
    let mut config =
        AlertmanagerConfig { urls: vec![format!("http://{}/", server.address)], ..Default::default() };
    config.resend = GoDuration::from_secs(3600);
    let runner = runner("am", ActionConfig::Alertmanager(Box::new(config)), ActionMemory::default());
    tell(&runner, "am", notification("high cpu", AlarmState::Alarm, 1), true);
    tell(&runner, "am", notification("high cpu", AlarmState::Ok, 2), false);
    let sent = bodies(&server, 2).await;
    assert_eq!(server.requests()[0].0.uri.path(), "/api/v2/alerts");
    let labels = serde_json::json!({
        "alertname": "high cpu", "alarm_state": "ALARM", "severity": "page", "host_name": "a"
    });
    for alerts in &sent {
        assert_eq!(alerts.as_array().unwrap().len(), 1);
        assert_eq!(alerts[0]["labels"], labels);
        assert_eq!(alerts[0]["startsAt"], "2026-01-01T00:01:00Z");
    }
    let ends: Vec<&str> = sent.iter().map(|alerts| alerts[0]["endsAt"].as_str().unwrap()).collect();
    assert!(ends[1] < ends[0], "{ends:?}: the second says that it is over");
}

/// A program that appends what it is told to a file.
fn program(directory: &Path) -> String {
    let path = directory.join("scale");
    let told = directory.join("told");
    let script = format!(
        "#!/bin/sh\necho \"$ALARM_NAME $ALARM_STATE $CURRENT_CAPACITY $DESIRED_CAPACITY\" >> {}\n",
        told.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The lines the program has written, once there are so many.
async fn told(directory: &Path, count: usize) -> Vec<String> {
    let read = || std::fs::read_to_string(directory.join("told")).unwrap_or_default();
    for _ in 0..500 {
        if read().lines().count() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    read().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_pair_of_programs_scales_between_the_limits() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let exec = |adjust| {
        let config = ExecConfig {
            command: vec![program(directory)],
            adjust,
            capacity: "workers".to_owned(),
            minimum: 1,
            maximum: 2,
            ..ExecConfig::default()
        };
        ActionConfig::Exec(Box::new(config))
    };
    let actions = Actions(BTreeMap::from([("out".to_owned(), exec(1)), ("in".to_owned(), exec(-1))]));
    let settings = settings("alarms", Signal::Metrics);
    let span = tracing::Span::none();
    let runner = ActionRunner::new(&actions, &settings, &span, ActionMemory::default()).unwrap();
    runner.start();
    let high = |number| notification("high", AlarmState::Alarm, number);
    tell(&runner, "out", high(1), true);
    told(directory, 1).await;
    tell(&runner, "out", high(3), true);
    tell(&runner, "out", notification("high", AlarmState::Ok, 4), false);
    tell(&runner, "in", notification("low", AlarmState::Alarm, 1), true);
    assert_eq!(told(directory, 2).await, ["high ALARM 1 2", "low ALARM 2 1"], "2 is the most");
    // A program has reached a capacity when it ends, which is after it said so.
    let capacities = || serde_json::to_value(runner.memory()).unwrap()["capacities"].clone();
    for _ in 0..500 {
        if capacities() == serde_json::json!({"workers": 1}) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    runner.shutdown(tokio::time::Instant::now() + Duration::from_secs(5)).await;
    let memory = serde_json::to_value(runner.memory()).unwrap();
    assert_eq!(memory["capacities"], serde_json::json!({"workers": 1}));
}

#[tokio::test]
async fn a_program_runs_again_while_the_state_lasts_but_not_while_it_cools_down() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let exec = |cooldown| {
        let config = ExecConfig {
            command: vec![program(directory)],
            repeat_while_in_state: GoDuration::from_millis(50),
            cooldown,
            ..ExecConfig::default()
        };
        ActionConfig::Exec(Box::new(config))
    };
    let cooled = runner("cooled", exec(GoDuration::from_secs(3600)), ActionMemory::default());
    tell(&cooled, "cooled", notification("cooled", AlarmState::Alarm, 1), true);
    told(directory, 1).await;
    let again = runner("again", exec(GoDuration::ZERO), ActionMemory::default());
    tell(&again, "again", notification("again", AlarmState::Alarm, 1), true);
    let lines = told(directory, 4).await;
    assert_eq!(lines[..4], ["cooled ALARM  ", "again ALARM  ", "again ALARM  ", "again ALARM  "]);
}

#[tokio::test]
async fn a_program_that_fails_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fails once");
    let mark = directory.path().join("told");
    let script = format!("#!/bin/sh\necho ran >> {0}\n[ $(wc -l < {0}) -gt 1 ]\n", mark.display());
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = ExecConfig { command: vec![path.to_str().unwrap().to_owned()], ..ExecConfig::default() };
    let runner = runner("fails", ActionConfig::Exec(Box::new(config)), ActionMemory::default());
    tell(&runner, "fails", notification("a", AlarmState::Alarm, 1), true);
    assert_eq!(told(directory.path(), 2).await, ["ran", "ran"]);
}

#[tokio::test]
async fn a_program_that_fails_does_not_run_for_a_state_that_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fails in ALARM");
    let told_path = directory.path().join("told");
    let script = format!(
        "#!/bin/sh\necho \"$ALARM_ID $ALARM_STATE\" >> {}\n[ $ALARM_STATE = OK ]\n",
        told_path.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = ExecConfig { command: vec![path.to_str().unwrap().to_owned()], ..ExecConfig::default() };
    let runner = runner("fails", ActionConfig::Exec(Box::new(config)), ActionMemory::default());
    tell(&runner, "fails", notification("a", AlarmState::Alarm, 1), true);
    assert_eq!(told(directory.path(), 1).await, ["a//1 ALARM"]);
    // Another alarm is no reason to give it up, the end of its own is; what waited for its turn is over as well.
    tell(&runner, "fails", notification("b", AlarmState::Alarm, 1), true);
    tell(&runner, "fails", notification("b", AlarmState::Ok, 2), true);
    tell(&runner, "fails", notification("a", AlarmState::Ok, 2), true);
    let mut lines = told(directory.path(), 3).await;
    for _ in 0..500 {
        if lines.last().is_some_and(|line| line == "a//2 OK") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        lines = told(directory.path(), 3).await;
    }
    assert_eq!(lines.iter().filter(|line| *line != "a//1 ALARM").collect::<Vec<_>>(), ["b//2 OK", "a//2 OK"]);
}

#[tokio::test]
async fn what_a_restart_finds_without_its_alarm_ends() {
    let server = RecordingServer::start(loopback()).await;
    let mut config =
        AlertmanagerConfig { urls: vec![format!("http://{}/", server.address)], ..Default::default() };
    config.resend = GoDuration::from_secs(1);
    let config = ActionConfig::Alertmanager(Box::new(config));
    let first = runner("am", config.clone(), ActionMemory::default());
    for alarm in ["kept", "removed"] {
        tell(&first, "am", notification(alarm, AlarmState::Alarm, 1), true);
    }
    bodies(&server, 2).await;
    first.shutdown(tokio::time::Instant::now() + Duration::from_secs(5)).await;
    let before = server.requests().len();

    let actions = Actions(BTreeMap::from([("am".to_owned(), config)]));
    let settings = settings("alarms", Signal::Metrics);
    let second = ActionRunner::new(&actions, &settings, &tracing::Span::none(), first.memory()).unwrap();
    let kept = notification("kept", AlarmState::Alarm, 1).subject();
    let named = NamedBy { alarms: BTreeSet::from(["kept".to_owned()]), lasting: BTreeSet::from([kept]) };
    second.end_all_but(&BTreeMap::from([("am".to_owned(), named)]));
    second.start();
    let sent = bodies(&server, before + 1).await.remove(before);
    let ends: BTreeMap<&str, &str> = sent
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| (alert["labels"]["alertname"].as_str().unwrap(), alert["endsAt"].as_str().unwrap()))
        .collect();
    assert_eq!(ends.len(), 2);
    assert!(ends["removed"] < ends["kept"], "{ends:?}");
}
