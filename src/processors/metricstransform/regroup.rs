//! The action `group`: metrics leave their resource group for one of their own.

use bytes::Bytes;

use super::put_scope_group;
use super::transform::Grouped;
use crate::otlp::wire::{put_fields, put_length_delimited, put_message};
use crate::otlp::{Batch, Context, KeyValueView, Signal, View, item_count};

/// A request body of resource groups made of metrics that were taken out of others.
#[derive(Debug, Default)]
pub(super) struct RegroupedMetrics {
    body: Vec<u8>,
}

impl RegroupedMetrics {
    /// Adds a resource group with `grouped` metrics of `scope_group`: the same resource with more labels,
    /// the same scope, the same schemas.
    pub fn put(&mut self, grouped: &Grouped<'_, '_>, scope_group: &[u8], context: &Context<'_>) {
        let above = &context.resource_group;
        put_message(&mut self.body, 1, |out| {
            put_message(out, 1, |out| put_resource(out, above.resource.bytes, grouped.labels));
            put_message(out, 2, |out| put_scope_group(out, scope_group, &grouped.metrics));
            if !above.schema_url.is_empty() {
                put_length_delimited(out, 3, above.schema_url.as_bytes());
            }
        });
    }

    /// What was added, if anything.
    pub fn into_batch(self) -> Option<Batch> {
        if self.body.is_empty() {
            return None;
        }
        let body = Bytes::from(self.body);
        let items = item_count(Signal::Metrics, &body);
        Some(Batch::from_valid_part(Signal::Metrics, body, items))
    }
}

/// Appends the fields of `resource`, in which `labels` take the place of attributes of the same key.
fn put_resource(out: &mut Vec<u8>, resource: &[u8], labels: &[(String, Vec<u8>)]) {
    const ATTRIBUTES: u32 = 1;
    put_fields(out, resource, |number, value| {
        let key = KeyValueView::parse(value.bytes()).key;
        number != ATTRIBUTES || labels.iter().all(|(label, _)| key != label.as_str())
    });
    for (_, attribute) in labels {
        put_length_delimited(out, ATTRIBUTES, attribute);
    }
}
