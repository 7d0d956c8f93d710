//! One batch through the filter: which point belongs to which series, then what becomes of each series.

mod edits;
mod planning;
mod series;
mod settling;

use std::sync::Arc;

use self::edits::{Edits, Node};
pub(super) use self::settling::Settling;
use self::settling::UnsettledSeries;
use super::engine::Engine;
use super::key_plan::{KeyPlan, LastValue};
use super::streams::{Arrival, Moment};
use crate::metric_streams::{MetricKind, Origin, StreamId, StreamMap, Temporality};
use crate::otlp::Batch;

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
    /// For each of them the values of the last point that had it.
    last_values: Vec<Vec<Option<LastValue<'b>>>>,
    /// Where merged points are written.
    scratch: Vec<u8>,
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
            last_values: Vec::new(),
            scratch: Vec::new(),
            unsettled: Vec::new(),
        };
        filter.group_places.reserve(source.items());
        filter.plan_batch(source);
        // Overflow series come last, since the others add to them.
        for settles_overflow in [false, true] {
            for place in 0..filter.groups.len() {
                let group = filter.groups.get(place).copied();
                if let Some(group) = group.filter(|group| group.is_overflow == settles_overflow) {
                    filter.settle(group);
                }
            }
        }
        let Self { nodes, points, metrics, plans, unsettled, .. } = filter;
        let origins = metrics.into_iter().map(|metric| metric.origin).collect();
        (Edits::new(nodes, points, plans), Settling::new(engine, origins, unsettled))
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
