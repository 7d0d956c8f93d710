//! The buckets of exponential histograms.

use std::f64::consts::LN_2;

use crate::otlp::BucketsView;

/// Each bucket's index (a whole number, which may be beyond 32 bits) and its count, in the order sent.
pub fn buckets(buckets: BucketsView<'_>) -> Vec<(f64, u64)> {
    let offset = f64::from(buckets.offset);
    buckets.bucket_counts().enumerate().map(|(position, count)| (offset + position as f64, count)).collect()
}

/// The lower bound of bucket `index`: `base ^ index`, where the base is 2 to the power of `2 ^ -scale`.
pub fn bound(index: f64, scale: i32) -> f64 {
    (index * LN_2 * f64::from(-scale).exp2()).exp()
}
