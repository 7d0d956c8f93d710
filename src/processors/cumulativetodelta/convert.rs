//! The conversion of metrics, with what is remembered of each stream.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::config::InitialValue;
use crate::metric_streams::wire::{changed_metric, put_changed_point, put_encoded_point};
use crate::metric_streams::{
    CumulativeState, MetricKind, MetricPlace, PointValue, Shards, Step, StreamHasher, StreamId, StreamMap,
    Temporality,
};
use crate::otlp::{KeyValueView, List, MetricData, MetricView, NumberValue, Verdict};
use crate::pipeline::Settings;
use crate::telemetry::{Counter, GaugeGuard, instruments};

/// Remembers the last point of each stream.
pub(super) struct Conversion {
    hasher: StreamHasher,
    states: Arc<Shards<StreamMap<CumulativeState>>>,
    initial_value: InitialValue,
    created_unix_nano: u64,
    counters: [TypeCounters; TYPES.len()],
    _streams_tracked: GaugeGuard,
}

/// What became of the points of a batch, by metric type.
#[derive(Default)]
pub(super) struct Tally([TypeTally; TYPES.len()]);

#[derive(Default)]
struct TypeTally {
    converted: u64,
    dropped: [u64; REASONS.len()],
}

/// The instruments of one metric type.
struct TypeCounters {
    converted: Counter,
    dropped: [Counter; REASONS.len()],
}

/// The values of the attribute `metric_type`.
const TYPES: [&str; 3] = ["sum", "histogram", "exponential_histogram"];

/// The values of the attribute `reason`, in the order of [`DropReason`].
const REASONS: [&str; 4] = ["initial", "bucket_mismatch", "out_of_order", "no_recorded_value"];

/// Why a point is not handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DropReason {
    /// It is the first of its stream, and what it counts may have been counted before.
    Initial,
    /// Its buckets are not those of the point before.
    BucketMismatch,
    /// It is not newer than the last.
    OutOfOrder,
    /// Its series has ended.
    NoRecordedValue,
}

/// A point as it is handed on: since when, and how much.
type Delta = (u64, PointValue);

impl Conversion {
    pub fn new(initial_value: InitialValue, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let states: Arc<Shards<StreamMap<CumulativeState>>> = Arc::default();
        let counted = Arc::clone(&states);
        let streams_tracked = settings.telemetry.gauge(
            &instruments::CUMULATIVE_TO_DELTA_STREAMS_TRACKED,
            &[("processor", &id)],
            move || counted.iter().map(|shard| shard.len()).sum::<usize>() as f64,
        );
        Self {
            hasher: StreamHasher::new(),
            states,
            initial_value,
            created_unix_nano: settings.clock.now_unix_nano(),
            counters: TYPES.map(|metric_type| TypeCounters::new(&id, metric_type, settings)),
            _streams_tracked: streams_tracked,
        }
    }

    pub const fn hasher(&self) -> &StreamHasher {
        &self.hasher
    }

    /// Converts a metric that is selected, where it can be.
    pub fn convert(
        &self,
        metric: &MetricView<'_>,
        place: &mut MetricPlace<'_>,
        tally: &mut Tally,
    ) -> Verdict {
        let kind = MetricKind::of(&metric.data);
        if kind.temporality() != Some(Temporality::Cumulative) || !kind.is_monotonic() {
            return Verdict::Keep;
        }
        let [sums, histograms, exponential_histograms] = &mut tally.0;
        let tally = match kind {
            MetricKind::Sum { .. } => sums,
            // A histogram that came without points goes on as it is, a sum does not: as in the Collector.
            _ if metric.data.data_point_count() == 0 => return Verdict::Keep,
            MetricKind::Histogram { .. } => histograms,
            _ => exponential_histograms,
        };
        let metric_id = place.metric_id(metric);
        let mut writer = PointWriter { conversion: self, metric_id, tally, points_written: 0 };
        let delta_kind = kind.with_temporality(Temporality::Delta);
        let changed = changed_metric(metric.bytes, delta_kind, |out| writer.put_points(out, &metric.data));
        if writer.points_written == 0 { Verdict::Drop } else { Verdict::Replace(changed) }
    }

