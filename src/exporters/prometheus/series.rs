//! The series that are shown, by what is shown of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use super::measurement::Measurement;
use super::rejection::Rejection;
use crate::metric_streams::{Shards, StreamId, StreamMap};
use crate::prometheus::{FamilyKind, Label, MetricFamily, ShownSeries};

/// Keeps the last value of every series.
///
/// A stream finds its series by its fingerprint; only its first point is translated to a name and labels.
/// Locks are taken in the order stream shard, families, series.
pub(super) struct SeriesStore {
    streams: Shards<StreamMap<Stream>>,
    families: Mutex<Families>,
}

/// What a stream is shown as.
pub(super) struct Identity {
    /// The name of its family.
    pub name: String,
    /// The sentence about it.
    pub help: String,
    /// The type.
    pub kind: FamilyKind,
    /// The labels.
    pub labels: Arc<[Label]>,
}

struct Stream {
    series: Arc<Mutex<Series>>,
    /// Of its own last point; other streams may have the same series.
    time_unix_nano: u64,
}

struct Series {
    last: Measurement,
    seen_unix_nano: u64,
    /// Set when it is not shown any more; whoever still knows it asks for a new one.
    is_over: bool,
}

struct Families {
    by_name: BTreeMap<String, Family>,
    /// The family of every sample's name.
    samples: HashMap<String, String>,
}

struct Family {
    help: String,
    kind: FamilyKind,
    series: HashMap<Arc<[Label]>, Arc<Mutex<Series>>>,
}

/// A copy of what is listed of a family, to read the values without holding up new series.
type Listed = (String, String, FamilyKind, Vec<(Arc<[Label]>, Arc<Mutex<Series>>)>);

impl SeriesStore {
    /// An empty store in which no metric may have the name `reserved`.
    pub fn new(reserved: &str) -> Self {
        let samples = HashMap::from([(reserved.to_owned(), reserved.to_owned())]);
        Self { streams: Shards::new(), families: Mutex::new(Families { by_name: BTreeMap::new(), samples }) }
    }

    /// Shows a point of `stream`, which `identify` says how to show.
    pub fn take(
        &self,
        stream: StreamId,
        measurement: Measurement,
        now_unix_nano: u64,
        identify: impl FnOnce() -> Result<Identity, Rejection>,
    ) -> Result<(), Rejection> {
        let mut streams = self.streams.of(stream);
        let time_unix_nano = measurement.time_unix_nano;
        if let Some(known) = streams.get_mut(&stream) {
            let mut series = known.series.lock();
            if !series.is_over {
                let is_late = measurement.is_delta && is_not_after(time_unix_nano, known.time_unix_nano);
                if is_late || !series.take(measurement, now_unix_nano) {
                    return Err(Rejection::NotNewer(identify()?.name));
                }
                drop(series);
                known.time_unix_nano = known.time_unix_nano.max(time_unix_nano);
                return Ok(());
            }
        }
        let series = self.families.lock().show(identify()?, measurement, now_unix_nano)?;
        streams.insert(stream, Stream { series, time_unix_nano });
        Ok(())
    }

    /// Shows the series of `stream` no more.
    pub fn end(&self, stream: StreamId) {
        if let Some(known) = self.streams.of(stream).remove(&stream) {
            known.series.lock().is_over = true;
        }
    }

    /// Forgets the series that had no point since `cutoff_unix_nano`, and those that ended.
    pub fn forget_before(&self, cutoff_unix_nano: u64) {
        self.families.lock().forget_before(cutoff_unix_nano);
        for mut streams in self.streams.iter() {
            streams.retain(|_, stream| !stream.series.lock().is_over);
        }
    }

