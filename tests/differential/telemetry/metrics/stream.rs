//! One metric stream: a metric of an origin with one set of attributes, and what its next point says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DELTA, Resets, SECOND, Shape};
use crate::random::Random;
use crate::telemetry::random_attributes;

/// The kinds of metrics, numbers split by type.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    IntegerSum,
    DoubleSum,
    IntegerGauge,
    DoubleGauge,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// The least index of a bucket of an exponential histogram at its first scale.
const LEAST_INDEX: i32 = -4;

/// Everything of a metric but its points.
#[derive(Clone)]
pub struct Descriptor {
    pub name: String,
    pub unit: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    pub temporality: u64,
    pub monotonic: bool,
    pub bounds: Vec<f64>,
    pub zero_threshold: f64,
    /// Whether histograms tell their least and greatest value.
    pub extremes: bool,
}

impl Descriptor {
    pub fn metric(&self, points: &Value) -> Value {
        let (member, data) = match self.kind {
            Kind::IntegerSum | Kind::DoubleSum => (
                "sum",
                json!({"aggregationTemporality": self.temporality, "isMonotonic": self.monotonic, "dataPoints": points}),
            ),
            Kind::IntegerGauge | Kind::DoubleGauge => ("gauge", json!({"dataPoints": points})),
            Kind::Histogram => {
                ("histogram", json!({"aggregationTemporality": self.temporality, "dataPoints": points}))
            }
            Kind::ExponentialHistogram => (
                "exponentialHistogram",
                json!({"aggregationTemporality": self.temporality, "dataPoints": points}),
            ),
            Kind::Summary => ("summary", json!({"dataPoints": points})),
        };
        json!({"name": self.name, "unit": self.unit, "description": self.description, member: data})
    }
}

/// A stream with what it has counted so far, or since its last point where it is of deltas.
pub struct Stream {
    pub origin: (usize, usize),
    pub descriptor: Descriptor,
    attributes: Vec<Value>,
    start: u64,
    /// The start of the first point; the times of points count from here.
    birth: u64,
    value: f64,
    bounds: Vec<f64>,
    buckets: Vec<u64>,
    scale: i32,
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
    zero_count: u64,
    sum: f64,
    with_start: bool,
    with_sum: bool,
    with_exemplars: bool,
}

impl Stream {
    pub fn new(
        origin: (usize, usize),
        descriptor: Descriptor,
        attributes: Vec<Value>,
        start: u64,
        random: &mut Random,
    ) -> Self {
        let bounds = descriptor.bounds.clone();
        Self {
            origin,
            descriptor,
            attributes,
            start,
            birth: start,
            value: 0.0,
            buckets: vec![0; bounds.len() + 1],
            bounds,
            scale: 3,
            positive: BTreeMap::new(),
            negative: BTreeMap::new(),
            zero_count: 0,
            sum: 0.0,
            with_start: random.chance(0.95),
            with_sum: random.chance(0.9),
            with_exemplars: random.chance(0.2),
        }
    }

    /// The point of a time step; steps are ten seconds apart.
    pub fn next_point(&mut self, step: u64, random: &mut Random, shape: &Shape) -> Value {
        let mut time = self.birth + step * 10 * SECOND;
        let is_delta = self.descriptor.temporality == DELTA;
        let announced = shape.resets == Resets::Announced;
        let may_reset = shape.resets == Resets::Any || announced && self.with_start;
        let changes_bounds = shape.changes && may_reset && random.chance(0.05);
        if is_delta {
            self.forget();
        } else if changes_bounds || may_reset && random.chance(0.1) {
            self.forget();
            if announced || random.chance(0.7) {
                self.start = time - 2 * SECOND;
            }
        }
        if changes_bounds {
            self.bounds = vec![5.0, 6.0, 7.0];
            self.buckets = vec![0; 4];
        }
        if shape.changes && random.chance(0.1) {
            self.coarsen();
        }
        self.observe(random, shape.empty_histograms);
        if shape.out_of_order && random.chance(0.05) {
            time -= 15 * SECOND;
        }
        let mut point = self.point(random, shape);
        point["timeUnixNano"] = json!(time.to_string());
        if self.with_start {
            point["startTimeUnixNano"] = json!(self.start.to_string());
        }
        point["attributes"] = json!(self.attributes);
        if is_delta {
            self.start = time;
        }
        if shape.no_value && random.chance(0.03) {
            for value in ["asInt", "asDouble"] {
                point.as_object_mut().unwrap().remove(value);
            }
            point["flags"] = json!(1);
        }
        point
    }

