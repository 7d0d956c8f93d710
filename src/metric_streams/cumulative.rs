//! What a cumulative point adds to the one before it.

use super::PointValue;

/// The last point of a cumulative stream.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeState {
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When the last point was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What it said.
    pub value: PointValue,
}

/// What a cumulative point is to the one before it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It goes on: so much was added since the last point.
    Continued(PointValue),
    /// Counting began anew, because the start time is another or a value became smaller: the whole value
    /// was added, since the point's own start time, or since the last point where that start is not later.
    Reset {
        /// The start of the time in which the value was counted.
        start_time_unix_nano: u64,
    },
    /// It is not newer than the last point, which stays: late, or sent twice.
    NotNewer,
}

impl CumulativeState {
    /// The state after the first point of a stream.
    pub const fn new(start_time_unix_nano: u64, time_unix_nano: u64, value: PointValue) -> Self {
        Self { start_time_unix_nano, time_unix_nano, value }
    }

    /// Takes the next point and says what it adds. Where start times are not known (0), or go back, only
    /// values tell of a reset; where the time is not known (0), the order of arrival counts.
    pub fn advance(
        &mut self,
        start_time_unix_nano: u64,
        time_unix_nano: u64,
        value: &PointValue,
        is_monotonic: bool,
    ) -> Step {
        let next = self.followed_by(start_time_unix_nano, time_unix_nano, value, is_monotonic);
        let Some((next, since)) = next else { return Step::NotNewer };
        let last_time_unix_nano = std::mem::replace(self, next).time_unix_nano;
        match since {
            Some(added) => Step::Continued(added),
            None => Step::Reset { start_time_unix_nano: start_time_unix_nano.max(last_time_unix_nano) },
        }
    }

    /// The state after the next point, and what that adds where it goes on; none where it is not newer.
    pub(super) fn followed_by(
        &self,
        start_time_unix_nano: u64,
        time_unix_nano: u64,
        value: &PointValue,
        is_monotonic: bool,
    ) -> Option<(Self, Option<PointValue>)> {
        if !self.is_before(time_unix_nano) {
            return None;
        }
        let starts_later = self.starts_before(start_time_unix_nano);
        let since = if starts_later { None } else { value.since(&self.value, is_monotonic) };
        let mut latest = value.clone();
        if since.is_some() {
            latest.carry_sum(&self.value);
        }
        Some((Self::new(start_time_unix_nano, time_unix_nano, latest), since))
    }

    /// Takes the next point and adds what it says more to `total`, where several such streams are added
    /// up: the same as adding what [`advance`](Self::advance) tells, with the extremes of the whole. False
    /// where the point is not newer.
    pub fn advance_into(
        &mut self,
        total: &mut PointValue,
        start_time_unix_nano: u64,
        time_unix_nano: u64,
        mut value: PointValue,
        is_monotonic: bool,
    ) -> bool {
        if !self.is_before(time_unix_nano) {
            return false;
        }
        let goes_on =
            !self.starts_before(start_time_unix_nano) && total.add_since(&value, &self.value, is_monotonic);
        if goes_on {
            value.carry_sum(&self.value);
        } else {
            total.add(&value);
        }
        *self = Self::new(start_time_unix_nano, time_unix_nano, value);
        true
    }

    const fn is_before(&self, time_unix_nano: u64) -> bool {
        time_unix_nano == 0 || time_unix_nano > self.time_unix_nano
    }

