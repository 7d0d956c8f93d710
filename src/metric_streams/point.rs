//! Data points that outlive the batch they came in.

use super::wire::MessageList;
use super::{ExponentialHistogram, Histogram, add_numbers, number_difference};
use crate::otlp::{
    ExponentialHistogramDataPointView, HistogramDataPointView, MetricData, NumberDataPointView, NumberValue,
    View,
};

/// Bit 0 of a data point's flags: the series has ended, the point has no value.
const NO_RECORDED_VALUE: u32 = 1;

/// Whether points count from the last one or from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Temporality {
    /// Not said, which the specification does not allow.
    Unspecified,
    /// Each point covers the time since the one before.
    Delta,
    /// Each point covers the time since the start of the stream.
    Cumulative,
}

/// What a metric's points are and how they combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// A metric without data.
    Empty,
    /// Values as they were at a moment.
    Gauge,
    /// Values that add up.
    Sum {
        /// What a point covers.
        temporality: Temporality,
        /// True where values never decrease.
        is_monotonic: bool,
    },
    /// Distributions over buckets with given bounds.
    Histogram {
        /// What a point covers.
        temporality: Temporality,
    },
    /// Distributions over buckets that grow exponentially.
    ExponentialHistogram {
        /// What a point covers.
        temporality: Temporality,
    },
    /// Quantiles computed by the client.
    Summary,
}

/// What a data point says, apart from when and of whom.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue {
    /// Of a gauge or a sum.
    Number(NumberValue),
    /// Of a histogram. Boxed: most streams are numbers, of which there are many.
    Histogram(Box<Histogram>),
    /// Of an exponential histogram.
    ExponentialHistogram(Box<ExponentialHistogram>),
}

/// A data point without its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What was measured.
    pub value: PointValue,
    /// Encoded exemplars.
    pub exemplars: MessageList,
}

impl Temporality {
    /// Reads an `AggregationTemporality`.
    pub const fn from_number(number: i32) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }

    /// The number in OTLP.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Delta => 1,
            Self::Cumulative => 2,
        }
    }
}

impl MetricKind {
    /// The kind of a metric on the wire.
    pub const fn of(data: &MetricData<'_>) -> Self {
        match *data {
            MetricData::Empty => Self::Empty,
            MetricData::Gauge { .. } => Self::Gauge,
            MetricData::Sum { aggregation_temporality, is_monotonic, .. } => {
                Self::Sum { temporality: Temporality::from_number(aggregation_temporality), is_monotonic }
            }
            MetricData::Histogram { aggregation_temporality, .. } => {
                Self::Histogram { temporality: Temporality::from_number(aggregation_temporality) }
            }
            MetricData::ExponentialHistogram { aggregation_temporality, .. } => {
                Self::ExponentialHistogram { temporality: Temporality::from_number(aggregation_temporality) }
            }
            MetricData::Summary { .. } => Self::Summary,
        }
    }

    /// What a point covers; none for gauges and summaries.
    pub const fn temporality(self) -> Option<Temporality> {
        match self {
            Self::Sum { temporality, .. }
            | Self::Histogram { temporality }
            | Self::ExponentialHistogram { temporality } => Some(temporality),
            Self::Empty | Self::Gauge | Self::Summary => None,
        }
    }

    /// True where a smaller value means that counting began anew: monotonic sums and histograms.
    pub const fn is_monotonic(self) -> bool {
        match self {
            Self::Sum { is_monotonic, .. } => is_monotonic,
            Self::Histogram { .. } | Self::ExponentialHistogram { .. } => true,
            Self::Empty | Self::Gauge | Self::Summary => false,
        }
    }

    /// The same kind with another temporality, where it has one.
    #[must_use]
    pub const fn with_temporality(self, temporality: Temporality) -> Self {
        match self {
            Self::Sum { is_monotonic, .. } => Self::Sum { temporality, is_monotonic },
            Self::Histogram { .. } => Self::Histogram { temporality },
            Self::ExponentialHistogram { .. } => Self::ExponentialHistogram { temporality },
            Self::Empty | Self::Gauge | Self::Summary => self,
        }
    }

