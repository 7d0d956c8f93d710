//! Native histograms: distributions over buckets that Prometheus keeps in one sample.
//!
//! See <https://prometheus.io/docs/specs/native_histograms/>.

use crate::metric_streams::{ExponentialBuckets, ExponentialHistogram, Histogram};

/// The NaN by which Prometheus knows that a series has ended.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The finest and the coarsest schema that grows exponentially, and the one with bounds of its own.
const FINEST_SCHEMA: i32 = 8;
const COARSEST_SCHEMA: i32 = -4;
const CUSTOM_BOUNDS_SCHEMA: i32 = -53;
/// The width of a zero bucket of which nothing is said.
const USUAL_ZERO_THRESHOLD: f64 = 1e-128;
/// As many empty buckets cost less than another span.
const LARGEST_FILLED_GAP: i64 = 2;

/// A native histogram with counts that are integers.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeHistogram {
    /// How many values were counted.
    pub count: u64,
    /// Their sum; 0 where it is not known.
    pub sum: f64,
    /// The bounds grow by 2 to the power of 2 to the power of minus this; -53 for bounds of its own.
    pub schema: i32,
    /// How far from zero a value counts as zero.
    pub zero_threshold: f64,
    /// How many values count as zero.
    pub zero_count: u64,
    /// The buckets above zero, or all of those with bounds of their own.
    pub positive: NativeBuckets,
    /// The buckets below zero, by distance from zero.
    pub negative: NativeBuckets,
    /// The upper bounds of the schema -53, the infinite one apart.
    pub custom_bounds: Vec<f64>,
}

/// Buckets that are not empty, or lie between such.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NativeBuckets {
    /// Runs of buckets: how many empty ones come before each (for the first, its index), and how many it has.
    pub spans: Vec<(i32, u32)>,
    /// For each bucket how many more it counted than the one before.
    pub deltas: Vec<i64>,
}

/// Why there is no native histogram of a distribution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotNative {
    /// Its buckets are wider than those of any schema.
    #[error("cannot convert exponential to native histogram. Scale must be >= -4, was {0}")]
    TooCoarse(i32),
    /// Its buckets and its count do not say the same, which Prometheus refuses with the whole request.
    #[error("the buckets of the histogram count {in_buckets} values, its count is {count}")]
    Count {
        /// The sum of the buckets.
        in_buckets: u64,
        /// What the histogram says.
        count: u64,
    },
    /// A bucket's index is larger than any double has.
    #[error("the index of a bucket of the histogram is out of range")]
    Index,
    /// Its bounds do not rise.
    #[error("the bounds of the histogram do not rise")]
    Bounds,
}

impl NativeHistogram {
    /// The histogram with the same buckets, joined to the finest there are.
    ///
    /// # Errors
    ///
    /// [`NotNative`], of buckets that are too wide or counts that contradict each other.
    pub fn of_exponential(histogram: &ExponentialHistogram) -> Result<Self, NotNative> {
        if histogram.scale < COARSEST_SCHEMA {
            return Err(NotNative::TooCoarse(histogram.scale));
        }
        let steps = (histogram.scale - FINEST_SCHEMA).clamp(0, 31);
        let (positive, above) = exponential_buckets(&histogram.positive, steps)?;
        let (negative, below) = exponential_buckets(&histogram.negative, steps)?;
        let in_buckets = histogram.zero_count.saturating_add(above).saturating_add(below);
        // Values that are no numbers are counted and are in no bucket.
        let has_nan = histogram.sum.is_some_and(f64::is_nan) && histogram.count > in_buckets;
        if in_buckets != histogram.count && !has_nan {
            return Err(NotNative::Count { in_buckets, count: histogram.count });
        }
        let has_threshold = histogram.zero_threshold != 0.0;
        Ok(Self {
            count: histogram.count,
            sum: histogram.sum.unwrap_or_default(),
            schema: histogram.scale.min(FINEST_SCHEMA),
            zero_threshold: if has_threshold { histogram.zero_threshold } else { USUAL_ZERO_THRESHOLD },
            zero_count: histogram.zero_count,
            positive,
            negative,
            custom_bounds: Vec::new(),
        })
    }

    /// The histogram with the same bounds. What the buckets lack of the count is above all bounds.
    ///
    /// # Errors
    ///
    /// [`NotNative::Bounds`] where these do not rise.
    pub fn of_explicit(histogram: &Histogram) -> Result<Self, NotNative> {
        let mut custom_bounds: Vec<f64> = Vec::with_capacity(histogram.bounds.len());
        let mut counts: Vec<u64> = Vec::with_capacity(histogram.bounds.len() + 1);
        let mut in_buckets = 0_u64;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.bucket_counts) {
            if *bound == f64::INFINITY {
                break;
            }
            if custom_bounds.last().is_some_and(|last| *last >= *bound) || !bound.is_finite() {
                return Err(NotNative::Bounds);
            }
            custom_bounds.push(*bound);
            counts.push(*count);
            in_buckets = in_buckets.saturating_add(*count);
        }
        let all = histogram.bucket_counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let count = histogram.count.max(all);
        counts.push(count - in_buckets);
        let filled = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let filled = filled.map(|(index, count)| (i64::try_from(index).unwrap_or(i64::MAX), *count));
        Ok(Self {
            count,
            sum: histogram.sum.unwrap_or_default(),
            schema: CUSTOM_BOUNDS_SCHEMA,
            zero_threshold: 0.0,
            zero_count: 0,
            positive: NativeBuckets::of(filled)?,
            negative: NativeBuckets::default(),
            custom_bounds,
        })
    }

    /// The mark that a series of exponential histograms, or of those with bounds of their own, has ended.
    pub fn ended(has_custom_bounds: bool) -> Self {
        Self {
            count: 0,
            sum: STALE,
            schema: if has_custom_bounds { CUSTOM_BOUNDS_SCHEMA } else { 0 },
            zero_threshold: if has_custom_bounds { 0.0 } else { USUAL_ZERO_THRESHOLD },
            zero_count: 0,
            positive: NativeBuckets::default(),
            negative: NativeBuckets::default(),
            custom_bounds: Vec::new(),
        }
    }

    /// Whether the bounds are its own.
    pub const fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_BOUNDS_SCHEMA
    }
}

