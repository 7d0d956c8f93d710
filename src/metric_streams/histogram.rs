//! Histograms with explicit bounds: recorded, added and subtracted.

use crate::otlp::HistogramDataPointView;

/// The content of a histogram data point.
///
/// `bucket_counts` is one longer than `bounds`, or both are empty for a histogram of count and sum alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// How many values were recorded.
    pub count: u64,
    /// Their sum, where it is kept.
    pub sum: Option<f64>,
    /// The smallest value, where it is kept.
    pub min: Option<f64>,
    /// The largest value, where it is kept.
    pub max: Option<f64>,
    /// The buckets' inclusive upper bounds, ascending.
    pub bounds: Vec<f64>,
    /// How many values fell into each bucket.
    pub bucket_counts: Vec<u64>,
}

impl Histogram {
    /// An empty histogram that values can be recorded in.
    pub fn with_bounds(bounds: &[f64]) -> Self {
        Self {
            sum: Some(0.0),
            bounds: bounds.to_vec(),
            bucket_counts: vec![0; bounds.len() + 1],
            ..Self::default()
        }
    }

    /// The content of a data point. Bounds and counts that do not belong together are left out, as the
    /// specification has no meaning for them; count and sum remain.
    pub fn of(point: &HistogramDataPointView<'_>) -> Self {
        let (count, sum, min, max) = (point.count, point.sum, point.min, point.max);
        let bounds: Vec<f64> = point.explicit_bounds.iter().collect();
        let bucket_counts: Vec<u64> = point.bucket_counts.iter().collect();
        let is_sound = bucket_counts.len() == bounds.len() + 1 && bounds.is_sorted();
        if !is_sound {
            return Self { count, sum, min, max, ..Self::default() };
        }
        Self { count, sum, min, max, bounds, bucket_counts }
    }

    /// Records `value` as seen `times` times, with minimum and maximum.
    pub fn record(&mut self, value: f64, times: u64) {
        self.count += times;
        self.sum = self.sum.map(|sum| value.mul_add(times as f64, sum));
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket_count) = self.bucket_counts.get_mut(bucket) {
            *bucket_count += times;
        }
    }

    /// Adds what `other` recorded.
    ///
    /// Where the bounds differ, those of both are kept and the others given up: a bucket of the result is
    /// a union of whole buckets on either side, so no count is guessed.
    pub fn add(&mut self, other: &Self) {
        let counts = (self.count, other.count);
        self.sum = joined(counts, self.sum, other.sum, |left, right| left + right);
        self.min = joined(counts, self.min, other.min, f64::min);
        self.max = joined(counts, self.max, other.max, f64::max);
        self.count = self.count.saturating_add(other.count);
        if self.has_bounds_of(other) {
            add_counts(&mut self.bucket_counts, &other.bucket_counts);
            return;
        }
        if self.bucket_counts.is_empty() || other.bucket_counts.is_empty() {
            (self.bounds, self.bucket_counts) = (Vec::new(), Vec::new());
            return;
        }
        let mut shared = self.bounds.clone();
        shared.retain(|bound| other.bounds.contains(bound));
        self.coarsen(&shared);
        let mut other = other.clone();
        other.coarsen(&shared);
        add_counts(&mut self.bucket_counts, &other.bucket_counts);
    }

    /// What was recorded since `previous`; none where this is not `previous` and more, which means that
    /// counting began anew. Minimum and maximum of the time between are not known.
    pub fn since(&self, previous: &Self) -> Option<Self> {
        if !self.has_bounds_of(previous) {
            return None;
        }
        let bucket_counts = self.bucket_counts.iter().zip(&previous.bucket_counts);
        Some(Self {
            count: self.count.checked_sub(previous.count)?,
            sum: self.sum.zip(previous.sum).map(|(current, previous)| current - previous),
            min: None,
            max: None,
            bounds: self.bounds.clone(),
            bucket_counts: bucket_counts
                .map(|(current, previous)| current.checked_sub(*previous))
                .collect::<Option<_>>()?,
        })
    }

    /// Adds what `value` has more than `previous`, in place. `value` has the bounds of this one. Sum and
    /// counts are those of the part, extremes those of the whole. False, and nothing is added, where it is
    /// not `previous` and more.
    pub(super) fn add_since(&mut self, value: &Self, previous: &Self) -> bool {
        let grew = |(now, before): (&u64, &u64)| now >= before;
        let goes_on = value.has_bounds_of(previous)
            && value.count >= previous.count
            && value.bucket_counts.iter().zip(&previous.bucket_counts).all(grew);
        if !goes_on {
            return false;
        }
        let added = value.count - previous.count;
        let sum = value.sum.zip(previous.sum).map(|(now, before)| now - before);
        let counts = (self.count, added);
        self.sum = joined(counts, self.sum, sum, |left, right| left + right);
        self.min = joined(counts, self.min, value.min, f64::min);
        self.max = joined(counts, self.max, value.max, f64::max);
        self.count = self.count.saturating_add(added);
        let parts = value.bucket_counts.iter().zip(&previous.bucket_counts);
        for (total, (now, before)) in self.bucket_counts.iter_mut().zip(parts) {
            *total = total.saturating_add(now - before);
        }
        true
    }

    /// True where both have the same buckets.
    pub(super) fn has_bounds_of(&self, other: &Self) -> bool {
        self.bounds == other.bounds && self.bucket_counts.len() == other.bucket_counts.len()
    }

    /// Gives up the bounds that are not among `kept`, which are some of this histogram's, in order.
    fn coarsen(&mut self, kept: &[f64]) {
        let mut counts = vec![0_u64; kept.len() + 1];
        for (index, count) in self.bucket_counts.iter().enumerate() {
            let bucket = match self.bounds.get(index) {
                Some(bound) => kept.partition_point(|kept| kept < bound),
                None => kept.len(),
            };
            if let Some(sum) = counts.get_mut(bucket) {
                *sum = sum.saturating_add(*count);
            }
        }
        self.bounds = kept.to_vec();
        self.bucket_counts = counts;
    }
}

