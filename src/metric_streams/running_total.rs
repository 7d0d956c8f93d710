//! What the deltas of a stream add up to.

use super::PointValue;

/// The sum of the deltas of a stream, which is a cumulative point.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningTotal {
    /// When counting began, in nanoseconds since 1970; 0 where unknown.
    pub start_time_unix_nano: u64,
    /// When the newest delta was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// The sum.
    pub value: PointValue,
}

/// Why a delta does not belong into a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// It began before the sum did.
    OlderStart,
    /// It is not newer than the sum.
    OutOfOrder,
}

impl RunningTotal {
    /// Adds the next delta. A histogram with other bounds begins a new sum, as of itself.
    ///
    /// # Errors
    ///
    /// [`Misplaced`] where it is not the next one. The sum stays as it is.
    pub fn add(
        &mut self,
        start_time_unix_nano: u64,
        time_unix_nano: u64,
        value: &PointValue,
    ) -> Result<(), Misplaced> {
        if start_time_unix_nano < self.start_time_unix_nano {
            return Err(Misplaced::OlderStart);
        }
        // Where the time is not known, the order of arrival counts.
        if time_unix_nano != 0 && time_unix_nano <= self.time_unix_nano {
            return Err(Misplaced::OutOfOrder);
        }
        if self.value.has_bounds_of(value) {
            self.value.add(value);
        } else {
            self.value = value.clone();
            self.start_time_unix_nano = start_time_unix_nano;
        }
        self.time_unix_nano = time_unix_nano;
        Ok(())
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
    fn deltas_add_up_in_their_order() {
        let mut total = RunningTotal { start_time_unix_nano: 10, time_unix_nano: 20, value: int(5) };
        assert_eq!(total.add(20, 30, &int(3)), Ok(()));
        assert_eq!(total.add(5, 40, &int(3)), Err(Misplaced::OlderStart));
        assert_eq!(total.add(20, 30, &int(3)), Err(Misplaced::OutOfOrder));
        assert_eq!(total, RunningTotal { start_time_unix_nano: 10, time_unix_nano: 30, value: int(8) });
    }

    #[test]
    fn other_bounds_begin_a_new_sum() {
        let histogram = |bounds: &[f64]| PointValue::Histogram(Box::new(Histogram::with_bounds(bounds)));
        let mut total =
            RunningTotal { start_time_unix_nano: 10, time_unix_nano: 20, value: histogram(&[1.0]) };
        assert_eq!(total.add(20, 30, &histogram(&[2.0])), Ok(()));
        assert_eq!((total.start_time_unix_nano, total.value), (20, histogram(&[2.0])));
    }
}