    fn forget(&mut self) {
        self.value = 0.0;
        self.buckets.fill(0);
        self.positive.clear();
        self.negative.clear();
        self.zero_count = 0;
        self.sum = 0.0;
    }

    fn coarsen(&mut self) {
        self.scale -= 1;
        for side in [&mut self.positive, &mut self.negative] {
            let mut coarser = BTreeMap::new();
            for (index, count) in side.iter() {
                *coarser.entry(index >> 1).or_default() += count;
            }
            *side = coarser;
        }
    }

    fn observe(&mut self, random: &mut Random, may_be_nothing: bool) {
        let least = if self.descriptor.monotonic { 0 } else { -20 };
        self.value += if random.chance(0.1) { 0.0 } else { random.quarters(least, 50) };
        for _ in 0..random.count(usize::from(!may_be_nothing), 6) {
            let bucket = random.count(0, self.buckets.len() - 1);
            self.buckets[bucket] += random.number(1, 3);
            let index = LEAST_INDEX + random.count(0, 12) as i32;
            let side = if random.chance(0.8) { &mut self.positive } else { &mut self.negative };
            *side.entry(index).or_default() += random.number(1, 3);
            self.sum += random.quarters(0, 20);
        }
        self.zero_count += random.number(0, 2);
    }

    fn point(&self, random: &mut Random, shape: &Shape) -> Value {
        let mut point = match self.descriptor.kind {
            Kind::IntegerSum | Kind::IntegerGauge => {
                json!({"asInt": (self.value.trunc() as i64).to_string()})
            }
            Kind::DoubleSum | Kind::DoubleGauge => json!({"asDouble": self.value}),
            Kind::Histogram => json!({
                "count": self.buckets.iter().sum::<u64>().to_string(),
                "bucketCounts": self.buckets.iter().map(u64::to_string).collect::<Vec<_>>(),
                "explicitBounds": self.bounds,
            }),
            Kind::ExponentialHistogram => {
                let counts = self.positive.values().chain(self.negative.values());
                json!({
                    "count": (counts.sum::<u64>() + self.zero_count).to_string(),
                    "scale": self.scale,
                    "zeroCount": self.zero_count.to_string(),
                    "zeroThreshold": self.descriptor.zero_threshold,
                    "positive": buckets(&self.positive, shape.aligned),
                    "negative": buckets(&self.negative, shape.aligned),
                })
            }
            Kind::Summary => json!({
                "count": random.number(1, 9).to_string(),
                "sum": random.quarters(0, 99),
                "quantileValues": [{"quantile": 0.5, "value": random.quarters(0, 9)}],
            }),
        };
        let is_histogram = matches!(self.descriptor.kind, Kind::Histogram | Kind::ExponentialHistogram);
        if is_histogram {
            if self.with_sum {
                point["sum"] = json!(self.sum);
            }
            if self.descriptor.extremes && point["count"] != "0" {
                point["min"] = json!(random.quarters(-5, 1));
                point["max"] = json!(random.quarters(1, 99));
            }
        }
        let is_number = !is_histogram && self.descriptor.kind != Kind::Summary;
        if shape.exemplars && self.with_exemplars && (is_histogram || is_number && !shape.aligned) {
            point["exemplars"] = json!([{
                "timeUnixNano": (self.start + 1).to_string(),
                "asDouble": random.quarters(0, 9),
                "traceId": random.identifier(16),
                "spanId": random.identifier(8),
                "filteredAttributes": random_attributes(random, 2),
            }]);
        }
        point
    }
}

fn buckets(counts: &BTreeMap<i32, u64>, aligned: bool) -> Value {
    let (first, last) = counts.keys().next().zip(counts.keys().next_back()).unwrap_or((&0, &-1));
    let (first, last) = (if aligned { LEAST_INDEX } else { *first }, *last);
    let listed: Vec<String> =
        (first..=last).map(|index| counts.get(&index).copied().unwrap_or_default().to_string()).collect();
    json!({"offset": first, "bucketCounts": listed})
}