/// What two histograms that counted so many values know together of sum, minimum or maximum: where one
/// does not know it nobody does, unless that one is empty.
pub(super) fn joined(
    counts: (u64, u64),
    left: Option<f64>,
    right: Option<f64>,
    combine: impl FnOnce(f64, f64) -> f64,
) -> Option<f64> {
    match counts {
        (_, 0) if left.is_some() => left,
        (0, _) if right.is_some() => right,
        _ => left.zip(right).map(|(left, right)| combine(left, right)),
    }
}

fn add_counts(into: &mut [u64], from: &[u64]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = into.saturating_add(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(bounds: &[f64], values: &[f64]) -> Histogram {
        let mut histogram = Histogram::with_bounds(bounds);
        values.iter().for_each(|value| histogram.record(*value, 1));
        histogram
    }

    #[test]
    fn a_value_on_a_bound_belongs_to_the_bucket_below() {
        let histogram = recorded(&[1.0, 2.0], &[0.5, 1.0, 1.5, 2.0, 2.5]);
        assert_eq!(histogram.bucket_counts, [2, 2, 1]);
        assert_eq!((histogram.count, histogram.sum), (5, Some(7.5)));
        assert_eq!((histogram.min, histogram.max), (Some(0.5), Some(2.5)));
    }

    #[test]
    fn equal_bounds_are_added_bucket_by_bucket() {
        let mut sum = recorded(&[1.0, 2.0], &[0.5, 3.0]);
        sum.add(&recorded(&[1.0, 2.0], &[1.5, 9.0]));
        assert_eq!(sum, recorded(&[1.0, 2.0], &[0.5, 3.0, 1.5, 9.0]));
    }

    #[test]
    fn of_different_bounds_those_of_both_remain() {
        let mut sum = recorded(&[1.0, 2.0, 4.0], &[0.5, 1.5, 3.0, 5.0]);
        sum.add(&recorded(&[2.0, 3.0, 4.0], &[1.0, 2.5, 3.5, 9.0]));
        assert_eq!(sum.bounds, [2.0, 4.0]);
        assert_eq!(sum.bucket_counts, [3, 3, 2]);
        let mut nothing_shared = recorded(&[1.0], &[0.5, 2.0]);
        nothing_shared.add(&recorded(&[3.0], &[4.0]));
        assert_eq!((nothing_shared.bounds, nothing_shared.bucket_counts), (vec![], vec![3]));
    }

    #[test]
    fn what_came_since_is_a_difference_or_a_new_beginning() {
        let before = recorded(&[1.0, 2.0], &[0.5]);
        let after = recorded(&[1.0, 2.0], &[0.5, 1.5]);
        let difference = after.since(&before).unwrap();
        assert_eq!((difference.count, difference.sum), (1, Some(1.5)));
        assert_eq!(difference.bucket_counts, [0, 1, 0]);
        assert_eq!(before.since(&after), None);
        assert_eq!(recorded(&[1.0, 2.0], &[1.5, 2.5]).since(&before), None, "one bucket went down");
        assert_eq!(recorded(&[1.0], &[0.5, 0.5]).since(&before), None, "other bounds");
    }
}
