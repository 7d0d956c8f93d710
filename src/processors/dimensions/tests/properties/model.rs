//! Measurements in their simplest form, and how they look as data points of every kind.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, NumberDataPoint, Sum,
    number_data_point,
};
use proptest::prelude::*;

use super::super::{CUMULATIVE, DELTA, Data, KeyValue, Value, attributes};

/// The finest scale at which values are measured.
const FINEST: i32 = 3;
/// The coarsest at which they are sent, and at which they are compared.
const COARSEST: i32 = -1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    shape: Shape,
    temporality: i32,
    is_monotonic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Sum,
    Histogram,
    Exponential,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self { shape: Shape::Sum, temporality: DELTA, is_monotonic: true },
        Self { shape: Shape::Sum, temporality: CUMULATIVE, is_monotonic: true },
        Self { shape: Shape::Sum, temporality: DELTA, is_monotonic: false },
        Self { shape: Shape::Sum, temporality: CUMULATIVE, is_monotonic: false },
        Self { shape: Shape::Histogram, temporality: DELTA, is_monotonic: true },
        Self { shape: Shape::Histogram, temporality: CUMULATIVE, is_monotonic: true },
        Self { shape: Shape::Exponential, temporality: DELTA, is_monotonic: true },
        Self { shape: Shape::Exponential, temporality: CUMULATIVE, is_monotonic: true },
    ];

    pub fn is_delta(self) -> bool {
        self.temporality == DELTA
    }
}

/// How often each bucket at the finest scale was hit, how often zero; and how fine it is sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    buckets: BTreeMap<i32, u64>,
    zeros: u64,
    coarser: i32,
}

/// What of measurements must be found again in data points of one kind.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    count: u64,
    sum: u64,
    /// By index; zeros under an index of their own.
    buckets: BTreeMap<i32, u64>,
}

impl Kept {
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        for (index, count) in &other.buckets {
            *self.buckets.entry(*index).or_default() += count;
        }
    }
}

/// The index of the bucket for zeros.
const ZEROS: i32 = 40;

impl Measured {
    pub fn any() -> impl Strategy<Value = Self> {
        let buckets = prop::collection::btree_map(-40..40_i32, 1..5_u64, 0..4);
        (buckets, 0..3_u64, 0..=FINEST - COARSEST).prop_map(|(buckets, zeros, coarser)| Self {
            buckets,
            zeros,
            coarser,
        })
    }

    pub fn add_to(&self, total: &mut Self) {
        for (index, count) in &self.buckets {
            *total.buckets.entry(*index).or_default() += count;
        }
        total.zeros += self.zeros;
        total.coarser = total.coarser.max(self.coarser);
    }

    fn count(&self) -> u64 {
        self.buckets.values().sum::<u64>() + self.zeros
    }

    /// A sum that tells buckets apart and is exact in a double.
    fn sum(&self) -> u64 {
        self.buckets.iter().map(|(index, count)| u64::try_from(index + 41).unwrap() * count).sum()
    }

    /// What must be found again.
    pub fn kept_by(&self, kind: Kind) -> Kept {
        let mut kept = Kept { sum: self.sum(), ..Kept::default() };
        if kind.shape == Shape::Sum {
            return kept;
        }
        kept.count = self.count();
        for (index, count) in &self.buckets {
            let index = if kind.shape == Shape::Histogram { *index } else { index >> (FINEST - COARSEST) };
            *kept.buckets.entry(index).or_default() += count;
        }
        if self.zeros > 0 {
            kept.buckets.insert(ZEROS, self.zeros);
        }
        kept
    }
}

/// A data point of an input.
#[derive(Debug, Clone)]
pub struct Point {
    pub route: String,
    pub pod: usize,
    pub start: u64,
    pub time: u64,
    pub measured: Measured,
}

impl Point {
    fn attributes(&self) -> Vec<KeyValue> {
        // The first has no pod at all: nothing is dropped of it.
        match self.pod {
            0 => attributes(&[("route", &self.route)]),
            pod => attributes(&[("pod", &pod.to_string()), ("route", &self.route)]),
        }
    }
}

/// A data point as it came out.
#[derive(Debug)]
pub struct Seen {
    pub route: String,
    pub start: u64,
    pub time: u64,
    pub kept: Kept,
}

/// The points as data of a metric.
pub fn data_of(kind: Kind, points: &[Point]) -> Data {
    let aggregation_temporality = kind.temporality;
    match kind.shape {
        Shape::Sum => Data::Sum(Sum {
            data_points: points.iter().map(number_point).collect(),
            aggregation_temporality,
            is_monotonic: kind.is_monotonic,
        }),
        Shape::Histogram => Data::Histogram(Histogram {
            data_points: points.iter().map(histogram_point).collect(),
            aggregation_temporality,
        }),
        Shape::Exponential => Data::ExponentialHistogram(ExponentialHistogram {
            data_points: points.iter().map(exponential_point).collect(),
            aggregation_temporality,
        }),
    }
}