impl NativeBuckets {
    /// The runs of buckets given by index and count, rising; empty ones are not among them.
    fn of(filled: impl Iterator<Item = (i64, u64)>) -> Result<Self, NotNative> {
        let mut buckets = Self::default();
        let (mut next_index, mut last_count) = (0_i64, 0_i64);
        for (index, count) in filled {
            let gap = index - next_index;
            match buckets.spans.last_mut() {
                Some((_, length)) if gap <= LARGEST_FILLED_GAP => {
                    for _empty in 0..gap {
                        buckets.deltas.push(-last_count);
                        last_count = 0;
                    }
                    *length = length.saturating_add(u32::try_from(gap + 1).map_err(|_| NotNative::Index)?);
                }
                _ => buckets.spans.push((i32::try_from(gap).map_err(|_| NotNative::Index)?, 1)),
            }
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            buckets.deltas.push(count - last_count);
            (next_index, last_count) = (index + 1, count);
        }
        Ok(buckets)
    }
}

/// Buckets with each 2 to the power of `steps` joined, and how many values they count. Prometheus counts
/// buckets by their upper bound, OpenTelemetry by the lower one: the index is one more.
fn exponential_buckets(buckets: &ExponentialBuckets, steps: i32) -> Result<(NativeBuckets, u64), NotNative> {
    let mut joined: Vec<(i64, u64)> = Vec::new();
    let mut sum = 0_u64;
    for (index, count) in (i64::from(buckets.offset())..).zip(buckets.counts()) {
        let index = (index >> steps) + 1;
        sum = sum.saturating_add(*count);
        match joined.last_mut() {
            Some((last, joined)) if *last == index => *joined = joined.saturating_add(*count),
            _ if *count > 0 => joined.push((index, *count)),
            _ => {}
        }
    }
    Ok((NativeBuckets::of(joined.into_iter())?, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponential(scale: i32, offset: i32, counts: &[u64]) -> ExponentialHistogram {
        let mut histogram = ExponentialHistogram::empty();
        histogram.scale = scale;
        histogram.positive = ExponentialBuckets::with_counts(offset, counts);
        histogram.count = counts.iter().sum();
        histogram
    }

    #[test]
    fn buckets_are_counted_by_their_upper_bound_and_gaps_begin_spans() {
        let native = NativeHistogram::of_exponential(&exponential(2, -3, &[4, 0, 1, 0, 0, 0, 7])).unwrap();
        assert_eq!(native.positive.spans, [(-2, 3), (3, 1)]);
        assert_eq!(native.positive.deltas, [4, -4, 1, 6]);
        assert_eq!((native.schema, native.count, native.zero_threshold), (2, 12, 1e-128));
    }

    #[test]
    fn buckets_that_are_too_fine_are_joined() {
        // At scale 10, four buckets make one of schema 8: indices -5..=-5, -4..=-1, 0..=3.
        let native = NativeHistogram::of_exponential(&exponential(10, -5, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(native.schema, 8);
        assert_eq!(native.positive.spans, [(-1, 3)]);
        assert_eq!(native.positive.deltas, [1, 13, -8]);
    }

    #[test]
    fn what_prometheus_would_refuse_is_no_native_histogram() {
        let too_coarse = NativeHistogram::of_exponential(&exponential(-5, 0, &[1]));
        assert_eq!(too_coarse, Err(NotNative::TooCoarse(-5)));
        let mut contradictory = exponential(0, 0, &[1]);
        contradictory.count = 2;
        let error = NativeHistogram::of_exponential(&contradictory);
        assert_eq!(error, Err(NotNative::Count { in_buckets: 1, count: 2 }));
        contradictory.sum = Some(f64::NAN);
        assert_eq!(NativeHistogram::of_exponential(&contradictory).unwrap().count, 2);
        let far = NativeHistogram::of_exponential(&exponential(0, i32::MAX, &[1]));
        assert_eq!(far, Err(NotNative::Index));
    }

    #[test]
    fn explicit_bounds_are_kept() {
        let mut histogram = Histogram::with_bounds(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        histogram.record(0.5, 3);
        histogram.record(16.0, 2);
        histogram.count = 6;
        let native = NativeHistogram::of_explicit(&histogram).unwrap();
        assert_eq!(native.custom_bounds, [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!((native.schema, native.count), (-53, 6));
        assert_eq!(native.positive.spans, [(0, 1), (3, 2)]);
        assert_eq!(native.positive.deltas, [3, -1, -1]);
        let falling = Histogram { bounds: vec![2.0, 1.0], bucket_counts: vec![0, 0, 0], ..histogram };
        assert_eq!(NativeHistogram::of_explicit(&falling), Err(NotNative::Bounds));
    }
}
