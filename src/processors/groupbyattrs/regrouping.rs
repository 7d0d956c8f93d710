//! The way through a batch: what is moved from each record, and where the record goes.

use std::borrow::Cow;

use bytes::Bytes;

use super::grouped::{Grouped, GroupedMetric, GroupedScope};
use crate::metric_streams::{StreamHasher, StreamId};
use crate::otlp::wire::{Fields, put_length_delimited};
use crate::otlp::{
    AttributePlace, Batch, KeyValueView, MessageKind, MetricView, PlacedAttributes, ResourceGroup,
    ScopeGroup, Signal, View,
};

/// The records of a batch, sorted by the resource and scope they come under.
pub(super) struct Regrouping<'a> {
    keys: &'a [Box<[u8]>],
    signal: Signal,
    hasher: StreamHasher,
    grouped_records: Grouped<'a>,
    /// What the record at hand has under each key.
    moved: Vec<Option<Moved<'a>>>,
    /// Items that had an attribute to move.
    pub(super) grouped: u64,
    /// Items that had none.
    pub(super) not_grouped: u64,
}

#[derive(Clone, Copy)]
struct Moved<'a> {
    place: AttributePlace,
    attribute: KeyValueView<'a>,
}

/// The resource and scope a record came under.
struct Origin<'a> {
    resource_group: ResourceGroup<'a>,
    resource_attributes: StreamId,
    scope_group: ScopeGroup<'a>,
    scope: StreamId,
}

impl<'a> Regrouping<'a> {
    pub(super) fn new(keys: &'a [Box<[u8]>], signal: Signal) -> Self {
        Self {
            keys,
            signal,
            hasher: StreamHasher::new(),
            grouped_records: Grouped::default(),
            moved: vec![None; keys.len()],
            grouped: 0,
            not_grouped: 0,
        }
    }

    pub(super) fn take_in(&mut self, batch: &'a Batch) {
        for resource_group in batch.resource_groups() {
            let resource_attributes = self.hasher.attributes(resource_group.resource.attributes);
            for scope_group in resource_group.scope_groups {
                let scope = self.hasher.scope(&scope_group);
                let origin = Origin { resource_group, resource_attributes, scope_group, scope };
                for record in scope_group.records() {
                    match self.signal {
                        Signal::Traces => self.take_record(&origin, MessageKind::Span, record),
                        Signal::Logs => self.take_record(&origin, MessageKind::LogRecord, record),
                        Signal::Metrics => self.take_metric(&origin, record),
                    }
                }
            }
        }
    }

    /// The request body, and how many resource groups it holds.
    pub(super) fn into_body(self) -> (Bytes, usize) {
        let groups = self.grouped_records.count();
        (self.grouped_records.into_body(), groups)
    }

    fn take_record(&mut self, origin: &Origin<'a>, kind: MessageKind, record: &'a [u8]) {
        self.find_moved(kind, record);
        let rest = without(&self.moved, record);
        if let Some(scope) = self.target(origin) {
            scope.push_record(rest);
        }
    }

    fn take_metric(&mut self, origin: &Origin<'a>, metric: &'a [u8]) {
        let view = MetricView::parse(metric);
        let data = Fields::of(metric).filter(|(number, _)| point_kind(*number).is_some()).last();
        let Some((data_field, data)) = data else { return };
        let Some(kind) = point_kind(data_field) else { return };
        // Metrics are told apart under one resource and scope, whatever resource they came under.
        let id = self.hasher.metric(StreamId::NO_ATTRIBUTES, StreamId::NO_ATTRIBUTES, &view);
        for (_, point) in Fields::of(data.bytes()).filter(|(number, _)| *number == 1) {
            self.find_moved(kind, point.bytes());
            let rest = without(&self.moved, point.bytes());
            let new = || GroupedMetric {
                description: fields_but(metric, |number| point_kind(number).is_some()),
                data_field,
                aggregation: fields_but(data.bytes(), |number| number == 1),
                points: Vec::new(),
            };
            if let Some(metric) = self.target(origin).and_then(|scope| scope.metric_mut(id, new)) {
                metric.points.push(rest);
            }
        }
    }

