//! One batch through the filter: which point belongs to which series, then what becomes of each series.

mod edits;
mod settling;

use std::sync::Arc;

use tokio::time::Instant;

use self::edits::{Edits, Node};
pub(super) use self::settling::Settling;
use self::settling::{Unsettled, UnsettledSeries};
use super::cardinality::Limited;
use super::config::UnmergeablePolicy;
use super::engine::{Engine, Shard, Waiting};
use super::key_plan::{KeyAction, KeyPlan};
use super::rules::Rule;
use super::streams::{Arrival, Merged, Merging, Moment, Outcome, Stream};
use crate::metric_streams::wire::{MessageList, MetricHeader, put_point};
use crate::metric_streams::{MetricKind, Origin, Point, StreamId, StreamMap, Temporality};
use crate::otlp::wire::Fields;
use crate::otlp::{AnyValueView, Batch, KeyValueView, List, MetricData, MetricView};

/// The key of the only attribute of overflow series.
const OVERFLOW_KEY: &[u8] = b"otel.metric.overflow";

/// That attribute, encoded.
const OVERFLOW_ATTRIBUTE: &[u8] = b"\x0a\x14otel.metric.overflow\x12\x02\x10\x01";

/// How many of the plans met last are tried for a point before the right one is looked up.
const PLANS_TRIED: usize = 8;

/// A batch while it is looked at.
pub(super) struct BatchFilter<'e, 'b> {
    engine: &'e Engine,
    moment: Moment,
    nodes: Vec<Node>,
    points: Vec<PlannedPoint<'b>>,
    metrics: Vec<PlacedMetric<'b>>,
    groups: Vec<Group>,
    group_places: StreamMap<usize>,
    /// The plans met in this batch, each with the place of its rule.
    plans: Vec<(usize, Arc<KeyPlan>)>,
    unsettled: Vec<UnsettledSeries>,
}

/// A data point and what becomes of it.
pub(super) struct PlannedPoint<'b> {
    bytes: &'b [u8],
    input: StreamId,
    /// The place of its plan.
    plan: usize,
    /// The place of the metric it stands in.
    node: usize,
    /// The next point of the same series.
    next: Option<usize>,
    verdict: PointVerdict,
}

/// What becomes of a data point.
pub(super) enum PointVerdict {
    /// It stays.
    Keep,
    /// Its attributes become what the plan says.
    Strip,
    /// It goes.
    Drop,
    /// This one takes its place.
    Replace(Vec<u8>),
}

/// A metric of the batch.
struct PlacedMetric<'b> {
    origin: Origin<'b>,
    rule: usize,
    attributes_field: u32,
}

/// The points of one series.
#[derive(Clone, Copy)]
struct Group {
    output: StreamId,
    metric: usize,
    first: usize,
    last: usize,
    count: usize,
    /// True where no other input can ever feed the series.
    is_apart: bool,
    is_overflow: bool,
}

/// Walks the points of a group.
#[derive(Clone)]
struct Arrivals<'p, 'b> {
    points: &'p [PlannedPoint<'b>],
    next: Option<usize>,
}

impl<'b> Iterator for Arrivals<'_, 'b> {
    type Item = Arrival<'b>;

    fn next(&mut self) -> Option<Arrival<'b>> {
        let point = self.points.get(self.next?)?;
        self.next = point.next;
        Some(Arrival { input: point.input, bytes: point.bytes })
    }
}

impl<'e, 'b> BatchFilter<'e, 'b> {
    /// Looks at all points of `source` and settles with their series what becomes of each. Returns the edits
    /// to the batch, and what is to be done once it was answered.
    pub fn run(engine: &'e Engine, source: &'b Batch) -> (Edits<'b>, Settling<'e, 'b>) {
        let mut filter = Self {
            engine,
            moment: engine.moment(),
            nodes: Vec::new(),
            points: Vec::with_capacity(source.items()),
            metrics: Vec::new(),
            groups: Vec::new(),
            group_places: StreamMap::default(),
            plans: Vec::new(),
            unsettled: Vec::new(),
        };
        filter.group_places.reserve(source.items());
        filter.plan_batch(source);
        // Settling may append groups: those of overflow series.
        let mut place = 0;
        while let Some(group) = filter.groups.get(place).copied() {
            filter.settle(group);
            place += 1;
        }
        let Self { nodes, points, metrics, plans, unsettled, .. } = filter;
        let origins = metrics.into_iter().map(|metric| metric.origin).collect();
        (Edits::new(nodes, points, plans), Settling::new(engine, origins, unsettled))
    }

