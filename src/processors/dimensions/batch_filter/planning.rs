//! Which series each point of a batch belongs to. No state is touched.

use super::edits::Node;
use super::{BatchFilter, Group, PLANS_TRIED, PlacedMetric, PlannedPoint, PointVerdict, is_mergeable};
use crate::metric_streams::wire::MetricHeader;
use crate::metric_streams::{MetricKind, Origin, StreamId};
use crate::otlp::{Batch, KeyValueView, List, MetricData, MetricView};
use crate::processors::dimensions::config::UnmergeablePolicy;
use crate::processors::dimensions::rules::Rule;

impl<'b> BatchFilter<'_, 'b> {
    pub(super) fn plan_batch(&mut self, source: &'b Batch) {
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
            let (input, output) = (metric_id.with(before), metric_id.with(after));
            let output = if is_mergeable { output } else { input };
            // A client may have an overflow series of its own.
            let is_overflow = is_mergeable && output == engine.overflow_of(metric_id);
            let is_apart = !(is_overflow || can_be_joined && is_mergeable);
            if is_apart && rule.cardinality_limit.is_none() {
                continue;
            }
            if let Some(planned) = self.points.get_mut(point) {
                (planned.input, planned.plan) = (input, plan_place);
            }
            let place = *self.group_places.entry(output).or_insert(self.groups.len());
            self.add_to_group(
                place,
                Group {
                    output,
                    metric: metric_place,
                    first: point,
                    last: point,
                    count: 1,
                    is_apart,
                    is_overflow,
                },
            );
        }
    }

    /// The plan for a point and the fingerprints of its attributes before and after.
    fn fingerprints(
        &mut self,
        rule_place: usize,
        rule: &Rule,
        attributes: List<'b, KeyValueView<'b>>,
    ) -> (usize, StreamId, StreamId) {
        let tried = self.plans.iter().zip(&mut self.last_values).enumerate().rev().take(PLANS_TRIED);
        // Nearly always the plan of the point before fits.
        for (place, ((of_rule, plan), last_values)) in tried {
            if *of_rule == rule_place
                && let Some((before, after)) = plan.fingerprints(last_values, attributes)
            {
                return (place, before, after);
            }
        }
        let plan = rule.plan_for(&self.engine.hasher, attributes);
        let mut last_values = Vec::new();
        let none = (StreamId::NO_ATTRIBUTES, StreamId::NO_ATTRIBUTES);
        let (before, after) = plan.fingerprints(&mut last_values, attributes).unwrap_or(none);
        self.plans.push((rule_place, plan));
        self.last_values.push(last_values);
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

    /// Appends points to the group at a place, which is the next free one where there is no group yet.
    pub(super) fn add_to_group(&mut self, place: usize, more: Group) {
        match self.groups.get_mut(place) {
            Some(group) => {
                if let Some(last) = self.points.get_mut(group.last) {
                    last.next = Some(more.first);
                }
                group.last = more.last;
                group.count += more.count;
            }
            None => self.groups.push(more),
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
