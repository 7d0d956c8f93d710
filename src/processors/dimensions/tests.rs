//! What specs cannot show: refusals, several workers at once, counters; and properties over many inputs.

mod concurrency;
mod properties;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, number_data_point,
};
use prost::Message;
use tokio::time::Instant;

use super::*;
use crate::config::{ConfigValue, Decoding, parse_yaml};
use crate::pipeline::RefusalClass;
use crate::pipeline::testing::{Sink, settings};
use crate::telemetry::Telemetry;

/// The configuration that users would write as this YAML.
fn config(yaml: &str) -> DimensionsConfig {
    let mut config = DimensionsConfig::default();
    let mut decoding = Decoding::default();
    config.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    config
}

fn processor(yaml: &str, sink: &Arc<Sink>) -> (Consuming, Telemetry) {
    let settings = settings("dimensions", Signal::Metrics);
    let telemetry = settings.telemetry.clone();
    let next: Arc<dyn Consumer> = Arc::<Sink>::clone(sink);
    (Dimensions::create(Arc::new(config(yaml)), settings, next).unwrap(), telemetry)
}

async fn stop(processor: &Consuming) {
    processor.shutdown(Instant::now() + Duration::from_secs(5)).await;
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs.iter().map(|(key, value)| attribute(key, value)).collect()
}

/// A request with one metric `m`.
fn batch(data: Data) -> Batch {
    let metric = Metric { name: "m".to_owned(), data: Some(data), ..Metric::default() };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
    let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
    Batch::from_untrusted_part(Signal::Metrics, Bytes::from(body)).unwrap()
}

/// The data of every metric that reached the sink, in order.
fn received(sink: &Sink) -> Vec<Data> {
    let bodies = sink.taken().into_iter().flat_map(Batch::into_parts);
    let requests = bodies.map(|body| ExportMetricsServiceRequest::decode(body).unwrap());
    requests
        .flat_map(|request| request.resource_metrics)
        .flat_map(|group| group.scope_metrics)
        .flat_map(|group| group.metrics)
        .filter_map(|metric| metric.data)
        .collect()
}

/// A point of a sum: pod, start, time and value.
fn sum_point((pod, start, time, value): (&str, u64, u64, i64)) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(&[("pod", pod)]),
        start_time_unix_nano: start,
        time_unix_nano: time,
        value: Some(number_data_point::Value::AsInt(value)),
        ..NumberDataPoint::default()
    }
}

fn sums(temporality: i32, points: &[(&str, u64, u64, i64)]) -> Batch {
    let data_points = points.iter().copied().map(sum_point).collect();
    batch(Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: true }))
}

/// Start, time and value of every point of a sum that reached the sink.
fn received_sums(sink: &Sink) -> Vec<(u64, u64, i64)> {
    let points = received(sink).into_iter().flat_map(|data| match data {
        Data::Sum(sum) => sum.data_points,
        other => panic!("not a sum: {other:?}"),
    });
    let values = points.map(|point| match point.value {
        Some(number_data_point::Value::AsInt(value)) => {
            (point.start_time_unix_nano, point.time_unix_nano, value)
        }
        other => panic!("not an integer: {other:?}"),
    });
    values.collect()
}

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;
const DROP_POD: &str = "{metrics: [{name: m, drop: [pod]}]}";

#[tokio::test(start_paused = true)]
async fn a_refused_delta_batch_leaves_nothing_behind() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    let first = sums(DELTA, &[("a", 0, 10, 1), ("b", 0, 10, 2)]);
    for refusal in [Refusal::retryable("later"), Refusal::permanent("never")] {
        sink.refuse_next(refusal);
        processor.consume(first.clone()).await.unwrap_err();
    }
    processor.consume(first).await.unwrap();
    assert_eq!(received_sums(&sink), [(0, 10, 3)]);
}