    const fn starts_before(&self, start_time_unix_nano: u64) -> bool {
        start_time_unix_nano > self.start_time_unix_nano
            && (self.start_time_unix_nano != 0 || start_time_unix_nano >= self.time_unix_nano)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric_streams::Histogram;
    use crate::otlp::NumberValue;

    fn int(value: i64) -> PointValue {
        PointValue::Number(NumberValue::Int(value))
    }

    #[test]
    fn points_go_on_begin_anew_or_are_not_newer() {
        let mut state = CumulativeState::new(10, 20, int(5));
        assert_eq!(state.advance(10, 30, &int(8), true), Step::Continued(int(3)));
        assert_eq!(state.advance(10, 30, &int(9), true), Step::NotNewer);
        assert_eq!(state.advance(10, 25, &int(9), true), Step::NotNewer);
        assert_eq!(state.advance(10, 40, &int(2), true), Step::Reset { start_time_unix_nano: 30 });
        assert_eq!(state.advance(45, 50, &int(7), true), Step::Reset { start_time_unix_nano: 45 });
        assert_eq!(state, CumulativeState::new(45, 50, int(7)));
    }

    #[test]
    fn without_times_the_order_of_arrival_counts() {
        let mut state = CumulativeState::new(0, 0, int(5));
        assert_eq!(state.advance(0, 0, &int(8), true), Step::Continued(int(3)));
    }

    #[test]
    fn a_total_grows_by_what_each_point_adds() {
        let histogram = |bounds: &[f64], values: &[f64]| {
            let mut histogram = Histogram::with_bounds(bounds);
            values.iter().for_each(|value| histogram.record(*value, 1));
            PointValue::Histogram(Box::new(histogram))
        };
        let mut total = histogram(&[1.0, 5.0], &[0.5]);
        let mut state = CumulativeState::new(10, 20, histogram(&[1.0, 5.0], &[2.0]));
        let goes_on = histogram(&[1.0, 5.0], &[2.0, 0.25, 9.0]);
        assert!(state.advance_into(&mut total, 10, 30, goes_on.clone(), true));
        assert_eq!(total, histogram(&[1.0, 5.0], &[0.5, 0.25, 9.0]), "with the extremes of all");
        assert!(!state.advance_into(&mut total, 10, 30, goes_on.clone(), true), "it is not newer");
        assert!(state.advance_into(&mut total, 10, 40, histogram(&[1.0, 5.0], &[7.0]), true));
        assert_eq!(total, histogram(&[1.0, 5.0], &[0.5, 0.25, 9.0, 7.0]), "a reset");
        assert!(state.advance_into(&mut total, 40, 50, histogram(&[1.0, 5.0], &[7.0, 3.0]), true));
        assert_eq!(total, histogram(&[1.0, 5.0], &[0.5, 0.25, 9.0, 7.0, 7.0, 3.0]), "a later start");
        assert_eq!(state, CumulativeState::new(40, 50, histogram(&[1.0, 5.0], &[7.0, 3.0])));

        let mut coarser_total = histogram(&[5.0], &[0.5]);
        assert!(state.advance_into(
            &mut coarser_total,
            40,
            60,
            histogram(&[1.0, 5.0], &[7.0, 3.0, 0.25]),
            true
        ));
        assert_eq!(coarser_total, {
            let mut expected = Histogram::with_bounds(&[5.0]);
            expected.record(0.5, 1);
            expected.record(0.25, 1);
            // The part that was added saw no 7, but nobody can tell.
            expected.max = Some(7.0);
            PointValue::Histogram(Box::new(expected))
        });
    }

    #[test]
    fn a_sum_that_is_no_number_is_skipped() {
        let histogram = |count, sum| {
            let histogram = Histogram { count, sum: Some(sum), ..Histogram::default() };
            PointValue::Histogram(Box::new(histogram))
        };
        let mut state = CumulativeState::new(10, 20, histogram(1, 2.0));
        let step = state.advance(10, 30, &histogram(2, f64::NAN), true);
        assert!(matches!(step, Step::Continued(PointValue::Histogram(added)) if added.count == 1));
        assert_eq!(state.advance(10, 40, &histogram(3, 9.0), true), Step::Continued(histogram(1, 7.0)));
    }

    #[test]
    fn what_may_go_down_does_not_begin_anew_by_it() {
        let mut state = CumulativeState::new(10, 20, int(5));
        assert_eq!(state.advance(10, 30, &int(2), false), Step::Continued(int(-3)));
    }

    #[test]
    fn an_unknown_start_is_no_reset_when_it_becomes_known() {
        let mut state = CumulativeState::new(0, 20, int(5));
        assert_eq!(state.advance(10, 30, &int(8), true), Step::Continued(int(3)));
        assert_eq!(state.advance(0, 40, &int(9), true), Step::Continued(int(1)));
        assert_eq!(state.advance(45, 50, &int(10), true), Step::Reset { start_time_unix_nano: 45 });
    }
}
