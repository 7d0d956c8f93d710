//! Recording, adding and subtracting, checked against the values themselves.

use proptest::prelude::*;

use super::*;

fn recorded(values: &[f64]) -> ExponentialHistogram {
    let mut histogram = ExponentialHistogram::empty();
    values.iter().for_each(|value| histogram.record(*value, 1, USUAL_BUCKET_COUNT));
    histogram
}

/// How many of `values` each bucket of `histogram` ought to hold.
fn assert_holds(histogram: &ExponentialHistogram, values: &[f64]) {
    assert_eq!(histogram.count, values.len() as u64);
    let zeros = values.iter().filter(|value| value.abs() <= histogram.zero_threshold).count();
    assert_eq!(histogram.zero_count, zeros as u64);
    for (side, sign) in [(&histogram.positive, 1.0), (&histogram.negative, -1.0)] {
        assert!(side.counts().len() <= USUAL_BUCKET_COUNT);
        let mut expected = ExponentialBuckets::default();
        for value in values.iter().map(|value| value * sign) {
            if value > histogram.zero_threshold {
                expected.add_at(bucket_index(value, histogram.scale), 1);
            }
        }
        assert_eq!(*side, expected);
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    // Powers of a number far from 2, so that no value lies beside a bound, where rounding decides.
    let value = (-40..40_i32, 1..1000_i32)
        .prop_map(|(exponent, digits)| 1.0137_f64.powi(exponent * digits) + 0.000_123);
    prop::collection::vec(
        prop_oneof![4 => value.clone(), 1 => value.prop_map(|value| -value), 1 => Just(0.0)],
        0..40,
    )
}

proptest! {
    #[test]
    fn every_value_is_in_its_bucket(values in values()) {
        assert_holds(&recorded(&values), &values);
    }

    #[test]
    fn a_sum_holds_what_both_hold_in_either_order(left in values(), right in values()) {
        let (mut one_way, mut other_way) = (recorded(&left), recorded(&right));
        one_way.add(&recorded(&right));
        other_way.add(&recorded(&left));
        let all = [left, right].concat();
        assert_holds(&one_way, &all);
        prop_assert_eq!(&one_way.positive, &other_way.positive);
        prop_assert_eq!(&one_way.negative, &other_way.negative);
        prop_assert_eq!((one_way.min, one_way.max, one_way.scale), (other_way.min, other_way.max, other_way.scale));
    }

    #[test]
    fn what_came_since_added_again_is_the_whole(first in values(), second in values()) {
        let before = recorded(&first);
        let mut after = before.clone();
        second.iter().for_each(|value| after.record(*value, 1, USUAL_BUCKET_COUNT));
        let difference = after.since(&before).unwrap();
        prop_assert_eq!(difference.count, second.len() as u64);
        let mut again = before;
        again.add(&difference);
        prop_assert_eq!(&again.positive, &after.positive);
        prop_assert_eq!(&again.negative, &after.negative);
        prop_assert_eq!((again.count, again.zero_count, again.scale), (after.count, after.zero_count, after.scale));
    }
}

#[test]
fn a_smaller_count_anywhere_means_a_new_beginning() {
    let before = recorded(&[1.5, 3.0]);
    assert_eq!(recorded(&[1.5, 1.5, 1.5]).since(&before), None);
    assert_eq!(recorded(&[1.5]).since(&before), None);
    let mut finer = before.clone();
    let mut coarse = before;
    coarse.downscale(2);
    finer.record(1.5, 1, USUAL_BUCKET_COUNT);
    assert_eq!(finer.since(&coarse), None, "a scale never becomes finer again");
}

#[test]
fn the_wider_zero_bucket_takes_whole_buckets() {
    let mut narrow = recorded(&[0.3, 1.5, 6.0, -1.5]);
    narrow.downscale(narrow.scale);
    let mut wide = recorded(&[6.0]);
    wide.downscale(wide.scale);
    wide.zero_threshold = 1.2;
    narrow.add(&wide);
    // At scale 0 the threshold cuts the buckets from 1 to 2, which therefore go, up to 2.
    assert_eq!((narrow.zero_threshold, narrow.zero_count, narrow.count), (2.0, 3, 5));
    let mut above = ExponentialBuckets::default();
    above.add_at(2, 2);
    assert_eq!(narrow.positive, above);
    assert!(narrow.negative.counts().is_empty());
}
