//! What the shop measures: durations of requests, and memory and garbage collection of its runtimes.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric, number_data_point,
};

use super::requests::{BOUNDS, Measured};
use super::{MINUTE, Service, number, resource, scope, text};

const MEBIBYTE: f64 = 1_048_576.0;

/// What a service measured from `start` until `now`.
pub fn of_service(
    service: Service,
    measured: &Measured,
    start: u64,
    now: u64,
    is_slow: bool,
) -> ResourceMetrics {
    let span = Span { start, now };
    let minutes = (now - start) / MINUTE;
    let mut metrics = vec![span.requests(service, measured)];
    match service.language {
        "java" => metrics.extend(span.jvm(minutes, is_slow)),
        "nodejs" => metrics.extend([
            span.gauge(
                "v8js.memory.heap.used",
                "By",
                vec![text("v8js.heap.space.name", "old_space")],
                saw(minutes, 7, 38.0, 9.0) * MEBIBYTE,
            ),
            span.gauge("nodejs.eventloop.utilization", "1", Vec::new(), if is_slow { 0.31 } else { 0.18 }),
        ]),
        "go" => metrics.extend([
            span.gauge(
                "go.memory.used",
                "By",
                vec![text("go.memory.type", "other")],
                saw(minutes, 5, 24.0, 4.0) * MEBIBYTE,
            ),
            span.gauge("go.goroutine.count", "{goroutine}", Vec::new(), 18.0 + saw(minutes, 4, 0.0, 2.0)),
        ]),
        _ => metrics.extend([
            span.gauge("process.memory.usage", "By", Vec::new(), saw(minutes, 9, 61.0, 3.0) * MEBIBYTE),
            span.counter(
                "cpython.gc.collections",
                "{collection}",
                vec![number("cpython.gc.generation", 0)],
                (minutes * 14) as f64,
            ),
        ]),
    }
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    ResourceMetrics { resource: resource(service), scope_metrics, ..ResourceMetrics::default() }
}

/// From where totals count, and the moment of the points.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    now: u64,
}

impl Span {
    fn requests(self, service: Service, measured: &Measured) -> Metric {
        let points = [(false, 200), (true, 503)].into_iter().filter_map(|(failed, status)| {
            let (buckets, sum) = measured.get(&(service.name, failed))?;
            Some(HistogramDataPoint {
                attributes: vec![number("http.response.status_code", status)],
                start_time_unix_nano: self.start,
                time_unix_nano: self.now,
                count: buckets.iter().sum(),
                sum: Some(*sum),
                bucket_counts: buckets.to_vec(),
                explicit_bounds: BOUNDS.to_vec(),
                ..HistogramDataPoint::default()
            })
        });
        let histogram = Histogram {
            data_points: points.collect(),
            aggregation_temporality: i32::from(AggregationTemporality::Cumulative),
        };
        named("http.server.request.duration", "s", metric::Data::Histogram(histogram))
    }

    /// A heap that fills and is emptied; while requests wait, more of it stays and collections take longer.
    fn jvm(self, minutes: u64, is_slow: bool) -> Vec<Metric> {
        let kept = if is_slow { 190.0 } else { 90.0 };
        let pool = |kind: &str| {
            vec![
                text("jvm.memory.type", kind),
                text("jvm.memory.pool.name", if kind == "heap" { "G1 Old Gen" } else { "Metaspace" }),
            ]
        };
        let collections = (minutes * 3) as f64;
        let pause = if is_slow { 0.045 } else { 0.012 };
        let bucket = BOUNDS.iter().position(|bound| pause <= *bound).unwrap_or(0);
        let mut bucket_counts = vec![0; BOUNDS.len() + 1];
        if let Some(count) = bucket_counts.get_mut(bucket) {
            *count = minutes * 3;
        }
        let collection = Histogram {
            data_points: vec![HistogramDataPoint {
                attributes: vec![text("jvm.gc.name", "G1 Young Generation")],
                start_time_unix_nano: self.start,
                time_unix_nano: self.now,
                count: minutes * 3,
                sum: Some(collections * pause),
                bucket_counts,
                explicit_bounds: BOUNDS.to_vec(),
                ..HistogramDataPoint::default()
            }],
            aggregation_temporality: i32::from(AggregationTemporality::Cumulative),
        };
        vec![
            self.gauge("jvm.memory.used", "By", pool("heap"), saw(minutes, 6, kept, 22.0) * MEBIBYTE),
            self.gauge("jvm.memory.used", "By", pool("non_heap"), 71.0 * MEBIBYTE),
            self.gauge("jvm.cpu.recent_utilization", "1", Vec::new(), if is_slow { 0.58 } else { 0.22 }),
            self.gauge(
                "jvm.thread.count",
                "{thread}",
                vec![text("jvm.thread.state", "timed_waiting")],
                if is_slow { 96.0 } else { 34.0 },
            ),
            named("jvm.gc.duration", "s", metric::Data::Histogram(collection)),
        ]
    }

    fn gauge(self, name: &str, unit: &str, attributes: Vec<KeyValue>, value: f64) -> Metric {
        named(name, unit, metric::Data::Gauge(Gauge { data_points: vec![self.point(attributes, value)] }))
    }

    fn counter(self, name: &str, unit: &str, attributes: Vec<KeyValue>, value: f64) -> Metric {
        let sum = Sum {
            data_points: vec![self.point(attributes, value)],
            aggregation_temporality: i32::from(AggregationTemporality::Cumulative),
            is_monotonic: true,
        };
        named(name, unit, metric::Data::Sum(sum))
    }

    fn point(self, attributes: Vec<KeyValue>, value: f64) -> NumberDataPoint {
        NumberDataPoint {
            attributes,
            start_time_unix_nano: self.start,
            time_unix_nano: self.now,
            value: Some(number_data_point::Value::AsDouble(value)),
            ..NumberDataPoint::default()
        }
    }
}

fn named(name: &str, unit: &str, data: metric::Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

/// What grows by `growth` each minute and falls back to `least` every `period` minutes.
fn saw(minutes: u64, period: u64, least: f64, growth: f64) -> f64 {
    least + growth * (minutes % period) as f64
}
