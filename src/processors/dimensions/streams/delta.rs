//! Delta series: what comes is added up and handed on, and nothing is kept but what came too late.

use super::{Arrival, HandedOn, Merged, Merging, Moment, Outcome, Progress, add_exemplars, earlier_start};
use crate::metric_streams::{Point, StreamId};

/// A delta series.
#[derive(Debug)]
pub(super) struct DeltaStream {
    /// The only input there has been; none once there were two.
    only_input: Option<StreamId>,
    pub progress: Progress,
    /// What came too late for the point it belonged to.
    held_back: Option<Box<Point>>,
}

impl DeltaStream {
    pub const fn new(input: StreamId) -> Self {
        Self { only_input: Some(input), progress: Progress::NONE, held_back: None }
    }

    pub const fn merge_always(&mut self) {
        self.only_input = None;
    }

    pub fn take<'a>(
        &mut self,
        arrivals: impl Iterator<Item = Arrival<'a>> + Clone,
        merging: Merging,
        moment: Moment,
    ) -> Outcome {
        let is_alone = self.only_input.is_some_and(|only| arrivals.clone().all(|point| point.input == only));
        if is_alone {
            arrivals.for_each(|arrival| self.progress.note(arrival.time_unix_nano(), moment));
            return Outcome::Verbatim;
        }
        let points = arrivals.filter_map(|arrival| Point::of_encoded(merging.kind, arrival.bytes));
        self.only_input = None;
        let Some(sum) = points.reduce(added) else { return Outcome::Merged(Merged::default()) };
        if sum.time_unix_nano <= self.progress.time {
            return Outcome::Merged(Merged { late: Some(sum), waits: true, ..Merged::default() });
        }
        let taken = self.held_back.take().map(|point| *point);
        let point = match &taken {
            Some(earlier) => added(earlier.clone(), sum),
            None => sum,
        };
        Outcome::Merged(Merged { point: Some(self.hand_on(point, taken, moment)), ..Merged::default() })
    }

    pub fn hold_back(&mut self, late: Point) {
        let sum = match self.held_back.take() {
            Some(earlier) => added(*earlier, late),
            None => late,
        };
        self.held_back = Some(Box::new(sum));
    }

    pub const fn waits(&self) -> bool {
        self.held_back.is_some()
    }

    pub fn flush(&mut self, moment: Moment) -> Option<HandedOn> {
        let taken = *self.held_back.take()?;
        let time_unix_nano = self.progress.time_after(taken.time_unix_nano, moment);
        let point = Point { time_unix_nano, ..taken.clone() };
        Some(self.hand_on(point, Some(taken), moment))
    }

    /// Points of one series must not overlap: each begins where the last one ended.
    fn hand_on(&mut self, mut point: Point, taken: Option<Point>, moment: Moment) -> HandedOn {
        let before = self.progress;
        point.start_time_unix_nano = point.start_time_unix_nano.max(before.time);
        self.progress.note(point.time_unix_nano, moment);
        HandedOn { point, before, taken }
    }
}

fn added(mut sum: Point, other: Point) -> Point {
    sum.start_time_unix_nano = earlier_start(sum.start_time_unix_nano, other.start_time_unix_nano);
    sum.time_unix_nano = sum.time_unix_nano.max(other.time_unix_nano);
    sum.value.add(&other.value);
    add_exemplars(&mut sum.exemplars, &other.exemplars);
    sum
}
