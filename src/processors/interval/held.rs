//! The points that are held, one of each stream.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::metric_streams::{
    MetricKind, MetricsAssembler, OwnedOrigin, PointValue, Shards, StreamHasher, StreamMap, Temporality,
    WirePoint, rewrite_metrics,
};
use crate::otlp::{Batch, MetricView, Verdict};

/// What came since it was last taken out.
#[derive(Default)]
pub(super) struct HeldPoints {
    pub hasher: StreamHasher,
    points: Shards<StreamMap<HeldPoint>>,
}

struct HeldPoint {
    origin: Arc<OwnedOrigin>,
    time_unix_nano: u64,
    /// The newest point as it came.
    newest: Box<[u8]>,
    /// Of deltas, since when and how much they add up to.
    added: Option<Added>,
}

struct Added {
    start_time_unix_nano: u64,
    value: PointValue,
}

impl HeldPoints {
    /// Holds the points of the metrics that are to be held. A lock is held for one point.
    pub fn hold(&self, batch: Batch, is_held: impl Fn(&MetricView<'_>) -> bool) {
        // Only to go through the metrics: nothing is rewritten.
        rewrite_metrics(batch, &self.hasher, |metric, place| {
            if is_held(metric) {
                let origin = place.origin(metric);
                let mut owned_origin = None;
                let is_delta = MetricKind::of(&metric.data).temporality() == Some(Temporality::Delta);
                WirePoint::for_each(&metric.data, |point| {
                    let stream = self.hasher.stream(origin.metric_id, point.attributes);
                    match self.points.of(stream).entry(stream) {
                        Entry::Vacant(vacant) => {
                            let owned_origin =
                                owned_origin.get_or_insert_with(|| Arc::new(origin.to_owned_origin()));
                            vacant.insert(HeldPoint::new(owned_origin, point, is_delta));
                        }
                        Entry::Occupied(mut occupied) if is_delta => occupied.get_mut().add(point),
                        Entry::Occupied(mut occupied) => occupied.get_mut().renew(&point),
                    }
                });
            }
            Verdict::Keep
        });
    }

    /// Takes everything out.
    pub fn take(&self) -> Batch {
        let mut assembler = MetricsAssembler::default();
        for mut points in self.points.iter() {
            let taken = std::mem::take(&mut *points);
            drop(points);
            for point in taken.into_values() {
                let origin = point.origin.view();
                match point.added {
                    None => assembler.add_encoded(&origin, &point.newest),
                    Some(Added { start_time_unix_nano, value }) => {
                        assembler.add_changed(&origin, &point.newest, start_time_unix_nano, &value);
                    }
                }
            }
        }
        assembler.into_batch()
    }
}

impl HeldPoint {
    fn new(origin: &Arc<OwnedOrigin>, point: WirePoint<'_>, is_delta: bool) -> Self {
        let start_time_unix_nano = point.start_time_unix_nano;
        Self {
            origin: Arc::clone(origin),
            time_unix_nano: point.time_unix_nano,
            newest: point.bytes.into(),
            added: point.value.filter(|_| is_delta).map(|value| Added { start_time_unix_nano, value }),
        }
    }

    /// Takes the point in the place of an older one.
    fn renew(&mut self, point: &WirePoint<'_>) {
        if point.time_unix_nano > self.time_unix_nano {
            self.time_unix_nano = point.time_unix_nano;
            self.newest = point.bytes.into();
        }
    }

    /// Adds a delta. One without a value adds nothing.
    fn add(&mut self, point: WirePoint<'_>) {
        let Some(value) = &point.value else { return };
        match &mut self.added {
            Some(added) => {
                added.value.add(value);
                let start = point.start_time_unix_nano;
                if start != 0 && (start < added.start_time_unix_nano || added.start_time_unix_nano == 0) {
                    added.start_time_unix_nano = start;
                }
                self.renew(&point);
            }
            None => *self = Self::new(&self.origin, point, true),
        }
    }
}
