//! The sum so far of each delta stream, for every component that turns deltas into cumulative metrics.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::wire::{changed_metric, put_changed_point, put_encoded_point};
use super::{
    MetricKind, MetricPlace, Misplaced, PointValue, RunningTotal, Shards, StreamHasher, StreamId, StreamMap,
    Temporality, WirePoint, rewrite_metrics,
};
use crate::otlp::{Batch, MetricView, Verdict};
use crate::pipeline::TaskScope;

/// How often streams that have had no point for long are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// The sums of delta streams.
pub struct DeltaTotals {
    hasher: StreamHasher,
    totals: Shards<StreamMap<StreamTotal>>,
    max_streams: usize,
    max_stale: Duration,
    stream_count: Arc<AtomicUsize>,
}

struct StreamTotal {
    total: RunningTotal,
    seen: Instant,
}

/// Why a point is in no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTotalled {
    /// Its stream would be one more than may be remembered.
    Limit,
    /// It began before the sum did.
    OlderStart,
    /// It is not newer than the sum.
    OutOfOrder,
}

impl DeltaTotals {
    /// No sums yet: of at most so many streams, each for so long after its last point.
    pub fn new(max_streams: usize, max_stale: Duration) -> Self {
        Self {
            hasher: StreamHasher::new(),
            totals: Shards::new(),
            max_streams,
            max_stale,
            stream_count: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// How many streams are remembered, as it changes.
    pub fn stream_count(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.stream_count)
    }

    /// The batch with sums in place of deltas in the metrics whose kind `wants` to be converted; a batch
    /// without such keeps its bytes. `tell` hears of each delta what became of it; what is in no sum is left out.
    pub fn convert(
        &self,
        batch: Batch,
        wants: impl Fn(MetricKind) -> bool,
        mut tell: impl FnMut(Result<(), NotTotalled>),
    ) -> Batch {
        let now = Instant::now();
        rewrite_metrics(batch, &self.hasher, |metric, place| {
            let kind = MetricKind::of(&metric.data);
            if kind.temporality() != Some(Temporality::Delta) || !wants(kind) {
                return Verdict::Keep;
            }
            self.convert_metric(metric, kind, place, now, &mut tell)
        })
    }

    /// Forgets from now on, once a minute, the streams that have had no point for too long.
    pub fn forget_stale(self: &Arc<Self>, tasks: &TaskScope) {
        let (totals, stopping) = (Arc::clone(self), tasks.stopping().clone());
        tasks.spawn(async move {
            while stopping.run_until_cancelled(tokio::time::sleep(SWEEP_INTERVAL)).await.is_some() {
                totals.forget_stale_at(Instant::now());
            }
        });
    }

    fn forget_stale_at(&self, now: Instant) {
        for mut totals in self.totals.iter() {
            let before = totals.len();
            totals.retain(|_, stream_total| now.duration_since(stream_total.seen) <= self.max_stale);
            self.stream_count.fetch_sub(before - totals.len(), Ordering::Relaxed);
        }
    }

    fn convert_metric(
        &self,
        metric: &MetricView<'_>,
        kind: MetricKind,
        place: &mut MetricPlace<'_>,
        now: Instant,
        tell: &mut impl FnMut(Result<(), NotTotalled>),
    ) -> Verdict {
        let metric_id = place.metric_id(metric);
        let mut kept = 0;
        let changed = changed_metric(metric.bytes, kind.with_temporality(Temporality::Cumulative), |out| {
            WirePoint::for_each(&metric.data, |mut point| {
                let Some(value) = point.value.take() else {
                    put_encoded_point(out, point.bytes);
                    kept += 1;
                    return;
                };
                let totalled = self.put_total(out, metric_id, &point, value, now);
                kept += usize::from(totalled.is_ok());
                tell(totalled);
            });
        });
        if kept == 0 { Verdict::Drop } else { Verdict::Replace(changed) }
    }

    /// Adds a point to the sum of its stream and writes the sum in its place.
    fn put_total(
        &self,
        out: &mut Vec<u8>,
        metric_id: StreamId,
        point: &WirePoint<'_>,
        value: PointValue,
        now: Instant,
    ) -> Result<(), NotTotalled> {
        let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
        let stream = self.hasher.stream(metric_id, point.attributes);
        let mut totals = self.totals.of(stream);
        let stream_total = match totals.entry(stream) {
            Entry::Vacant(vacant) => {
                self.claim_place()?;
                let total = RunningTotal { start_time_unix_nano: start, time_unix_nano: time, value };
                vacant.insert(StreamTotal { total, seen: now })
            }
            Entry::Occupied(occupied) => {
                let stream_total = occupied.into_mut();
                stream_total.seen = now;
                stream_total.total.add(start, time, &value).map_err(|misplaced| match misplaced {
                    Misplaced::OlderStart => NotTotalled::OlderStart,
                    Misplaced::OutOfOrder => NotTotalled::OutOfOrder,
                })?;
                stream_total
            }
        };
        let total = &stream_total.total;
        put_changed_point(out, point.bytes, total.start_time_unix_nano, &total.value);
        Ok(())
    }

    /// Counts one more stream, where there may be one more.
    fn claim_place(&self) -> Result<(), NotTotalled> {
        let one_more = |count: usize| (count < self.max_streams).then(|| count + 1);
        let claimed = self.stream_count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        claimed.map(|_| ()).map_err(|_| NotTotalled::Limit)
    }
}
