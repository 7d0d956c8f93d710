//! Metrics: name, unit and one of five kinds of data.

use super::data_point::{
    ExponentialHistogramDataPointView, HistogramDataPointView, NumberDataPointView, SummaryDataPointView,
};
use super::list::for_each_field;
use super::{KeyValueView, List, View};
use crate::otlp::Text;
use crate::otlp::wire::Fields;

/// A `Metric`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What is measured.
    pub name: Text<'a>,
    /// The same in a sentence.
    pub description: Text<'a>,
    /// The unit in UCUM notation.
    pub unit: Text<'a>,
    /// What else is known of the metric.
    pub metadata: List<'a, KeyValueView<'a>>,
    /// The data points.
    pub data: MetricData<'a>,
}

/// The data points of a metric by kind.
#[derive(Debug, Clone, Copy, Default)]
pub enum MetricData<'a> {
    /// A metric without data.
    #[default]
    Empty,
    /// Values as they were at a moment.
    Gauge {
        /// The values.
        data_points: List<'a, NumberDataPointView<'a>>,
    },
    /// Values that add up.
    Sum {
        /// The values.
        data_points: List<'a, NumberDataPointView<'a>>,
        /// An `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: i32,
        /// True where values never decrease.
        is_monotonic: bool,
    },
    /// Distributions over buckets with given bounds.
    Histogram {
        /// The distributions.
        data_points: List<'a, HistogramDataPointView<'a>>,
        /// An `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: i32,
    },
    /// Distributions over buckets that grow exponentially.
    ExponentialHistogram {
        /// The distributions.
        data_points: List<'a, ExponentialHistogramDataPointView<'a>>,
        /// An `AggregationTemporality`: 1 delta, 2 cumulative.
        aggregation_temporality: i32,
    },
    /// Quantiles computed by the client.
    Summary {
        /// The summaries.
        data_points: List<'a, SummaryDataPointView<'a>>,
    },
}

/// True for the numbers of a `Metric`'s fields that hold data points, of which one is set.
pub(in crate::otlp) const fn is_data_field(number: u32) -> bool {
    matches!(number, 5 | 7 | 9 | 10 | 11)
}

impl<'a> View<'a> for MetricView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut metric = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => metric.name = value.text(),
            2 => metric.description = value.text(),
            3 => metric.unit = value.text(),
            12 => metric.metadata.note_element(from_here, number),
            _ if is_data_field(number) => metric.data = MetricData::parse(number, value.bytes()),
            _ => {}
        });
        metric
    }
}

impl<'a> MetricData<'a> {
    /// How many data points there are. Walks the list without looking inside.
    pub fn data_point_count(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Gauge { data_points } | Self::Sum { data_points, .. } => data_points.count(),
            Self::Histogram { data_points, .. } => data_points.count(),
            Self::ExponentialHistogram { data_points, .. } => data_points.count(),
            Self::Summary { data_points } => data_points.count(),
        }
    }

    /// Reads the data under the metric's field `number`.
    fn parse(number: u32, data: &'a [u8]) -> Self {
        let (mut aggregation_temporality, mut is_monotonic) = (0, false);
        for (number, value) in Fields::of(data) {
            match number {
                2 => aggregation_temporality = value.int32(),
                3 => is_monotonic = value.number() != 0,
                _ => {}
            }
        }
        match number {
            5 => Self::Gauge { data_points: List::of(data, 1) },
            7 => Self::Sum { data_points: List::of(data, 1), aggregation_temporality, is_monotonic },
            9 => Self::Histogram { data_points: List::of(data, 1), aggregation_temporality },
            10 => Self::ExponentialHistogram { data_points: List::of(data, 1), aggregation_temporality },
            _ => Self::Summary { data_points: List::of(data, 1) },
        }
    }
}
