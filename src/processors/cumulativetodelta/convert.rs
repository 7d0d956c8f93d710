//! The conversion of metrics, and the count of what became of their points.

use std::sync::Arc;

use crate::metric_streams::wire::{changed_metric, put_changed_point, put_encoded_point};
use crate::metric_streams::{
    Advances, CumulativeStreams, FirstPoints, MetricKind, MetricPlace, NotAdded, Overtaken, PointValue,
    StreamHasher, Temporality, WirePoint,
};
use crate::otlp::{MetricView, Verdict};
use crate::pipeline::Settings;
use crate::telemetry::{Counter, GaugeGuard, instruments};

/// Turns cumulative metrics into deltas.
pub(super) struct Conversion {
    pub hasher: StreamHasher,
    pub streams: Arc<CumulativeStreams>,
    counters: [TypeCounters; METRIC_TYPES.len()],
    _streams_tracked: GaugeGuard,
}

/// The values of the attribute `metric_type`.
const METRIC_TYPES: [&str; 3] = ["sum", "histogram", "exponential_histogram"];

/// The instruments of one metric type.
struct TypeCounters {
    converted: Counter,
    dropped: [Counter; NotAdded::ALL.len()],
}

/// What became of the points of one metric.
#[derive(Default)]
struct Tally {
    unchanged: u64,
    converted: u64,
    dropped: [u64; NotAdded::ALL.len()],
}

impl Conversion {
    pub fn new(first_points: FirstPoints, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let now = settings.clock.now_unix_nano();
        let streams = Arc::new(CumulativeStreams::new(first_points, Overtaken::Carried, now));
        let counted = Arc::clone(&streams);
        Self {
            hasher: StreamHasher::new(),
            streams,
            counters: METRIC_TYPES.map(|metric_type| TypeCounters::new(&id, metric_type, settings)),
            _streams_tracked: settings.telemetry.gauge(
                &instruments::CUMULATIVE_TO_DELTA_STREAMS_TRACKED,
                &[("processor", &id)],
                move || counted.count() as f64,
            ),
        }
    }

    /// Converts a metric that is selected, where it can be.
    pub fn convert(
        &self,
        metric: &MetricView<'_>,
        place: &mut MetricPlace<'_>,
        advances: &mut Advances<'_>,
    ) -> Verdict {
        let kind = MetricKind::of(&metric.data);
        if kind.temporality() != Some(Temporality::Cumulative) || !kind.is_monotonic() {
            return Verdict::Keep;
        }
        let [sums, histograms, exponential_histograms] = &self.counters;
        let counters = match kind {
            MetricKind::Sum { .. } => sums,
            // A histogram that came without points goes on as it is, a sum does not: as in the Collector.
            _ if metric.data.data_point_count() == 0 => return Verdict::Keep,
            MetricKind::Histogram { .. } => histograms,
            _ => exponential_histograms,
        };
        let metric_id = place.metric_id(metric);
        let mut tally = Tally::default();
        let changed = changed_metric(metric.bytes, kind.with_temporality(Temporality::Delta), |out| {
            WirePoint::for_each(&metric.data, |mut point| {
                if point.value.as_ref().is_some_and(PointValue::is_not_a_number) {
                    // It goes on, as in the Collector.
                    put_encoded_point(out, point.bytes);
                    tally.unchanged += 1;
                    return;
                }
                let bytes = point.bytes;
                let put = |since, added: &PointValue| put_changed_point(out, bytes, since, added);
                match advances.added(&self.hasher, metric_id, &mut point, put) {
                    Ok(()) => tally.converted += 1,
                    Err(reason) => {
                        let dropped = tally.dropped.get_mut(reason as usize);
                        dropped.into_iter().for_each(|count| *count += 1);
                    }
                }
            });
        });
        counters.add(&tally);
        if tally.unchanged + tally.converted == 0 { Verdict::Drop } else { Verdict::Replace(changed) }
    }
}

impl TypeCounters {
    fn new(id: &str, metric_type: &str, settings: &Settings) -> Self {
        let telemetry = &settings.telemetry;
        let converted = [("processor", id), ("metric_type", metric_type)];
        Self {
            converted: telemetry.counter(&instruments::CUMULATIVE_TO_DELTA_DATAPOINTS, &converted),
            dropped: NotAdded::ALL.map(|reason| {
                let attributes = [("processor", id), ("metric_type", metric_type), ("reason", reason.name())];
                telemetry.counter(&instruments::CUMULATIVE_TO_DELTA_DATAPOINTS_DROPPED, &attributes)
            }),
        }
    }

    fn add(&self, tally: &Tally) {
        self.converted.add(tally.converted);
        for (counter, count) in self.dropped.iter().zip(tally.dropped).filter(|(_, count)| *count > 0) {
            counter.add(count);
        }
    }
}
