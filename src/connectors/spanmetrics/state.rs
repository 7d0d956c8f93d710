//! All series, and how spans are counted in them by several cores at once.

use std::sync::Arc;

use parking_lot::Mutex;

use super::dimensions::Measure;
use super::resources::Resource;
use super::series::{Observation, Recording, Series};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{Shards, StreamHasher, StreamId, StreamMap};
use crate::otlp::AnyValueView;
use crate::otlp::wire::{put_length_delimited, put_message};

/// The key that the OpenTelemetry specification gives the series of everything above a limit.
const OVERFLOW_KEY: &str = "otel.metric.overflow";

/// All series. A lock is held for one update of one series, or while a flush reads one of many parts.
#[derive(Debug)]
pub struct SeriesState {
    shards: Shards<StreamMap<Series>>,
    recording: Recording,
    /// How many series a measure of one resource has at most.
    limit: Option<usize>,
    overflow_id: StreamId,
    overflow_attributes: MessageList,
}

/// A series that spans are to be counted in, whether it is there already or not.
pub struct SeriesKey<'a> {
    /// The fingerprint of the resource together with the attributes.
    pub id: StreamId,
    /// The resource.
    pub resource: &'a Arc<Resource>,
}

impl SeriesState {
    /// No series yet.
    pub fn new(recording: Recording, limit: Option<usize>, hasher: &StreamHasher) -> Self {
        let mut overflow_attributes = MessageList::default();
        overflow_attributes.push_with(|out| {
            put_length_delimited(out, 1, OVERFLOW_KEY.as_bytes());
            put_message(out, 2, |out| out.extend_from_slice(&[0x10, 1]));
        });
        Self {
            shards: Shards::new(),
            recording,
            limit,
            overflow_id: hasher.attribute(OVERFLOW_KEY.as_bytes(), AnyValueView::Bool(true)),
            overflow_attributes,
        }
    }

    /// All series, in parts that are locked one after the other.
    pub fn parts(&self) -> impl Iterator<Item = &Mutex<StreamMap<Series>>> {
        self.shards.parts()
    }

    /// Counts a span under two measures that have one series; false, and nothing is done, where that series
    /// is not there yet.
    pub fn record_in_known(&self, id: StreamId, measures: [Measure; 2], observation: &Observation) -> bool {
        let mut shard = self.shards.of(id);
        let Some(series) = shard.get_mut(&id) else { return false };
        if !measures.iter().all(|measure| series.has(*measure)) {
            return false;
        }
        for measure in measures {
            series.record(measure, observation, &self.recording);
        }
        true
    }

    /// Counts a span, or an event of it, under `measure`. `describe` gives the attributes of the series
    /// where it is new.
    pub fn record(
        &self,
        key: &SeriesKey<'_>,
        measure: Measure,
        observation: &Observation,
        describe: impl FnOnce() -> MessageList,
    ) {
        let mut shard = self.shards.of(key.id);
        if let Some(series) = shard.get_mut(&key.id) {
            if series.has(measure) || series.resource.take_place(measure, self.limit) {
                series.record(measure, observation, &self.recording);
                return;
            }
        } else if key.resource.take_place(measure, self.limit) {
            let mut series = Series::new(Arc::clone(key.resource), describe());
            series.record(measure, observation, &self.recording);
            shard.insert(key.id, series);
            return;
        }
        drop(shard);
        self.record_overflow(key.resource, measure, observation);
    }

    /// Counts in the series of everything above the limit, which gives no examples.
    fn record_overflow(&self, resource: &Arc<Resource>, measure: Measure, observation: &Observation) {
        let id = resource.id.with(self.overflow_id);
        let observation = Observation { exemplar: None, ..*observation };
        let mut shard = self.shards.of(id);
        let new = || Series {
            is_overflow: true,
            ..Series::new(Arc::clone(resource), self.overflow_attributes.clone())
        };
        shard.entry(id).or_insert_with(new).record(measure, &observation, &self.recording);
    }
}
