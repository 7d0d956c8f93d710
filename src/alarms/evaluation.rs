//! What state an alarm has by the values of its last periods: CloudWatch's rule for missing data.
//!
//! CloudWatch publishes the outcome of ten windows under each of the four ways to treat missing data
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>); the tests
//! below hold [`Evaluation::state`] to every one.

use super::{AlarmState, ComparisonOperator, MissingData};

/// How many periods are looked at, and what makes them an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The value against which each period is held.
    pub threshold: f64,
    /// What makes a period breaching.
    pub operator: ComparisonOperator,
    /// N: over how many periods the state is decided.
    pub evaluation_periods: usize,
    /// M: how many of them must be breaching.
    pub datapoints_to_alarm: usize,
    /// What a period without a value counts as.
    pub missing_data: MissingData,
}

impl Evaluation {
    /// How many periods a decision looks back: more than N, so that N values are found where some are missing.
    /// CloudWatch does not publish the number; its examples have 5 for N = 3.
    pub const fn range(&self) -> usize {
        let third = self.evaluation_periods.div_ceil(3);
        self.evaluation_periods + if third > 2 { third } else { 2 }
    }

    /// The state after the periods of `window`, oldest first and none where a period has no value. Of a
    /// longer window the newest [`Self::range`] periods count. `current` is the state so far, which some
    /// windows leave as it is.
    pub fn state(&self, window: &[Option<f64>], current: AlarmState) -> AlarmState {
        let window = &window[window.len().saturating_sub(self.range())..];
        let values = Values::of(window, self);
        if values.present == 0 {
            return self.state_without_values(current);
        }
        if values.present >= self.evaluation_periods {
            return alarm_where(values.breaching_among_newest >= self.datapoints_to_alarm);
        }
        let fillers = self.evaluation_periods - values.present;
        match self.missing_data {
            MissingData::Breaching => alarm_where(values.breaching + fillers >= self.datapoints_to_alarm),
            MissingData::NotBreaching => alarm_where(values.breaching >= self.datapoints_to_alarm),
            MissingData::Missing | MissingData::Ignore => self.state_of_few_values(&values, current),
        }
    }

    const fn state_without_values(&self, current: AlarmState) -> AlarmState {
        match self.missing_data {
            MissingData::Missing => AlarmState::InsufficientData,
            MissingData::Ignore => current,
            MissingData::Breaching => AlarmState::Alarm,
            MissingData::NotBreaching => AlarmState::Ok,
        }
    }

    /// Fewer values than N, and nothing stands in for the missing ones.
    const fn state_of_few_values(&self, values: &Values, current: AlarmState) -> AlarmState {
        if values.breaching >= self.datapoints_to_alarm {
            return AlarmState::Alarm;
        }
        if values.breaching < values.present {
            return AlarmState::Ok;
        }
        // Every value there is breaches. With `missing` that is an alarm once the first of them is M periods
        // old; before, CloudWatch does not say, and a state that is not disproved stays.
        let is_old_enough = values.oldest_breaching_age >= self.datapoints_to_alarm;
        if matches!(self.missing_data, MissingData::Missing) && is_old_enough {
            return AlarmState::Alarm;
        }
        current
    }
}

/// What a window holds.
struct Values {
    present: usize,
    breaching: usize,
    /// Among the newest N that are present.
    breaching_among_newest: usize,
    /// In periods; the newest period has age 1.
    oldest_breaching_age: usize,
}

impl Values {
    fn of(window: &[Option<f64>], evaluation: &Evaluation) -> Self {
        let mut values =
            Self { present: 0, breaching: 0, breaching_among_newest: 0, oldest_breaching_age: 0 };
        for (newer_periods, value) in window.iter().rev().enumerate() {
            let Some(value) = *value else { continue };
            values.present += 1;
            if !evaluation.operator.holds(value, evaluation.threshold) {
                continue;
            }
            values.breaching += 1;
            values.oldest_breaching_age = newer_periods + 1;
            if values.present <= evaluation.evaluation_periods {
                values.breaching_among_newest += 1;
            }
        }
        values
    }
}

const fn alarm_where(is_alarm: bool) -> AlarmState {
    if is_alarm { AlarmState::Alarm } else { AlarmState::Ok }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREATMENTS: [MissingData; 4] =
        [MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching];

    /// `0` is within the threshold, `X` breaches it, `-` is missing; the newest is on the right.
    fn window(text: &str) -> Vec<Option<f64>> {
        let value = |letter| match letter {
            "0" => Some(0.0),
            "X" => Some(2.0),
            "-" => None,
            other => panic!("{other:?} in {text:?}"),
        };
        text.split(' ').map(value).collect()
    }

    fn evaluation(datapoints_to_alarm: usize, missing_data: MissingData) -> Evaluation {
        Evaluation {
            threshold: 1.0,
            operator: ComparisonOperator::GreaterThanThreshold,
            evaluation_periods: 3,
            datapoints_to_alarm,
            missing_data,
        }
    }

    /// The state by each treatment, from each state before: `keep` in a published table means that the state
    /// before stays.
    fn check(datapoints_to_alarm: usize, periods: &str, published: [&str; 4]) {
        for (treatment, expected) in TREATMENTS.into_iter().zip(published) {
            for current in [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData] {
                let expected = match expected {
                    "OK" => AlarmState::Ok,
                    "ALARM" => AlarmState::Alarm,
                    "INSUFFICIENT_DATA" => AlarmState::InsufficientData,
                    _ => current,
                };
                let state = evaluation(datapoints_to_alarm, treatment).state(&window(periods), current);
                assert_eq!(
                    state, expected,
                    "{datapoints_to_alarm} of 3 over {periods} with {treatment:?}, before {current:?}"
                );
            }
        }
    }

    #[test]
    fn every_cell_of_the_published_table_for_three_out_of_three() {
        check(3, "0 - X - X", ["OK", "OK", "OK", "OK"]);
        check(3, "0 - - - -", ["OK", "OK", "OK", "OK"]);
        check(3, "- - - - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]);
        check(3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(3, "- - X - -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn every_cell_of_the_published_table_for_two_out_of_three() {
        check(2, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - X -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn a_breach_that_is_younger_than_the_datapoints_to_alarm_is_no_alarm_yet() {
        let evaluation = evaluation(3, MissingData::Missing);
        for periods in ["- - - - X", "- - - X -"] {
            assert_eq!(evaluation.state(&window(periods), AlarmState::Ok), AlarmState::Ok, "{periods}");
        }
    }

    #[test]
    fn only_the_newest_values_count_where_there_are_more_than_enough() {
        let three_of_three = evaluation(3, MissingData::Missing);
        assert_eq!(three_of_three.state(&window("X X 0 0 X"), AlarmState::Ok), AlarmState::Ok);
        assert_eq!(three_of_three.state(&window("X X X X 0 - - - - -"), AlarmState::Ok), {
            // The 0 and everything before it is out of the range of five.
            AlarmState::InsufficientData
        });
    }

    #[test]
    fn the_range_is_the_evaluation_periods_and_a_third_of_them_but_at_least_two_more() {
        let range = |evaluation_periods| {
            Evaluation { evaluation_periods, ..evaluation(1, MissingData::Missing) }.range()
        };
        assert_eq!([1, 2, 3, 6, 7, 12].map(range), [3, 4, 5, 8, 10, 16]);
    }
}
