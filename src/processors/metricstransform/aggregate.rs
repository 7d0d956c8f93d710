//! Merging the data points of a metric that have the same labels and time.
//!
//! Points are told apart as the Collector does: by attributes in any order, timestamp, and for deltas the
//! start timestamp too, since they cover different times. The merged point begins with the earliest of
//! its points. Points that say they have no value take part only where there are no others.

use std::collections::HashMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
    NumberDataPoint,
};
use prost::Message;

use super::config::Aggregation;
use super::data_points::DataPoint;
use crate::metric_streams::{ExponentialBuckets, ExponentialHistogram, Histogram, add_numbers};
use crate::otlp::{ExponentialHistogramDataPointView, HistogramDataPointView, NumberValue, View};

/// Merges the points of `metric` that have the same labels and time. Numbers are aggregated as told, and
/// without an `aggregation` keep the first value; histograms are always added. Summaries stay as they
/// are: nothing is known of the quantiles of several together.
pub(super) fn aggregate(metric: &mut Metric, aggregation: Option<Aggregation>) {
    match &mut metric.data {
        Some(Data::Gauge(gauge)) => {
            merge_groups(&mut gauge.data_points, false, |points| merged_numbers(points, aggregation));
        }
        Some(Data::Sum(sum)) => {
            let is_delta = sum.aggregation_temporality == AggregationTemporality::Delta as i32;
            merge_groups(&mut sum.data_points, is_delta, |points| merged_numbers(points, aggregation));
        }
        Some(Data::Histogram(histogram)) => {
            let is_delta = histogram.aggregation_temporality == AggregationTemporality::Delta as i32;
            merge_groups(&mut histogram.data_points, is_delta, merged_histograms);
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let is_delta = histogram.aggregation_temporality == AggregationTemporality::Delta as i32;
            merge_groups(&mut histogram.data_points, is_delta, merged_exponential_histograms);
        }
        Some(Data::Summary(_)) | None => {}
    }
}

/// Puts what `merge` makes of each group, which is never empty, in the place of its first point.
fn merge_groups<P: DataPoint>(points: &mut Vec<P>, is_delta: bool, merge: impl FnMut(Vec<P>) -> Option<P>) {
    let mut groups: Vec<Vec<P>> = Vec::new();
    let mut group_of = HashMap::new();
    for point in points.drain(..) {
        let start = if is_delta { point.start_time_unix_nano() } else { 0 };
        let identity = (order_independent(point.attributes()), point.time_unix_nano(), start);
        let index = *group_of.entry(identity).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(point),
            None => groups.push(vec![point]),
        }
    }
    points.extend(groups.into_iter().filter_map(merge));
}

/// The attributes as bytes that are the same in whatever order they stand.
fn order_independent(attributes: &[KeyValue]) -> Vec<u8> {
    let mut values = attributes.to_vec();
    sort(&mut values);
    KeyValueList { values }.encode_to_vec()
}

fn sort(attributes: &mut [KeyValue]) {
    attributes.sort_by(|left, right| left.key.cmp(&right.key));
    attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()).for_each(sort_value);
}

fn sort_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(AttributeValue::KvlistValue(list)) => sort(&mut list.values),
        Some(AttributeValue::ArrayValue(array)) => array.values.iter_mut().for_each(sort_value),
        _ => {}
    }
}

fn merged_numbers(points: Vec<NumberDataPoint>, aggregation: Option<Aggregation>) -> Option<NumberDataPoint> {
    let start = earliest_start(&points);
    let (with_value, without) = points.into_iter().partition(|point| has_value(point.flags, point.value));
    let (mut merged, others) = first_and_others(with_value, without)?;
    merged.start_time_unix_nano = start;
    if let (Some(aggregation), Some(first)) = (aggregation, merged.value) {
        let mut values = vec![first];
        values.extend(others.iter().filter_map(|point| point.value));
        merged.value = Some(aggregated(&values, aggregation));
    }
    merged.exemplars.extend(others.into_iter().flat_map(|point| point.exemplars));
    Some(merged)
}

fn has_value(flags: u32, value: Option<Value>) -> bool {
    value.is_some() && !says_no_value(flags)
}

const fn says_no_value(flags: u32) -> bool {
    flags & DataPointFlags::NoRecordedValueMask as u32 != 0
}

/// The point that others are added to, and those others: of `preferred`, or of `rest` if there are none.
fn first_and_others<P>(preferred: Vec<P>, rest: Vec<P>) -> Option<(P, Vec<P>)> {
    let mut points = if preferred.is_empty() { rest } else { preferred };
    let others = points.split_off(points.len().min(1));
    Some((points.pop()?, others))
}

fn earliest_start<P: DataPoint>(points: &[P]) -> u64 {
    points.iter().map(DataPoint::start_time_unix_nano).min().unwrap_or_default()
}

