//! What points become on the wire.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use prost::Message;

use super::*;
use crate::receivers::hostmetrics::fixture::{attribute_texts, config, points};
use crate::receivers::hostmetrics::metric_table::metric_table;

metric_table! {
    /// Made up for tests.
    pub enum TestMetric of "test" since "1.9.0" {
        Jobs: on Counter "jobs" ["{job}"] ("host", "state") "Jobs done.";
        Load: on Gauge "load" ["1"] ("host") "How busy.";
        Secret: off UpDownCounter "secret" ["By"] () "Nobody asked.";
    }
}

fn recorder(yaml: &str) -> MetricRecorder<TestMetric> {
    let mut recorder = MetricRecorder::new(&config(yaml));
    recorder.begin(1, 2);
    recorder
}

fn written(recorder: &mut MetricRecorder<TestMetric>) -> Vec<ResourceMetrics> {
    let mut body = Vec::new();
    recorder.write(&[], &mut body);
    ExportMetricsServiceRequest::decode(&body[..]).unwrap().resource_metrics
}

#[test]
fn a_metric_says_what_its_table_says() {
    let mut recorder = recorder("{}");
    recorder.record_count(TestMetric::Jobs, 5, &["a", "done"]);
    recorder.record_count(TestMetric::Secret, 7, &[]);
    let resources = written(&mut recorder);
    assert_eq!((resources.len(), &*resources[0].schema_url), (1, "https://opentelemetry.io/schemas/1.9.0"));
    let scope = resources[0].scope_metrics[0].scope.as_ref().unwrap();
    let name = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/\
                internal/scraper/testscraper";
    assert_eq!((&*scope.name, &*scope.version), (name, build_info::VERSION));

    // What is off is not sent.
    let [metric] = &resources[0].scope_metrics[0].metrics[..] else {
        panic!("not one metric: {resources:?}")
    };
    assert_eq!((&*metric.name, &*metric.description, &*metric.unit), ("jobs", "Jobs done.", "{job}"));
    let Some(Data::Sum(sum)) = &metric.data else { panic!("not a sum: {metric:?}") };
    assert_eq!((sum.is_monotonic, sum.aggregation_temporality), (true, 2));
    let point = &sum.data_points[0];
    assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (1, 2));
    assert_eq!(point.value, Some(Value::AsInt(5)));
    assert_eq!(attribute_texts(&point.attributes), ["host=a", "state=done"]);
}

#[test]
fn nothing_recorded_is_nothing_written_and_nothing_is_written_twice() {
    let mut recorder = recorder("{}");
    assert_eq!(written(&mut recorder), []);
    recorder.record_double(TestMetric::Load, 0.5, &["a"]);
    assert_eq!(written(&mut recorder).len(), 1);
    assert_eq!(written(&mut recorder), []);
}

#[test]
fn points_that_become_alike_are_combined_as_asked() {
    for (strategy, expected) in [("sum", 9.0), ("avg", 3.0), ("min", 1.0), ("max", 5.0)] {
        let yaml = format!("load: {{attributes: [], aggregation_strategy: {strategy}}}");
        let mut recorder = recorder(&yaml);
        for (host, load) in [("a", 3.0), ("b", 1.0), ("c", 5.0)] {
            recorder.record_double(TestMetric::Load, load, &[host]);
        }
        let resources = written(&mut recorder);
        let points = points(&resources[0].scope_metrics[0].metrics[0]);
        let values: Vec<_> = points.iter().map(|point| point.value).collect();
        assert_eq!(values, [Some(Value::AsDouble(expected))], "{strategy}");
        assert!(points[0].attributes.is_empty());
    }
}

#[test]
fn points_that_keep_what_tells_them_apart_stay_apart() {
    let mut recorder = recorder("jobs: {attributes: [state]}");
    for (host, state, count) in [("a", "done", 1), ("a", "failed", 2), ("b", "done", 4)] {
        recorder.record_count(TestMetric::Jobs, count, &[host, state]);
    }
    let resources = written(&mut recorder);
    let points = points(&resources[0].scope_metrics[0].metrics[0]);
    let found: Vec<_> =
        points.iter().map(|point| (attribute_texts(&point.attributes), point.value)).collect();
    let expected = [("state=done", 5), ("state=failed", 2)];
    let expected =
        expected.map(|(attributes, value)| (vec![attributes.to_owned()], Some(Value::AsInt(value))));
    assert_eq!(found, expected);
}
