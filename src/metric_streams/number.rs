//! Sums and differences of the numbers of sums and gauges.

use crate::otlp::NumberValue;

/// The sum of two values: an integer where both are and it fits, else a double.
pub fn add_numbers(left: NumberValue, right: NumberValue) -> NumberValue {
    if let (NumberValue::Int(left), NumberValue::Int(right)) = (left, right)
        && let Some(sum) = left.checked_add(right)
    {
        return NumberValue::Int(sum);
    }
    NumberValue::Double(as_double(left) + as_double(right))
}

/// What `current` has more than `previous`: an integer where both are and it fits, else a double.
pub fn number_difference(current: NumberValue, previous: NumberValue) -> NumberValue {
    if let (NumberValue::Int(current), NumberValue::Int(previous)) = (current, previous)
        && let Some(difference) = current.checked_sub(previous)
    {
        return NumberValue::Int(difference);
    }
    NumberValue::Double(as_double(current) - as_double(previous))
}

impl NumberValue {
    /// The value as a double; integers above 2^53 lose their last digits.
    pub const fn to_double(self) -> f64 {
        as_double(self)
    }
}

const fn as_double(value: NumberValue) -> f64 {
    match value {
        NumberValue::Int(integer) => integer as f64,
        NumberValue::Double(double) => double,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers_while_they_fit() {
        let (int, double) = (NumberValue::Int, NumberValue::Double);
        assert_eq!(add_numbers(int(2), int(3)), int(5));
        assert_eq!(add_numbers(int(2), double(0.5)), double(2.5));
        assert_eq!(add_numbers(int(i64::MAX), int(1)), double(9_223_372_036_854_775_808.0));
        assert_eq!(number_difference(int(2), int(3)), int(-1));
        assert_eq!(number_difference(double(2.5), int(2)), double(0.5));
    }
}