fn number_point(point: &Point) -> NumberDataPoint {
    NumberDataPoint {
        attributes: point.attributes(),
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        value: Some(number_data_point::Value::AsInt(point.measured.sum().cast_signed())),
        ..NumberDataPoint::default()
    }
}

/// A bucket for each index, so that every one can be told from the others.
fn histogram_point(point: &Point) -> HistogramDataPoint {
    let counts = (-40..40).map(|index| point.measured.buckets.get(&index).copied().unwrap_or_default());
    HistogramDataPoint {
        attributes: point.attributes(),
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        count: point.measured.count(),
        sum: Some(point.measured.sum() as f64),
        bucket_counts: counts.chain([point.measured.zeros]).collect(),
        explicit_bounds: (-40..40).map(f64::from).collect(),
        ..HistogramDataPoint::default()
    }
}

fn exponential_point(point: &Point) -> ExponentialHistogramDataPoint {
    let mut coarse = BTreeMap::<i32, u64>::new();
    for (index, count) in &point.measured.buckets {
        *coarse.entry(index >> point.measured.coarser).or_default() += count;
    }
    let buckets = match (coarse.first_key_value(), coarse.last_key_value()) {
        (Some((first, _)), Some((last, _))) => Some(Buckets {
            offset: *first,
            bucket_counts: (*first..=*last)
                .map(|index| coarse.get(&index).copied().unwrap_or_default())
                .collect(),
        }),
        _ => None,
    };
    ExponentialHistogramDataPoint {
        attributes: point.attributes(),
        start_time_unix_nano: point.start,
        time_unix_nano: point.time,
        count: point.measured.count(),
        sum: Some(point.measured.sum() as f64),
        scale: FINEST - point.measured.coarser,
        zero_count: point.measured.zeros,
        positive: buckets,
        ..ExponentialHistogramDataPoint::default()
    }
}

/// The points of data that came out.
pub fn points_of(data: Data) -> Vec<Seen> {
    match data {
        Data::Sum(sum) => sum.data_points.into_iter().map(seen_number).collect(),
        Data::Histogram(histogram) => histogram.data_points.into_iter().map(seen_histogram).collect(),
        Data::ExponentialHistogram(histogram) => {
            histogram.data_points.into_iter().map(seen_exponential).collect()
        }
        other => panic!("nobody sent {other:?}"),
    }
}

fn route_of(attributes: &[KeyValue]) -> String {
    let [KeyValue { key, value: Some(value), .. }] = attributes else { panic!("{attributes:?}") };
    assert_eq!(key, "route");
    match &value.value {
        Some(Value::StringValue(route)) => route.clone(),
        other => panic!("{other:?}"),
    }
}

fn seen_number(point: NumberDataPoint) -> Seen {
    let Some(number_data_point::Value::AsInt(value)) = point.value else { panic!("{:?}", point.value) };
    Seen {
        route: route_of(&point.attributes),
        start: point.start_time_unix_nano,
        time: point.time_unix_nano,
        kept: Kept { sum: value.cast_unsigned(), ..Kept::default() },
    }
}

fn seen_histogram(point: HistogramDataPoint) -> Seen {
    assert_eq!(point.explicit_bounds.len(), 80);
    let buckets = (-40..=ZEROS).zip(point.bucket_counts).filter(|(_, count)| *count > 0).collect();
    Seen {
        route: route_of(&point.attributes),
        start: point.start_time_unix_nano,
        time: point.time_unix_nano,
        kept: Kept { count: point.count, sum: point.sum.unwrap() as u64, buckets },
    }
}

fn seen_exponential(point: ExponentialHistogramDataPoint) -> Seen {
    assert!((COARSEST..=FINEST).contains(&point.scale), "scale {}", point.scale);
    let mut kept = Kept { count: point.count, sum: point.sum.unwrap() as u64, ..Kept::default() };
    let buckets = point.positive.unwrap_or_default();
    for (index, count) in (buckets.offset..).zip(buckets.bucket_counts).filter(|(_, count)| *count > 0) {
        *kept.buckets.entry(index >> (point.scale - COARSEST)).or_default() += count;
    }
    if point.zero_count > 0 {
        kept.buckets.insert(ZEROS, point.zero_count);
    }
    Seen {
        route: route_of(&point.attributes),
        start: point.start_time_unix_nano,
        time: point.time_unix_nano,
        kept,
    }
}
