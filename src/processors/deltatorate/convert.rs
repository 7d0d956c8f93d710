//! The conversion of metrics.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::DeltaToRateConfig;
use crate::metric_streams::wire::{changed_metric_in_unit, put_changed_point, put_encoded_point};
use crate::metric_streams::{
    Advances, CumulativeStreams, FirstPoints, MetricKind, MetricPlace, NotAdded, Overtaken, PointValue,
    StreamHasher, Temporality, WirePoint,
};
use crate::otlp::{MetricView, NumberValue, Verdict};
use crate::pipeline::Settings;
use crate::telemetry::{Counter, component_span, instruments};

/// Turns sums into rates.
pub(super) struct Conversion {
    pub hasher: StreamHasher,
    pub names: HashSet<Vec<u8>>,
    /// The last points of cumulative sums, where those are converted.
    pub cumulative: Option<Arc<CumulativeStreams>>,
    dropped: [Counter; NotAdded::ALL.len()],
    /// The metrics that were named and cannot be converted, each told of once.
    told_of: Mutex<BTreeSet<Vec<u8>>>,
    span: tracing::Span,
}

/// What a point says of the time since `start_time_unix_nano`, or that it says nothing.
enum Counted {
    /// So much came since then.
    Since { start_time_unix_nano: u64, amount: NumberValue },
    /// The point goes on as it is.
    Nothing,
}

impl Conversion {
    pub fn new(config: &DeltaToRateConfig, settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let now = settings.clock.now_unix_nano();
        let streams = || Arc::new(CumulativeStreams::new(FirstPoints::AddedIfNew, Overtaken::GivenUp, now));
        Self {
            hasher: StreamHasher::new(),
            names: config.metrics.iter().map(|name| name.clone().into_bytes()).collect(),
            cumulative: config.cumulative.then(streams),
            dropped: NotAdded::ALL.map(|reason| {
                let attributes = [("processor", &*id), ("reason", reason.name())];
                settings.telemetry.counter(&instruments::DELTA_TO_RATE_DATAPOINTS_DROPPED, &attributes)
            }),
            told_of: Mutex::default(),
            span: component_span(settings, "processor"),
        }
    }

    /// Turns a metric that was named into a gauge, where it can be. Cumulative ones need `advances`.
    pub fn convert(
        &self,
        metric: &MetricView<'_>,
        place: &mut MetricPlace<'_>,
        advances: Option<&mut Advances<'_>>,
    ) -> Verdict {
        let advances = match MetricKind::of(&metric.data) {
            MetricKind::Sum { temporality: Temporality::Delta, .. } => None,
            MetricKind::Sum { temporality: Temporality::Cumulative, is_monotonic: true }
                if advances.is_some() =>
            {
                advances
            }
            _ => {
                self.tell_of(metric.name.as_bytes());
                return Verdict::Keep;
            }
        };
        let mut advances = advances.map(|advances| (advances, place.metric_id(metric)));
        let mut unit = metric.unit.as_bytes().to_vec();
        if !unit.is_empty() {
            unit.extend_from_slice(b"/s");
        }
        let mut points_written = 0;
        let points_before = metric.data.data_point_count();
        let gauge = changed_metric_in_unit(metric.bytes, &unit, MetricKind::Gauge, |out| {
            WirePoint::for_each(&metric.data, |mut point| {
                let counted = match &mut advances {
                    Some((advances, metric_id)) if !is_not_a_number(&point) => {
                        advances.added(&self.hasher, *metric_id, &mut point, counted_since)
                    }
                    _ => Ok(counted_in_delta(&point)),
                };
                match counted {
                    Ok(Counted::Since { start_time_unix_nano, amount }) => {
                        let nanoseconds = point.time_unix_nano.saturating_sub(start_time_unix_nano);
                        let rate = PointValue::Number(NumberValue::Double(per_second(amount, nanoseconds)));
                        put_changed_point(out, point.bytes, start_time_unix_nano, &rate);
                    }
                    Ok(Counted::Nothing) => put_encoded_point(out, point.bytes),
                    Err(reason) => {
                        return self.dropped.get(reason as usize).into_iter().for_each(|count| count.add(1));
                    }
                }
                points_written += 1;
            });
        });
        if points_written == 0 && points_before > 0 { Verdict::Drop } else { Verdict::Replace(gauge) }
    }

    fn tell_of(&self, name: &[u8]) {
        if self.told_of.lock().insert(name.to_vec()) {
            tracing::info!(
                parent: &self.span,
                metric = %String::from_utf8_lossy(name),
                "Configured metric for rate calculation is not a delta sum"
            );
        }
    }
}

fn is_not_a_number(point: &WirePoint<'_>) -> bool {
    point.value.as_ref().is_some_and(PointValue::is_not_a_number)
}

/// Of a number that is none, the rate is none too.
const fn counted_in_delta(point: &WirePoint<'_>) -> Counted {
    match point.value {
        Some(PointValue::Number(amount)) => {
            Counted::Since { start_time_unix_nano: point.start_time_unix_nano, amount }
        }
        _ => Counted::Nothing,
    }
}

const fn counted_since(start_time_unix_nano: u64, value: &PointValue) -> Counted {
    match value {
        PointValue::Number(amount) => Counted::Since { start_time_unix_nano, amount: *amount },
        PointValue::Histogram(_) | PointValue::ExponentialHistogram(_) => Counted::Nothing,
    }
}

/// The rate; 0 where no time passed, as in the Collector.
fn per_second(amount: NumberValue, nanoseconds: u64) -> f64 {
    if nanoseconds == 0 {
        return 0.0;
    }
    amount.to_double() / Duration::from_nanos(nanoseconds).as_secs_f64()
}
