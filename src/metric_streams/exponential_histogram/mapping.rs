//! Which bucket a value belongs to, and where a bucket begins.

use super::FINEST_SCALE;

/// Bits of a double's fraction.
const FRACTION_BITS: u32 = 52;
/// The exponent of the smallest double that is not subnormal; smaller ones are counted with it.
const SMALLEST_EXPONENT: i32 = -1022;

/// The index of the bucket that `value`, a positive finite number, falls into: bucket `i` holds what is
/// above base^i and at most base^(i+1), where base is 2^(2^-scale).
pub(super) fn bucket_index(value: f64, scale: i32) -> i32 {
    let (exponent, fraction) = exponent_and_fraction(value);
    // A power of two is the upper bound of its bucket, on every scale.
    let exponent_index = if fraction == 0 { exponent - 1 } else { exponent };
    if scale <= 0 {
        return exponent_index >> scale.saturating_neg().min(31);
    }
    let scale = scale.min(FINEST_SCALE);
    if fraction == 0 {
        return (exponent << scale) - 1;
    }
    let steps_per_doubling = f64::from(1_i32 << scale);
    // The logarithm is rounded, so a value just beside a bound may land on either side of it; the data
    // model allows that.
    (value.ln() * (steps_per_doubling * std::f64::consts::LOG2_E)).floor() as i32
}

/// The number above which the values of bucket `index` lie.
pub(in crate::metric_streams) fn lower_boundary(index: i32, scale: i32) -> f64 {
    (f64::from(index) * (-f64::from(scale)).exp2()).exp2()
}

fn exponent_and_fraction(value: f64) -> (i32, u64) {
    let bits = value.to_bits();
    let biased = i32::try_from(bits >> FRACTION_BITS & 0x7ff).unwrap_or_default();
    if biased == 0 {
        return (SMALLEST_EXPONENT, 0);
    }
    (biased - 1023, bits & ((1 << FRACTION_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_upper_bounds_on_every_scale() {
        for scale in -10..=20 {
            for exponent in [-3, 0, 1, 7] {
                let value = f64::from(exponent).exp2();
                let index = bucket_index(value, scale);
                let upper = lower_boundary(index + 1, scale);
                assert!(value <= upper && value > lower_boundary(index, scale), "2^{exponent} at {scale}");
            }
        }
    }

    #[test]
    fn the_examples_of_the_data_model_hold() {
        // Scale 0 has the bounds 1, 2, 4, 8; scale 1 the roots between; scale -1 every other one.
        assert_eq!([1.5, 2.0, 2.1, 4.0].map(|value| bucket_index(value, 0)), [0, 0, 1, 1]);
        assert_eq!([1.1, 1.5, 2.0, 2.1].map(|value| bucket_index(value, 1)), [0, 1, 1, 2]);
        assert_eq!([1.5, 3.9, 4.0, 4.1].map(|value| bucket_index(value, -1)), [0, 0, 0, 1]);
        assert_eq!([0.5, 0.75, 1.0].map(|value| bucket_index(value, 0)), [-2, -1, -1]);
    }

    #[test]
    fn the_smallest_and_the_largest_double_have_a_bucket() {
        assert_eq!(bucket_index(f64::from_bits(1), 0), -1023);
        assert_eq!(bucket_index(f64::MAX, 0), 1023);
        assert_eq!(bucket_index(f64::MAX, -11), 0);
        assert_eq!(bucket_index(f64::MIN_POSITIVE, -11), -1);
    }
}
