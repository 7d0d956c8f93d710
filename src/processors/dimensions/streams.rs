//! The state of one series after its dimensions were filtered: who feeds it, and how far it was handed on.
//!
//! As long as one input alone feeds a series, its points go on as they are and only what is needed to add
//! another input later is kept. From the second input on the series is *merged*: points are rebuilt.

mod cumulative;
mod delta;
mod gauge;

use self::cumulative::CumulativeStream;
use self::delta::DeltaStream;
use self::gauge::GaugeStream;
use super::config::GaugeMerging;
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{MetricKind, Point, StreamId, Temporality};
use crate::otlp::{NumberDataPointView, View};

/// How many exemplars a merged point has at most.
const MOST_EXEMPLARS: usize = 16;

/// How far behind the last point one follows at least that was held back: what back ends that count in
/// milliseconds can tell apart.
const SHORTEST_STEP_NANOS: u64 = 1_000_000;

/// A series after the filter.
#[derive(Debug)]
pub(super) struct Stream {
    /// The metric it is counted for.
    pub metric: StreamId,
    /// When the last point came, in milliseconds since the processor was made.
    pub seen: u64,
    /// True for the series of all that are too many.
    pub is_overflow: bool,
    aggregate: Aggregate,
}

/// What is known of a series, by what its points are.
#[derive(Debug)]
enum Aggregate {
    /// No other input can ever feed it.
    Apart,
    Delta(DeltaStream),
    Cumulative(CumulativeStream),
    Gauge(GaugeStream),
}

/// A data point on its way into a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// The series it has without the filter.
    pub input: StreamId,
    /// The encoded point.
    pub bytes: &'a [u8],
}

/// What points are, and how they are made one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merging {
    /// The kind of the metric.
    pub kind: MetricKind,
    /// For gauges.
    pub gauge: GaugeMerging,
}

/// When a batch is handled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Milliseconds since the processor was made.
    pub age: u64,
    /// The time of day, in nanoseconds since 1970.
    pub clock: u64,
}

/// What becomes of the points of a series in one batch.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Each goes on.
    Verbatim,
    /// The last one, which says that the series ended, goes on.
    LastVerbatim,
    /// None goes on as it is.
    Merged(Merged),
}

/// What is made of points instead.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// The point that goes on in their place.
    pub point: Option<HandedOn>,
    /// What a delta series takes up once the batch was taken, as the time it belongs to is gone.
    pub late: Option<Point>,
    /// True where the series has something to say that the point does not.
    pub waits: bool,
    /// How many of the points are not newer than others of their input, and say nothing.
    pub outdated: usize,
}

/// A merged point that goes on, and the way back if it is refused.
#[derive(Debug)]
pub(super) struct HandedOn {
    point: Point,
    before: Progress,
    /// What a delta series had held back and put into the point.
    taken: Option<Point>,
}

/// How far a series was handed on.
#[derive(Debug, Clone, Copy)]
struct Progress {
    /// The time of the last point.
    time: u64,
    /// What time of day it was then.
    clock: u64,
}

impl Stream {
    /// A series whose first point came from `input`. `is_apart` says that no other can feed it.
    pub fn new(metric: StreamId, input: StreamId, kind: MetricKind, is_apart: bool) -> Self {
        let aggregate = match kind {
            _ if is_apart => Aggregate::Apart,
            MetricKind::Gauge => Aggregate::Gauge(GaugeStream::new(input)),
            _ => match kind.temporality() {
                Some(Temporality::Delta) => Aggregate::Delta(DeltaStream::new(input)),
                Some(Temporality::Cumulative) => Aggregate::Cumulative(CumulativeStream::new(input)),
                _ => Aggregate::Apart,
            },
        };
        Self { metric, seen: 0, is_overflow: false, aggregate }
    }

    /// The series `output` of all that are too many. Unless the first of its inputs is a client's own
    /// overflow series, it is a merged one from the beginning.
    pub fn overflow(metric: StreamId, output: StreamId, input: StreamId, kind: MetricKind) -> Self {
        let mut stream = Self { is_overflow: true, ..Self::new(metric, input, kind, false) };
        if input != output {
            match &mut stream.aggregate {
                Aggregate::Apart => {}
                Aggregate::Delta(stream) => stream.merge_always(),
                Aggregate::Cumulative(stream) => stream.merge_always(),
                Aggregate::Gauge(stream) => stream.merge_always(),
            }
        }
        stream
    }

