//! What becomes of each series of a batch.

use std::sync::Arc;

use tokio::time::Instant;

use super::settling::{Unsettled, UnsettledSeries};
use super::{Arrivals, BatchFilter, Group, PointVerdict, is_mergeable};
use crate::metric_streams::wire::{MessageList, put_point};
use crate::metric_streams::{Point, StreamId};
use crate::otlp::wire::Fields;
use crate::otlp::{KeyValueView, List};
use crate::processors::dimensions::cardinality::Limited;
use crate::processors::dimensions::engine::{Shard, Waiting};
use crate::processors::dimensions::key_plan::KeyAction;
use crate::processors::dimensions::streams::{Merged, Merging, Outcome, Stream};

/// The only attribute of overflow series, encoded.
const OVERFLOW_ATTRIBUTE: &[u8] = b"\x0a\x14otel.metric.overflow\x12\x02\x10\x01";

impl<'b> BatchFilter<'_, 'b> {
    /// Settles with a series what becomes of its points.
    pub(super) fn settle(&mut self, group: Group) {
        let engine = self.engine;
        let Some(metric) = self.metrics.get(group.metric) else { return };
        let merging = Merging { kind: metric.origin.metric.kind, gauge: engine.rules.get(metric.rule).gauge };
        loop {
            let mut shard = engine.shard(group.output);
            let Shard { streams, waiting } = &mut *shard;
            let Some(stream) = streams.get_mut(&group.output) else {
                drop(shard);
                if self.add_series(group) {
                    continue;
                }
                return;
            };
            let arrivals = Arrivals { points: &self.points, next: Some(group.first) };
            match stream.take(arrivals, merging, self.moment) {
                Outcome::Verbatim => {}
                Outcome::LastVerbatim => self.drop_points(group, true),
                Outcome::Merged(merged) => {
                    // Late deltas begin to wait only once their batch was taken.
                    let waits_now = merged.waits && merged.late.is_none();
                    if merged.point.is_some() && !waiting.is_empty() {
                        waiting.remove(&group.output);
                    }
                    if waits_now && !waiting.contains_key(&group.output) {
                        let waits = self.waiting(group, merging);
                        waiting.extend(waits.map(|waits| (group.output, waits)));
                    }
                    drop(shard);
                    if waits_now {
                        engine.note_waiting();
                    }
                    self.merge(group, merging, merged);
                }
            }
            return;
        }
    }

    /// Puts a merged point in the place of the last of the group.
    fn merge(&mut self, group: Group, merging: Merging, merged: Merged) {
        let counters = &self.engine.counters;
        counters.merged.add((group.count - merged.outdated.min(group.count)) as u64);
        counters.outdated.add(merged.outdated as u64);
        self.drop_points(group, false);
        if merged.point.is_none() && merged.late.is_none() {
            return;
        }
        let attributes = self.attributes_of(group);
        let what = match (merged.point, merged.late) {
            (Some(handed_on), _) => {
                let encoded = self.encoded(&attributes, handed_on.point());
                self.set_verdict(group.last, PointVerdict::Replace(encoded));
                Unsettled::HandedOn(handed_on)
            }
            (None, Some(late)) => Unsettled::Late(late),
            (None, None) => return,
        };
        self.unsettled.push(UnsettledSeries {
            output: group.output,
            metric: group.metric,
            merging,
            attributes,
            what,
        });
    }

    /// Makes the state of a series that is not known. False where there is nothing more to do for the
    /// group: its points went to the overflow series.
    fn add_series(&mut self, group: Group) -> bool {
        let engine = self.engine;
        let (Some(metric), Some(first)) = (self.metrics.get(group.metric), self.points.get(group.first))
        else {
            return false;
        };
        let (metric_id, input) = (metric.origin.metric_id, first.input);
        let kind = metric.origin.metric.kind;
        let limit = engine.rules.get(metric.rule).cardinality_limit.filter(|_| !group.is_overflow);
        if let Some(limit) = limit {
            let limited = Limited { metric: metric_id, name: metric.origin.metric.name, limit };
            let attributes = List::of(first.bytes, metric.attributes_field);
            let is_admitted = !self.is_in_overflow(group, metric_id) && {
                let kept = self.kept_attributes(first.plan, attributes);
                engine.cardinality.admit(limited, kept)
            };
            if !is_admitted {
                self.move_to_overflow(group);
                return false;
            }
        }
        let mut shard = engine.shard(group.output);
        let is_new = !shard.streams.contains_key(&group.output);
        if is_new {
            let stream = match group.is_overflow {
                true => Stream::overflow(metric_id, group.output, input, kind),
                false => Stream::new(metric_id, input, kind, group.is_apart),
            };
            shard.streams.insert(group.output, stream);
        }
        drop(shard);
        if !is_new && limit.is_some() {
            // Another batch was quicker and has counted it.
            engine.cardinality.release(metric_id);
        }
        true
    }

    /// True where the overflow series has counted one of the inputs; it goes on to, or what it counted
    /// would be counted again.
    fn is_in_overflow(&self, group: Group, metric: StreamId) -> bool {
        if !self.engine.cardinality.has_overflow(metric) {
            return false;
        }
        let overflow = self.engine.overflow_of(metric);
        let shard = self.engine.shard(overflow);
        let Some(stream) = shard.streams.get(&overflow) else { return false };
        let mut arrivals = Arrivals { points: &self.points, next: Some(group.first) };
        arrivals.any(|arrival| stream.has_input(arrival.input))
    }

    fn move_to_overflow(&mut self, group: Group) {
        let Some(metric) = self.metrics.get(group.metric) else { return };
        if !is_mergeable(metric.origin.metric.kind) {
            self.engine.counters.unmergeable.add(group.count as u64);
            self.drop_points(group, false);
            return;
        }
        self.engine.counters.overflowed.add(group.count as u64);
        let output = self.engine.overflow_of(metric.origin.metric_id);
        let place = *self.group_places.entry(output).or_insert(self.groups.len());
        self.add_to_group(place, Group { output, is_apart: false, is_overflow: true, ..group });
    }

    fn attributes_of(&self, group: Group) -> MessageList {
        let mut attributes = MessageList::default();
        if group.is_overflow {
            attributes.push(OVERFLOW_ATTRIBUTE);
            return attributes;
        }
        let (Some(metric), Some(last)) = (self.metrics.get(group.metric), self.points.get(group.last)) else {
            return attributes;
        };
        match self.plans.get(last.plan) {
            Some((_, plan)) => plan.apply(List::of(last.bytes, metric.attributes_field)),
            None => attributes,
        }
    }

    /// Keys and fingerprints of what the plan leaves of a point's attributes.
    fn kept_attributes(
        &self,
        plan: usize,
        attributes: List<'b, KeyValueView<'b>>,
    ) -> impl Iterator<Item = (&'b [u8], StreamId)> {
        let hasher = &self.engine.hasher;
        let plan = self.plans.get(plan).map(|(_, plan)| plan);
        attributes.iter().enumerate().filter_map(move |(index, attribute)| {
            let key = attribute.key.as_bytes();
            let stays = plan.is_none_or(|plan| *plan.action(index) != KeyAction::Delete);
            stays.then(|| (key, hasher.attribute(key, attribute.value())))
        })
    }

    fn waiting(&self, group: Group, merging: Merging) -> Option<Waiting> {
        let origin = Arc::new(self.metrics.get(group.metric)?.origin.to_owned_origin());
        Some(Waiting { since: Instant::now(), merging, origin, attributes: self.attributes_of(group) })
    }

    /// A data point without the frame that it has in a metric.
    fn encoded(&mut self, attributes: &MessageList, point: &Point) -> Vec<u8> {
        self.scratch.clear();
        put_point(&mut self.scratch, attributes, point);
        Fields::of(&self.scratch).next().map_or_else(Vec::new, |(_, value)| value.bytes().to_vec())
    }
}