    /// Bytes that differ where kinds do.
    pub(super) fn fingerprint(self) -> [u8; 3] {
        let temporality = self.temporality().map_or(0, Temporality::number);
        let (kind, is_monotonic) = match self {
            Self::Empty => (0, false),
            Self::Gauge => (1, false),
            Self::Sum { is_monotonic, .. } => (2, is_monotonic),
            Self::Histogram { .. } => (3, false),
            Self::ExponentialHistogram { .. } => (4, false),
            Self::Summary => (5, false),
        };
        [kind, temporality, u8::from(is_monotonic)]
    }
}

impl PointValue {
    /// The value of a gauge's or sum's point; none where none was recorded.
    pub fn of_number(view: &NumberDataPointView<'_>) -> Option<Self> {
        view.value.filter(|_| view.flags & NO_RECORDED_VALUE == 0).map(Self::Number)
    }

    /// The value of a histogram's point; none where none was recorded.
    pub fn of_histogram(view: &HistogramDataPointView<'_>) -> Option<Self> {
        (view.flags & NO_RECORDED_VALUE == 0).then(|| Self::Histogram(Box::new(Histogram::of(view))))
    }

    /// The value of an exponential histogram's point; none where none was recorded.
    pub fn of_exponential_histogram(view: &ExponentialHistogramDataPointView<'_>) -> Option<Self> {
        (view.flags & NO_RECORDED_VALUE == 0)
            .then(|| Self::ExponentialHistogram(Box::new(ExponentialHistogram::of(view))))
    }

    /// Adds `other`, a value of the same kind; a stream has one kind, so others do not meet here.
    pub fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Number(value), Self::Number(other)) => *value = add_numbers(*value, *other),
            (Self::Histogram(histogram), Self::Histogram(other)) => histogram.add(other),
            (Self::ExponentialHistogram(histogram), Self::ExponentialHistogram(other)) => {
                histogram.add(other)
            }
            (value, other) => debug_assert!(false, "{value:?} and {other:?} are added"),
        }
    }

    /// True for a number that is none, from which there is no difference.
    pub const fn is_not_a_number(&self) -> bool {
        matches!(self, Self::Number(NumberValue::Double(value)) if value.is_nan())
    }

    /// True where both have the same buckets, so that one can be taken from the other: always, but for
    /// histograms with explicit bounds. Exponential ones find a scale for both.
    pub fn has_bounds_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Histogram(histogram), Self::Histogram(other)) => histogram.has_bounds_of(other),
            _ => true,
        }
    }

    /// Gives up the smallest and the largest value, which hold for another time than the rest.
    pub fn forget_extremes(&mut self) {
        match self {
            Self::Number(_) => {}
            Self::Histogram(histogram) => (histogram.min, histogram.max) = (None, None),
            Self::ExponentialHistogram(histogram) => (histogram.min, histogram.max) = (None, None),
        }
    }

    /// Takes the sum of `previous` where this one is not a number: the next one is then compared with the
    /// last that was.
    pub(super) fn carry_sum(&mut self, previous: &Self) {
        let (sum, previous) = match (self, previous) {
            (Self::Histogram(histogram), Self::Histogram(previous)) => (&mut histogram.sum, previous.sum),
            (Self::ExponentialHistogram(histogram), Self::ExponentialHistogram(previous)) => {
                (&mut histogram.sum, previous.sum)
            }
            _ => return,
        };
        if sum.is_some_and(f64::is_nan) {
            *sum = previous;
        }
    }

    /// Adds what `value` has more than `previous`, the value of its stream before, with the extremes of
    /// `value`: none are known of the part, but those of a total are those of everything. False, and nothing
    /// is added, where this is a new beginning.
    pub(super) fn add_since(&mut self, value: &Self, previous: &Self, is_monotonic: bool) -> bool {
        if let (Self::Histogram(total), Self::Histogram(value), Self::Histogram(previous)) =
            (&mut *self, value, previous)
            && total.has_bounds_of(value)
        {
            return total.add_since(value, previous);
        }
        let Some(mut since) = value.since(previous, is_monotonic) else { return false };
        match (&mut since, value) {
            (Self::Histogram(part), Self::Histogram(whole)) => {
                (part.min, part.max) = (whole.min, whole.max);
            }
            (Self::ExponentialHistogram(part), Self::ExponentialHistogram(whole)) => {
                (part.min, part.max) = (whole.min, whole.max);
            }
            _ => {}
        }
        self.add(&since);
        true
    }

    /// What came since `previous`; none where this is a new beginning. Numbers go down only where
    /// `is_monotonic` is not so.
    pub fn since(&self, previous: &Self, is_monotonic: bool) -> Option<Self> {
        match (self, previous) {
            (Self::Number(value), Self::Number(previous)) => {
                let goes_down = value.to_double() < previous.to_double();
                (!is_monotonic || !goes_down).then(|| Self::Number(number_difference(*value, *previous)))
            }
            (Self::Histogram(histogram), Self::Histogram(previous)) => {
                histogram.since(previous).map(|since| Self::Histogram(Box::new(since)))
            }
            (Self::ExponentialHistogram(histogram), Self::ExponentialHistogram(previous)) => {
                histogram.since(previous).map(|since| Self::ExponentialHistogram(Box::new(since)))
            }
            _ => None,
        }
    }
}