    fn plan_batch(&mut self, source: &'b Batch) {
        let hasher = &self.engine.hasher;
        for resource_group in source.resource_groups() {
            let resource_node = self.open_node(None);
            let resource_id = hasher.resource(&resource_group);
            for scope_group in resource_group.scope_groups {
                let scope_node = self.open_node(Some(resource_node));
                let scope_id = hasher.scope(&scope_group);
                for metric in scope_group.metrics() {
                    let node = self.open_node(Some(scope_node));
                    let rule = self.engine.rules.place_of(metric.name.as_bytes());
                    if !self.engine.rules.get(rule).leaves_all_alone() {
                        let origin = Origin {
                            resource_id,
                            resource: resource_group.resource.bytes,
                            resource_schema_url: resource_group.schema_url.as_bytes(),
                            scope_id,
                            scope: scope_group.scope.bytes,
                            scope_schema_url: scope_group.schema_url.as_bytes(),
                            metric_id: hasher.metric(resource_id, scope_id, &metric),
                            metric: MetricHeader::of(&metric),
                        };
                        self.plan_metric(node, &metric, origin, rule);
                    }
                    self.close_node(node);
                }
                self.close_node(scope_node);
            }
            self.close_node(resource_node);
        }
    }

    fn plan_metric(&mut self, node: usize, metric: &MetricView<'b>, origin: Origin<'b>, rule_place: usize) {
        let engine = self.engine;
        let rule = engine.rules.get(rule_place);
        let kind = origin.metric.kind;
        let attributes_field = attributes_field(kind);
        let is_mergeable = is_mergeable(kind);
        let metric_id = origin.metric_id;
        let metric_place = self.metrics.len();
        self.metrics.push(PlacedMetric { origin, rule: rule_place, attributes_field });
        for bytes in encoded_points(&metric.data) {
            let attributes = List::of(bytes, attributes_field);
            if rule.drops_series(attributes) {
                engine.counters.drop_series.add(1);
                self.push_point(node, bytes, PointVerdict::Drop);
                continue;
            }
            let (plan_place, before, after) = self.fingerprints(rule_place, rule, attributes);
            let (changes_point, can_be_joined) = self
                .plans
                .get(plan_place)
                .map_or((false, false), |(_, plan)| (plan.changes_points, plan.can_be_joined));
            if !is_mergeable && changes_point && rule.summary == UnmergeablePolicy::Drop {
                engine.counters.unmergeable.add(1);
                self.push_point(node, bytes, PointVerdict::Drop);
                continue;
            }
            let strips = changes_point && is_mergeable;
            let verdict = if strips { PointVerdict::Strip } else { PointVerdict::Keep };
            let point = self.push_point(node, bytes, verdict);
            let is_apart = !can_be_joined || !is_mergeable;
            if is_apart && rule.cardinality_limit.is_none() {
                continue;
            }
            let (input, output) = (metric_id.with(before), metric_id.with(after));
            if let Some(planned) = self.points.get_mut(point) {
                (planned.input, planned.plan) = (input, plan_place);
            }
            let output = if is_mergeable { output } else { input };
            self.add_to_group(output, metric_place, point, is_apart);
        }
    }

    /// The plan for a point and the fingerprints of its attributes before and after.
    fn fingerprints(
        &mut self,
        rule_place: usize,
        rule: &Rule,
        attributes: List<'b, KeyValueView<'b>>,
    ) -> (usize, StreamId, StreamId) {
        let hasher = &self.engine.hasher;
        // Nearly always the plan of the point before fits.
        for (place, (of_rule, plan)) in self.plans.iter().enumerate().rev().take(PLANS_TRIED) {
            if *of_rule == rule_place
                && let Some((before, after)) = plan.fingerprints(hasher, attributes)
            {
                return (place, before, after);
            }
        }
        let plan = rule.plan_for(attributes);
        let none = (StreamId::NO_ATTRIBUTES, StreamId::NO_ATTRIBUTES);
        let (before, after) = plan.fingerprints(hasher, attributes).unwrap_or(none);
        self.plans.push((rule_place, plan));
        (self.plans.len() - 1, before, after)
    }

    fn push_point(&mut self, node: usize, bytes: &'b [u8], verdict: PointVerdict) -> usize {
        if !matches!(verdict, PointVerdict::Keep) {
            self.mark_changed(node);
        }
        let none = StreamId::NO_ATTRIBUTES;
        self.points.push(PlannedPoint { bytes, input: none, plan: 0, node, next: None, verdict });
        self.points.len() - 1
    }

