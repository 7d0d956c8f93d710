//! What specs cannot show: which groups come out, in what order, and what is counted.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::otlp::json::{decode_json, encode_json};
use crate::pipeline::testing::{Sink, settings};

/// What comes out of a request, and the items counted as grouped and as not grouped.
async fn regrouped(signal: Signal, keys: &[&str], request: &Value) -> (Value, u64, u64) {
    let sink = Sink::new();
    let config = GroupByAttrsConfig { keys: keys.iter().map(|key| (*key).to_owned()).collect() };
    let settings = settings("groupbyattrs", signal);
    let telemetry = settings.telemetry.clone();
    let processor = GroupByAttrs::create(Arc::new(config), settings, Arc::clone(&sink) as _).unwrap();
    let batch = decode_json(signal, request.to_string().as_bytes()).unwrap();
    let items = batch.items();
    processor.consume(batch).await.unwrap();
    let taken = sink.taken();
    let [batch] = taken.as_slice() else { panic!("{} batches", taken.len()) };
    assert_eq!(batch.items(), items);
    let counted = |instrument| telemetry.counter(instrument, &[("processor", "groupbyattrs")]).value();
    (
        serde_json::from_slice(&encode_json(batch)).unwrap(),
        counted(instruments::groupbyattrs_grouped(signal)),
        counted(instruments::groupbyattrs_not_grouped(signal)),
    )
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn resource(attributes: &[(&str, &str)]) -> Value {
    json!({"attributes": attributes.iter().map(|(key, value)| text(key, value)).collect::<Vec<_>>()})
}

#[tokio::test]
async fn equal_resources_and_scopes_become_one_group_each() {
    let (localhost, otherhost) =
        (resource(&[("host.name", "localhost")]), resource(&[("host.name", "other")]));
    let scope = |name: &str, spans: &[&str]| {
        let spans: Vec<_> = spans.iter().map(|name| json!({"name": name, "status": {}})).collect();
        json!({"scope": {"name": name}, "spans": spans})
    };
    let request = json!({"resourceSpans": [
        {"resource": localhost, "scopeSpans": [scope("Mine", &["1"]), scope("Other", &["2"])]},
        {"resource": localhost, "scopeSpans": [scope("Mine", &["3"])]},
        {"resource": otherhost, "scopeSpans": [scope("Mine", &["4"])]},
        {"resource": localhost, "scopeSpans": [scope("Mine", &["5"])]},
    ]});
    let expected = json!({"resourceSpans": [
        {"resource": localhost, "scopeSpans": [scope("Mine", &["1", "3", "5"]), scope("Other", &["2"])]},
        {"resource": otherhost, "scopeSpans": [scope("Mine", &["4"])]},
    ]});
    assert_eq!(regrouped(Signal::Traces, &[], &request).await, (expected, 0, 5));
}

#[tokio::test]
async fn data_points_of_one_metric_come_together_under_each_resource() {
    let point = |number: u32, attributes: &[Value]| {
        let mut point = json!({"asInt": number.to_string(), "timeUnixNano": "1"});
        if !attributes.is_empty() {
            point["attributes"] = json!(attributes);
        }
        point
    };
    let metric = |name: &str, kind: &str, points: &[Value]| match kind {
        "gauge" => json!({"name": name, "gauge": {"dataPoints": points}}),
        _ => json!({"name": name, "sum": {"aggregationTemporality": 2, "dataPoints": points}}),
    };
    let group = |resource: Value, metrics: &[Value]| json!({"resource": resource, "scopeMetrics": [{"scope": {}, "metrics": metrics}]});
    let (a, b, id) = (text("host", "a"), text("host", "b"), text("id", "eth0"));
    let (of_a, of_b) = ([a, id.clone()], [id.clone(), b]);
    let local = resource(&[("host", "local"), ("source", "prom")]);
    let request = json!({"resourceMetrics": [group(local.clone(), &[
        metric("one", "gauge", &[point(1, &of_a), point(2, &of_b)]),
        metric("one", "gauge", &[point(3, &of_a)]),
        metric("one", "sum", &[point(4, &of_a)]),
        metric("stays", "gauge", &[point(5, &[])]),
    ])]});
    let rest = [id];
    let expected = json!({"resourceMetrics": [
        group(resource(&[("host", "a"), ("source", "prom")]), &[
            metric("one", "gauge", &[point(1, &rest), point(3, &rest)]),
            metric("one", "sum", &[point(4, &rest)]),
        ]),
        group(resource(&[("host", "b"), ("source", "prom")]), &[metric("one", "gauge", &[point(2, &rest)])]),
        group(local, &[metric("stays", "gauge", &[point(5, &[])])]),
    ]});
    assert_eq!(regrouped(Signal::Metrics, &["host"], &request).await, (expected, 4, 1));
}

#[tokio::test]
async fn a_batch_without_records_stays_one() {
    let request = json!({"resourceLogs": [{"resource": resource(&[("a", "b")])}]});
    assert_eq!(regrouped(Signal::Logs, &["a"], &request).await, (json!({}), 0, 0));
}

/// Attributes by key; keys are unique here, so that their order does not matter.
type Attributes = BTreeMap<&'static str, &'static str>;

fn any_attributes() -> impl Strategy<Value = Attributes> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::btree_map(key, prop::sample::select(vec!["", "x", "y"]), 0..3)
}