    /// What the point adds to the last one of its stream.
    fn delta(&self, stream: StreamId, start: u64, time: u64, value: PointValue) -> Result<Delta, DropReason> {
        let mut states = self.states.of(stream);
        match states.entry(stream) {
            Entry::Vacant(vacant) => {
                vacant.insert(CumulativeState::new(start, time, value.clone()));
                drop(states);
                self.first(start, time, value)
            }
            Entry::Occupied(mut occupied) => {
                let state = occupied.get_mut();
                let (last_time, has_same_bounds) = (state.time_unix_nano, value.has_bounds_of(&state.value));
                match state.advance(start, time, &value, true) {
                    Step::NotNewer => Err(DropReason::OutOfOrder),
                    _ if !has_same_bounds => Err(DropReason::BucketMismatch),
                    Step::Continued(added) => Ok((last_time, added)),
                    Step::Reset { start_time_unix_nano } => Ok((start_time_unix_nano, value)),
                }
            }
        }
    }

    fn first(&self, start: u64, time: u64, value: PointValue) -> Result<Delta, DropReason> {
        let is_sent = match self.initial_value {
            InitialValue::Auto => start >= self.created_unix_nano && start != time,
            InitialValue::Keep => true,
            InitialValue::Drop => false,
        };
        if is_sent { Ok((start, value)) } else { Err(DropReason::Initial) }
    }

    /// Forgets the streams whose last point is older.
    pub fn forget_before(&self, time_unix_nano: u64) {
        for mut states in self.states.iter() {
            states.retain(|_, state| state.time_unix_nano >= time_unix_nano);
        }
    }

    /// Adds what became of a batch to the instruments.
    pub fn count(&self, tally: &Tally) {
        for (counters, tally) in self.counters.iter().zip(&tally.0) {
            counters.converted.add(tally.converted);
            for (counter, count) in counters.dropped.iter().zip(tally.dropped) {
                counter.add(count);
            }
        }
    }
}

impl TypeCounters {
    fn new(id: &str, metric_type: &str, settings: &Settings) -> Self {
        let telemetry = &settings.telemetry;
        let converted = [("processor", id), ("metric_type", metric_type)];
        Self {
            converted: telemetry.counter(&instruments::CUMULATIVE_TO_DELTA_DATAPOINTS, &converted),
            dropped: REASONS.map(|reason| {
                let attributes = [("processor", id), ("metric_type", metric_type), ("reason", reason)];
                telemetry.counter(&instruments::CUMULATIVE_TO_DELTA_DATAPOINTS_DROPPED, &attributes)
            }),
        }
    }
}

/// Writes the points of one metric as deltas.
struct PointWriter<'a> {
    conversion: &'a Conversion,
    metric_id: StreamId,
    tally: &'a mut TypeTally,
    points_written: usize,
}

impl PointWriter<'_> {
    fn put_points(&mut self, out: &mut Vec<u8>, data: &MetricData<'_>) {
        match data {
            MetricData::Sum { data_points, .. } => {
                for point in data_points.iter() {
                    if matches!(point.value, Some(NumberValue::Double(value)) if value.is_nan()) {
                        // There is no difference from it; it goes on, as in the Collector.
                        put_encoded_point(out, point.bytes);
                        self.points_written += 1;
                        continue;
                    }
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    self.put(out, point.bytes, point.attributes, times, PointValue::of_number(&point));
                }
            }
            MetricData::Histogram { data_points, .. } => {
                for point in data_points.iter() {
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    self.put(out, point.bytes, point.attributes, times, PointValue::of_histogram(&point));
                }
            }
            MetricData::ExponentialHistogram { data_points, .. } => {
                for point in data_points.iter() {
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    let value = PointValue::of_exponential_histogram(&point);
                    self.put(out, point.bytes, point.attributes, times, value);
                }
            }
            MetricData::Empty | MetricData::Gauge { .. } | MetricData::Summary { .. } => {}
        }
    }

    /// Writes what a point adds, or counts why it is dropped.
    fn put(
        &mut self,
        out: &mut Vec<u8>,
        point: &[u8],
        attributes: List<'_, KeyValueView<'_>>,
        (start, time): (u64, u64),
        value: Option<PointValue>,
    ) {
        let delta = match value {
            Some(value) => {
                let stream = self.conversion.hasher.stream_started(self.metric_id, attributes, start);
                self.conversion.delta(stream, start, time, value)
            }
            None => Err(DropReason::NoRecordedValue),
        };
        match delta {
            Ok((start, mut added)) => {
                added.forget_extremes();
                put_changed_point(out, point, start, &added);
                self.points_written += 1;
                self.tally.converted += 1;
            }
            Err(reason) => {
                let dropped = self.tally.dropped.get_mut(reason as usize);
                dropped.into_iter().for_each(|count| *count += 1);
            }
        }
    }
}
