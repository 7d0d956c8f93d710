//! The data points of a decoded metric, whatever their kind.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
};

/// What data points of every kind have.
pub(super) trait DataPoint {
    fn attributes(&self) -> &Vec<KeyValue>;
    fn attributes_mut(&mut self) -> &mut Vec<KeyValue>;
    fn time_unix_nano(&self) -> u64;
    fn start_time_unix_nano(&self) -> u64;
}

macro_rules! data_point {
    ($($point:ident),*) => {$(
        impl DataPoint for $point {
            fn attributes(&self) -> &Vec<KeyValue> {
                &self.attributes
            }

            fn attributes_mut(&mut self) -> &mut Vec<KeyValue> {
                &mut self.attributes
            }

            fn time_unix_nano(&self) -> u64 {
                self.time_unix_nano
            }

            fn start_time_unix_nano(&self) -> u64 {
                self.start_time_unix_nano
            }
        }
    )*};
}

data_point!(NumberDataPoint, HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint);

/// Calls `visit` with each data point.
pub(super) fn for_each(metric: &mut Metric, mut visit: impl FnMut(&mut dyn DataPoint)) {
    retain(metric, |point| {
        visit(point);
        true
    });
}

/// Keeps the data points for which `keep` says so.
pub(super) fn retain(metric: &mut Metric, mut keep: impl FnMut(&mut dyn DataPoint) -> bool) {
    match &mut metric.data {
        None => {}
        Some(Data::Gauge(gauge)) => gauge.data_points.retain_mut(|point| keep(point)),
        Some(Data::Sum(sum)) => sum.data_points.retain_mut(|point| keep(point)),
        Some(Data::Histogram(histogram)) => histogram.data_points.retain_mut(|point| keep(point)),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.retain_mut(|point| keep(point)),
        Some(Data::Summary(summary)) => summary.data_points.retain_mut(|point| keep(point)),
    }
}

/// How many data points there are.
pub(super) const fn count(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}

/// The attributes of each data point.
pub(super) fn attributes(metric: &Metric) -> Vec<&Vec<KeyValue>> {
    fn of<P: DataPoint>(points: &[P]) -> Vec<&Vec<KeyValue>> {
        points.iter().map(DataPoint::attributes).collect()
    }
    match &metric.data {
        None => Vec::new(),
        Some(Data::Gauge(gauge)) => of(&gauge.data_points),
        Some(Data::Sum(sum)) => of(&sum.data_points),
        Some(Data::Histogram(histogram)) => of(&histogram.data_points),
        Some(Data::ExponentialHistogram(histogram)) => of(&histogram.data_points),
        Some(Data::Summary(summary)) => of(&summary.data_points),
    }
}
