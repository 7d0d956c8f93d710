//! Goes through the metrics of a batch, with their identities, and lets each be changed.

use super::wire::MetricHeader;
use super::{Origin, StreamHasher, StreamId};
use crate::otlp::{Batch, Context, Editor, MessageKind, MetricView, Verdict, View};

/// Does with each metric of the batch what `edit` says, and leaves out groups without a metric. What is
/// kept is not copied one by one, and a batch in which everything is kept keeps its bytes.
pub fn rewrite_metrics<F>(batch: Batch, hasher: &StreamHasher, edit: F) -> Batch
where
    F: FnMut(&MetricView<'_>, &mut MetricPlace<'_>) -> Verdict,
{
    batch.rewrite(&mut MetricEditor { hasher, edit, resource_id: None, scope_id: None })
}

/// Where a metric stands. Fingerprints are made when they are asked for, once a group.
pub struct MetricPlace<'a> {
    hasher: &'a StreamHasher,
    context: &'a Context<'a>,
    resource_id: &'a mut Option<StreamId>,
    scope_id: &'a mut Option<StreamId>,
}

impl MetricPlace<'_> {
    /// The fingerprint of the metric that stands here.
    pub fn metric_id(&mut self, metric: &MetricView<'_>) -> StreamId {
        let (resource_id, scope_id) = self.group_ids();
        self.hasher.metric(resource_id, scope_id, metric)
    }

    /// What stands above the points of the metric that stands here.
    pub fn origin<'o>(&'o mut self, metric: &MetricView<'o>) -> Origin<'o> {
        let (resource_id, scope_id) = self.group_ids();
        Origin {
            resource_id,
            resource: self.context.resource_group.resource.bytes,
            resource_schema_url: self.context.resource_group.schema_url.as_bytes(),
            scope_id,
            scope: self.context.scope_group.scope.bytes,
            scope_schema_url: self.context.scope_group.schema_url.as_bytes(),
            metric_id: self.hasher.metric(resource_id, scope_id, metric),
            metric: MetricHeader::of(metric),
        }
    }

    fn group_ids(&mut self) -> (StreamId, StreamId) {
        let (hasher, context) = (self.hasher, self.context);
        let resource_id = *self.resource_id.get_or_insert_with(|| hasher.resource(&context.resource_group));
        let scope_id = *self.scope_id.get_or_insert_with(|| hasher.scope(&context.scope_group));
        (resource_id, scope_id)
    }
}

struct MetricEditor<'a, F> {
    hasher: &'a StreamHasher,
    edit: F,
    resource_id: Option<StreamId>,
    scope_id: Option<StreamId>,
}

impl<F> Editor for MetricEditor<'_, F>
where
    F: FnMut(&MetricView<'_>, &mut MetricPlace<'_>) -> Verdict,
{
    fn message(&mut self, kind: MessageKind, message: &[u8], context: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup => self.resource_id = None,
            MessageKind::ScopeGroup => self.scope_id = None,
            MessageKind::Metric => {
                let mut place = MetricPlace {
                    hasher: self.hasher,
                    context,
                    resource_id: &mut self.resource_id,
                    scope_id: &mut self.scope_id,
                };
                return (self.edit)(&MetricView::parse(message), &mut place);
            }
            _ => return Verdict::Keep,
        }
        Verdict::Enter
    }

    fn removes_empty_parents(&self) -> bool {
        true
    }
}