/// One value of many: an integer where all are, but for a sum that does not fit one; else a double.
fn aggregated(values: &[Value], aggregation: Aggregation) -> Value {
    let integers: Option<Vec<i64>> = values.iter().map(|value| integer(*value)).collect();
    match (aggregation, integers) {
        (Aggregation::Sum, _) => sum(values),
        (Aggregation::Mean, _) => match sum(values) {
            Value::AsInt(sum) => Value::AsInt(sum / i64::try_from(values.len()).unwrap_or(i64::MAX)),
            Value::AsDouble(sum) => Value::AsDouble(sum / values.len() as f64),
        },
        (Aggregation::Count, Some(_)) => Value::AsInt(i64::try_from(values.len()).unwrap_or(i64::MAX)),
        (Aggregation::Count, None) => Value::AsDouble(values.len() as f64),
        (_, Some(integers)) => Value::AsInt(middle_or_end_of_integers(integers, aggregation)),
        (_, None) => {
            let doubles = values.iter().map(|value| number(*value).to_double()).collect();
            Value::AsDouble(middle_or_end_of_doubles(doubles, aggregation))
        }
    }
}

fn sum(values: &[Value]) -> Value {
    let numbers = values.iter().map(|value| number(*value));
    match numbers.reduce(add_numbers) {
        Some(NumberValue::Double(double)) => Value::AsDouble(double),
        Some(NumberValue::Int(integer)) => Value::AsInt(integer),
        None => Value::AsInt(0),
    }
}

fn middle_or_end_of_integers(mut integers: Vec<i64>, aggregation: Aggregation) -> i64 {
    integers.sort_unstable();
    let (low, high) = middle_or_end(&integers, aggregation);
    // Two integers of 64 bits always have a middle of 64 bits.
    i64::try_from((i128::from(low) + i128::from(high)) / 2).unwrap_or(low)
}

fn middle_or_end_of_doubles(mut doubles: Vec<f64>, aggregation: Aggregation) -> f64 {
    let not_a_number = doubles.iter().any(|double| double.is_nan());
    doubles.sort_unstable_by(f64::total_cmp);
    let (low, high) = middle_or_end(&doubles, aggregation);
    if not_a_number { f64::NAN } else { low.midpoint(high) }
}

/// The least, the greatest or the two in the middle (once more the same if there is one) of sorted values.
fn middle_or_end<T: Copy + Default>(sorted: &[T], aggregation: Aggregation) -> (T, T) {
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let last = sorted.len().saturating_sub(1);
    match aggregation {
        Aggregation::Min => (at(0), at(0)),
        Aggregation::Max => (at(last), at(last)),
        _ => (at(last / 2), at(sorted.len() / 2)),
    }
}

const fn integer(value: Value) -> Option<i64> {
    match value {
        Value::AsInt(integer) => Some(integer),
        Value::AsDouble(_) => None,
    }
}

const fn number(value: Value) -> NumberValue {
    match value {
        Value::AsInt(integer) => NumberValue::Int(integer),
        Value::AsDouble(double) => NumberValue::Double(double),
    }
}

fn merged_histograms(points: Vec<HistogramDataPoint>) -> Option<HistogramDataPoint> {
    let start = earliest_start(&points);
    // Nothing is in an empty one, so that its bounds need not cost the others theirs.
    let (filled, empty) =
        points.into_iter().partition(|point| point.count > 0 && !says_no_value(point.flags));
    let (mut merged, others) = first_and_others(filled, empty)?;
    merged.start_time_unix_nano = start;
    if others.is_empty() || merged.count == 0 {
        return Some(merged);
    }
    let mut sum = histogram(&merged);
    others.iter().for_each(|other| sum.add(&histogram(other)));
    (merged.count, merged.sum, merged.min, merged.max) = (sum.count, sum.sum, sum.min, sum.max);
    (merged.explicit_bounds, merged.bucket_counts) = (sum.bounds, sum.bucket_counts);
    merged.exemplars.extend(others.into_iter().flat_map(|point| point.exemplars));
    Some(merged)
}

fn histogram(point: &HistogramDataPoint) -> Histogram {
    Histogram::of(&HistogramDataPointView::parse(&point.encode_to_vec()))
}

fn merged_exponential_histograms(
    points: Vec<ExponentialHistogramDataPoint>,
) -> Option<ExponentialHistogramDataPoint> {
    let start = earliest_start(&points);
    let (filled, empty) =
        points.into_iter().partition(|point| point.count > 0 && !says_no_value(point.flags));
    let (mut merged, others) = first_and_others(filled, empty)?;
    merged.start_time_unix_nano = start;
    if others.is_empty() || merged.count == 0 {
        return Some(merged);
    }
    let mut sum = exponential_histogram(&merged);
    others.iter().for_each(|other| sum.add(&exponential_histogram(other)));
    (merged.count, merged.sum, merged.min, merged.max) = (sum.count, sum.sum, sum.min, sum.max);
    (merged.scale, merged.zero_count, merged.zero_threshold) =
        (sum.scale, sum.zero_count, sum.zero_threshold);
    merged.positive = buckets(&sum.positive);
    merged.negative = buckets(&sum.negative);
    merged.exemplars.extend(others.into_iter().flat_map(|point| point.exemplars));
    Some(merged)
}

fn exponential_histogram(point: &ExponentialHistogramDataPoint) -> ExponentialHistogram {
    ExponentialHistogram::of(&ExponentialHistogramDataPointView::parse(&point.encode_to_vec()))
}

fn buckets(side: &ExponentialBuckets) -> Option<Buckets> {
    let bucket_counts: Vec<u64> = side.counts().iter().copied().collect();
    (!bucket_counts.is_empty()).then(|| Buckets { offset: side.offset(), bucket_counts })
}
