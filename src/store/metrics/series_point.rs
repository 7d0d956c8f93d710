//! Data points as questions about metrics need them.

use std::cmp::Ordering;

use super::ExemplarOfTime;
use super::distribution::Distribution;
use crate::otlp::{
    ExemplarView, ExponentialHistogramDataPointView, HistogramDataPointView, KeyValueView, List, MetricData,
    NumberDataPointView, NumberValue, SummaryDataPointView,
};

/// The flag of points without a value: the series ended or was not seen.
const NO_RECORDED_VALUE: u32 = 1;

/// A data point of whatever kind.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// When it was measured.
    pub unix_nano: u64,
    /// When counting began; 0 where unknown.
    pub start_unix_nano: u64,
    /// What was measured.
    pub value: PointValue,
}

/// The value of a data point.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue {
    /// None was recorded.
    Missing,
    /// A number.
    Number(f64),
    /// What a histogram counted.
    Distribution(Box<Distribution>),
    /// What a summary says.
    Summary(Box<SummaryValue>),
}

/// What a summary says.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryValue {
    /// How many values were recorded.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Quantiles and their values.
    pub quantiles: Vec<(f64, f64)>,
}

impl PointValue {
    fn in_order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Distribution(one), Self::Distribution(other)) => one.in_order(other),
            (Self::Summary(one), Self::Summary(other)) => one.in_order(other),
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Number(_) => 1,
            Self::Distribution(_) => 2,
            Self::Summary(_) => 3,
        }
    }
}

impl SummaryValue {
    fn in_order(&self, other: &Self) -> Ordering {
        let words = |summary: &Self| -> Vec<u64> {
            let quantiles = summary.quantiles.iter().flat_map(|(quantile, value)| [quantile, value]);
            quantiles.map(|number| number.to_bits()).collect()
        };
        let by_number = self.count.cmp(&other.count).then(self.sum.total_cmp(&other.sum));
        by_number.then_with(|| words(self).cmp(&words(other)))
    }

    /// The value at the quantile nearest to `quantile`, the lower of two equally near.
    pub fn nearest(&self, quantile: f64) -> Option<f64> {
        let distance = |(at, _): &&(f64, f64)| (at - quantile).abs();
        let by_distance = |one: &&(f64, f64), other: &&(f64, f64)| {
            distance(one).total_cmp(&distance(other)).then(one.0.total_cmp(&other.0))
        };
        self.quantiles.iter().min_by(by_distance).map(|(_, value)| *value)
    }
}

impl SeriesPoint {
    /// The order of points of a series: by time, and those of one time in an order that every engine has too.
    pub fn in_order(&self, other: &Self) -> Ordering {
        (self.unix_nano, self.start_unix_nano)
            .cmp(&(other.unix_nano, other.start_unix_nano))
            .then_with(|| self.value.in_order(&other.value))
    }

    /// False where it has a value that nothing can be told of.
    pub const fn is_finite_or_missing(&self) -> bool {
        match &self.value {
            PointValue::Number(number) => number.is_finite(),
            PointValue::Missing | PointValue::Distribution(_) | PointValue::Summary(_) => true,
        }
    }

    /// A point of a gauge or a sum.
    pub fn of_number(point: &NumberDataPointView<'_>) -> Self {
        let value = match point.value {
            Some(number) if point.flags & NO_RECORDED_VALUE == 0 => PointValue::Number(as_double(number)),
            _ => PointValue::Missing,
        };
        Self { unix_nano: point.time_unix_nano, start_unix_nano: point.start_time_unix_nano, value }
    }

    /// A point of a histogram.
    pub fn of_histogram(point: &HistogramDataPointView<'_>) -> Self {
        let value = if point.flags & NO_RECORDED_VALUE == 0 {
            PointValue::Distribution(Box::new(Distribution::of_histogram(point)))
        } else {
            PointValue::Missing
        };
        Self { unix_nano: point.time_unix_nano, start_unix_nano: point.start_time_unix_nano, value }
    }

    /// A point of an exponential histogram.
    pub fn of_exponential(point: &ExponentialHistogramDataPointView<'_>) -> Self {
        let value = if point.flags & NO_RECORDED_VALUE == 0 {
            PointValue::Distribution(Box::new(Distribution::of_exponential(point)))
        } else {
            PointValue::Missing
        };
        Self { unix_nano: point.time_unix_nano, start_unix_nano: point.start_time_unix_nano, value }
    }

    /// A point of a summary.
    pub fn of_summary(point: &SummaryDataPointView<'_>) -> Self {
        let quantiles = point.quantile_values.iter().map(|at| (at.quantile, at.value)).collect();
        let value = if point.flags & NO_RECORDED_VALUE == 0 {
            PointValue::Summary(Box::new(SummaryValue { count: point.count, sum: point.sum, quantiles }))
        } else {
            PointValue::Missing
        };
        Self { unix_nano: point.time_unix_nano, start_unix_nano: point.start_time_unix_nano, value }
    }
}

/// Calls `visit` with every point of a metric, its attributes and its exemplars.
pub fn for_each_series_point<'a>(
    data: MetricData<'a>,
    mut visit: impl FnMut(List<'a, KeyValueView<'a>>, SeriesPoint, List<'a, ExemplarView<'a>>),
) {
    match data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            for point in data_points {
                visit(point.attributes, SeriesPoint::of_number(&point), point.exemplars);
            }
        }
        MetricData::Histogram { data_points, .. } => {
            for point in data_points {
                visit(point.attributes, SeriesPoint::of_histogram(&point), point.exemplars);
            }
        }
        MetricData::ExponentialHistogram { data_points, .. } => {
            for point in data_points {
                visit(point.attributes, SeriesPoint::of_exponential(&point), point.exemplars);
            }
        }
        MetricData::Summary { data_points } => {
            for point in data_points {
                visit(point.attributes, SeriesPoint::of_summary(&point), List::default());
            }
        }
    }
}

/// The exemplars that have a value.
pub fn exemplars<'a>(list: List<'a, ExemplarView<'a>>) -> impl Iterator<Item = ExemplarOfTime> + 'a {
    list.iter().filter_map(|exemplar| {
        Some(ExemplarOfTime {
            unix_nano: exemplar.time_unix_nano,
            value: as_double(exemplar.value?),
            trace_id: exemplar.trace_id.try_into().unwrap_or_default(),
            span_id: exemplar.span_id.try_into().unwrap_or_default(),
        })
    })
}

const fn as_double(number: NumberValue) -> f64 {
    match number {
        NumberValue::Int(number) => number as f64,
        NumberValue::Double(number) => number,
    }
}
