//! The data points of a metric as they came, whatever their kind.

use super::PointValue;
use crate::otlp::{KeyValueView, List, MetricData};

/// A data point on the wire, with its value read.
#[derive(Debug, Clone)]
pub struct WirePoint<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What tells the series from the others of the metric.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What was measured; none where it says that there is no value. Quantiles are not read.
    pub value: Option<PointValue>,
}

impl<'a> WirePoint<'a> {
    /// Calls `visit` with each point of a metric, in order.
    pub fn for_each(data: &MetricData<'a>, mut visit: impl FnMut(Self)) {
        // The views are alike and have no type in common.
        macro_rules! visit_all {
            ($data_points:expr, $value_of:expr) => {
                for point in $data_points.iter() {
                    visit(Self {
                        bytes: point.bytes,
                        attributes: point.attributes,
                        start_time_unix_nano: point.start_time_unix_nano,
                        time_unix_nano: point.time_unix_nano,
                        value: $value_of(&point),
                    });
                }
            };
        }
        match data {
            MetricData::Empty => {}
            MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
                visit_all!(data_points, PointValue::of_number);
            }
            MetricData::Histogram { data_points, .. } => visit_all!(data_points, PointValue::of_histogram),
            MetricData::ExponentialHistogram { data_points, .. } => {
                visit_all!(data_points, PointValue::of_exponential_histogram);
            }
            MetricData::Summary { data_points } => visit_all!(data_points, |_| None),
        }
    }
}
