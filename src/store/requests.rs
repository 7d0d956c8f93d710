//! Requests, errors and durations by minute, and who called whom: counted as spans come in, so that they cost nothing
//! to ask for.
//!
//! A request is a span of kind server or consumer, or a span without a parent whatever its kind. It belongs to the
//! minute in which it began. Answers are about whole minutes: those that have a moment in the range asked for.

use super::TimeRange;
use super::service_edges::is_id;
use crate::otlp::SpanView;

/// A minute in nanoseconds.
pub const MINUTE_NANO: u64 = 60_000_000_000;

/// True for the spans that are counted as requests.
pub fn is_request(span: &SpanView<'_>) -> bool {
    matches!(span.kind, 2 | 5) || !is_id(span.parent_span_id)
}

/// The beginning of the minute of a moment.
pub const fn minute_of(unix_nano: u64) -> u64 {
    unix_nano - unix_nano % MINUTE_NANO
}

/// The minutes that have a moment in `range`, by when they begin.
pub const fn minutes_of(range: TimeRange) -> TimeRange {
    TimeRange { from_unix_nano: minute_of(range.from_unix_nano), to_unix_nano: range.to_unix_nano }
}

/// Requests of one service or operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestRates {
    /// How many requests.
    pub requests: u64,
    /// How many of them have the status error.
    pub errors: u64,
    /// Their durations.
    pub durations: DurationBuckets,
    /// The same by minute, those with requests only, in order of time: minute (nanoseconds since 1970, a multiple of
    /// [`MINUTE_NANO`]), requests, errors, durations.
    pub minutes: Vec<MinuteOfRequests>,
}

/// One minute of requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MinuteOfRequests {
    /// Where the minute begins.
    pub unix_nano: u64,
    /// How many requests.
    pub requests: u64,
    /// How many of them have the status error.
    pub errors: u64,
    /// Their durations.
    pub durations: DurationBuckets,
}

/// The requests of a service. Answers have those with a request, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRates {
    /// The service.
    pub service: String,
    /// `service.version` of the span of this service that was appended last among those whose resource has one,
    /// whatever the range; empty where there was none.
    pub version: String,
    /// Its requests.
    pub rates: RequestRates,
}

/// The requests of an operation of a service. Answers have those with a request, by operation and kind.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRates {
    /// The name of the spans.
    pub operation: String,
    /// Their kind, as [`Field::Kind`](super::Field::Kind) names it.
    pub kind: &'static str,
    /// Their requests.
    pub rates: RequestRates,
}

/// Calls from one service to another, or to something that sends no telemetry, as
/// [`service_edges`](super::service_edges) tells them. Answers have them by client, server and kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceEdge {
    /// The caller.
    pub client: String,
    /// Who was called: a service, or the peer that the caller's span names.
    pub server: String,
    /// `service`, `database`, `messaging` or `external`: what the server is.
    pub server_kind: &'static str,
    /// How many calls.
    pub requests: u64,
    /// How many of them failed, as the server's span says, or else the client's.
    pub errors: u64,
    /// How long they took.
    pub durations: DurationBuckets,
}

/// How many durations fall into each bucket of 9 %: bucket `i` holds durations above `1.09^(i-1)` and up to `1.09^i`
/// microseconds; bucket 0 everything up to one microsecond. Sorted by bucket; those with a count only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DurationBuckets {
    /// Bucket and count.
    pub counts: Vec<(u16, u64)>,
    /// The sum of the durations in nanoseconds.
    pub sum_nano: u128,
    /// The longest in nanoseconds.
    pub max_nano: u64,
}

/// The growth from one bound to the next.
const GROWTH: f64 = 1.09;

impl DurationBuckets {
    /// Counts a duration.
    pub fn add(&mut self, duration_nano: u64) {
        self.add_count(bucket_of(duration_nano), 1);
        self.sum_nano += u128::from(duration_nano);
        self.max_nano = self.max_nano.max(duration_nano);
    }

    /// Adds everything `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.merge_counts(other.counts.iter().copied());
        self.sum_nano += other.sum_nano;
        self.max_nano = self.max_nano.max(other.max_nano);
    }

    /// Adds counts of buckets, which come in the order of buckets; sum and longest stay.
    pub fn merge_counts(&mut self, counts: impl Iterator<Item = (u16, u64)>) {
        let mut at = 0;
        for (bucket, count) in counts {
            while self.counts.get(at).is_some_and(|(known, _)| *known < bucket) {
                at += 1;
            }
            match self.counts.get_mut(at) {
                Some((known, counted)) if *known == bucket => *counted += count,
                _ => self.counts.insert(at, (bucket, count)),
            }
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The duration in nanoseconds that a share `quantile` (0 to 1) of them does not exceed, to 9 %: the upper bound of
    /// its bucket, or the longest where that is less. None where nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = (quantile.clamp(0.0, 1.0) * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += count;
            if seen >= rank {
                return Some(upper_bound_nano(*bucket).min(self.max_nano as f64));
            }
        }
        Some(self.max_nano as f64)
    }

    fn add_count(&mut self, bucket: u16, count: u64) {
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, counted)) = self.counts.get_mut(at) {
                    *counted += count;
                }
            }
            Err(at) => self.counts.insert(at, (bucket, count)),
        }
    }
}

fn bucket_of(duration_nano: u64) -> u16 {
    if duration_nano <= 1_000 {
        return 0;
    }
    // u64::MAX nanoseconds are below bucket 450.
    ((duration_nano as f64 / 1_000.0).ln() / GROWTH.ln()).ceil() as u16
}

/// The longest duration of a bucket, in nanoseconds.
pub fn upper_bound_nano(bucket: u16) -> f64 {
    1_000.0 * GROWTH.powi(i32::from(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_nine_percent() {
        let mut durations = DurationBuckets::default();
        for milliseconds in 1..=1_000_u64 {
            durations.add(milliseconds * 1_000_000);
        }
        assert_eq!(durations.count(), 1_000);
        for (quantile, exact) in [(0.5, 500e6), (0.95, 950e6), (0.99, 990e6)] {
            let estimate = durations.quantile(quantile).unwrap();
            assert!((exact..exact * 1.09).contains(&estimate), "{quantile}: {estimate}");
        }
        assert_eq!(durations.quantile(1.0), Some(1e9));
    }

    #[test]
    fn merged_halves_are_the_whole() {
        let (mut whole, mut even, mut odd) =
            (DurationBuckets::default(), DurationBuckets::default(), DurationBuckets::default());
        for duration in [0, 1, 999, 1_000, 1_001, 5_000_000, u64::MAX] {
            whole.add(duration);
            if duration % 2 == 0 { &mut even } else { &mut odd }.add(duration);
        }
        even.merge(&odd);
        assert_eq!(even, whole);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(DurationBuckets::default().quantile(0.5), None);
    }
}
