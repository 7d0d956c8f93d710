//! The conversion of metrics, with the sum so far of each stream.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::metric_streams::wire::{changed_metric, put_changed_point, put_encoded_point};
use crate::metric_streams::{
    MetricKind, MetricPlace, Misplaced, PointValue, RunningTotal, Shards, StreamHasher, StreamId, StreamMap,
    Temporality, WirePoint,
};
use crate::otlp::{MetricView, Verdict};
use crate::pipeline::Settings;
use crate::telemetry::{Counter, GaugeGuard, instruments};

/// Turns deltas into cumulative metrics.
pub(super) struct Conversion {
    pub hasher: StreamHasher,
    totals: Shards<StreamMap<StreamTotal>>,
    max_streams: usize,
    stream_count: Arc<AtomicUsize>,
    converted: Counter,
    dropped: [Counter; ERRORS.len()],
    _gauges: [GaugeGuard; 3],
}

struct StreamTotal {
    total: RunningTotal,
    seen: Instant,
}

/// The values of the attribute `error`, which the Collector takes from the names of its types.
const ERRORS: [&str; 3] = ["limit", "delta.ErrOlderStart", "delta.ErrOutOfOrder"];

/// Why a point is dropped, in the order of [`ERRORS`].
#[derive(Debug, Clone, Copy)]
enum DropReason {
    Limit,
    OlderStart,
    OutOfOrder,
}

impl Conversion {
    pub fn new(max_streams: usize, max_stale: Duration, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let (telemetry, attributes) = (&settings.telemetry, [("processor", &*id)]);
        let stream_count = Arc::new(AtomicUsize::new(0));
        let tracked = Arc::clone(&stream_count);
        let datapoints = &instruments::DELTA_TO_CUMULATIVE_DATAPOINTS;
        Self {
            hasher: StreamHasher::new(),
            totals: Shards::new(),
            max_streams,
            stream_count,
            converted: telemetry.counter(datapoints, &attributes),
            dropped: ERRORS
                .map(|error| telemetry.counter(datapoints, &[("processor", &*id), ("error", error)])),
            _gauges: [
                telemetry.gauge(&instruments::DELTA_TO_CUMULATIVE_STREAMS_TRACKED, &attributes, move || {
                    tracked.load(Ordering::Relaxed) as f64
                }),
                telemetry.gauge(&instruments::DELTA_TO_CUMULATIVE_STREAMS_LIMIT, &attributes, move || {
                    max_streams as f64
                }),
                telemetry.gauge(
                    &instruments::DELTA_TO_CUMULATIVE_STREAMS_MAX_STALE,
                    &attributes,
                    move || max_stale.as_secs() as f64,
                ),
            ],
        }
    }

    /// Converts a delta metric; others stay.
    pub fn convert(&self, metric: &MetricView<'_>, place: &mut MetricPlace<'_>, now: Instant) -> Verdict {
        let kind = MetricKind::of(&metric.data);
        if kind.temporality() != Some(Temporality::Delta) {
            return Verdict::Keep;
        }
        let metric_id = place.metric_id(metric);
        let (mut converted, mut unchanged) = (0, 0);
        let changed = changed_metric(metric.bytes, kind.with_temporality(Temporality::Cumulative), |out| {
            WirePoint::for_each(&metric.data, |mut point| {
                let Some(value) = point.value.take() else {
                    put_encoded_point(out, point.bytes);
                    unchanged += 1;
                    return;
                };
                match self.put_total(out, metric_id, &point, value, now) {
                    Ok(()) => converted += 1,
                    Err(reason) => {
                        self.dropped.get(reason as usize).into_iter().for_each(|counter| counter.add(1));
                    }
                }
            });
        });
        self.converted.add(converted);
        if converted + unchanged == 0 { Verdict::Drop } else { Verdict::Replace(changed) }
    }

    /// Adds a point to the sum of its stream and writes the sum in its place.
    fn put_total(
        &self,
        out: &mut Vec<u8>,
        metric_id: StreamId,
        point: &WirePoint<'_>,
        value: PointValue,
        now: Instant,
    ) -> Result<(), DropReason> {
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
                    Misplaced::OlderStart => DropReason::OlderStart,
                    Misplaced::OutOfOrder => DropReason::OutOfOrder,
                })?;
                stream_total
            }
        };
        let total = &stream_total.total;
        put_changed_point(out, point.bytes, total.start_time_unix_nano, &total.value);
        Ok(())
    }

    /// Counts one more stream, where there may be one more.
    fn claim_place(&self) -> Result<(), DropReason> {
        let one_more = |count: usize| (count < self.max_streams).then(|| count + 1);
        let claimed = self.stream_count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        claimed.map(|_| ()).map_err(|_| DropReason::Limit)
    }

    /// Forgets the streams that have had no point for longer than `max_stale`.
    pub fn forget_stale(&self, now: Instant, max_stale: Duration) {
        for mut totals in self.totals.iter() {
            let before = totals.len();
            totals.retain(|_, stream_total| now.duration_since(stream_total.seen) <= max_stale);
            self.stream_count.fetch_sub(before - totals.len(), Ordering::Relaxed);
        }
    }
}
