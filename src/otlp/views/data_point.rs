//! Data points of the four shapes, and the exemplars, buckets and quantiles in them.

use super::list::{VarintCount, for_each_field};
use super::{KeyValueView, List, NumberList, View};

/// The number in a data point or an exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NumberValue {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
}

/// A `NumberDataPoint`: one value of a gauge or a sum.
#[derive(Debug, Clone, Copy, Default)]
pub struct NumberDataPointView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What tells the series from the others of the metric.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// When summing began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// The value; none where the client sent none.
    pub value: Option<NumberValue>,
    /// Single measurements that went into the value.
    pub exemplars: List<'a, ExemplarView<'a>>,
    /// Bit 0 says that no value was recorded.
    pub flags: u32,
}

impl<'a> View<'a> for NumberDataPointView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut point = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            2 => point.start_time_unix_nano = value.number(),
            3 => point.time_unix_nano = value.number(),
            4 => point.value = Some(NumberValue::Double(value.double())),
            5 => point.exemplars.note_element(from_here, number),
            6 => point.value = Some(NumberValue::Int(value.int64())),
            7 => point.attributes.note_element(from_here, number),
            8 => point.flags = value.uint32(),
            _ => {}
        });
        point
    }
}

/// A `HistogramDataPoint`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HistogramDataPointView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What tells the series from the others of the metric.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// How many values were recorded.
    pub count: u64,
    /// Their sum, where the client keeps it.
    pub sum: Option<f64>,
    /// Values per bucket: one more than there are bounds, or none.
    pub bucket_counts: NumberList<'a, u64>,
    /// The buckets' inclusive upper bounds, ascending; the last bucket has none.
    pub explicit_bounds: NumberList<'a, f64>,
    /// Single measurements that were counted.
    pub exemplars: List<'a, ExemplarView<'a>>,
    /// Bit 0 says that no value was recorded.
    pub flags: u32,
    /// The smallest value, where the client keeps it.
    pub min: Option<f64>,
    /// The largest value, where the client keeps it.
    pub max: Option<f64>,
}

impl<'a> View<'a> for HistogramDataPointView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut point = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            2 => point.start_time_unix_nano = value.number(),
            3 => point.time_unix_nano = value.number(),
            4 => point.count = value.number(),
            5 => point.sum = Some(value.double()),
            6 => point.bucket_counts.note_element(from_here, number),
            7 => point.explicit_bounds.note_element(from_here, number),
            8 => point.exemplars.note_element(from_here, number),
            9 => point.attributes.note_element(from_here, number),
            10 => point.flags = value.uint32(),
            11 => point.min = Some(value.double()),
            12 => point.max = Some(value.double()),
            _ => {}
        });
        point
    }
}

/// An `ExponentialHistogramDataPoint`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExponentialHistogramDataPointView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What tells the series from the others of the metric.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// How many values were recorded.
    pub count: u64,
    /// Their sum, where the client keeps it.
    pub sum: Option<f64>,
    /// The buckets' base is 2 to the power of 2 to the power of minus this.
    pub scale: i32,
    /// Values at most `zero_threshold` from zero.
    pub zero_count: u64,
    /// Values above zero.
    pub positive: BucketsView<'a>,
    /// Values below zero.
    pub negative: BucketsView<'a>,
    /// Bit 0 says that no value was recorded.
    pub flags: u32,
    /// Single measurements that were counted.
    pub exemplars: List<'a, ExemplarView<'a>>,
    /// The smallest value, where the client keeps it.
    pub min: Option<f64>,
    /// The largest value, where the client keeps it.
    pub max: Option<f64>,
    /// Half the width of the zero bucket.
    pub zero_threshold: f64,
}

impl<'a> View<'a> for ExponentialHistogramDataPointView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut point = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => point.attributes.note_element(from_here, number),
            2 => point.start_time_unix_nano = value.number(),
            3 => point.time_unix_nano = value.number(),
            4 => point.count = value.number(),
            5 => point.sum = Some(value.double()),
            6 => point.scale = value.sint32(),
            7 => point.zero_count = value.number(),
            8 => point.positive = BucketsView::parse(value.bytes()),
            9 => point.negative = BucketsView::parse(value.bytes()),
            10 => point.flags = value.uint32(),
            11 => point.exemplars.note_element(from_here, number),
            12 => point.min = Some(value.double()),
            13 => point.max = Some(value.double()),
            14 => point.zero_threshold = value.double(),
            _ => {}
        });
        point
    }
}

/// An `ExponentialHistogramDataPoint.Buckets`.
#[derive(Debug, Clone, Copy, Default)]
pub struct BucketsView<'a> {
    /// The index of the first bucket.
    pub offset: i32,
    bucket_counts: NumberList<'a, VarintCount>,
}

impl<'a> BucketsView<'a> {
    /// Values per bucket, from the bucket with index `offset` up.
    pub fn bucket_counts(self) -> impl Iterator<Item = u64> + use<'a> {
        self.bucket_counts.iter().map(|VarintCount(count)| count)
    }
}

impl<'a> View<'a> for BucketsView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut buckets = Self::default();
        for_each_field(bytes, |from_here, number, value| match number {
            1 => buckets.offset = value.sint32(),
            2 => buckets.bucket_counts.note_element(from_here, number),
            _ => {}
        });
        buckets
    }
}

/// A `SummaryDataPoint`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SummaryDataPointView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What tells the series from the others of the metric.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// How many values were recorded.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Values at quantiles, ascending.
    pub quantile_values: List<'a, ValueAtQuantileView>,
    /// Bit 0 says that no value was recorded.
    pub flags: u32,
}

impl<'a> View<'a> for SummaryDataPointView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut point = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            2 => point.start_time_unix_nano = value.number(),
            3 => point.time_unix_nano = value.number(),
            4 => point.count = value.number(),
            5 => point.sum = value.double(),
            6 => point.quantile_values.note_element(from_here, number),
            7 => point.attributes.note_element(from_here, number),
            8 => point.flags = value.uint32(),
            _ => {}
        });
        point
    }
}

/// A `SummaryDataPoint.ValueAtQuantile`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ValueAtQuantileView {
    /// 0 to 1.
    pub quantile: f64,
    /// The value below which that share of the values lies.
    pub value: f64,
}

impl<'a> View<'a> for ValueAtQuantileView {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut value_at_quantile = Self::default();
        for_each_field(bytes, |_, number, value| match number {
            1 => value_at_quantile.quantile = value.double(),
            2 => value_at_quantile.value = value.double(),
            _ => {}
        });
        value_at_quantile
    }
}

/// An `Exemplar`: one measurement, with the span it was made in.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExemplarView<'a> {
    /// The attributes that the series does not have.
    pub filtered_attributes: List<'a, KeyValueView<'a>>,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// The measured value; none where the client sent none.
    pub value: Option<NumberValue>,
    /// 8 bytes, or none.
    pub span_id: &'a [u8],
    /// 16 bytes, or none.
    pub trace_id: &'a [u8],
}

impl<'a> View<'a> for ExemplarView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut exemplar = Self::default();
        for_each_field(bytes, |from_here, number, value| match number {
            2 => exemplar.time_unix_nano = value.number(),
            3 => exemplar.value = Some(NumberValue::Double(value.double())),
            4 => exemplar.span_id = value.bytes(),
            5 => exemplar.trace_id = value.bytes(),
            6 => exemplar.value = Some(NumberValue::Int(value.int64())),
            7 => exemplar.filtered_attributes.note_element(from_here, number),
            _ => {}
        });
        exemplar
    }
}