    /// What is shown, in the order of names and labels.
    pub fn shown(&self, with_timestamps: bool) -> Vec<MetricFamily> {
        let listed = self.families.lock().listed();
        listed
            .into_iter()
            .map(|(name, help, kind, mut series)| {
                series.sort_by(|left, right| left.0.cmp(&right.0));
                let series = series.into_iter().filter_map(|(labels, series)| {
                    let series = series.lock();
                    let timestamp_ms = with_timestamps.then(|| series.last.time_unix_ms());
                    (!series.is_over).then(|| ShownSeries {
                        labels,
                        value: series.last.shown(),
                        timestamp_ms,
                    })
                });
                MetricFamily { name, help, kind, series: series.collect() }
            })
            .filter(|family| !family.series.is_empty())
            .collect()
    }
}

impl Series {
    /// Shows a point; false where a newer one is shown.
    fn take(&mut self, measurement: Measurement, now_unix_nano: u64) -> bool {
        if measurement.is_delta {
            self.last.add(measurement);
        } else if measurement.time_unix_nano != 0 && measurement.time_unix_nano < self.last.time_unix_nano {
            return false;
        } else {
            self.last = measurement;
        }
        self.seen_unix_nano = now_unix_nano;
        true
    }
}

impl Families {
    /// The series of a stream that was not known, with the stream's first point in it.
    fn show(
        &mut self,
        identity: Identity,
        measurement: Measurement,
        now_unix_nano: u64,
    ) -> Result<Arc<Mutex<Series>>, Rejection> {
        let Identity { name, help, kind, labels } = identity;
        let family = self.family(&name, help, kind)?;
        if let Some(series) = family.series.get(&labels) {
            let mut shown = series.lock();
            if !shown.is_over {
                let is_taken = shown.take(measurement, now_unix_nano);
                drop(shown);
                return if is_taken { Ok(Arc::clone(series)) } else { Err(Rejection::NotNewer(name)) };
            }
        }
        let series = Series { last: measurement, seen_unix_nano: now_unix_nano, is_over: false };
        let series = Arc::new(Mutex::new(series));
        family.series.insert(labels, Arc::clone(&series));
        Ok(series)
    }

    fn family(&mut self, name: &str, help: String, kind: FamilyKind) -> Result<&mut Family, Rejection> {
        if let Some(family) = self.by_name.get(name) {
            // What Prometheus itself could not tell is a gauge in OpenTelemetry.
            let is_same = |kind| if kind == FamilyKind::Unknown { FamilyKind::Gauge } else { kind };
            if is_same(family.kind) != is_same(kind) {
                return Err(Rejection::other_kind(name, family.kind, kind));
            }
        } else {
            let samples = kind.sample_suffixes().iter().map(|suffix| format!("{name}{suffix}"));
            for sample in samples.clone() {
                if let Some(shown) = self.samples.get(&sample) {
                    return Err(Rejection::SampleName {
                        shown: shown.clone(),
                        refused: name.to_owned(),
                        sample,
                    });
                }
            }
            self.samples.extend(samples.map(|sample| (sample, name.to_owned())));
        }
        let new_family = || Family { help, kind, series: HashMap::new() };
        Ok(self.by_name.entry(name.to_owned()).or_insert_with(new_family))
    }

    fn forget_before(&mut self, cutoff_unix_nano: u64) {
        for family in self.by_name.values_mut() {
            family.series.retain(|_, series| {
                let mut series = series.lock();
                series.is_over |= series.seen_unix_nano < cutoff_unix_nano;
                !series.is_over
            });
        }
        self.by_name.retain(|name, family| {
            let is_empty = family.series.is_empty();
            if is_empty {
                for suffix in family.kind.sample_suffixes() {
                    self.samples.remove(&format!("{name}{suffix}"));
                }
            }
            !is_empty
        });
    }

    fn listed(&self) -> Vec<Listed> {
        let families = self.by_name.iter().map(|(name, family)| {
            let series =
                family.series.iter().map(|(labels, series)| (Arc::clone(labels), Arc::clone(series)));
            (name.clone(), family.help.clone(), family.kind, series.collect())
        });
        families.collect()
    }
}

/// Whether a point was measured no later than another; where its time is not known (0), it was not.
const fn is_not_after(time_unix_nano: u64, other_unix_nano: u64) -> bool {
    time_unix_nano != 0 && time_unix_nano <= other_unix_nano
}
