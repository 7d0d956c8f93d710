//! The ready configuration with rules to begin with.

use std::path::Path;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{launch, start_back_end, wait_until};
use crate::received::log_records_in;
use crate::send::post_json;
use crate::weir_process::free_address;

#[tokio::test]
async fn the_alarms_configuration_tells_of_a_flood() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let (back_end, _, back_end_http) = start_back_end(directory, &file, |launch, _addresses| launch).await;
    let http = free_address();
    let weir = launch("alarms.yaml", directory, http)
        .env("WEIR_STATE", directory.join("state").display())
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        // Nobody listens there; the alarm goes its way all the same.
        .env("ALERTMANAGER_URL", format!("http://{}", free_address()))
        .env("FLOOD_REQUESTS_PER_SECOND", "1")
        .start(directory, "weir")
        .await;
    let service = json!({"key": "service.name", "value": {"stringValue": "shop"}});
    let span = json!({"traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "name": "GET /", "kind": 2});
    let request = json!({"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [span]}]}]});
    wait_until("the flood is told of", async || {
        post_json(TcpStream::connect(http).await.unwrap(), "/v1/traces", &request).await;
        flood_in(&file).is_some()
    })
    .await;
    weir.stop().await;
    back_end.stop().await;

    let told = flood_in(&file).unwrap();
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    for expected in [
        attribute("alarm.state", "ALARM"),
        attribute("alarm.label.service.name", "shop"),
        attribute("alarm.label.severity", "critical"),
    ] {
        assert!(told["attributes"].as_array().unwrap().contains(&expected), "{expected} in {told}");
    }
}

/// The record that tells of the flood.
fn flood_in(file: &Path) -> Option<Value> {
    let is_flood = |record: &Value| {
        let body = record["body"]["stringValue"].as_str().unwrap_or_default();
        body.starts_with("request flood is ALARM: Threshold Crossed: 2 out of the last ")
    };
    log_records_in(file).into_iter().find(is_flood)
}
