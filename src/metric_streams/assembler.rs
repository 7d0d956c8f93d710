//! Puts single data points back into groups by resource, scope and metric.

use std::collections::HashMap;

use super::wire::{
    MessageList, MetricHeader, metrics_batch, put_changed_point, put_encoded_point, put_metric, put_point,
    put_resource_group, put_scope_group,
};
use super::{Point, PointValue, StreamId};
use crate::otlp::Batch;

/// Where a data point comes from: what stands above it in a request.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The fingerprint of the resource.
    pub resource_id: StreamId,
    /// The encoded `Resource`.
    pub resource: &'a [u8],
    /// The schema of the resource.
    pub resource_schema_url: &'a [u8],
    /// The fingerprint of the scope.
    pub scope_id: StreamId,
    /// The encoded `InstrumentationScope`.
    pub scope: &'a [u8],
    /// The schema of the scope's records.
    pub scope_schema_url: &'a [u8],
    /// The fingerprint of the metric, which includes those of resource and scope.
    pub metric_id: StreamId,
    /// The metric without its points.
    pub metric: MetricHeader<'a>,
}

/// An [`Origin`] that outlives the batch.
#[derive(Debug, Clone)]
pub struct OwnedOrigin {
    resource_id: StreamId,
    resource: Vec<u8>,
    resource_schema_url: Vec<u8>,
    scope_id: StreamId,
    scope: Vec<u8>,
    scope_schema_url: Vec<u8>,
    metric_id: StreamId,
    metric: OwnedMetricHeader,
}

impl Origin<'_> {
    /// A copy that outlives the batch.
    pub fn to_owned_origin(&self) -> OwnedOrigin {
        OwnedOrigin {
            resource_id: self.resource_id,
            resource: self.resource.to_vec(),
            resource_schema_url: self.resource_schema_url.to_vec(),
            scope_id: self.scope_id,
            scope: self.scope.to_vec(),
            scope_schema_url: self.scope_schema_url.to_vec(),
            metric_id: self.metric_id,
            metric: OwnedMetricHeader::of(&self.metric),
        }
    }
}

impl OwnedOrigin {
    /// The origin as others read it.
    pub fn view(&self) -> Origin<'_> {
        Origin {
            resource_id: self.resource_id,
            resource: &self.resource,
            resource_schema_url: &self.resource_schema_url,
            scope_id: self.scope_id,
            scope: &self.scope,
            scope_schema_url: &self.scope_schema_url,
            metric_id: self.metric_id,
            metric: self.metric.view(),
        }
    }
}

/// Gathers data points in any order; groups come out in the order of their first points.
#[derive(Debug, Default)]
pub struct MetricsAssembler {
    resources: Vec<Group>,
    resource_index: HashMap<StreamId, usize>,
    scopes: Vec<Group>,
    scope_index: HashMap<(StreamId, StreamId), usize>,
    metrics: Vec<GatheredMetric>,
    metric_index: HashMap<StreamId, usize>,
}

/// A resource with its scopes, or a scope with its metrics, as places in the list of those.
#[derive(Debug, Default)]
struct Group {
    header: Vec<u8>,
    schema_url: Vec<u8>,
    members: Vec<usize>,
}

#[derive(Debug)]
struct GatheredMetric {
    /// The encoded metric up to its data, and what follows the points in it.
    header: OwnedMetricHeader,
    points: Vec<u8>,
}

#[derive(Debug, Clone)]
struct OwnedMetricHeader {
    name: Vec<u8>,
    description: Vec<u8>,
    unit: Vec<u8>,
    metadata: MessageList,
    kind: super::MetricKind,
}

impl MetricsAssembler {
    /// True where no point was added.
    pub const fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    /// Adds a point.
    pub fn add(&mut self, origin: &Origin<'_>, attributes: &MessageList, point: &Point) {
        put_point(self.points_of(origin), attributes, point);
    }

    /// Adds an encoded point of the metric's kind.
    pub fn add_encoded(&mut self, origin: &Origin<'_>, point: &[u8]) {
        put_encoded_point(self.points_of(origin), point);
    }

    /// Adds an encoded point of the metric's kind with another start time and value.
    pub fn add_changed(
        &mut self,
        origin: &Origin<'_>,
        point: &[u8],
        start_time_unix_nano: u64,
        value: &PointValue,
    ) {
        put_changed_point(self.points_of(origin), point, start_time_unix_nano, value);
    }

    /// Everything as one request.
    pub fn into_batch(self) -> Batch {
        let mut body = Vec::new();
        for resource in &self.resources {
            put_resource_group(&mut body, &resource.header, &resource.schema_url, |out| {
                for scope in resource.members.iter().filter_map(|place| self.scopes.get(*place)) {
                    put_scope_group(out, &scope.header, &scope.schema_url, |out| {
                        for metric in scope.members.iter().filter_map(|place| self.metrics.get(*place)) {
                            let header = metric.header.view();
                            put_metric(out, &header, |out| out.extend_from_slice(&metric.points));
                        }
                    });
                }
            });
        }
        metrics_batch(body)
    }

    /// Where the points of the origin's metric are written.
    fn points_of(&mut self, origin: &Origin<'_>) -> &mut Vec<u8> {
        let place = match self.metric_index.get(&origin.metric_id) {
            Some(place) => *place,
            None => self.add_metric(origin),
        };
        #[expect(clippy::indexing_slicing, reason = "metrics are never taken out")]
        &mut self.metrics[place].points
    }

    fn add_metric(&mut self, origin: &Origin<'_>) -> usize {
        let Self { resources, resource_index, scopes, scope_index, metrics, metric_index } = self;
        let resource = *resource_index.entry(origin.resource_id).or_insert_with(|| {
            resources.push(Group::new(origin.resource, origin.resource_schema_url));
            resources.len() - 1
        });
        let scope = *scope_index.entry((origin.resource_id, origin.scope_id)).or_insert_with(|| {
            scopes.push(Group::new(origin.scope, origin.scope_schema_url));
            let place = scopes.len() - 1;
            resources.get_mut(resource).into_iter().for_each(|group| group.members.push(place));
            place
        });
        metrics.push(GatheredMetric { header: OwnedMetricHeader::of(&origin.metric), points: Vec::new() });
        let place = metrics.len() - 1;
        scopes.get_mut(scope).into_iter().for_each(|group| group.members.push(place));
        metric_index.insert(origin.metric_id, place);
        place
    }
}

impl Group {
    fn new(header: &[u8], schema_url: &[u8]) -> Self {
        Self { header: header.to_vec(), schema_url: schema_url.to_vec(), members: Vec::new() }
    }
}

impl OwnedMetricHeader {
    fn of(header: &MetricHeader<'_>) -> Self {
        Self {
            name: header.name.to_vec(),
            description: header.description.to_vec(),
            unit: header.unit.to_vec(),
            metadata: MessageList::of(header.metadata),
            kind: header.kind,
        }
    }

    fn view(&self) -> MetricHeader<'_> {
        MetricHeader {
            name: &self.name,
            description: &self.description,
            unit: &self.unit,
            kind: self.kind,
            metadata: self.metadata.as_attributes(),
        }
    }
}
