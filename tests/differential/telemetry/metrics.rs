//! Random metrics: streams of every kind that go on over several requests, with gaps, resets and points out of order.

mod stream;

use std::collections::HashSet;

use serde_json::{Value, json};

use self::stream::{Descriptor, Kind, Stream};
use super::{FUTURE, KEYS, Origins, PAST, SECOND, SentRequest, TEXTS, attribute, text, value};
use crate::otlp::compare::Signal;
use crate::random::Random;

/// The names of metrics, for configurations to select by.
pub const NAMES: [&str; 6] =
    ["http.requests", "http.errors", "process.memory", "http.latency", "queue.size", "gc_pause"];

/// OTLP's numbers of the two temporalities.
pub const DELTA: u64 = 1;
pub const CUMULATIVE: u64 = 2;

/// What the streams of a round may be like.
pub struct Shape {
    pub temporalities: &'static [u64],
    pub most_requests: usize,
    /// Streams of cumulative values begin anew now and then.
    pub resets: Resets,
    /// Bounds and scales change in mid stream.
    pub changes: bool,
    /// Points say that there is no value.
    pub no_value: bool,
    pub exemplars: bool,
    /// Points come late.
    pub out_of_order: bool,
    /// Deltas of histograms that counted nothing.
    pub empty_histograms: bool,
    /// Only what the Collector aggregates without loss: no exemplars of numbers, and exponential histograms whose
    /// buckets begin at the same index.
    pub aligned: bool,
}

/// How streams begin anew.
#[derive(Clone, Copy, PartialEq)]
pub enum Resets {
    Never,
    /// With a new start time, as the data model asks for.
    Announced,
    /// With or without.
    Any,
}

impl Shape {
    /// Streams with everything that happens to them.
    pub fn rough(temporalities: &'static [u64], most_requests: usize) -> Self {
        Self {
            temporalities,
            most_requests,
            resets: Resets::Any,
            changes: true,
            no_value: true,
            exemplars: true,
            out_of_order: true,
            empty_histograms: true,
            aligned: false,
        }
    }

    /// Streams that nothing happens to.
    pub fn smooth(temporalities: &'static [u64], most_requests: usize) -> Self {
        Self {
            resets: Resets::Never,
            changes: false,
            no_value: false,
            out_of_order: false,
            ..Self::rough(temporalities, most_requests)
        }
    }
}

/// Requests that hold the next point of most streams each; at least one.
pub fn requests(random: &mut Random, shape: &Shape) -> Vec<SentRequest> {
    loop {
        let requests = requests_or_none(random, shape);
        if !requests.is_empty() {
            return requests;
        }
    }
}

fn requests_or_none(random: &mut Random, shape: &Shape) -> Vec<SentRequest> {
    let origins = Origins::random(random);
    let mut streams = streams(random, &origins, shape);
    let count = random.count(1, shape.most_requests);
    (1..=count as u64)
        .map(|step| {
            let points: Vec<_> = streams
                .iter_mut()
                .filter_map(|stream| {
                    let point = random.chance(0.8).then(|| stream.next_point(step, random, shape))?;
                    Some((stream.origin, stream.descriptor.clone(), point))
                })
                .collect();
            let metrics = metrics_of(points, random);
            (Signal::Metrics, origins.request(Signal::Metrics, metrics))
        })
        .filter(|(_, request)| !request["resourceMetrics"].as_array().unwrap().is_empty())
        .collect()
}

fn streams(random: &mut Random, origins: &Origins, shape: &Shape) -> Vec<Stream> {
    let mut streams = Vec::new();
    let mut names = NAMES;
    random.shuffle(&mut names);
    for name in &names[..random.count(1, 4)] {
        let descriptor = descriptor(random, name, shape.temporalities);
        let keys = random.some_of(&KEYS[..5]);
        let mut seen = HashSet::new();
        for _ in 0..random.count(1, 6) {
            let origin = origins.pick(random);
            let attributes = attributes_of(&keys, random);
            let mut sorted: Vec<String> = attributes.iter().map(Value::to_string).collect();
            sorted.sort();
            if seen.insert((origin, sorted)) {
                let start = random.pick(&[PAST, PAST, FUTURE]) + random.number(0, 3) * SECOND;
                streams.push(Stream::new(origin, descriptor.clone(), attributes, start, random));
            }
        }
    }
    streams
}

/// Most of these keys, with values that other streams of the metric have, too.
fn attributes_of(keys: &[&str], random: &mut Random) -> Vec<Value> {
    let mut attributes = Vec::new();
    for key in keys {
        if random.chance(0.1) {
            continue;
        }
        let value = if random.chance(0.9) { text(random.pick(&TEXTS[..3])) } else { value(random, 1) };
        attributes.push(attribute(key, value));
    }
    attributes
}

fn descriptor(random: &mut Random, name: &str, temporalities: &[u64]) -> Descriptor {
    let kind = random.pick(&[
        Kind::IntegerSum,
        Kind::IntegerSum,
        Kind::DoubleSum,
        Kind::IntegerGauge,
        Kind::DoubleGauge,
        Kind::Histogram,
        Kind::Histogram,
        Kind::ExponentialHistogram,
        Kind::ExponentialHistogram,
        Kind::Summary,
    ]);
    Descriptor {
        name: name.to_owned(),
        unit: random.pick(&["", "s", "By", "{request}"]),
        description: random.pick(&["", "What was counted"]),
        kind,
        temporality: random.pick(temporalities),
        monotonic: random.chance(0.7),
        bounds: random.pick(&[vec![0.0, 10.0, 100.0], vec![0.5, 1.0], vec![]]),
        zero_threshold: random.pick(&[0.0, 0.0, 0.001]),
        extremes: random.chance(0.5),
    }
}

/// Puts the points of one metric of one origin together.
fn metrics_of(
    points: Vec<((usize, usize), Descriptor, Value)>,
    random: &mut Random,
) -> Vec<((usize, usize), Value)> {
    let mut metrics: Vec<((usize, usize), Descriptor, Vec<Value>)> = Vec::new();
    for (origin, descriptor, point) in points {
        let same = metrics.iter_mut().find(|(other, of, _)| *other == origin && of.name == descriptor.name);
        match same {
            // Now and then a metric comes in two pieces.
            Some((_, _, points)) if random.chance(0.9) => points.push(point),
            _ => metrics.push((origin, descriptor, vec![point])),
        }
    }
    metrics
        .into_iter()
        .map(|(origin, descriptor, points)| (origin, descriptor.metric(&json!(points))))
        .collect()
}