    fn add_to_group(&mut self, output: StreamId, metric: usize, point: usize, is_apart: bool) {
        let place = *self.group_places.entry(output).or_insert(self.groups.len());
        match self.groups.get_mut(place) {
            Some(group) => {
                if let Some(last) = self.points.get_mut(group.last) {
                    last.next = Some(point);
                }
                group.last = point;
                group.count += 1;
            }
            None => self.groups.push(Group {
                output,
                metric,
                first: point,
                last: point,
                count: 1,
                is_apart,
                is_overflow: false,
            }),
        }
    }

    /// Settles with a series what becomes of its points.
    fn settle(&mut self, group: Group) {
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
                let encoded = encoded(&attributes, handed_on.point());
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
                true => Stream::overflow(metric_id, input, kind),
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
        let overflow = self.overflow_of(metric);
        let shard = self.engine.shard(overflow);
        let Some(stream) = shard.streams.get(&overflow) else { return false };
        let mut arrivals = Arrivals { points: &self.points, next: Some(group.first) };
        arrivals.any(|arrival| stream.has_input(arrival.input))
    }

    fn move_to_overflow(&mut self, group: Group) {
        let Some(metric) = self.metrics.get(group.metric) else { return };
        self.engine.counters.overflowed.add(group.count as u64);
        if group.is_apart && !is_mergeable(metric.origin.metric.kind) {
            self.engine.counters.unmergeable.add(group.count as u64);
            self.drop_points(group, false);
            return;
        }
        let output = self.overflow_of(metric.origin.metric_id);
        match self.group_places.get(&output).and_then(|place| self.groups.get_mut(*place)) {
            Some(overflow) => {
                if let Some(last) = self.points.get_mut(overflow.last) {
                    last.next = Some(group.first);
                }
                overflow.last = group.last;
                overflow.count += group.count;
            }
            None => {
                self.group_places.insert(output, self.groups.len());
                self.groups.push(Group { output, is_apart: false, is_overflow: true, ..group });
            }
        }
    }

    fn overflow_of(&self, metric: StreamId) -> StreamId {
        metric.with(self.engine.hasher.attribute(OVERFLOW_KEY, AnyValueView::Bool(true)))
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

    /// Drops the points of a group, maybe but the last.
    fn drop_points(&mut self, group: Group, but_last: bool) {
        let mut next = Some(group.first);
        while let Some(place) = next {
            next = self.points.get(place).and_then(|point| point.next);
            if next.is_some() || !but_last {
                self.set_verdict(place, PointVerdict::Drop);
            }
        }
    }

    fn set_verdict(&mut self, place: usize, verdict: PointVerdict) {
        if let Some(point) = self.points.get_mut(place) {
            point.verdict = verdict;
            let node = point.node;
            self.mark_changed(node);
        }
    }

    fn open_node(&mut self, parent: Option<usize>) -> usize {
        self.nodes.push(Node::new(parent, self.points.len()));
        self.nodes.len() - 1
    }

    fn close_node(&mut self, node: usize) {
        let behind = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(node) {
            node.behind = behind;
        }
    }

    fn mark_changed(&mut self, node: usize) {
        let mut next = Some(node);
        while let Some(node) = next.and_then(|place| self.nodes.get_mut(place)) {
            next = if node.is_changed { None } else { node.parent };
            node.is_changed = true;
        }
    }
}

fn is_mergeable(kind: MetricKind) -> bool {
    matches!(kind, MetricKind::Gauge)
        || matches!(kind.temporality(), Some(Temporality::Delta | Temporality::Cumulative))
}

/// The field of the attributes in a data point.
const fn attributes_field(kind: MetricKind) -> u32 {
    match kind {
        MetricKind::Histogram { .. } => 9,
        MetricKind::ExponentialHistogram { .. } => 1,
        MetricKind::Gauge | MetricKind::Sum { .. } | MetricKind::Summary | MetricKind::Empty => 7,
    }
}

fn encoded_points<'b>(data: &MetricData<'b>) -> impl Iterator<Item = &'b [u8]> + use<'b> {
    match *data {
        MetricData::Empty => List::<&[u8]>::default().raw(),
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => data_points.raw(),
        MetricData::Histogram { data_points, .. } => data_points.raw(),
        MetricData::ExponentialHistogram { data_points, .. } => data_points.raw(),
        MetricData::Summary { data_points } => data_points.raw(),
    }
}

/// A data point without the frame that it has in a metric.
fn encoded(attributes: &MessageList, point: &Point) -> Vec<u8> {
    let mut framed = Vec::new();
    put_point(&mut framed, attributes, point);
    let content = Fields::of(&framed).next().map_or(0, |(_, value)| value.bytes().len());
    framed.drain(..framed.len() - content);
    framed
}
