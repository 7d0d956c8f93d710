//! The operation `experimental_scale_value`: values, sums, bounds and exemplars times a factor.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, exemplar, number_data_point,
};

use super::filter::MetricFilter;
use super::operation::for_each_number;

/// Multiplies the values of the points that `filter` is for with `factor`, which is not 0. Integers stay
/// integers and lose their fraction.
pub(super) fn scale(metric: &mut Metric, filter: &MetricFilter, factor: f64) {
    match &mut metric.data {
        Some(Data::Gauge(_) | Data::Sum(_)) => for_each_number(metric, filter, |point| {
            point.value = point.value.map(|value| match value {
                number_data_point::Value::AsInt(integer) => {
                    number_data_point::Value::AsInt((integer as f64 * factor) as i64)
                }
                number_data_point::Value::AsDouble(double) => {
                    number_data_point::Value::AsDouble(double * factor)
                }
            });
        }),
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.iter_mut();
            points
                .filter(|point| filter.matches_attributes(&point.attributes))
                .for_each(|point| scale_histogram(point, factor));
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            let points = histogram.data_points.iter_mut();
            points
                .filter(|point| filter.matches_attributes(&point.attributes))
                .for_each(|point| scale_exponential_histogram(point, factor));
        }
        Some(Data::Summary(_)) | None => {}
    }
}

fn scale_histogram(point: &mut HistogramDataPoint, factor: f64) {
    scale_statistics(&mut point.sum, &mut point.min, &mut point.max, factor);
    point.explicit_bounds.iter_mut().for_each(|bound| *bound *= factor);
    if factor < 0.0 {
        // Bounds ascend, so what was highest comes first now.
        point.explicit_bounds.reverse();
        point.bucket_counts.reverse();
    }
    scale_exemplars(&mut point.exemplars, factor);
}

/// Moves the buckets by as many as come nearest: a factor that is no power of the base falls between two.
fn scale_exponential_histogram(point: &mut ExponentialHistogramDataPoint, factor: f64) {
    scale_statistics(&mut point.sum, &mut point.min, &mut point.max, factor);
    point.zero_threshold *= factor.abs();
    for buckets in [&mut point.positive, &mut point.negative].into_iter().flatten() {
        move_buckets(buckets, point.scale, factor.abs());
    }
    if factor < 0.0 {
        std::mem::swap(&mut point.positive, &mut point.negative);
    }
    scale_exemplars(&mut point.exemplars, factor);
}

/// The new offset is the index of the bucket that holds the scaled middle of the first bucket. Computed
/// with logarithms, since far from 1 the values themselves fit no double.
fn move_buckets(buckets: &mut Buckets, scale: i32, factor: f64) {
    if buckets.bucket_counts.is_empty() {
        return;
    }
    // The binary logarithm of the base: bounds are 2^(index * width).
    let width = (-f64::from(scale)).exp2();
    let base_and_one = if width < 1000.0 { (width.exp2() + 1.0).log2() } else { width };
    let middle = f64::from(buckets.offset).mul_add(width, base_and_one - 1.0);
    buckets.offset = (((middle + factor.log2()) / width).ceil() - 1.0) as i32;
}

fn scale_statistics(sum: &mut Option<f64>, min: &mut Option<f64>, max: &mut Option<f64>, factor: f64) {
    for statistic in [&mut *sum, &mut *min, &mut *max].into_iter().flatten() {
        *statistic *= factor;
    }
    if factor < 0.0 {
        std::mem::swap(min, max);
    }
}

fn scale_exemplars(exemplars: &mut [Exemplar], factor: f64) {
    for exemplar in exemplars {
        exemplar.value = exemplar.value.map(|value| match value {
            exemplar::Value::AsInt(integer) => exemplar::Value::AsInt((integer as f64 * factor) as i64),
            exemplar::Value::AsDouble(double) => exemplar::Value::AsDouble(double * factor),
        });
    }
}
