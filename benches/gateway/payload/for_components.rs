//! The loads of components: what they do depends on how many series or operations there are.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Histogram, Metric, NumberDataPoint, Sum};
use opentelemetry_proto::tonic::trace::v1::Span;

use super::bodies::TIME_MARK;
use super::{metrics, number_point, span, text};

/// How many series [`sum_of_series`] goes through.
pub const SERIES: usize = 10_000;
/// How many pods the points of six attributes come from.
const PODS: usize = 256;

/// The usual metrics with a pod on every point, and marks for their times.
pub fn metrics_of_six_attributes(size: usize, variant: usize) -> Vec<Metric> {
    let mut metrics = metrics(size, variant);
    let mut number = variant * size;
    let mut extend = |attributes: &mut Vec<KeyValue>, time: &mut u64| {
        attributes.push(text("k8s.pod.name", format!("pod-{}", number % PODS)));
        *time = TIME_MARK;
        number += 1;
    };
    for metric in &mut metrics {
        match &mut metric.data {
            Some(Data::Sum(Sum { data_points: points, .. }) | Data::Gauge(Gauge { data_points: points })) => {
                points.iter_mut().for_each(|point| extend(&mut point.attributes, &mut point.time_unix_nano));
            }
            Some(Data::Histogram(Histogram { data_points: points, .. })) => {
                points.iter_mut().for_each(|point| extend(&mut point.attributes, &mut point.time_unix_nano));
            }
            _ => {}
        }
    }
    metrics
}

/// One monotonic cumulative sum with a point of each of these series.
pub fn sum_of_series(series: impl Iterator<Item = usize>) -> Metric {
    let point = |number| {
        let mut point: NumberDataPoint = number_point(number);
        point.attributes.truncate(4);
        point.attributes.push(text("k8s.pod.name", format!("pod-{number}")));
        point.time_unix_nano = TIME_MARK;
        point
    };
    Metric {
        name: "http.server.requests".to_owned(),
        unit: "{request}".to_owned(),
        data: Some(Data::Sum(Sum {
            data_points: series.map(point).collect(),
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        ..Default::default()
    }
}

/// The usual span with one of so many names, each of one kind and most of one status.
pub fn span_of_operation(operations: usize) -> impl Fn(usize) -> Span {
    move |number| {
        let operation = number % operations;
        Span {
            name: format!("GET /api/v1/resources/{operation}"),
            kind: 1 + (operation % 5) as i32,
            ..span(number)
        }
    }
}
