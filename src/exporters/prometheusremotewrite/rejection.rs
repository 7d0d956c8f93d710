//! Why a data point is not written.

use crate::prometheus::{InvalidLabelName, NotNative};

/// Why a point is not written. The sentences reach the log and the counted drop.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(super) enum Rejection {
    /// Nothing of the metric's name may be in a Prometheus name.
    #[error("no Prometheus name can be made of the metric name {0:?}")]
    MetricName(String),
    /// An attribute has a key that no label may be named after.
    #[error(transparent)]
    LabelName(#[from] InvalidLabelName),
    /// Prometheus has no such metric.
    #[error("{0} is neither cumulative nor a delta that only grows, which Prometheus has no type for")]
    Temporality(String),
    /// The point has neither a value nor the flag for that.
    #[error("a point of {0} has no value")]
    NoValue(String),
    /// Nobody knows when the point was measured.
    #[error("a point of {0} has no time")]
    NoTime(String),
    /// Prometheus cannot hold the distribution.
    #[error(transparent)]
    NotNative(#[from] NotNative),
    /// Another point of the series has another value at the same millisecond, and came later.
    #[error("a series has two values at the same millisecond, of which the later one is written")]
    Overwritten,
}

/// How many points are not written, and why the last one is not.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    pub points: usize,
    pub reason: Option<Rejection>,
}

impl Rejected {
    pub fn note(&mut self, points: usize, reason: Rejection) {
        if points > 0 {
            self.points += points;
            self.reason = Some(reason);
        }
    }
}
