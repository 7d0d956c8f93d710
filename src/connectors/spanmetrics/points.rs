//! Makes data points of what was counted.

use super::config::SpanMetricsConfig;
use super::dimensions::{Measure, PerMeasure};
use super::series::{Counter, DurationBuckets, Durations, Layout, Series};
use crate::metric_streams::wire::MetricHeader;
use crate::metric_streams::{
    Histogram, MetricKind, MetricsAssembler, Origin, Point, PointValue, StreamHasher, StreamId, Temporality,
};
use crate::otlp::NumberValue;
use crate::otlp::wire::put_length_delimited;

/// The name of the scope, as the Collector gives it.
const SCOPE_NAME: &[u8] = b"spanmetricsconnector";

/// Writes series as data points of the three metrics.
pub struct PointWriter {
    metrics: PerMeasure<Metric>,
    temporality: Temporality,
    layout: Layout,
    scope: Vec<u8>,
}

struct Metric {
    /// Added to the fingerprint of a resource it is that of the resource's metric.
    id: StreamId,
    name: Vec<u8>,
    unit: &'static str,
    kind: MetricKind,
}

/// When a flush takes place.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// The time of the points, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// No other flush will follow.
    pub is_last: bool,
}

impl PointWriter {
    /// A writer for a configuration that was checked.
    pub fn new(config: &SpanMetricsConfig, hasher: &StreamHasher) -> Self {
        let temporality = config.temporality();
        let layout = Layout::of(&config.histogram);
        let metric = |name: &str, unit: &'static str, kind| {
            let name = match &*config.namespace {
                "" => name.to_owned(),
                namespace => format!("{namespace}.{name}"),
            };
            let none = StreamId::NO_ATTRIBUTES;
            let id = hasher.metric_named(none, none, name.as_bytes(), unit.as_bytes(), kind);
            Metric { id, name: name.into_bytes(), unit, kind }
        };
        let count = MetricKind::Sum { temporality, is_monotonic: true };
        let distribution = match layout {
            Layout::Explicit(_) => MetricKind::Histogram { temporality },
            Layout::Exponential(_) => MetricKind::ExponentialHistogram { temporality },
        };
        let metrics = PerMeasure([
            metric("calls", "", count),
            metric("duration", config.histogram.unit.word(), distribution),
            metric("events", "", count),
        ]);
        let mut scope = Vec::new();
        put_length_delimited(&mut scope, 1, SCOPE_NAME);
        Self { metrics, temporality, layout, scope }
    }

    /// Writes all that was counted of a series, and notes that it was written.
    pub fn write(&self, series: &mut Series, when: When, assembler: &mut MetricsAssembler) {
        let mut points = PerMeasure::<Vec<Point>>::default();
        if let Some(counter) = &mut series.calls {
            *points.of_mut(Measure::Calls) = self.count_points(counter, when);
        }
        if let Some(durations) = &series.duration {
            points.of_mut(Measure::Duration).push(self.duration_point(durations, when));
        }
        if let Some(counter) = &mut series.events {
            *points.of_mut(Measure::Events) = self.count_points(counter, when);
        }
        for measure in Measure::ALL {
            let metric = self.metrics.of(measure);
            let origin = Origin {
                resource_id: series.resource.id,
                resource: &series.resource.encoded,
                resource_schema_url: &[],
                scope_id: StreamId::NO_ATTRIBUTES,
                scope: &self.scope,
                scope_schema_url: &[],
                metric_id: series.resource.id.with(metric.id),
                metric: MetricHeader {
                    name: &metric.name,
                    unit: metric.unit.as_bytes(),
                    ..MetricHeader::of_kind(metric.kind)
                },
            };
            for point in points.of(measure) {
                assembler.add(&origin, &series.attributes, point);
            }
        }
    }

    /// The first cumulative point of a counter says 0, at the first flush, and the count follows with the next
    /// one: Prometheus sees only differences, so that a counter which begins at 3 loses those 3. Where no
    /// other flush follows, the 0 is given the time at which counting began.
    fn count_points(&self, counter: &mut Counter, when: When) -> Vec<Point> {
        let time_unix_nano = when.time_unix_nano;
        let start_time_unix_nano = counter.recorded.start_time_unix_nano.min(time_unix_nano);
        let point = |time_unix_nano, count: u64| Point {
            start_time_unix_nano,
            time_unix_nano,
            value: PointValue::Number(NumberValue::Int(i64::try_from(count).unwrap_or(i64::MAX))),
            exemplars: counter.recorded.encoded_exemplars(time_unix_nano),
        };
        let is_first = self.temporality == Temporality::Cumulative && !counter.was_written;
        let points = match (is_first, when.is_last) {
            (true, false) => vec![point(time_unix_nano, 0)],
            (true, true) if start_time_unix_nano < time_unix_nano => {
                let zero = Point { exemplars: Default::default(), ..point(start_time_unix_nano, 0) };
                vec![zero, point(time_unix_nano, counter.count)]
            }
            _ => vec![point(time_unix_nano, counter.count)],
        };
        counter.was_written = true;
        points
    }

    fn duration_point(&self, durations: &Durations, when: When) -> Point {
        let value = match (&durations.buckets, &self.layout) {
            (DurationBuckets::Explicit { sum, counts }, Layout::Explicit(bounds)) => {
                PointValue::Histogram(Box::new(Histogram {
                    count: counts.iter().sum(),
                    sum: Some(*sum),
                    min: None,
                    max: None,
                    bounds: bounds.clone(),
                    bucket_counts: counts.to_vec(),
                }))
            }
            (DurationBuckets::Explicit { .. }, Layout::Exponential(_)) => {
                PointValue::Histogram(Box::default())
            }
            (DurationBuckets::Exponential(histogram), _) => {
                let mut histogram = histogram.clone();
                if histogram.count == histogram.zero_count {
                    // Without buckets any scale is right; this one says so in one byte, as the Collector does.
                    histogram.scale = 0;
                }
                PointValue::ExponentialHistogram(histogram)
            }
        };
        Point {
            start_time_unix_nano: durations.recorded.start_time_unix_nano.min(when.time_unix_nano),
            time_unix_nano: when.time_unix_nano,
            value,
            exemplars: durations.recorded.encoded_exemplars(when.time_unix_nano),
        }
    }
}
