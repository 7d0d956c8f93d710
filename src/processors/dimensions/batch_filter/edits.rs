//! What becomes of a batch, applied to it in one walk.

use std::sync::Arc;

use super::{PlannedPoint, PointVerdict};
use crate::otlp::{AttributesInPlace, Batch, Context, Editor, MessageKind, Verdict};
use crate::processors::dimensions::key_plan::{KeyAction, KeyPlan};

/// What becomes of each point of a batch.
pub(in crate::processors::dimensions) struct Edits<'b> {
    nodes: Vec<Node>,
    points: Vec<PlannedPoint<'b>>,
    plans: Vec<(usize, Arc<KeyPlan>)>,
    next_node: usize,
    next_point: usize,
    /// The plan for the point whose attributes come next.
    plan: usize,
}

/// A resource group, scope group or metric of the batch, in the order of the bytes.
pub(super) struct Node {
    pub parent: Option<usize>,
    /// The place of the first node that is not in this one.
    pub behind: usize,
    /// The place of the first point in it.
    first_point: usize,
    /// True where something in it changes.
    pub is_changed: bool,
}

impl Node {
    pub const fn new(parent: Option<usize>, first_point: usize) -> Self {
        Self { parent, behind: 0, first_point, is_changed: false }
    }
}

impl<'b> Edits<'b> {
    pub(super) const fn new(
        nodes: Vec<Node>,
        points: Vec<PlannedPoint<'b>>,
        plans: Vec<(usize, Arc<KeyPlan>)>,
    ) -> Self {
        Self { nodes, points, plans, next_node: 0, next_point: 0, plan: 0 }
    }

    /// The batch with the edits.
    pub fn apply(mut self, batch: Batch) -> Batch {
        batch.rewrite(&mut self)
    }

    fn enter_node(&mut self) -> Verdict {
        match self.nodes.get(self.next_node) {
            Some(node) if node.is_changed => {
                self.next_node += 1;
                self.next_point = node.first_point;
                Verdict::Enter
            }
            Some(node) => {
                self.next_node = node.behind;
                Verdict::Keep
            }
            None => Verdict::Keep,
        }
    }

    fn next_verdict(&mut self) -> Verdict {
        let Some(point) = self.points.get_mut(self.next_point) else { return Verdict::Keep };
        self.next_point += 1;
        match std::mem::replace(&mut point.verdict, PointVerdict::Keep) {
            PointVerdict::Keep => Verdict::Keep,
            PointVerdict::Drop => Verdict::Drop,
            PointVerdict::Replace(point) => Verdict::Replace(point),
            PointVerdict::Strip => {
                self.plan = point.plan;
                Verdict::EditAttributes
            }
        }
    }
}

impl Editor for Edits<'_> {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Metric => self.enter_node(),
            MessageKind::NumberDataPoint
            | MessageKind::HistogramDataPoint
            | MessageKind::ExponentialHistogramDataPoint
            | MessageKind::SummaryDataPoint => self.next_verdict(),
            _ => Verdict::Keep,
        }
    }

    fn edit_attributes(&mut self, _: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        let Some((_, plan)) = self.plans.get(self.plan) else { return };
        for (index, (place, attribute)) in attributes.iter().enumerate() {
            match plan.action(index) {
                KeyAction::Keep => {}
                KeyAction::Delete => attributes.delete(place),
                KeyAction::Rename(key) => {
                    attributes.replace(place, key.as_bytes(), attribute.encoded_value);
                }
            }
        }
    }

    fn removes_empty_parents(&self) -> bool {
        true
    }
}
