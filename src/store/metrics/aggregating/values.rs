//! A series whose points are taken as they are: from its newest point to its oldest, each in its step and in those in
//! which it still holds.

use super::steps::{StepOfSeries, StepsOfGroup};
use super::window::{LOOK_AROUND_NANO, Window, longest_silence};
use crate::store::Aggregation;
use crate::store::metrics::series_point::{PointValue, SeriesPoint};

/// What must be remembered of the points so far.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The time of the point after those that come, or when the series told that it ended.
    next: Option<u64>,
    /// The earliest step so far that has a point, and what the points in it say.
    of_step: Option<(usize, StepOfSeries)>,
    newest: Option<NewestValue>,
}

/// A value that nothing follows.
#[derive(Debug)]
struct NewestValue {
    unix_nano: u64,
    value: f64,
    /// How long it came after the one before; none while there is none.
    interval: Option<u64>,
}

impl Values {
    /// Takes the next earlier point. Values of series that add up what comes do not hold.
    pub fn take(&mut self, window: &Window, point: &SeriesPoint, may_hold: bool, group: &mut StepsOfGroup) {
        let unix_nano = point.unix_nano;
        let Some(value) = value_of(point, window.aggregation) else {
            if point.value == PointValue::Missing {
                self.next = Some(unix_nano);
            }
            return;
        };
        if let Some(newest) = &mut self.newest
            && newest.interval.is_none()
            && newest.unix_nano > unix_nano
        {
            newest.interval = Some(newest.unix_nano - unix_nano);
        }
        let at = window.step_of(unix_nano);
        // Between two points of a step nothing begins in which a value could hold.
        let is_alone = at.is_none() || at != self.of_step.map(|(step, _)| step);
        if may_hold && is_alone && unix_nano < window.range.to_unix_nano {
            match self.next {
                None => self.newest = Some(NewestValue { unix_nano, value, interval: None }),
                Some(next) if next - unix_nano <= LOOK_AROUND_NANO => {
                    self.hold(window, unix_nano, next, value, group);
                }
                Some(_) => {}
            }
        }
        self.next = Some(unix_nano);
        if let Some(at) = at {
            self.put(window, at, unix_nano, value, group);
        }
    }

    /// All points were taken. The newest value holds until `newest_of_all` was made, but where the series was silent for longer
    /// than it may be: it has ended.
    pub fn finish(mut self, window: &Window, newest_of_all: u64, group: &mut StepsOfGroup) {
        self.close_step(window, group);
        // A value that came alone may have been the only one.
        let Some(NewestValue { unix_nano, value, interval: Some(interval) }) = self.newest.take() else {
            return;
        };
        let lives = unix_nano.saturating_add(longest_silence(interval)) >= newest_of_all;
        // What is asked for as the last value has the time of that.
        if lives && window.aggregation != Aggregation::Last {
            self.hold(window, unix_nano, newest_of_all.saturating_add(1), value, group);
        }
    }

    /// A value holds in the steps that begin before `until` and have none of their own.
    fn hold(&self, window: &Window, unix_nano: u64, until: u64, value: f64, group: &mut StepsOfGroup) {
        let mut steps = window.steps_begun_between(unix_nano, until);
        if let Some((with_own, _)) = self.of_step {
            steps.end = steps.end.min(with_own);
        }
        for at in steps {
            if takes_series(window.aggregation) {
                group.add_series(at, StepOfSeries::of(value));
            } else {
                group.add_value(at, unix_nano, value);
            }
        }
    }

    fn put(&mut self, window: &Window, at: usize, unix_nano: u64, value: f64, group: &mut StepsOfGroup) {
        if !takes_series(window.aggregation) {
            group.add_value(at, unix_nano, value);
        } else if let Some((_, of_series)) = self.of_step.as_mut().filter(|(step, _)| *step == at) {
            of_series.add_earlier(value);
            return;
        }
        self.close_step(window, group);
        self.of_step = Some((at, StepOfSeries::of(value)));
    }

    fn close_step(&mut self, window: &Window, group: &mut StepsOfGroup) {
        if let Some((at, of_series)) = self.of_step.take()
            && takes_series(window.aggregation)
        {
            group.add_series(at, of_series);
        }
    }
}

/// True for aggregations to which a series adds once in each step.
const fn takes_series(aggregation: Aggregation) -> bool {
    matches!(aggregation, Aggregation::Sum | Aggregation::Series)
}

/// What a point says as it is; none where it says nothing.
fn value_of(point: &SeriesPoint, aggregation: Aggregation) -> Option<f64> {
    let value = match (&point.value, aggregation) {
        (PointValue::Missing, _) => None,
        (PointValue::Number(number), _) => Some(*number),
        (PointValue::Summary(summary), Aggregation::Quantile(share)) => summary.nearest(share),
        (PointValue::Summary(summary), _) => (summary.count > 0).then(|| summary.sum / summary.count as f64),
        (PointValue::Distribution(_), _) => Some(0.0),
    };
    // That a series is there is all its points are counted for.
    let is_counted = aggregation == Aggregation::Series && point.value != PointValue::Missing;
    value.or(is_counted.then_some(0.0)).filter(|value| value.is_finite())
}
