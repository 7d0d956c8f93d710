//! Alarms beside metrics that somebody invents.

use serde_json::json;

use super::*;
use crate::otlp::Signal;
use crate::otlp::json::decode_json;

#[tokio::test]
async fn names_somebody_invents_hide_no_alarm_and_no_kind() {
    let console = console(false);
    let time = (NOON - 60_000_000_000).to_string();
    let points = |value: f64, attributes: &[(&str, &str)]| {
        let attribute = |(key, value): &(&str, &str)| json!({"key": key, "value": {"stringValue": value}});
        let attributes: Vec<Value> = attributes.iter().map(attribute).collect();
        json!([{"timeUnixNano": time, "asDouble": value, "attributes": attributes}])
    };
    // More than any answer has, and before all others in alphabetical order.
    let invented = (0..50_001)
        .map(|number| json!({"name": format!("0.{number}"), "gauge": {"dataPoints": points(1.0, &[])}}));
    let labels = [("alarm.name", "too hot"), ("alarm.label.service.name", "checkout")];
    let metrics: Vec<Value> = invented
        .chain([
            json!({"name": "alarm.state", "gauge": {"dataPoints": points(2.0, &labels)}}),
            json!({"name": "counter", "sum": {
                "aggregationTemporality": 1, "isMonotonic": true, "dataPoints": points(1.0, &[])
            }}),
        ])
        .collect();
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]});
    let batch = decode_json(Signal::Metrics, request.to_string().as_bytes()).unwrap();
    console.store.append(&batch).unwrap();

    let alarms = answer(&console, "/alarms").await;
    let [alarm] = alarms["alarms"].as_array().unwrap().as_slice() else { panic!("{alarms}") };
    assert_eq!((&alarm["name"], &alarm["state"]), (&json!("too hot"), &json!("ALARM")));
    assert_eq!(alarm["series"][0]["labels"], json!({"service.name": "checkout"}));
    assert_eq!(alarms["cut"], Value::Null);
    let services = answer(&console, &format!("/services?{RANGE}")).await;
    let services = services["services"].as_array().unwrap().iter();
    let in_alarm: Vec<_> =
        services.filter(|service| service["alarms"] == 1).map(|service| &service["name"]).collect();
    assert_eq!(in_alarm, ["checkout"]);
    let counter = answer(&console, &format!("/metrics/query?{RANGE}&name=counter")).await;
    assert_eq!((&counter["kind"], &counter["aggregation"]), (&json!("counter"), &json!("rate")));
}
