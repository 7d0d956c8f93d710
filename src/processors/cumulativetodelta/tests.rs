//! Properties: deltas add up to what was counted, and adding them up again gives back the cumulative
//! points, however often counting began anew, however the points are cut into batches, and where each
//! batch is refused at first.

mod refused;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{CumulativeToDelta, CumulativeToDeltaConfig};
use crate::metric_streams::wire::{
    MessageList, MetricHeader, metrics_batch, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{
    ExponentialHistogram, Histogram, MetricKind, Point, PointValue, Temporality, WirePoint,
};
use crate::otlp::{Batch, NumberValue, Signal};
use crate::pipeline::testing::{Sink, settings};
use crate::pipeline::{Consumer, ProcessorType, Refusal};
use crate::processors::deltatocumulative::DeltaToCumulative;

/// One measurement of one of six streams: two of each kind.
#[derive(Debug, Clone)]
struct Measurement {
    stream: usize,
    /// What was recorded since the last one.
    recorded: Vec<u8>,
    restart: Restart,
    /// Whether the batch ends here.
    ends_batch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Restart {
    None,
    /// The process began anew and says so.
    NewStartTime,
    /// Only the values tell.
    SameStartTime,
}

/// What a stream has counted: since it last began, and since it first did.
struct Counting {
    start: u64,
    first_start: u64,
    since_start: PointValue,
    in_total: PointValue,
}

/// By stream and time: since when, and how much, was counted in total.
type Totals = BTreeMap<(usize, u64), (u64, PointValue)>;

fn measurements() -> impl Strategy<Value = Vec<Measurement>> {
    let restart = prop_oneof![
        6 => Just(Restart::None),
        1 => Just(Restart::NewStartTime),
        1 => Just(Restart::SameStartTime),
    ];
    let measurement = (0..6_usize, prop::collection::vec(1..60_u8, 0..5), restart, any::<bool>()).prop_map(
        |(stream, recorded, restart, ends_batch)| Measurement { stream, recorded, restart, ends_batch },
    );
    prop::collection::vec(measurement, 1..60)
}

fn nothing(stream: usize) -> PointValue {
    match stream / 2 {
        0 => PointValue::Number(NumberValue::Int(0)),
        1 => PointValue::Histogram(Box::new(Histogram::with_bounds(&[5.0, 20.0]))),
        _ => {
            let mut histogram = ExponentialHistogram::empty();
            // Coarse enough for all that is recorded to fit.
            histogram.downscale(18);
            PointValue::ExponentialHistogram(Box::new(histogram))
        }
    }
}

fn record(value: &mut PointValue, recorded: &[u8]) {
    for number in recorded {
        match value {
            PointValue::Number(sum) => {
                *sum = NumberValue::Int(sum.to_double() as i64 + i64::from(*number));
            }
            PointValue::Histogram(histogram) => histogram.record(f64::from(*number), 1),
            PointValue::ExponentialHistogram(histogram) => histogram.record(f64::from(*number), 1, 160),
        }
    }
    value.forget_extremes();
}

/// How much was counted, by which a stream shows that it began anew.
fn size(value: &PointValue) -> u64 {
    match value {
        PointValue::Number(sum) => sum.to_double() as u64,
        PointValue::Histogram(histogram) => histogram.count,
        PointValue::ExponentialHistogram(histogram) => histogram.count,
    }
}

fn kind(stream: usize) -> MetricKind {
    let temporality = Temporality::Cumulative;
    match stream / 2 {
        0 => MetricKind::Sum { temporality, is_monotonic: true },
        1 => MetricKind::Histogram { temporality },
        _ => MetricKind::ExponentialHistogram { temporality },
    }
}

/// Counts, and returns the cumulative points in batches, with what each counted in total since when.
fn counted(measurements: &[Measurement]) -> (Vec<Batch>, Totals) {
    let mut streams: BTreeMap<usize, Counting> = BTreeMap::new();
    let (mut batches, mut points, mut totals) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (index, measurement) in measurements.iter().enumerate() {
        let (stream, time) = (measurement.stream, 1000 + 10 * index as u64);
        let counting = streams.entry(stream).or_insert_with(|| Counting {
            start: time - 5,
            first_start: time - 5,
            since_start: nothing(stream),
            in_total: nothing(stream),
        });
        let mut afresh = nothing(stream);
        record(&mut afresh, &measurement.recorded);
        let shows = size(&afresh) < size(&counting.since_start);
        match measurement.restart {
            Restart::NewStartTime => (counting.start, counting.since_start) = (time - 5, afresh),
            Restart::SameStartTime if shows => counting.since_start = afresh,
            _ => record(&mut counting.since_start, &measurement.recorded),
        }
        record(&mut counting.in_total, &measurement.recorded);
        totals.insert((stream, time), (counting.first_start, counting.in_total.clone()));
        let point = Point {
            start_time_unix_nano: counting.start,
            time_unix_nano: time,
            value: counting.since_start.clone(),
            exemplars: MessageList::default(),
        };
        points.push((stream, point));
        if measurement.ends_batch {
            batches.push(batch_of(&std::mem::take(&mut points)));
        }
    }
    batches.push(batch_of(&points));
    (batches, totals)
}

fn batch_of(points: &[(usize, Point)]) -> Batch {
    let mut body = Vec::new();
    put_resource_group(&mut body, &[], &[], |out| {
        put_scope_group(out, &[], &[], |out| {
            for (stream, point) in points {
                let name = stream.to_string();
                let header = MetricHeader { name: name.as_bytes(), ..MetricHeader::of_kind(kind(*stream)) };
                put_metric(out, &header, |out| put_point(out, &MessageList::default(), point));
            }
        });
    });
    metrics_batch(body)
}

/// The points of all batches with their streams, in order.
fn points_of(batches: &[Batch], temporality: Temporality) -> Vec<(usize, u64, u64, PointValue)> {
    let mut points = Vec::new();
    for batch in batches {
        let scope_groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
        for metric in scope_groups.flat_map(|group| group.metrics()) {
            let stream: usize = metric.name.to_string().parse().unwrap();
            assert_eq!(MetricKind::of(&metric.data), kind(stream).with_temporality(temporality));
            WirePoint::for_each(&metric.data, |point| {
                let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
                points.push((stream, start, time, point.value.unwrap()));
            });
        }
    }
    points
}

/// What the processor `P` makes of the batches, each of which is refused `refusals` times.
async fn processed<P: ProcessorType>(config: P::Config, batches: Vec<Batch>, refusals: usize) -> Vec<Batch> {
    let sink = Sink::new();
    let next: Arc<dyn Consumer> = sink.clone();
    let processor = P::create(Arc::new(config), settings(P::TYPE, Signal::Metrics), next).unwrap();
    // Of an empty one nothing is handed on that could be refused.
    for batch in batches.into_iter().filter(|batch| !batch.is_empty()) {
        for _ in 0..refusals {
            sink.refuse_next(Refusal::retryable("busy"));
            assert_eq!(processor.consume(batch.clone()).await.unwrap_err().message, "busy");
        }
        processor.consume(batch).await.unwrap();
    }
    sink.taken()
}

fn keep() -> CumulativeToDeltaConfig {
    CumulativeToDeltaConfig { initial_value: "keep".to_owned(), ..CumulativeToDeltaConfig::default() }
}

async fn check(measurements: &[Measurement], refusals: usize) {
    let (batches, totals) = counted(measurements);
    let deltas = processed::<CumulativeToDelta>(keep(), batches, refusals).await;

    let mut sums: BTreeMap<usize, PointValue> = BTreeMap::new();
    let mut ends: BTreeMap<usize, u64> = BTreeMap::new();
    for (stream, start, time, delta) in points_of(&deltas, Temporality::Delta) {
        let sum = sums.entry(stream).or_insert_with(|| nothing(stream));
        sum.add(&delta);
        assert_eq!(*sum, totals[&(stream, time)].1, "what the deltas of {stream} add up to at {time}");
        let last_end = ends.insert(stream, time).unwrap_or_default();
        assert!((last_end..time).contains(&start), "{stream}: {start} to {time} overlaps {last_end}");
    }

    let again = processed::<DeltaToCumulative>(Default::default(), deltas, 0).await;
    let again = points_of(&again, Temporality::Cumulative);
    assert_eq!(again.len(), measurements.len());
    for (stream, start, time, value) in again {
        assert_eq!((start, value), totals[&(stream, time)], "{stream} at {time}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn cumulative_to_delta_to_cumulative_is_what_was_counted(
        measurements in measurements(),
        refusals in 0..3_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&measurements, refusals));
    }
}