    /// True where the state of this input is kept.
    pub fn has_input(&self, input: StreamId) -> bool {
        match &self.aggregate {
            Aggregate::Apart | Aggregate::Delta(_) => false,
            Aggregate::Cumulative(stream) => stream.has_input(input),
            Aggregate::Gauge(stream) => stream.has_input(input),
        }
    }

    /// Takes the points of one batch, of which there is at least one.
    pub fn take<'a>(
        &mut self,
        arrivals: impl Iterator<Item = Arrival<'a>> + Clone,
        merging: Merging,
        moment: Moment,
    ) -> Outcome {
        self.seen = moment.age;
        match &mut self.aggregate {
            Aggregate::Apart => Outcome::Verbatim,
            Aggregate::Delta(stream) => stream.take(arrivals, merging, moment),
            Aggregate::Cumulative(stream) => stream.take(arrivals, merging, moment),
            Aggregate::Gauge(stream) => stream.take(arrivals, merging, moment),
        }
    }

    /// Holds back what came too late, until the next point.
    pub fn hold_back(&mut self, late: Point) {
        if let Aggregate::Delta(stream) = &mut self.aggregate {
            stream.hold_back(late);
        }
    }

    /// Takes a point back that was refused. What it said waits for the next one.
    pub fn take_back(&mut self, refused: HandedOn) {
        let HandedOn { point, before, taken } = refused;
        match &mut self.aggregate {
            Aggregate::Apart => {}
            Aggregate::Delta(stream) => {
                stream.progress.undo(point.time_unix_nano, before);
                // What a batch itself brought comes again with the batch.
                taken.into_iter().for_each(|taken| stream.hold_back(taken));
            }
            Aggregate::Cumulative(stream) => stream.take_back(point.time_unix_nano, before),
            Aggregate::Gauge(stream) => stream.take_back(point.time_unix_nano, before),
        }
    }

    /// True where something waits for the next point.
    pub fn waits(&self) -> bool {
        match &self.aggregate {
            Aggregate::Apart => false,
            Aggregate::Delta(stream) => stream.waits(),
            Aggregate::Cumulative(stream) => stream.waits(),
            Aggregate::Gauge(stream) => stream.waits(),
        }
    }

    /// A point of its own for what waits.
    pub fn flush(&mut self, merging: Merging, moment: Moment) -> Option<HandedOn> {
        match &mut self.aggregate {
            Aggregate::Apart => None,
            Aggregate::Delta(stream) => stream.flush(moment),
            Aggregate::Cumulative(stream) => stream.flush(moment),
            Aggregate::Gauge(stream) => stream.flush(merging, moment),
        }
    }

    /// Forgets inputs that were last seen before `age`.
    pub fn forget_inputs(&mut self, age: u64) {
        match &mut self.aggregate {
            Aggregate::Apart | Aggregate::Delta(_) => {}
            Aggregate::Cumulative(stream) => stream.forget_inputs(age),
            Aggregate::Gauge(stream) => stream.forget_inputs(age),
        }
    }
}

impl HandedOn {
    /// The point.
    pub const fn point(&self) -> &Point {
        &self.point
    }
}

impl Arrival<'_> {
    /// The time of the point, which is in the same field whatever the kind.
    fn time_unix_nano(&self) -> u64 {
        NumberDataPointView::parse(self.bytes).time_unix_nano
    }
}

impl Progress {
    const NONE: Self = Self { time: 0, clock: 0 };

    fn note(&mut self, time: u64, moment: Moment) {
        if time >= self.time {
            *self = Self { time, clock: moment.clock };
        }
    }

    /// The time of a point that says what belongs to `latest`: that, or where it is gone, as much after
    /// the last point as time has passed since. The clock of whoever measured need not be ours.
    fn time_after(&self, latest: u64, moment: Moment) -> u64 {
        if latest > self.time {
            return latest;
        }
        if self.time == 0 {
            return moment.clock;
        }
        self.time.saturating_add(moment.clock.saturating_sub(self.clock).max(SHORTEST_STEP_NANOS))
    }

    /// Takes back a step to `time`, unless another followed.
    const fn undo(&mut self, time: u64, before: Self) {
        if self.time == time {
            *self = before;
        }
    }
}

/// The earlier of two start times, of which 0 is not known.
const fn earlier_start(left: u64, right: u64) -> u64 {
    match (left, right) {
        (0, known) | (known, 0) => known,
        _ if left < right => left,
        _ => right,
    }
}

fn add_exemplars(exemplars: &mut MessageList, more: &MessageList) {
    if more.is_empty() {
        return;
    }
    let free = MOST_EXEMPLARS.saturating_sub(exemplars.iter().count());
    more.iter().take(free).for_each(|exemplar| exemplars.push(exemplar));
}