fn listed(attributes: &Attributes) -> Vec<Value> {
    attributes.iter().map(|(key, value)| text(key, value)).collect()
}

/// Each log record of a request with its resource, scope and attributes.
fn placed_records(request: &Value) -> Vec<(String, String, String)> {
    let mut placed = Vec::new();
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    for group in list(request, "resourceLogs") {
        let mut of_resource = list(&group["resource"], "attributes");
        of_resource.sort_by_key(Value::to_string);
        for scope in list(&group, "scopeLogs") {
            for record in list(&scope, "logRecords") {
                placed.push((json!(of_resource).to_string(), scope["scope"].to_string(), record.to_string()));
            }
        }
    }
    placed.sort();
    placed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_record_comes_out_once_under_its_resource(
        groups in prop::collection::vec(
            (any_attributes(), prop::collection::vec((0..2, any_attributes()), 1..4)), 1..5,
        ),
    ) {
        let keys = ["a", "b"];
        let (mut resource_logs, mut expected, mut number) = (Vec::new(), Vec::new(), 0);
        for (of_resource, records) in &groups {
            let mut scope_logs = Vec::new();
            for (scope, of_record) in records {
                number += 1;
                let scope = json!({"name": format!("scope {scope}")});
                let record = |attributes: &Attributes| match attributes.is_empty() {
                    true => json!({"body": {}, "severityNumber": number}),
                    false => json!({"body": {}, "severityNumber": number, "attributes": listed(attributes)}),
                };
                let (mut moved, mut rest) = (of_record.clone(), of_record.clone());
                moved.retain(|key, _| keys.contains(key));
                rest.retain(|key, _| !keys.contains(key));
                let mut target = of_resource.clone();
                target.extend(moved);
                expected.push((json!(listed(&target)).to_string(), scope.to_string(), record(&rest).to_string()));
                scope_logs.push(json!({"scope": scope, "logRecords": [record(of_record)]}));
            }
            resource_logs.push(json!({"resource": {"attributes": listed(of_resource)}, "scopeLogs": scope_logs}));
        }
        expected.sort();
        let request = json!({"resourceLogs": resource_logs});
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (found, _, _) = runtime.block_on(regrouped(Signal::Logs, &keys, &request));
        prop_assert_eq!(placed_records(&found), expected.clone());
        let resources: BTreeSet<_> = expected.iter().map(|(resource, _, _)| resource).collect();
        prop_assert_eq!(found["resourceLogs"].as_array().unwrap().len(), resources.len());
    }
}
