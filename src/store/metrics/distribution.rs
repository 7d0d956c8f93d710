//! What histograms counted, of either kind: what one point adds to another, and the buckets as intervals.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::otlp::{BucketsView, ExponentialHistogramDataPointView, HistogramDataPointView};

/// What a histogram counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// How many values.
    pub count: u64,
    /// Their sum; 0 where the client does not keep it.
    pub sum: f64,
    buckets: Buckets,
}

#[derive(Debug, Clone, PartialEq)]
enum Buckets {
    Explicit { bounds: Arc<[f64]>, counts: Vec<u64> },
    Exponential { scale: i32, zero_threshold: f64, zero_count: u64, positive: Sparse, negative: Sparse },
}

/// Counts by index.
type Sparse = BTreeMap<i64, u64>;

/// Lower bound, upper bound, count.
pub type Interval = (f64, f64, f64);

impl Distribution {
    /// What a point of a histogram counted.
    pub fn of_histogram(point: &HistogramDataPointView<'_>) -> Self {
        let bounds: Arc<[f64]> = point.explicit_bounds.iter().collect();
        let mut counts: Vec<u64> = point.bucket_counts.iter().take(bounds.len() + 1).collect();
        if counts.is_empty() {
            // Without buckets all values are somewhere.
            return Self {
                count: point.count,
                sum: point.sum.unwrap_or_default(),
                buckets: Buckets::Explicit { bounds: Arc::default(), counts: vec![point.count] },
            };
        }
        counts.resize(bounds.len() + 1, 0);
        Self {
            count: point.count,
            sum: point.sum.unwrap_or_default(),
            buckets: Buckets::Explicit { bounds, counts },
        }
    }

    /// What a point of an exponential histogram counted.
    pub fn of_exponential(point: &ExponentialHistogramDataPointView<'_>) -> Self {
        Self {
            count: point.count,
            sum: point.sum.unwrap_or_default(),
            buckets: Buckets::Exponential {
                scale: point.scale,
                zero_threshold: point.zero_threshold,
                zero_count: point.zero_count,
                positive: sparse(point.positive),
                negative: sparse(point.negative),
            },
        }
    }

    /// What this one has beyond `earlier`; none where that had more of anything, or other buckets.
    pub fn since(&self, earlier: &Self) -> Option<Self> {
        let count = self.count.checked_sub(earlier.count)?;
        let buckets = match (&self.buckets, &earlier.buckets) {
            (Buckets::Explicit { bounds, counts }, Buckets::Explicit { bounds: before, counts: counted }) => {
                if !is_same(bounds, before) {
                    return None;
                }
                let added = counts.iter().zip(counted).map(|(count, counted)| count.checked_sub(*counted));
                Buckets::Explicit { bounds: Arc::clone(bounds), counts: added.collect::<Option<_>>()? }
            }
            (
                Buckets::Exponential { scale, zero_threshold, zero_count, positive, negative },
                Buckets::Exponential {
                    scale: scale_before,
                    zero_count: zeros_before,
                    positive: positive_before,
                    negative: negative_before,
                    ..
                },
            ) => {
                let coarser = u64::try_from(i64::from(*scale_before) - i64::from(*scale)).ok()?;
                Buckets::Exponential {
                    scale: *scale,
                    zero_threshold: *zero_threshold,
                    zero_count: zero_count.checked_sub(*zeros_before)?,
                    positive: sparse_since(positive, positive_before, coarser)?,
                    negative: sparse_since(negative, negative_before, coarser)?,
                }
            }
            _ => return None,
        };
        Some(Self { count, sum: self.sum - earlier.sum, buckets })
    }

    /// An order of distributions, of which equal ones are the same.
    pub fn in_order(&self, other: &Self) -> Ordering {
        let by_number = self.count.cmp(&other.count).then(self.sum.total_cmp(&other.sum));
        by_number.then_with(|| {
            let bits = |distribution: &Self| -> Vec<[u64; 3]> {
                let intervals = distribution.intervals().into_iter();
                intervals.map(|(low, high, count)| [low, high, count].map(f64::to_bits)).collect()
            };
            bits(self).cmp(&bits(other))
        })
    }

    /// Keeps the bounds of `other` in the place of its own where they are the same.
    pub fn share_bounds(&mut self, other: &Self) {
        if let (Buckets::Explicit { bounds, .. }, Buckets::Explicit { bounds: known, .. }) =
            (&mut self.buckets, &other.buckets)
            && is_same(bounds, known)
        {
            *bounds = Arc::clone(known);
        }
    }

    /// The buckets with a count. Bounds of the first and the last may be infinite.
    pub fn intervals(&self) -> Vec<Interval> {
        let mut intervals = Vec::new();
        match &self.buckets {
            Buckets::Explicit { bounds, counts } => {
                let lower = std::iter::once(f64::NEG_INFINITY).chain(bounds.iter().copied());
                let upper = bounds.iter().copied().chain(std::iter::once(f64::INFINITY));
                intervals.extend(
                    lower.zip(upper).zip(counts).map(|((low, high), count)| (low, high, *count as f64)),
                );
            }
            Buckets::Exponential { scale, zero_threshold, zero_count, positive, negative } => {
                let bound = |index: i64| exponential_bound(index, *scale);
                for (index, count) in negative.iter().rev() {
                    intervals.push((-bound(index.saturating_add(1)), -bound(*index), *count as f64));
                }
                intervals.push((-zero_threshold, *zero_threshold, *zero_count as f64));
                for (index, count) in positive {
                    intervals.push((bound(*index), bound(index.saturating_add(1)), *count as f64));
                }
            }
        }
        intervals.retain(|(_, _, count)| *count > 0.0);
        intervals
    }
}