impl Point {
    /// The content of an encoded data point of a metric of `kind`; none where it has no value. Summaries
    /// have none that could be combined.
    pub fn of_encoded(kind: MetricKind, point: &[u8]) -> Option<Self> {
        match kind {
            MetricKind::Gauge | MetricKind::Sum { .. } => Self::of_number(&NumberDataPointView::parse(point)),
            MetricKind::Histogram { .. } => Self::of_histogram(&HistogramDataPointView::parse(point)),
            MetricKind::ExponentialHistogram { .. } => {
                Self::of_exponential_histogram(&ExponentialHistogramDataPointView::parse(point))
            }
            MetricKind::Summary | MetricKind::Empty => None,
        }
    }

    /// The content of a gauge's or sum's point; none where it has no value.
    pub fn of_number(view: &NumberDataPointView<'_>) -> Option<Self> {
        Some(Self {
            start_time_unix_nano: view.start_time_unix_nano,
            time_unix_nano: view.time_unix_nano,
            value: PointValue::of_number(view)?,
            exemplars: MessageList::of(view.exemplars),
        })
    }

    /// The content of a histogram's point; none where it has no value.
    pub fn of_histogram(view: &HistogramDataPointView<'_>) -> Option<Self> {
        Some(Self {
            start_time_unix_nano: view.start_time_unix_nano,
            time_unix_nano: view.time_unix_nano,
            value: PointValue::of_histogram(view)?,
            exemplars: MessageList::of(view.exemplars),
        })
    }

    /// The content of an exponential histogram's point; none where it has no value.
    pub fn of_exponential_histogram(view: &ExponentialHistogramDataPointView<'_>) -> Option<Self> {
        Some(Self {
            start_time_unix_nano: view.start_time_unix_nano,
            time_unix_nano: view.time_unix_nano,
            value: PointValue::of_exponential_histogram(view)?,
            exemplars: MessageList::of(view.exemplars),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values that a double adds up exactly, whatever the order.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-4_000..4_000_i32).prop_map(|number| f64::from(number) / 8.0), 0..12)
    }

    fn histogram() -> impl Strategy<Value = PointValue> {
        (values(), prop::collection::btree_set(-10..10_i32, 0..6)).prop_map(|(values, bounds)| {
            let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
            let mut histogram = Histogram::with_bounds(&bounds);
            values.iter().for_each(|value| histogram.record(*value, 1));
            PointValue::Histogram(Box::new(histogram))
        })
    }

    fn exponential_histogram() -> impl Strategy<Value = PointValue> {
        let zero_threshold = prop_oneof![3 => Just(0.0), 1 => 0.0..20.0];
        (values(), 2..200_usize, zero_threshold).prop_map(|(values, max_size, zero_threshold)| {
            let mut histogram = ExponentialHistogram { zero_threshold, ..ExponentialHistogram::empty() };
            values.iter().for_each(|value| histogram.record(*value, 1, max_size));
            PointValue::ExponentialHistogram(Box::new(histogram))
        })
    }

    fn sum(left: &PointValue, right: &PointValue) -> PointValue {
        let mut sum = left.clone();
        sum.add(right);
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn merges_of_histograms_commute(left in histogram(), right in histogram(), third in histogram()) {
            prop_assert_eq!(sum(&left, &right), sum(&right, &left));
            prop_assert_eq!(sum(&sum(&left, &right), &third), sum(&left, &sum(&right, &third)));
        }

        #[test]
        fn merges_of_exponential_histograms_commute(
            left in exponential_histogram(),
            right in exponential_histogram(),
        ) {
            prop_assert_eq!(sum(&left, &right), sum(&right, &left));
        }
    }
}
