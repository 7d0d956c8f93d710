//! The two upper levels of every request: resource groups and scope groups.

use super::list::for_each_field;
use super::{KeyValueView, List, LogRecordView, MetricView, SpanView, View};
use crate::otlp::Text;

/// The resource groups of one request body.
pub fn resource_groups(part: &[u8]) -> impl Iterator<Item = ResourceGroup<'_>> {
    List::of(part, 1).into_iter()
}

/// A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`: what came from one resource.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceGroup<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// The entity that made the telemetry.
    pub resource: ResourceView<'a>,
    /// The schema of the resource's attributes.
    pub schema_url: Text<'a>,
    /// The records, grouped by scope.
    pub scope_groups: List<'a, ScopeGroup<'a>>,
}

impl<'a> View<'a> for ResourceGroup<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut group = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => group.resource = ResourceView::parse(value.bytes()),
            2 => group.scope_groups.note_element(from_here, number),
            3 => group.schema_url = value.text(),
            _ => {}
        });
        group
    }
}

/// A `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`: what one instrumentation library made.
///
/// Which of the three lists of records to read follows from the batch's signal.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScopeGroup<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// The instrumentation library.
    pub scope: ScopeView<'a>,
    /// The schema of the records' attributes.
    pub schema_url: Text<'a>,
    records: List<'a, &'a [u8]>,
}

impl<'a> ScopeGroup<'a> {
    /// The spans of a `ScopeSpans`.
    pub fn spans(self) -> impl Iterator<Item = SpanView<'a>> {
        self.records.iter().map(SpanView::parse)
    }

    /// The log records of a `ScopeLogs`.
    pub fn log_records(self) -> impl Iterator<Item = LogRecordView<'a>> {
        self.records.iter().map(LogRecordView::parse)
    }

    /// The metrics of a `ScopeMetrics`.
    pub fn metrics(self) -> impl Iterator<Item = MetricView<'a>> {
        self.records.iter().map(MetricView::parse)
    }

    /// The encoded spans, log records or metrics.
    pub const fn records(self) -> List<'a, &'a [u8]> {
        self.records
    }
}

impl<'a> View<'a> for ScopeGroup<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut group = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => group.scope = ScopeView::parse(value.bytes()),
            2 => group.records.note_element(from_here, number),
            3 => group.schema_url = value.text(),
            _ => {}
        });
        group
    }
}

/// A `Resource`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// What is known of the resource.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
    /// The entities the resource consists of.
    pub entity_refs: List<'a, EntityRefView<'a>>,
}

impl<'a> View<'a> for ResourceView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut resource = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => resource.attributes.note_element(from_here, number),
            2 => resource.dropped_attributes_count = value.uint32(),
            3 => resource.entity_refs.note_element(from_here, number),
            _ => {}
        });
        resource
    }
}

/// An `EntityRef`: which of a resource's attributes describe one entity.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntityRefView<'a> {
    /// The schema of the entity.
    pub schema_url: Text<'a>,
    /// The entity's type, such as `service` or `host`.
    pub kind: Text<'a>,
    /// The keys of the attributes that identify it.
    pub id_keys: List<'a, Text<'a>>,
    /// The keys of the attributes that describe it.
    pub description_keys: List<'a, Text<'a>>,
}

impl<'a> View<'a> for EntityRefView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut entity = Self::default();
        for_each_field(bytes, |from_here, number, value| match number {
            1 => entity.schema_url = value.text(),
            2 => entity.kind = value.text(),
            3 => entity.id_keys.note_element(from_here, number),
            4 => entity.description_keys.note_element(from_here, number),
            _ => {}
        });
        entity
    }
}

/// An `InstrumentationScope`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScopeView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// The library's name; empty where unknown.
    pub name: Text<'a>,
    /// The library's version.
    pub version: Text<'a>,
    /// What else is known of it.
    pub attributes: List<'a, KeyValueView<'a>>,
    /// How many attributes its maker left out.
    pub dropped_attributes_count: u32,
}

impl<'a> View<'a> for ScopeView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut scope = Self { bytes, ..Self::default() };
        for_each_field(bytes, |from_here, number, value| match number {
            1 => scope.name = value.text(),
            2 => scope.version = value.text(),
            3 => scope.attributes.note_element(from_here, number),
            4 => scope.dropped_attributes_count = value.uint32(),
            _ => {}
        });
        scope
    }
}
