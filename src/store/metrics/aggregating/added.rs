//! What a point says beyond the one before, and since when.

use crate::store::metrics::distribution::Distribution;
use crate::store::metrics::series_point::{PointValue, SeriesPoint, SummaryValue};

/// What was added over a time.
#[derive(Debug, Clone)]
pub(super) struct Added {
    /// From when on that was added: not after the point.
    pub since_unix_nano: u64,
    /// When the point was made.
    pub unix_nano: u64,
    pub amounts: Amounts,
}

/// What was added.
#[derive(Debug, Clone)]
pub(super) enum Amounts {
    /// A number.
    Number(f64),
    /// A distribution.
    Distribution(Box<Distribution>),
    /// A summary.
    Summary(Box<SummaryValue>),
}

impl Added {
    /// All that a point says, of the time since it started; of its moment where it does not say that.
    pub fn since_its_start(point: SeriesPoint) -> Self {
        let is_known = (1..=point.unix_nano).contains(&point.start_unix_nano);
        Self {
            since_unix_nano: if is_known { point.start_unix_nano } else { point.unix_nano },
            unix_nano: point.unix_nano,
            amounts: Amounts::of(point.value),
        }
    }

    /// What a total has beyond an earlier one; all of it where it has less: it began anew.
    pub fn since(earlier: &SeriesPoint, point: SeriesPoint) -> Self {
        Self {
            since_unix_nano: earlier.unix_nano,
            unix_nano: point.unix_nano,
            amounts: Amounts::since(&point.value, &earlier.value).unwrap_or_else(|| Amounts::of(point.value)),
        }
    }
}

impl Amounts {
    /// A point's value as it is. Points without one were left out before.
    fn of(value: PointValue) -> Self {
        match value {
            PointValue::Missing => Self::Number(0.0),
            PointValue::Number(number) => Self::Number(number),
            PointValue::Distribution(distribution) => Self::Distribution(distribution),
            PointValue::Summary(summary) => Self::Summary(summary),
        }
    }

    /// What a total has beyond the one before; none where it has less.
    pub fn since(value: &PointValue, before: &PointValue) -> Option<Self> {
        match (value, before) {
            (PointValue::Number(value), PointValue::Number(before)) => {
                (value >= before).then(|| Self::Number(value - before))
            }
            (PointValue::Distribution(value), PointValue::Distribution(before)) => {
                value.since(before).map(Box::new).map(Self::Distribution)
            }
            (PointValue::Summary(value), PointValue::Summary(before)) => {
                let count = value.count.checked_sub(before.count)?;
                let sum = value.sum - before.sum;
                Some(Self::Summary(Box::new(SummaryValue { count, sum, quantiles: Vec::new() })))
            }
            _ => None,
        }
    }

    /// How many values were counted, and their sum.
    pub fn counted(&self) -> (u64, f64) {
        match self {
            Self::Number(number) => (1, *number),
            Self::Distribution(distribution) => (distribution.count, distribution.sum),
            Self::Summary(summary) => (summary.count, summary.sum),
        }
    }

    /// The number, or how many values were counted.
    pub fn total(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Distribution(_) | Self::Summary(_) => self.counted().0 as f64,
        }
    }
}