fn is_same(bounds: &[f64], other: &[f64]) -> bool {
    bounds.iter().map(|bound| bound.to_bits()).eq(other.iter().map(|bound| bound.to_bits()))
}

/// Intervals with the same bounds become one; in ascending order.
pub fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    intervals.dedup_by(|next, kept| {
        let is_same = next.0.to_bits() == kept.0.to_bits() && next.1.to_bits() == kept.1.to_bits();
        if is_same {
            kept.2 += next.2;
        }
        is_same
    });
    intervals
}

/// The value that a share `quantile` of what ascending `intervals` count does not exceed, linear within an interval. An
/// interval without an end is taken for its other bound; one that begins nowhere and ends above zero begins at zero.
pub fn quantile(intervals: &[Interval], quantile: f64) -> Option<f64> {
    let total: f64 = intervals.iter().map(|(_, _, count)| count).sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let rank = quantile.clamp(0.0, 1.0) * total;
    let mut below = 0.0;
    let mut at = *intervals.first()?;
    for interval in intervals {
        at = *interval;
        if below + interval.2 >= rank {
            break;
        }
        below += interval.2;
    }
    let (low, high, count) = at;
    let low = if low == f64::NEG_INFINITY { high.min(0.0) } else { low };
    if !low.is_finite() {
        return None;
    }
    if high == f64::INFINITY {
        return Some(low);
    }
    let share = ((rank - below) / count).clamp(0.0, 1.0);
    Some(low + (high - low) * share)
}

fn sparse(buckets: BucketsView<'_>) -> Sparse {
    let indexed = (i64::from(buckets.offset)..).zip(buckets.bucket_counts());
    indexed.filter(|(_, count)| *count > 0).collect()
}

fn sparse_since(counts: &Sparse, before: &Sparse, coarser: u64) -> Option<Sparse> {
    let mut since = counts.clone();
    for (index, counted) in before {
        let count = since.get_mut(&(index >> coarser.min(63)))?;
        *count = count.checked_sub(*counted)?;
    }
    Some(since)
}

/// The lower bound of the bucket `index`: the base, which is 2 to the power of 2 to the power of minus `scale`, to the
/// power of the index.
fn exponential_bound(index: i64, scale: i32) -> f64 {
    if index == 0 {
        return 1.0;
    }
    (index as f64 * (-f64::from(scale)).exp2()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explicit(bounds: &[f64], counts: &[u64]) -> Distribution {
        let buckets = Buckets::Explicit { bounds: bounds.into(), counts: counts.to_vec() };
        Distribution { count: counts.iter().sum(), sum: 0.0, buckets }
    }

    fn exponential(scale: i32, counts: &[(i64, u64)]) -> Distribution {
        let positive: Sparse = counts.iter().copied().collect();
        let count = positive.values().sum();
        let negative = Sparse::new();
        let buckets = Buckets::Exponential { scale, zero_threshold: 0.0, zero_count: 0, positive, negative };
        Distribution { count, sum: 0.0, buckets }
    }

    #[test]
    fn what_was_added_is_the_difference_unless_something_became_less() {
        let (earlier, later) = (explicit(&[1.0, 2.0], &[1, 2, 3]), explicit(&[1.0, 2.0], &[1, 4, 4]));
        let added = later.since(&earlier).unwrap();
        assert_eq!(added.count, 3);
        assert_eq!(added.intervals(), [(1.0, 2.0, 2.0), (2.0, f64::INFINITY, 1.0)]);
        assert_eq!(earlier.since(&later), None);
        assert_eq!(explicit(&[1.0, 3.0], &[9, 9, 9]).since(&earlier), None, "other bounds");
        assert_eq!(explicit(&[1.0, 2.0], &[0, 9, 9]).since(&earlier), None, "one bucket has less");
    }

    #[test]
    fn a_coarser_scale_goes_on_with_what_finer_buckets_counted() {
        // Scale 1: bounds are powers of the root of 2; scale 0: powers of 2.
        let finer = exponential(1, &[(2, 3), (3, 1)]);
        let coarser = exponential(0, &[(1, 6), (4, 1)]);
        let added = coarser.since(&finer).unwrap();
        assert_eq!(added.intervals(), [(2.0, 4.0, 2.0), (16.0, 32.0, 1.0)]);
        assert_eq!(finer.since(&coarser), None);
    }

    #[test]
    fn quantiles_lie_linearly_in_their_interval() {
        let intervals = explicit(&[10.0, 20.0], &[2, 2, 0]).intervals();
        let at = |share| quantile(&intervals, share);
        assert_eq!([at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)], [0.0, 5.0, 10.0, 15.0, 20.0].map(Some));
        assert_eq!(quantile(&explicit(&[10.0], &[0, 4]).intervals(), 0.5), Some(10.0), "no upper bound");
        assert_eq!(quantile(&explicit(&[-10.0], &[4, 0]).intervals(), 0.5), Some(-10.0), "no lower bound");
        assert_eq!(quantile(&explicit(&[], &[4]).intervals(), 0.5), Some(0.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn intervals_with_the_same_bounds_become_one() {
        let intervals = vec![(1.0, 2.0, 1.0), (0.0, 1.0, 2.0), (1.0, 2.0, 4.0)];
        assert_eq!(merged(intervals), [(0.0, 1.0, 2.0), (1.0, 2.0, 5.0)]);
    }
}
