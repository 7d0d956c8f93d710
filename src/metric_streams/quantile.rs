//! Quantiles of histograms: the value below which a share of what was recorded lies.

use super::exponential_histogram::lower_boundary;
use super::{ExponentialBuckets, ExponentialHistogram, Histogram};

/// Some values of a histogram, spread evenly between two numbers.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    lower: f64,
    upper: f64,
    count: u64,
}

impl Histogram {
    /// The value below which the share `quantile` (0 to 1) of the recorded values lies, as if those of a
    /// bucket were spread evenly over it. Where minimum or maximum are not known, the first bucket begins at
    /// 0 (at its bound, where that is negative) and the last is as narrow as its bound. None without buckets
    /// or values.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let (first, last) = (*self.bounds.first()?, *self.bounds.last()?);
        let lowest = self.min.unwrap_or(if first > 0.0 { 0.0 } else { first });
        let highest = self.max.unwrap_or(last);
        let lower_bounds = std::iter::once(lowest).chain(self.bounds.iter().copied());
        let upper_bounds = self.bounds.iter().copied().chain([highest]);
        let stretch = |((lower, upper), count): ((f64, f64), &u64)| Stretch {
            lower: f64::max(lower, lowest),
            upper: f64::min(upper, highest),
            count: *count,
        };
        quantile_of(lower_bounds.zip(upper_bounds).zip(&self.bucket_counts).map(stretch), quantile)
    }
}

impl ExponentialHistogram {
    /// The value below which the share `quantile` (0 to 1) of the recorded values lies, as if those of a
    /// bucket were spread evenly over it. None without values.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let (lowest, highest) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        let negative = buckets(&self.negative, self.scale).map(|stretch| Stretch {
            lower: -stretch.upper,
            upper: -stretch.lower,
            count: stretch.count,
        });
        let zero = Stretch { lower: 0.0, upper: 0.0, count: self.zero_count };
        let stretches = negative.rev().chain([zero]).chain(buckets(&self.positive, self.scale));
        quantile_of(stretches, quantile).map(|value| f64::min(f64::max(value, lowest), highest))
    }
}

fn buckets(side: &ExponentialBuckets, scale: i32) -> impl DoubleEndedIterator<Item = Stretch> + Clone {
    let offset = side.offset();
    side.counts().iter().enumerate().map(move |(position, count)| {
        let index = offset.saturating_add(i32::try_from(position).unwrap_or(i32::MAX));
        Stretch {
            lower: lower_boundary(index, scale),
            upper: lower_boundary(index.saturating_add(1), scale),
            count: *count,
        }
    })
}

fn quantile_of(stretches: impl Iterator<Item = Stretch> + Clone, quantile: f64) -> Option<f64> {
    let total: u64 = stretches.clone().map(|stretch| stretch.count).sum();
    let wanted = quantile.clamp(0.0, 1.0) * total as f64;
    let mut below = 0.0;
    let mut last = None;
    for stretch in stretches.filter(|stretch| stretch.count > 0) {
        let count = stretch.count as f64;
        if below + count >= wanted {
            let share = f64::max(wanted - below, 0.0) / count;
            return Some((stretch.upper - stretch.lower).mul_add(share, stretch.lower));
        }
        below += count;
        last = Some(stretch.upper);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() <= expected.abs() * 0.005, "{found} is not about {expected}");
    }

    #[test]
    fn values_are_spread_evenly_over_their_bucket() {
        let mut histogram = Histogram::with_bounds(&[10.0, 20.0, 40.0]);
        for (value, times) in [(0.0, 10), (15.0, 20), (40.0, 10)] {
            histogram.record(value, times);
        }
        assert_eq!(histogram.quantile(0.0), Some(0.0));
        assert_eq!(histogram.quantile(0.25), Some(10.0));
        assert_eq!(histogram.quantile(0.5), Some(15.0));
        assert_eq!(histogram.quantile(0.875), Some(30.0));
        assert_eq!(histogram.quantile(1.0), Some(40.0));
    }

    #[test]
    fn what_is_above_the_last_bound_is_between_it_and_the_maximum() {
        let mut histogram = Histogram::with_bounds(&[10.0]);
        histogram.record(30.0, 4);
        assert_eq!(histogram.quantile(0.5), Some(30.0), "it is the minimum too");
        histogram.min = None;
        assert_eq!(histogram.quantile(0.5), Some(20.0));
        histogram.max = None;
        assert_eq!(histogram.quantile(0.5), Some(10.0));
    }

    #[test]
    fn without_values_there_is_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::with_bounds(&[1.0]).quantile(0.5), None);
        assert_eq!(ExponentialHistogram::empty().quantile(0.5), None);
    }

    #[test]
    fn exponential_histograms_have_the_quantiles_of_their_values() {
        let mut histogram = ExponentialHistogram::empty();
        for value in 1..=1000 {
            histogram.record(f64::from(value), 1, 1000);
        }
        assert_near(histogram.quantile(0.5), 500.0);
        assert_near(histogram.quantile(0.99), 990.0);
        assert_eq!(histogram.quantile(1.0), Some(1000.0));
        assert_eq!(histogram.quantile(0.0), Some(1.0));
    }

    #[test]
    fn negative_values_come_before_zero() {
        let mut histogram = ExponentialHistogram::empty();
        for value in [-100.0, -10.0, 0.0, 10.0] {
            histogram.record(value, 1, 1000);
        }
        assert_near(histogram.quantile(0.25), -100.0);
        assert_near(histogram.quantile(0.5), -10.0);
        assert_eq!(histogram.quantile(0.75), Some(0.0));
    }
}
