//! One metric stream: a metric of an origin with one set of attributes, and what its next point says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DELTA, SECOND};
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

/// Everything of a metric but its points.
#[derive(Clone)]
pub struct Descriptor {
    pub name: String,
    pub unit: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    pub temporality: u64,
    pub monotonic: bool,
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
    zero_threshold: f64,
    sum: f64,
    with_sum: bool,
    with_extremes: bool,
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
        let bounds = random.pick(&[vec![0.0, 10.0, 100.0], vec![0.5, 1.0], vec![]]);
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
            zero_threshold: random.pick(&[0.0, 0.0, 0.001]),
            sum: 0.0,
            with_sum: random.chance(0.9),
            with_extremes: random.chance(0.5),
            with_exemplars: random.chance(0.2),
        }
    }

    /// The point of a time step; steps are ten seconds apart.
    pub fn next_point(&mut self, step: u64, random: &mut Random, irregular: bool) -> Value {
        let mut time = self.birth + step * 10 * SECOND;
        let is_delta = self.descriptor.temporality == DELTA;
        if is_delta {
            self.forget();
        } else if irregular && random.chance(0.1) {
            self.forget();
            if random.chance(0.7) {
                self.start = time - 2 * SECOND;
            }
        }
        if irregular && random.chance(0.05) {
            self.bounds = vec![5.0, 6.0, 7.0];
            self.buckets = vec![0; 4];
        }
        if irregular && random.chance(0.1) {
            self.coarsen();
        }
        self.observe(random);
        if irregular && random.chance(0.05) {
            time -= 15 * SECOND;
        }
        let mut point = self.point(random);
        point["timeUnixNano"] = json!(time.to_string());
        if random.chance(0.95) {
            point["startTimeUnixNano"] = json!(self.start.to_string());
        }
        point["attributes"] = json!(self.attributes);
        if is_delta {
            self.start = time;
        }
        if irregular && random.chance(0.03) {
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

    fn observe(&mut self, random: &mut Random) {
        let least = if self.descriptor.monotonic { 0 } else { -20 };
        self.value += if random.chance(0.1) { 0.0 } else { random.quarters(least, 50) };
        for _ in 0..random.count(0, 6) {
            let bucket = random.count(0, self.buckets.len() - 1);
            self.buckets[bucket] += random.number(1, 3);
            let index = random.count(0, 12) as i32 - 4;
            let side = if random.chance(0.8) { &mut self.positive } else { &mut self.negative };
            *side.entry(index).or_default() += random.number(1, 3);
            self.sum += random.quarters(0, 20);
        }
        self.zero_count += random.number(0, 2);
    }

    fn point(&self, random: &mut Random) -> Value {
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
                    "zeroThreshold": self.zero_threshold,
                    "positive": buckets(&self.positive),
                    "negative": buckets(&self.negative),
                })
            }
            Kind::Summary => json!({
                "count": random.number(1, 9).to_string(),
                "sum": random.quarters(0, 99),
                "quantileValues": [{"quantile": 0.5, "value": random.quarters(0, 9)}],
            }),
        };
        if matches!(self.descriptor.kind, Kind::Histogram | Kind::ExponentialHistogram) {
            if self.with_sum {
                point["sum"] = json!(self.sum);
            }
            if self.with_extremes {
                point["min"] = json!(random.quarters(-5, 1));
                point["max"] = json!(random.quarters(1, 99));
            }
        }
        if self.with_exemplars && self.descriptor.kind != Kind::Summary {
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

fn buckets(counts: &BTreeMap<i32, u64>) -> Value {
    let Some((&first, &last)) = counts.keys().next().zip(counts.keys().next_back()) else { return json!({}) };
    let listed: Vec<String> =
        (first..=last).map(|index| counts.get(&index).copied().unwrap_or_default().to_string()).collect();
    json!({"offset": first, "bucketCounts": listed})
}
