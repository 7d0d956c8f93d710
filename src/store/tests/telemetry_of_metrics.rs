//! The metrics of the small shop: every kind, regular and irregular, with totals that begin anew.

use fastrand::Rng;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    number_data_point,
};
use prost::Message;

use super::telemetry::{DURATION, NOW, SECOND, SERVICES, attribute, moment, resource, scope, text};
use crate::otlp::{Batch, Signal};

/// The names of the metrics; a counter and a gauge share `mixed`.
pub const METRICS: [&str; 8] =
    ["load", "requests", "memory", "latency", "spread", "quantiles", "mixed", "nothing"];

/// A batch of points of all metrics, made `at`.
pub fn metrics_of(rng: &mut Rng, round: u64, at: u64) -> Batch {
    let groups = (0..3).map(|_| {
        let service = rng.choice(SERVICES).unwrap();
        let metrics = (0..4).map(|_| metric(rng, round, at)).collect();
        let scope_metrics = vec![ScopeMetrics { scope: scope(service), metrics, ..ScopeMetrics::default() }];
        ResourceMetrics { resource: resource(service), scope_metrics, ..ResourceMetrics::default() }
    });
    let request = ExportMetricsServiceRequest { resource_metrics: groups.collect() };
    Batch::from_untrusted_part(Signal::Metrics, request.encode_to_vec().into()).unwrap()
}

fn metric(rng: &mut Rng, round: u64, at: u64) -> Metric {
    let name = rng.choice(METRICS).unwrap();
    let temporality = if name == "requests" { rng.i32(1..3) } else { 2 };
    let numbers = |rng: &mut Rng| (0..3).map(|_| number(rng, round, at)).collect();
    let data = match name {
        "load" => Data::Gauge(Gauge { data_points: numbers(rng) }),
        "mixed" if rng.bool() => Data::Gauge(Gauge { data_points: numbers(rng) }),
        "requests" | "mixed" => Data::Sum(Sum {
            data_points: numbers(rng),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        "memory" => {
            Data::Sum(Sum { data_points: numbers(rng), aggregation_temporality: 2, is_monotonic: false })
        }
        "latency" => {
            let data_points = (0..2).map(|_| histogram(rng, round, at)).collect();
            Data::Histogram(Histogram { data_points, aggregation_temporality: rng.i32(1..3) })
        }
        "spread" => {
            let data_points = (0..2).map(|_| exponential(rng, round, at)).collect();
            Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality: 2 })
        }
        "quantiles" => Data::Summary(Summary { data_points: vec![summary(rng, round, at)] }),
        _ => return Metric { name: name.to_owned(), ..Metric::default() },
    };
    Metric {
        name: name.to_owned(),
        description: if round < 20 { "as it was" } else { "as it is" }.to_owned(),
        unit: if rng.u32(0..9) == 0 { "s" } else { "1" }.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// The time of a point: all of a round have the same, mostly.
fn time(rng: &mut Rng, at: u64) -> u64 {
    if rng.u32(0..20) == 0 { moment(rng) } else { at }
}

/// Unknown, from the beginning on, or anew each hour.
fn start(rng: &mut Rng, at: u64) -> u64 {
    rng.choice([0, NOW - DURATION, at - at % (3_600 * SECOND), at]).unwrap()
}

fn attributes(rng: &mut Rng) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
    let mut attributes = vec![
        attribute("state", text(rng.choice(["idle", "busy"]).unwrap())),
        attribute("cpu", opentelemetry_proto::tonic::common::v1::any_value::Value::IntValue(rng.i64(0..2))),
    ];
    // The same series whatever the order.
    rng.shuffle(&mut attributes);
    attributes
}

fn number(rng: &mut Rng, round: u64, at: u64) -> NumberDataPoint {
    let value = match rng.u32(0..12) {
        0 => None,
        1 => Some(number_data_point::Value::AsDouble(f64::NAN)),
        2..6 => Some(number_data_point::Value::AsInt(round.cast_signed() * 10 + rng.i64(0..10))),
        6 => Some(number_data_point::Value::AsDouble(rng.f64() * 1e6)),
        _ => Some(number_data_point::Value::AsDouble((round * 1_000 + rng.u64(0..999)) as f64 / 100.0)),
    };
    NumberDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: start(rng, at),
        time_unix_nano: time(rng, at),
        value,
        flags: u32::from(rng.u32(0..25) == 0),
        exemplars: exemplars(rng),
    }
}

fn exemplars(rng: &mut Rng) -> Vec<Exemplar> {
    if rng.u32(0..10) > 0 {
        return Vec::new();
    }
    vec![Exemplar {
        time_unix_nano: moment(rng),
        value: Some(exemplar::Value::AsDouble(f64::from(rng.u32(0..100)))),
        trace_id: vec![rng.u8(..); 16],
        span_id: vec![rng.u8(..); 8],
        ..Exemplar::default()
    }]
}

fn histogram(rng: &mut Rng, round: u64, at: u64) -> HistogramDataPoint {
    let bucket_counts: Vec<u64> = (0..3).map(|_| round * 3 + rng.u64(0..3)).collect();
    HistogramDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: start(rng, at),
        time_unix_nano: time(rng, at),
        count: bucket_counts.iter().sum(),
        sum: rng.bool().then(|| (round * 10) as f64),
        bucket_counts,
        explicit_bounds: vec![0.5, if rng.u32(0..9) == 0 { 2.0 } else { 1.0 }],
        exemplars: exemplars(rng),
        ..HistogramDataPoint::default()
    }
}

fn exponential(rng: &mut Rng, round: u64, at: u64) -> ExponentialHistogramDataPoint {
    let bucket_counts: Vec<u64> = (0..4).map(|_| round * 2 + rng.u64(0..2)).collect();
    ExponentialHistogramDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: start(rng, at),
        time_unix_nano: time(rng, at),
        count: bucket_counts.iter().sum::<u64>() + round,
        sum: Some((round * 7) as f64),
        scale: if round < 20 { 2 } else { 1 },
        zero_count: round,
        positive: Some(Buckets { offset: -2, bucket_counts }),
        ..ExponentialHistogramDataPoint::default()
    }
}

fn summary(rng: &mut Rng, round: u64, at: u64) -> SummaryDataPoint {
    let at_quantile = |(quantile, value)| ValueAtQuantile { quantile, value };
    SummaryDataPoint {
        attributes: attributes(rng),
        start_time_unix_nano: start(rng, at),
        time_unix_nano: time(rng, at),
        count: round * 10,
        sum: (round * 25) as f64,
        quantile_values: [(0.5, 2.0 + rng.f64()), (0.99, 9.0)].into_iter().map(at_quantile).collect(),
        ..SummaryDataPoint::default()
    }
}
