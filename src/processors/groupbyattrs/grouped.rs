//! What comes out: resource groups with their scope groups, found by identity and written once at the end.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use crate::metric_streams::{StreamId, StreamMap};
use crate::otlp::ScopeGroup;
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_varint, varint_length};

/// Resource groups in the order their first records came in.
#[derive(Default)]
pub(super) struct Grouped<'a> {
    resources: Vec<GroupedResource<'a>>,
    by_resource: HashMap<(StreamId, &'a [u8]), usize>,
}

struct GroupedResource<'a> {
    /// An encoded `Resource`.
    resource: Cow<'a, [u8]>,
    schema_url: &'a [u8],
    scopes: Vec<GroupedScope<'a>>,
    by_scope: StreamMap<usize>,
}

/// The records of one scope.
pub(super) struct GroupedScope<'a> {
    scope: &'a [u8],
    schema_url: &'a [u8],
    /// Encoded spans or log records.
    records: Vec<Cow<'a, [u8]>>,
    metrics: Vec<GroupedMetric<'a>>,
    by_metric: StreamMap<usize>,
}

/// The data points of one metric.
pub(super) struct GroupedMetric<'a> {
    /// The metric's fields but for its data.
    pub(super) description: Vec<u8>,
    /// The field of the metric that holds the data.
    pub(super) data_field: u32,
    /// The data's fields but for the points.
    pub(super) aggregation: Vec<u8>,
    /// Encoded data points.
    pub(super) points: Vec<Cow<'a, [u8]>>,
}

impl<'a> Grouped<'a> {
    pub(super) const fn count(&self) -> usize {
        self.resources.len()
    }

    /// The records of a resource and scope; `resource` encodes the `Resource` where it is a new one.
    pub(super) fn scope_mut(
        &mut self,
        resource_id: (StreamId, &'a [u8]),
        resource: impl FnOnce() -> Cow<'a, [u8]>,
        scope_id: StreamId,
        scope_group: &ScopeGroup<'a>,
    ) -> Option<&mut GroupedScope<'a>> {
        let resources = &mut self.resources;
        let index = *self.by_resource.entry(resource_id).or_insert_with(|| {
            resources.push(GroupedResource {
                resource: resource(),
                schema_url: resource_id.1,
                scopes: Vec::new(),
                by_scope: StreamMap::default(),
            });
            resources.len() - 1
        });
        let resource = resources.get_mut(index)?;
        let scopes = &mut resource.scopes;
        let index = *resource.by_scope.entry(scope_id).or_insert_with(|| {
            scopes.push(GroupedScope {
                scope: scope_group.scope.bytes,
                schema_url: scope_group.schema_url.as_bytes(),
                records: Vec::new(),
                metrics: Vec::new(),
                by_metric: StreamMap::default(),
            });
            scopes.len() - 1
        });
        scopes.get_mut(index)
    }

    /// The request body of all groups.
    pub(super) fn into_body(self) -> Bytes {
        let resources: Vec<_> = self.resources.into_iter().map(EncodableResource::from).collect();
        let mut body = Vec::with_capacity(resources.iter().map(|group| field_length(group.length)).sum());
        for resource in resources {
            put_message_key(&mut body, 1, resource.length);
            put_unless_empty(&mut body, 1, &resource.resource);
            for scope in resource.scopes {
                put_message_key(&mut body, 2, scope.length);
                put_unless_empty(&mut body, 1, scope.scope);
                scope.records.iter().for_each(|record| put_length_delimited(&mut body, 2, record));
                put_unless_empty(&mut body, 3, scope.schema_url);
            }
            put_unless_empty(&mut body, 3, resource.schema_url);
        }
        Bytes::from(body)
    }
}

impl<'a> GroupedScope<'a> {
    pub(super) fn push_record(&mut self, record: Cow<'a, [u8]>) {
        self.records.push(record);
    }

    /// The metric with this identity; `new` makes it where there is none.
    pub(super) fn metric_mut(
        &mut self,
        id: StreamId,
        new: impl FnOnce() -> GroupedMetric<'a>,
    ) -> Option<&mut GroupedMetric<'a>> {
        let metrics = &mut self.metrics;
        let index = *self.by_metric.entry(id).or_insert_with(|| {
            metrics.push(new());
            metrics.len() - 1
        });
        metrics.get_mut(index)
    }
}

impl GroupedMetric<'_> {
    fn encode(self) -> Vec<u8> {
        let points_length: usize = self.points.iter().map(|point| field_length(point.len())).sum();
        let data_length = self.aggregation.len() + points_length;
        let mut metric = self.description;
        metric.reserve(field_length(data_length));
        put_message_key(&mut metric, self.data_field, data_length);
        metric.extend_from_slice(&self.aggregation);
        self.points.iter().for_each(|point| put_length_delimited(&mut metric, 1, point));
        metric
    }
}

/// A resource group whose length is known, so that it is written in one go.
struct EncodableResource<'a> {
    length: usize,
    resource: Cow<'a, [u8]>,
    schema_url: &'a [u8],
    scopes: Vec<EncodableScope<'a>>,
}

struct EncodableScope<'a> {
    length: usize,
    scope: &'a [u8],
    schema_url: &'a [u8],
    records: Vec<Cow<'a, [u8]>>,
}

impl<'a> From<GroupedResource<'a>> for EncodableResource<'a> {
    fn from(group: GroupedResource<'a>) -> Self {
        let scopes: Vec<_> = group.scopes.into_iter().map(EncodableScope::from).collect();
        let scopes_length: usize = scopes.iter().map(|scope| field_length(scope.length)).sum();
        let header_length = length_unless_empty(&group.resource) + length_unless_empty(group.schema_url);
        Self {
            length: header_length + scopes_length,
            resource: group.resource,
            schema_url: group.schema_url,
            scopes,
        }
    }
}

impl<'a> From<GroupedScope<'a>> for EncodableScope<'a> {
    fn from(group: GroupedScope<'a>) -> Self {
        let mut records = group.records;
        records.extend(group.metrics.into_iter().map(|metric| Cow::Owned(metric.encode())));
        let records_length: usize = records.iter().map(|record| field_length(record.len())).sum();
        let header_length = length_unless_empty(group.scope) + length_unless_empty(group.schema_url);
        Self {
            length: header_length + records_length,
            scope: group.scope,
            schema_url: group.schema_url,
            records,
        }
    }
}

fn put_message_key(out: &mut Vec<u8>, field_number: u32, length: usize) {
    put_key(out, field_number, WireType::LengthDelimited);
    put_varint(out, length as u64);
}

fn put_unless_empty(out: &mut Vec<u8>, field_number: u32, content: &[u8]) {
    if !content.is_empty() {
        put_length_delimited(out, field_number, content);
    }
}

fn length_unless_empty(content: &[u8]) -> usize {
    if content.is_empty() { 0 } else { field_length(content.len()) }
}

/// How long a length-delimited field is whose number is below 16.
const fn field_length(content_length: usize) -> usize {
    1 + varint_length(content_length as u64) + content_length
}