#[tokio::test(start_paused = true)]
async fn what_others_held_back_is_kept_when_the_batch_that_takes_it_along_is_refused() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    processor.consume(sums(DELTA, &[("a", 0, 10, 1)])).await.unwrap();
    processor.consume(sums(DELTA, &[("b", 0, 10, 2)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("later"));
    processor.consume(sums(DELTA, &[("a", 10, 20, 4)])).await.unwrap_err();
    processor.consume(sums(DELTA, &[("a", 10, 20, 4)])).await.unwrap();
    assert_eq!(received_sums(&sink), [(0, 10, 1), (10, 20, 6)]);
}

#[tokio::test(start_paused = true)]
async fn late_deltas_of_a_refused_batch_are_not_counted_twice() {
    let sink = Sink::new();
    let (processor, _) = processor("{metrics: [{name: m, drop: [pod]}], cardinality_limit: 0}", &sink);
    processor.consume(sums(DELTA, &[("a", 0, 10, 1)])).await.unwrap();
    // Another metric of the same batch is what is refused.
    let late = || {
        let mut batch = sums(DELTA, &[("b", 0, 10, 2)]);
        batch.merge(sums(CUMULATIVE, &[("c", 0, 10, 7)]));
        batch
    };
    sink.refuse_next(Refusal::retryable("later"));
    processor.consume(late()).await.unwrap_err();
    processor.consume(late()).await.unwrap();
    stop(&processor).await;
    let mut values: Vec<i64> = received_sums(&sink).into_iter().map(|(_, _, value)| value).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 2, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_cumulative_batch_comes_again() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    let first = sums(CUMULATIVE, &[("a", 5, 10, 1), ("b", 5, 10, 2)]);
    sink.refuse_next(Refusal::retryable("later"));
    processor.consume(first.clone()).await.unwrap_err();
    processor.consume(first).await.unwrap();
    processor.consume(sums(CUMULATIVE, &[("a", 5, 20, 5)])).await.unwrap();
    assert_eq!(received_sums(&sink), [(5, 10, 3), (5, 20, 7)]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_takes_nothing_along() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    processor.consume(sums(DELTA, &[("a", 0, 10, 1)])).await.unwrap();
    processor.consume(sums(DELTA, &[("b", 0, 10, 2)])).await.unwrap();
    sink.stall();
    let given_up = processor.consume(sums(DELTA, &[("a", 10, 20, 4)]));
    tokio::time::timeout(Duration::from_millis(1), given_up).await.unwrap_err();
    sink.go_on();
    stop(&processor).await;
    let values: Vec<i64> = received_sums(&sink).into_iter().map(|(_, _, value)| value).collect();
    assert_eq!(values, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_the_shutdown_is_offered_until_it_is_taken() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    processor.consume(sums(DELTA, &[("a", 0, 10, 1)])).await.unwrap();
    processor.consume(sums(DELTA, &[("b", 0, 10, 2)])).await.unwrap();
    sink.refuse_next(Refusal::retryable("later"));
    stop(&processor).await;
    assert_eq!(received_sums(&sink).iter().map(|(_, _, value)| value).sum::<i64>(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_batch_is_offered_again() {
    let sink = Sink::new();
    let (processor, _) = processor(DROP_POD, &sink);
    let rest = sums(DELTA, &[("rest", 0, 10, 9)]);
    let class = RefusalClass::Partial { remaining: Box::new(rest) };
    sink.refuse_next(Refusal { class, ..Refusal::retryable("half") });
    processor.consume(sums(DELTA, &[("a", 0, 10, 1)])).await.unwrap();
    assert_eq!(received_sums(&sink), [(0, 10, 9)]);
}

#[tokio::test(start_paused = true)]
async fn points_are_counted_by_what_became_of_them() {
    let sink = Sink::new();
    let yaml = "{metrics: [{name: m, drop: [pod], drop_series: [{pod: x}]}], cardinality_limit: 2}";
    let (processor, telemetry) = processor(yaml, &sink);
    let points = [("a", 0, 10, 1), ("b", 0, 10, 2), ("x", 0, 10, 4)];
    processor.consume(sums(CUMULATIVE, &points)).await.unwrap();
    processor.consume(sums(CUMULATIVE, &[("a", 0, 10, 1)])).await.unwrap();
    let count = |instrument, attributes: &[(&str, &str)]| telemetry.counter(instrument, attributes).value();
    let own = ("processor", "dimensions");
    let dropped = &instruments::DIMENSIONS_DROPPED_DATA_POINTS;
    assert_eq!(count(dropped, &[own, ("reason", "drop_series")]), 1);
    assert_eq!(count(dropped, &[own, ("reason", "outdated")]), 1);
    assert_eq!(count(dropped, &[own, ("reason", "unmergeable")]), 0);
    assert_eq!(count(&instruments::DIMENSIONS_MERGED_DATA_POINTS, &[own]), 2);
    assert_eq!(count(&instruments::DIMENSIONS_OVERFLOWED_DATA_POINTS, &[own]), 0);
    assert_eq!(received_sums(&sink), [(0, 10, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_without_anything_to_change_keeps_its_bytes() {
    let sink = Sink::new();
    let (processor, _) = processor("{metrics: [{name: m, drop: [other]}]}", &sink);
    let sent = sums(DELTA, &[("a", 0, 10, 1), ("b", 0, 10, 2)]);
    processor.consume(sent.clone()).await.unwrap();
    let taken = sink.taken();
    assert_eq!(taken[0].parts()[0].as_ptr(), sent.parts()[0].as_ptr());
}
