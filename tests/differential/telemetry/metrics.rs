//! Random metrics: streams of every kind that go on over several requests, with gaps, resets and points out of order.

mod stream;

use std::collections::HashSet;

use serde_json::{Value, json};

use self::stream::{Descriptor, Kind, Stream};
use super::{FUTURE, Origins, PAST, SECOND, SentRequest, random_attributes};
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
    /// Resets, changed bounds and scales, points out of order or without a value.
    pub irregular: bool,
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
                    let point =
                        random.chance(0.8).then(|| stream.next_point(step, random, shape.irregular))?;
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
        let mut seen = HashSet::new();
        for _ in 0..random.count(1, 4) {
            let origin = origins.pick(random);
            let attributes = random_attributes(random, 3);
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
