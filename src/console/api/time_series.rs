//! Requests over time: the minutes of the store gathered into as many steps as a chart shows.

use serde::Serialize;

use crate::console::answer::milliseconds;
use crate::store::requests::{MINUTE_NANO, minutes_of};
use crate::store::{DurationBuckets, RequestRates, TimeRange};

/// Requests, errors and the 95th percentile by steps of time.
#[derive(Debug, Serialize)]
pub struct RequestSeries {
    step_ms: f64,
    times_ms: Vec<f64>,
    requests: Vec<u64>,
    errors: Vec<u64>,
    p95_ms: Vec<Option<f64>>,
}

/// Requests as totals.
#[derive(Debug, Serialize)]
pub struct RequestTotals {
    requests: u64,
    errors: u64,
    /// A second.
    rate: f64,
    /// 0 to 1.
    error_share: f64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// A chart in a table has about this many steps.
const STEPS: u64 = 60;

impl RequestTotals {
    /// The totals of requests counted within `counted`.
    pub fn of(requests: u64, errors: u64, durations: &DurationBuckets, counted: TimeRange) -> Self {
        let quantile = |share| durations.quantile(share).map(|nano| nano / 1e6);
        Self {
            requests,
            errors,
            rate: rate(requests, counted),
            error_share: share(errors, requests),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
        }
    }

    /// The totals of nothing.
    pub fn none(counted: TimeRange) -> Self {
        Self::of(0, 0, &DurationBuckets::default(), counted)
    }
}

/// The time of which an answer about `range` counts the requests: whole minutes, and of the minute that is not over yet
/// what has passed.
pub fn counted_time(range: TimeRange, now_unix_nano: u64) -> TimeRange {
    let end_of_minute = range.to_unix_nano.div_ceil(MINUTE_NANO).saturating_mul(MINUTE_NANO);
    let to_unix_nano = end_of_minute.min(now_unix_nano.max(range.to_unix_nano));
    TimeRange { to_unix_nano, ..minutes_of(range) }
}

/// How many a second of `range`.
pub fn rate(count: u64, range: TimeRange) -> f64 {
    let seconds = range.duration_nano() as f64 / 1e9;
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

/// Which part of the whole, from 0 to 1; 0 of nothing.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl RequestSeries {
    /// The minutes of `rates` in steps of whole minutes that cover `range`.
    pub fn of(rates: &RequestRates, range: TimeRange) -> Self {
        let minutes = range.duration_nano().div_ceil(STEPS * MINUTE_NANO).max(1);
        let step = minutes * MINUTE_NANO;
        let first = range.from_unix_nano / MINUTE_NANO * MINUTE_NANO;
        let count = usize::try_from(range.to_unix_nano.saturating_sub(first).div_ceil(step)).unwrap_or(0);
        let mut steps = vec![(0, 0, DurationBuckets::default()); count.min(2 * STEPS as usize)];
        for minute in &rates.minutes {
            let at = usize::try_from(minute.unix_nano.saturating_sub(first) / step).unwrap_or(usize::MAX);
            if let Some((requests, errors, durations)) = steps.get_mut(at) {
                *requests += minute.requests;
                *errors += minute.errors;
                durations.merge(&minute.durations);
            }
        }
        let time = |at: usize| milliseconds(first + at as u64 * step);
        Self {
            step_ms: milliseconds(step),
            times_ms: (0..steps.len()).map(time).collect(),
            requests: steps.iter().map(|(requests, ..)| *requests).collect(),
            errors: steps.iter().map(|(_, errors, _)| *errors).collect(),
            p95_ms: steps.iter().map(|(_, _, durations)| durations.quantile(0.95).map(|n| n / 1e6)).collect(),
        }
    }
}
