//! Hosts as they say of themselves, and metrics that are nobody's.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::*;
use crate::otlp::{Batch, Signal};

fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A minute before noon.
fn point(value: f64, attributes: Vec<KeyValue>) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        time_unix_nano: NOON - 60_000_000_000,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn sum(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    let aggregation_temporality = i32::from(AggregationTemporality::Cumulative);
    let sum = Sum { data_points, aggregation_temporality, is_monotonic: false };
    Metric { name: name.to_owned(), data: Some(metric::Data::Sum(sum)), ..Metric::default() }
}

/// A console that heard once of a Linux host with a disk that is half full and a filesystem that is a tenth full.
fn console_of_a_host(measures_memory: bool) -> Arc<Console> {
    let console = console(false);
    let of_disk = |mount: &str, state: &str, value| {
        point(value, vec![text("mountpoint", mount), text("state", state), text("device", mount)])
    };
    let of_memory = |state: &str, value| point(value, vec![text("state", state)]);
    let mut metrics = vec![
        sum(
            "system.filesystem.usage",
            vec![
                of_disk("/", "used", 50.0),
                of_disk("/", "free", 50.0),
                of_disk("/", "reserved", 300.0),
                of_disk("/data", "used", 1.0),
                of_disk("/data", "free", 9.0),
            ],
        ),
        sum(
            "system.memory.usage",
            vec![
                of_memory("used", 20.0),
                of_memory("free", 40.0),
                of_memory("cached", 20.0),
                of_memory("slab_reclaimable", 10.0),
            ],
        ),
    ];
    if measures_memory {
        let gauge = Gauge { data_points: vec![of_memory("used", 0.2), of_memory("free", 0.4)] };
        let name = "system.memory.utilization".to_owned();
        metrics.push(Metric { name, data: Some(metric::Data::Gauge(gauge)), ..Metric::default() });
    }
    let attributes = vec![text("host.name", "db-1"), text("os.type", "linux")];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    let request = ExportMetricsServiceRequest { resource_metrics };
    let batch = Batch::from_untrusted_part(Signal::Metrics, request.encode_to_vec().into()).unwrap();
    console.store.append(&batch).unwrap();
    console
}

#[tokio::test]
async fn a_host_is_as_full_as_its_own_tools_say() {
    let answer = answer(&console_of_a_host(true), &format!("/hosts?{RANGE}")).await;
    let host = &answer["hosts"][0];
    assert_eq!((&host["name"], &host["os"]), (&"db-1".into(), &"linux".into()));
    assert_eq!((&host["disk_share"], &host["disk_mount"]), (&0.5.into(), &"/".into()));
    assert_eq!(host["memory_share"], 0.2);
}

#[tokio::test]
async fn without_a_share_of_its_own_memory_is_what_is_used_of_all_states_that_do_not_overlap() {
    let answer = answer(&console_of_a_host(false), &format!("/hosts?{RANGE}")).await;
    assert_eq!(answer["hosts"][0]["memory_share"], 0.25);
}

#[tokio::test]
async fn a_range_that_goes_on_into_the_future_shows_hosts_as_they_are_now() {
    let answer = answer(&console_of_a_host(true), "/hosts?from=0&to=4000000000000").await;
    let host = &answer["hosts"][0];
    assert_eq!((&host["name"], &host["disk_share"]), (&"db-1".into(), &0.5.into()), "{answer}");
}

#[tokio::test]
async fn metrics_of_nobody_make_no_service() {
    let answer = answer(&console_of_a_host(true), &format!("/dashboards?{RANGE}")).await;
    let ids = answer["dashboards"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    let ids: Vec<&str> = ids.collect();
    let services = ["catalog", "checkout", "payment", "storefront"].map(|name| format!("service/{name}"));
    assert_eq!(&ids[2..6], services);
    assert!(ids.contains(&"host/db-1") && !ids.contains(&"service/unknown_service"), "{ids:?}");
}

#[tokio::test]
async fn a_facet_of_the_service_is_enough() {
    let answer = answer(&console(false), &format!("/logs/facets?{RANGE}")).await;
    let keys: Vec<&str> =
        answer["facets"].as_array().unwrap().iter().map(|facet| facet["key"].as_str().unwrap()).collect();
    assert_eq!(keys[..2], ["service", "severity"]);
    assert!(!keys.contains(&"service.name"), "{keys:?}");
}