    /// Notes the first attribute of a record under each key, and counts the record.
    fn find_moved(&mut self, kind: MessageKind, record: &'a [u8]) {
        self.moved.fill(None);
        let mut is_grouped = false;
        for (place, attribute) in PlacedAttributes::of(kind, record) {
            let found = self.keys.iter().position(|key| **key == *attribute.key.as_bytes());
            if let Some(moved) = found.and_then(|index| self.moved.get_mut(index)).filter(|it| it.is_none()) {
                *moved = Some(Moved { place, attribute });
                is_grouped = true;
            }
        }
        if is_grouped {
            self.grouped += 1;
        } else {
            self.not_grouped += 1;
        }
    }

    /// The scope that the record whose attributes were noted comes under.
    fn target(&mut self, origin: &Origin<'a>) -> Option<&mut GroupedScope<'a>> {
        let of_resource = origin.resource_group.resource.attributes;
        let mut attributes = origin.resource_attributes;
        for Moved { attribute, .. } in self.moved.iter().flatten() {
            let key = attribute.key.as_bytes();
            if let Some(replaced) = of_resource.iter().find(|present| present.key.as_bytes() == key) {
                attributes = attributes.without(self.hasher.attribute(key, replaced.value()));
            }
            attributes = attributes.with(self.hasher.attribute(key, attribute.value()));
        }
        let schema_url = origin.resource_group.schema_url.as_bytes();
        let resource = || resource_with(origin.resource_group.resource.bytes, &self.moved);
        let resource_id = (attributes, schema_url);
        self.grouped_records.scope_mut(resource_id, resource, origin.scope, &origin.scope_group)
    }
}

/// A record without what is moved from it.
fn without<'a>(moved: &[Option<Moved<'a>>], record: &'a [u8]) -> Cow<'a, [u8]> {
    let mut places: Vec<_> = moved.iter().flatten().map(|moved| moved.place.range()).collect();
    if places.is_empty() {
        return Cow::Borrowed(record);
    }
    places.sort_unstable_by_key(|place| place.start);
    let mut rest = Vec::with_capacity(record.len());
    let mut from = 0;
    for place in places {
        rest.extend_from_slice(record.get(from..place.start).unwrap_or_default());
        from = place.end;
    }
    rest.extend_from_slice(record.get(from..).unwrap_or_default());
    Cow::Owned(rest)
}

/// An encoded `Resource` with what was moved to it, in the place of what it has under these keys.
fn resource_with<'a>(resource: &'a [u8], moved: &[Option<Moved<'a>>]) -> Cow<'a, [u8]> {
    let mut missing: Vec<KeyValueView<'a>> = moved.iter().flatten().map(|moved| moved.attribute).collect();
    if missing.is_empty() {
        return Cow::Borrowed(resource);
    }
    let mut edited = Vec::with_capacity(resource.len() + 64);
    let mut from = 0;
    for (place, present) in PlacedAttributes::of(MessageKind::Resource, resource) {
        let Some(index) = missing.iter().position(|moved| moved.key == present.key) else { continue };
        let place = place.range();
        edited.extend_from_slice(resource.get(from..place.start).unwrap_or_default());
        put_length_delimited(&mut edited, 1, missing.remove(index).bytes);
        from = place.end;
    }
    edited.extend_from_slice(resource.get(from..).unwrap_or_default());
    missing.iter().for_each(|moved| put_length_delimited(&mut edited, 1, moved.bytes));
    Cow::Owned(edited)
}

/// The fields of a message but for those that `left_out` says.
fn fields_but(message: &[u8], left_out: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut fields = Fields::of(message);
    let mut from_here = message;
    while let Some((number, _)) = fields.next() {
        let (field, rest) = from_here.split_at(from_here.len() - fields.rest().len());
        if !left_out(number) {
            kept.extend_from_slice(field);
        }
        from_here = rest;
    }
    kept
}

/// The kind of the data points under a metric's field; none for a field that holds none.
const fn point_kind(metric_field: u32) -> Option<MessageKind> {
    match metric_field {
        5 | 7 => Some(MessageKind::NumberDataPoint),
        9 => Some(MessageKind::HistogramDataPoint),
        10 => Some(MessageKind::ExponentialHistogramDataPoint),
        11 => Some(MessageKind::SummaryDataPoint),
        _ => None,
    }
}
