//! The last value of a series, and how the page shows it.

use std::mem::discriminant;

use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{ExponentialHistogram, Histogram, PointValue};
use crate::otlp::{ExemplarView, SummaryDataPointView, View};
use crate::prometheus::{Bucket, Exemplar, HistogramValue, SeriesValue, SummaryValue};

/// What a data point says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measurement {
    /// When it was measured, in nanoseconds since 1970; 0 where unknown.
    pub time_unix_nano: u64,
    /// Whether it counts from the point before.
    pub is_delta: bool,
    /// What was measured.
    pub value: MeasuredValue,
    /// Encoded exemplars.
    pub exemplars: MessageList,
}

/// The value of a data point of any kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MeasuredValue {
    /// Of what can be added up.
    Point(PointValue),
    /// Of a summary.
    Summary(Box<SummaryValue>),
}

impl MeasuredValue {
    /// The value of a summary's point.
    pub fn of_summary(point: &SummaryDataPointView<'_>) -> Self {
        let mut quantiles: Vec<(f64, f64)> =
            point.quantile_values.iter().map(|at| (at.quantile, at.value)).collect();
        quantiles.sort_by(|left, right| left.0.total_cmp(&right.0));
        // Of equal quantiles the last that was sent counts.
        quantiles.reverse();
        quantiles.dedup_by(|next, kept| next.0 == kept.0);
        quantiles.reverse();
        Self::Summary(Box::new(SummaryValue { count: point.count, sum: point.sum, quantiles }))
    }
}

impl Measurement {
    /// Adds a delta to what is shown. One of another shape under the same name takes its place.
    pub fn add(&mut self, delta: Self) {
        let time_unix_nano = self.time_unix_nano.max(delta.time_unix_nano);
        match (&mut self.value, &delta.value) {
            (MeasuredValue::Point(value), MeasuredValue::Point(more))
                if discriminant(value) == discriminant(more) =>
            {
                value.add(more);
                self.time_unix_nano = time_unix_nano;
                if !delta.exemplars.is_empty() {
                    self.exemplars = delta.exemplars;
                }
            }
            _ => *self = delta,
        }
    }

    /// The value as the page has it.
    pub fn shown(&self) -> SeriesValue {
        let exemplars: Vec<Exemplar> =
            self.exemplars.iter().filter_map(|encoded| Exemplar::of(&ExemplarView::parse(encoded))).collect();
        match &self.value {
            MeasuredValue::Point(PointValue::Number(value)) => {
                SeriesValue::Number { value: value.to_double(), exemplar: exemplars.into_iter().next_back() }
            }
            MeasuredValue::Point(PointValue::Histogram(histogram)) => {
                SeriesValue::Histogram(classic(histogram, exemplars))
            }
            MeasuredValue::Point(PointValue::ExponentialHistogram(histogram)) => {
                SeriesValue::Histogram(without_buckets(histogram, exemplars))
            }
            MeasuredValue::Summary(summary) => SeriesValue::Summary(SummaryValue::clone(summary)),
        }
    }

    /// When it was measured, in milliseconds since 1970.
    pub fn time_unix_ms(&self) -> i64 {
        i64::try_from(self.time_unix_nano / 1_000_000).unwrap_or(i64::MAX)
    }
}

fn classic(histogram: &Histogram, exemplars: Vec<Exemplar>) -> HistogramValue {
    let mut buckets: Vec<Bucket> = Vec::with_capacity(histogram.bounds.len() + 1);
    let mut cumulative_count = 0_u64;
    for (bound, count) in histogram.bounds.iter().zip(&histogram.bucket_counts) {
        cumulative_count = cumulative_count.saturating_add(*count);
        match buckets.last_mut() {
            Some(last) if last.upper_bound == *bound => last.cumulative_count = cumulative_count,
            _ => buckets.push(Bucket { upper_bound: *bound, cumulative_count, exemplar: None }),
        }
    }
    // A client may send the infinite bound, which is always there.
    buckets.retain(|bucket| bucket.upper_bound != f64::INFINITY);
    // A bucket never holds more than all of them, whatever a client counted.
    let count = histogram.count.max(cumulative_count);
    buckets.push(Bucket { upper_bound: f64::INFINITY, cumulative_count: count, exemplar: None });
    place(exemplars, &mut buckets);
    HistogramValue { count, sum: histogram.sum, buckets }
}

/// The text formats have no buckets that grow exponentially: count and sum remain, as in the Collector.
fn without_buckets(histogram: &ExponentialHistogram, exemplars: Vec<Exemplar>) -> HistogramValue {
    let mut buckets =
        vec![Bucket { upper_bound: f64::INFINITY, cumulative_count: histogram.count, exemplar: None }];
    place(exemplars, &mut buckets);
    HistogramValue { count: histogram.count, sum: histogram.sum, buckets }
}

/// Puts each exemplar into the bucket its value was counted in; of several the last.
fn place(exemplars: Vec<Exemplar>, buckets: &mut [Bucket]) {
    for exemplar in exemplars {
        let bucket = buckets.iter_mut().find(|bucket| exemplar.value <= bucket.upper_bound);
        if let Some(bucket) = bucket {
            bucket.exemplar = Some(exemplar);
        }
    }
}
