//! The ready configurations for agents on hosts.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{launch, start_back_end, wait_until};
use crate::received::{descend, log_records_in};
use crate::weir_process::{Launch, free_address};

#[tokio::test]
async fn the_log_agent_reads_containers_and_nginx() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir_all(at("containers/0a1b")).unwrap();
    std::fs::create_dir(at("nginx")).unwrap();
    let docker_line = r#"{"log":"a line\n","stream":"stderr","time":"2026-01-02T03:04:05.678901234Z"}"#;
    std::fs::write(at("containers/0a1b/0a1b-json.log"), format!("{docker_line}\n")).unwrap();
    let line = r#"{"time":"2026-01-02T03:04:05+01:00","method":"GET","path":"/","status":"503"}"#;
    std::fs::write(at("nginx/access.log"), format!("{line}\n")).unwrap();
    let file = at("telemetry.jsonl");
    let (back_end, _, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let metrics = free_address();
    let agent = Launch::of_pipelines("agent-logs.yaml", directory.path())
        .env("WEIR_STORAGE_DIRECTORY", at("storage").display())
        .env("WEIR_CONTAINER_LOGS", at("containers").display())
        .env("WEIR_NGINX_LOGS", at("nginx").display())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .start(directory.path(), "agent")
        .await;
    let records = wait_for_log_records(&file, 2).await;
    agent.stop().await;
    back_end.stop().await;
    let container = records.iter().find(|record| record["body"]["stringValue"] == "a line\n").unwrap();
    assert_eq!(container["timeUnixNano"], "1767323045678901234");
    let nginx = records.iter().find(|record| record["body"]["stringValue"] == line).unwrap();
    assert_eq!(nginx["timeUnixNano"], "1767319445000000000");
    assert_eq!(nginx["severityNumber"], 17);
    let attributes = nginx["attributes"].as_array().unwrap();
    assert!(attributes.contains(&json!({"key": "path", "value": {"stringValue": "/"}})), "{attributes:?}");
}

/// The log records in the back end's file once there are so many.
async fn wait_for_log_records(file: &Path, count: usize) -> Vec<Value> {
    for _look in 0..1500 {
        let records = log_records_in(file);
        if records.len() >= count {
            return records;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no {count} log records arrive");
}

#[tokio::test]
async fn the_agent_configuration_sends_how_the_host_is_and_what_its_logs_say() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let (gateway, gateway_grpc, _) = start_back_end(directory, &file, |launch, _addresses| launch).await;
    let log_file = directory.join("shop.log");
    let line = json!({"time": "2026-01-02T03:04:05.678Z", "level": "warn", "message": "no sugar left", "service": "shop",
        "trace_id": "01010101010101010101010101010101", "span_id": "0202020202020202", "status": 409});
    std::fs::write(&log_file, format!("starting\n{line}\n")).unwrap();
    let agent = launch("agent.yaml", directory, free_address())
        .env("GATEWAY_ENDPOINT", gateway_grpc)
        .env("HOST_NAME", "box")
        .env("HOST_METRICS_INTERVAL", "1s")
        .env("LOG_FILES", log_file.display())
        .env("WEIR_STATE", directory.join("state").display())
        .start(directory, "agent")
        .await;
    wait_until_file_has(&file, &["starting", "no sugar left", "system.memory.usage"]).await;
    let log = agent.stop().await;
    gateway.stop().await;

    let text = std::fs::read_to_string(&file).unwrap();
    let requests: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records = || requests.iter().flat_map(|request| descend(request, &["resourceLogs"]));
    let of_shop = records().find(|resource| resource.to_string().contains("no sugar left")).expect(&log);
    let expected = json!({
        "timeUnixNano": "1767323045678000000",
        "severityNumber": 13,
        "severityText": "warn",
        "body": {"stringValue": "no sugar left"},
        "traceId": "01010101010101010101010101010101",
        "spanId": "0202020202020202",
    });
    let record = descend(of_shop, &["scopeLogs", "logRecords"])[0];
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&record[field], value, "{field} of {record}");
    }
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    for attribute in [attribute("service.name", "shop"), attribute("host.name", "box")] {
        assert!(of_shop["resource"]["attributes"].as_array().unwrap().contains(&attribute), "{of_shop}");
    }
}

async fn wait_until_file_has(file: &Path, texts: &[&str]) {
    let has_all = || {
        let found = std::fs::read_to_string(file).unwrap_or_default();
        texts.iter().all(|text| found.contains(text))
    };
    wait_until(&format!("{texts:?} are in {}", file.display()), async || has_all()).await;
}
