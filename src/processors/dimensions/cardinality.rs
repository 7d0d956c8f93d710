//! How many series a metric has, and which of its keys make them many.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use crate::metric_streams::{Shards, StreamId, StreamMap};

/// A metric is reported at most once in this time.
const QUIET_TIME: Duration = Duration::from_secs(60);

/// How many keys of a metric are watched.
const MOST_KEYS: usize = 64;

/// The series of every metric of a resource and scope that has a limit.
#[derive(Debug)]
pub(super) struct Cardinality {
    metrics: Shards<StreamMap<MetricSeries>>,
    span: Span,
}

#[derive(Debug, Default)]
struct MetricSeries {
    /// Series that are not the overflow series.
    own: usize,
    has_overflow: bool,
    /// Made once half of the limit is reached; most metrics never come there.
    keys: BTreeMap<Box<[u8]>, DistinctCount>,
    last_report: Option<Instant>,
}

/// A metric and its limit, to whom one more series is to be added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limited<'a> {
    /// The fingerprint of the metric.
    pub metric: StreamId,
    /// Its name.
    pub name: &'a [u8],
    /// How many series it has at most, the overflow series included.
    pub limit: usize,
}

impl Cardinality {
    /// Knows of no series. Reports carry the fields of `span`.
    pub fn new(span: Span) -> Self {
        Self { metrics: Shards::new(), span }
    }

    /// True where the metric has an overflow series.
    pub fn has_overflow(&self, metric: StreamId) -> bool {
        self.metrics.of(metric).get(&metric).is_some_and(|series| series.has_overflow)
    }

    /// Counts a new series with these keys and fingerprints of attributes; false where it is one too many.
    pub fn admit<'k>(&self, to: Limited<'_>, attributes: impl Iterator<Item = (&'k [u8], StreamId)>) -> bool {
        let mut shard = self.metrics.of(to.metric);
        let series = shard.entry(to.metric).or_default();
        // The specification counts the overflow series among those of the metric.
        let is_admitted = series.own + 1 < to.limit;
        if is_admitted {
            series.own += 1;
        }
        if series.own * 2 >= to.limit {
            for (key, attribute) in attributes {
                series.note(key, attribute);
            }
        }
        if !is_admitted {
            series.has_overflow = true;
            self.report(series, to);
        }
        is_admitted
    }

    /// Counts a series less: it was forgotten.
    pub fn release(&self, metric: StreamId) {
        let mut shard = self.metrics.of(metric);
        if let Some(series) = shard.get_mut(&metric) {
            series.own = series.own.saturating_sub(1);
            if series.own == 0 && !series.has_overflow {
                shard.remove(&metric);
            }
        }
    }

    /// The overflow series of the metric was forgotten.
    pub fn release_overflow(&self, metric: StreamId) {
        if let Some(series) = self.metrics.of(metric).get_mut(&metric) {
            series.has_overflow = false;
        }
    }

    fn report(&self, series: &mut MetricSeries, to: Limited<'_>) {
        let now = Instant::now();
        if series.last_report.is_some_and(|last| now < last + QUIET_TIME) {
            return;
        }
        series.last_report = Some(now);
        tracing::warn!(
            parent: &self.span,
            metric = %String::from_utf8_lossy(to.name),
            cardinality_limit = to.limit,
            distinct_values = series.keys_by_distinct_values(),
            "A metric has more series than its limit. Those beyond go into the series with \
             otel.metric.overflow=true."
        );
    }
}

impl MetricSeries {
    fn note(&mut self, key: &[u8], attribute: StreamId) {
        if let Some(count) = self.keys.get_mut(key) {
            count.note(attribute);
        } else if self.keys.len() < MOST_KEYS {
            let mut count = DistinctCount::default();
            count.note(attribute);
            self.keys.insert(key.into(), count);
        }
    }

    /// Each key with the number of its values, the highest first.
    fn keys_by_distinct_values(&self) -> String {
        let mut keys: Vec<(usize, &[u8])> =
            self.keys.iter().map(|(key, count)| (count.estimate(), &**key)).collect();
        keys.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
        let texts = keys.iter().map(|(count, key)| format!("{}: {count}", String::from_utf8_lossy(key)));
        texts.collect::<Vec<_>>().join(", ")
    }
}

/// How many different values there were, by linear counting: each sets one bit, and the share of bits
/// still clear tells how many did. Within a few percent up to some 20,000; more look like 34,000.
#[derive(Debug)]
struct DistinctCount {
    bits: Box<[u64; WORDS]>,
}

const WORDS: usize = 64;

impl Default for DistinctCount {
    fn default() -> Self {
        Self { bits: Box::new([0; WORDS]) }
    }
}

impl DistinctCount {
    fn note(&mut self, value: StreamId) {
        let hash = value.low_bits();
        let word = (hash >> 6) as usize % WORDS;
        if let Some(word) = self.bits.get_mut(word) {
            *word |= 1 << (hash & 63);
        }
    }

    fn estimate(&self) -> usize {
        let all = (WORDS * 64) as f64;
        let clear: u32 = self.bits.iter().map(|word| word.count_zeros()).sum();
        (all * (all / f64::from(clear.max(1))).ln()).round() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric_streams::StreamHasher;
    use crate::otlp::AnyValueView;

    #[test]
    fn the_number_of_values_is_estimated_within_a_few_percent() {
        let hasher = StreamHasher::new();
        for expected in [1_usize, 10, 500, 2_000, 10_000] {
            let mut count = DistinctCount::default();
            for repetition in 0..2 {
                for value in 0..expected {
                    let value = i64::try_from(value).unwrap();
                    count.note(hasher.attribute(b"key", AnyValueView::Int(value)));
                }
                let error = count.estimate().abs_diff(expected);
                assert!(error * 10 <= expected, "{} for {expected}, round {repetition}", count.estimate());
            }
        }
    }

    #[test]
    fn of_a_limit_of_four_one_is_for_the_overflow() {
        let cardinality = Cardinality::new(Span::none());
        let metric = StreamHasher::new().attribute(b"m", AnyValueView::Empty);
        let to = Limited { metric, name: b"m", limit: 4 };
        let admitted = |times: usize| (0..times).filter(|_| cardinality.admit(to, [].into_iter())).count();
        assert_eq!(admitted(5), 3);
        assert!(cardinality.has_overflow(metric));
        cardinality.release(metric);
        assert_eq!(admitted(2), 1);
    }
}
