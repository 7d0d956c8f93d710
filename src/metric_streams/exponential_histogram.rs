//! Exponential histograms: recorded, downscaled, added and subtracted.
//!
//! Follows <https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram>.

mod buckets;
mod mapping;

#[cfg(test)]
mod tests;

pub use self::buckets::ExponentialBuckets;
use self::mapping::bucket_index;
pub(super) use self::mapping::lower_boundary;
use super::histogram::joined;
use crate::otlp::ExponentialHistogramDataPointView;

/// The finest scale that values are recorded at: two neighbouring bounds are a 1.5 millionth apart.
const FINEST_SCALE: i32 = 20;
/// The coarsest scale there is use for: one bucket holds every double.
const COARSEST_SCALE: i32 = -11;
/// How many buckets a sum may have a side where neither side had more: what SDKs keep by default.
const USUAL_BUCKET_COUNT: usize = 160;

/// The content of an exponential histogram data point.
#[derive(Debug, Clone, PartialEq)]
pub struct ExponentialHistogram {
    /// How many values were recorded.
    pub count: u64,
    /// Their sum, where it is kept.
    pub sum: Option<f64>,
    /// The smallest value, where it is kept.
    pub min: Option<f64>,
    /// The largest value, where it is kept.
    pub max: Option<f64>,
    /// The bounds grow by 2 to the power of 2 to the power of minus this.
    pub scale: i32,
    /// Values at most `zero_threshold` from zero.
    pub zero_count: u64,
    /// How far from zero a value counts as zero.
    pub zero_threshold: f64,
    /// Values above zero.
    pub positive: ExponentialBuckets,
    /// Values below zero, by distance from zero.
    pub negative: ExponentialBuckets,
}

impl ExponentialHistogram {
    /// An empty histogram that values can be recorded in.
    pub fn empty() -> Self {
        Self {
            count: 0,
            sum: Some(0.0),
            min: None,
            max: None,
            scale: FINEST_SCALE,
            zero_count: 0,
            zero_threshold: 0.0,
            positive: ExponentialBuckets::default(),
            negative: ExponentialBuckets::default(),
        }
    }

    /// The content of a data point.
    pub fn of(point: &ExponentialHistogramDataPointView<'_>) -> Self {
        Self {
            count: point.count,
            sum: point.sum,
            min: point.min,
            max: point.max,
            scale: point.scale,
            zero_count: point.zero_count,
            zero_threshold: point.zero_threshold,
            positive: ExponentialBuckets::of(point.positive),
            negative: ExponentialBuckets::of(point.negative),
        }
    }

    /// Records `value` as seen `times` times, in at most `max_size` buckets a side (at least 2), giving up
    /// precision as needed. What is not a finite number cannot be recorded.
    pub fn record(&mut self, value: f64, times: u64, max_size: usize) {
        if !value.is_finite() {
            return;
        }
        self.count += times;
        self.sum = self.sum.map(|sum| value.mul_add(times as f64, sum));
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
        let distance = value.abs();
        if distance <= self.zero_threshold {
            self.zero_count += times;
            return;
        }
        let side = if value > 0.0 { &self.positive } else { &self.negative };
        let index = bucket_index(distance, self.scale);
        let too_fine = side.steps_until_fits(Some((index, index)), max_size);
        self.downscale(too_fine);
        let index = bucket_index(distance, self.scale);
        let side = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        side.add_at(index, times);
    }

    /// Adds what `other` recorded, at the coarser of the two scales, or a coarser one still where the
    /// buckets would be more than the usual 160 a side and more than either has.
    pub fn add(&mut self, other: &Self) {
        let max_size = [&self.positive, &self.negative, &other.positive, &other.negative]
            .map(|side| side.counts().len())
            .into_iter()
            .fold(USUAL_BUCKET_COUNT, usize::max);
        let mut other = other.clone();
        self.downscale(self.scale.saturating_sub(other.scale).max(0));
        other.downscale(other.scale.saturating_sub(self.scale).max(0));
        let too_fine = self
            .positive
            .steps_until_fits(other.positive.span(), max_size)
            .max(self.negative.steps_until_fits(other.negative.span(), max_size));
        self.downscale(too_fine);
        other.downscale(too_fine);

        // Folding one side's buckets into zero may raise its threshold above the other's again.
        while self.zero_threshold != other.zero_threshold {
            let threshold = self.zero_threshold.max(other.zero_threshold);
            self.widen_zero(threshold);
            other.widen_zero(threshold);
        }
        let counts = (self.count, other.count);
        self.sum = joined(counts, self.sum, other.sum, |left, right| left + right);
        self.min = joined(counts, self.min, other.min, f64::min);
        self.max = joined(counts, self.max, other.max, f64::max);
        self.count = self.count.saturating_add(other.count);
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        self.positive.add(&other.positive);
        self.negative.add(&other.negative);
    }

    /// What was recorded since `previous`; none where this is not `previous` and more, which means that
    /// counting began anew. Minimum and maximum of the time between are not known.
    pub fn since(&self, previous: &Self) -> Option<Self> {
        if self.scale > previous.scale || self.zero_threshold < previous.zero_threshold {
            return None;
        }
        let mut previous = previous.clone();
        previous.downscale(previous.scale.saturating_sub(self.scale));
        if self.zero_threshold > previous.zero_threshold {
            previous.widen_zero(self.zero_threshold);
        }
        Some(Self {
            count: self.count.checked_sub(previous.count)?,
            sum: self.sum.zip(previous.sum).map(|(current, previous)| current - previous),
            min: None,
            max: None,
            scale: self.scale,
            zero_count: self.zero_count.checked_sub(previous.zero_count)?,
            zero_threshold: self.zero_threshold,
            positive: self.positive.since(&previous.positive)?,
            negative: self.negative.since(&previous.negative)?,
        })
    }

    /// Halves the number of bounds `steps` times.
    pub fn downscale(&mut self, steps: i32) {
        if steps <= 0 {
            return;
        }
        self.scale = self.scale.saturating_sub(steps);
        self.positive.downscale(steps);
        self.negative.downscale(steps);
    }

    /// Counts values up to `threshold` from zero as zero. A bucket that the threshold cuts goes whole, and
    /// the threshold rises to its upper bound, as the data model says.
    fn widen_zero(&mut self, threshold: f64) {
        self.zero_threshold = self.zero_threshold.max(threshold);
        let mut settled = f64::NEG_INFINITY;
        while settled < self.zero_threshold {
            settled = self.zero_threshold;
            for side in [&mut self.positive, &mut self.negative] {
                while let Some(lowest) = side.lowest_index()
                    && lower_boundary(lowest, self.scale) < self.zero_threshold
                {
                    let count = side.take_lowest();
                    self.zero_count = self.zero_count.saturating_add(count);
                    if count > 0 {
                        let upper = lower_boundary(lowest.saturating_add(1), self.scale).min(f64::MAX);
                        self.zero_threshold = self.zero_threshold.max(upper);
                    }
                }
            }
        }
    }
}
