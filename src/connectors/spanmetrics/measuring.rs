//! Reads spans where they lie and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::adjusted_count::AdjustedCounts;
use super::config::{DurationUnit, SpanMetricsConfig};
use super::dimensions::{Dimensions, Found, Measure, encoded_attribute};
use super::resources::{Resource, Resources};
use super::series::{Exemplar, Observation};
use super::standard_dimensions::{SpanFacts, StandardDimensions};
use super::state::{SeriesKey, SeriesState};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{MetricKind, StreamHasher, StreamId};
use crate::otlp::{AnyValueView, Batch, KeyValueView, ResourceGroup, ScopeGroup, SpanView, Text};

/// More than the name and a few dimensions of most spans.
const USUAL_KEY_LENGTH: usize = 256;

/// Counts spans in series.
pub struct SpanMeter {
    hasher: StreamHasher,
    dimensions: Dimensions,
    standard: StandardDimensions,
    unit: DurationUnit,
    measures_durations: bool,
    measures_events: bool,
    /// True where a span's call and duration have the same dimensions.
    is_one_series: bool,
    keeps_exemplars: bool,
    /// Empty for all.
    resource_keys: Vec<String>,
    resources: Arc<Resources>,
    state: Arc<SeriesState>,
    log_span: tracing::Span,
    has_warned: AtomicBool,
}

/// What is read anew for each span, made once a batch.
struct Reading<'a> {
    resource: Found<'a>,
    span: Found<'a>,
    event: Found<'a>,
    adjusted_counts: AdjustedCounts<'a>,
    /// What tells the series of the span from others of its resource and scope.
    key: Vec<u8>,
    now_unix_nano: u64,
}

/// What the spans of one resource and scope share.
struct Origin<'a> {
    resource: Arc<Resource>,
    service_name: Text<'a>,
    /// The fingerprint of the resource and of the dimensions that come from resource and scope alone.
    id: StreamId,
    scope: ScopeGroup<'a>,
}

impl SpanMeter {
    /// A meter for a configuration that was checked.
    pub fn new(
        config: &SpanMetricsConfig,
        hasher: StreamHasher,
        resources: Arc<Resources>,
        state: Arc<SeriesState>,
        span: tracing::Span,
    ) -> Self {
        let dimensions = Dimensions::of(config);
        Self {
            is_one_series: dimensions.are_equal(Measure::Calls, Measure::Duration),
            dimensions,
            standard: StandardDimensions::of(config),
            hasher,
            unit: config.histogram.unit,
            measures_durations: !config.histogram.disable,
            measures_events: config.events.enabled,
            keeps_exemplars: config.exemplars.enabled,
            resource_keys: config.resource_metrics_key_attributes.clone(),
            resources,
            state,
            log_span: span,
            has_warned: AtomicBool::new(false),
        }
    }

    /// Counts all spans of a batch. Those of resources without `service.name` are left out.
    pub fn measure(&self, batch: &Batch, now_unix_nano: u64) {
        let mut reading = Reading {
            resource: self.dimensions.nothing_found(),
            span: self.dimensions.nothing_found(),
            event: self.dimensions.nothing_found(),
            adjusted_counts: AdjustedCounts::default(),
            key: Vec::with_capacity(USUAL_KEY_LENGTH),
            now_unix_nano,
        };
        for group in batch.resource_groups() {
            let Some(service_name) = group.resource.attributes.get("service.name") else {
                self.warn_of_missing_service_name();
                continue;
            };
            // As in the Collector, a name that is no text counts as empty.
            let service_name = match service_name {
                AnyValueView::String(text) => text,
                _ => Text::default(),
            };
            let resource_id = self.identify_resource(&group);
            let resource = self.resources.seen(resource_id, now_unix_nano, || encoded_resource(&group));
            if !self.dimensions.is_empty() {
                self.dimensions.find(group.resource.attributes, &mut reading.resource);
            }
            let id = resource_id.with(self.standard.identify_service(&self.hasher, service_name));
            for scope in group.scope_groups {
                let id = id.with(self.standard.identify_scope(&self.hasher, scope.scope));
                let origin = Origin { resource: Arc::clone(&resource), service_name, id, scope };
                for span in scope.spans() {
                    self.measure_span(&origin, &span, &mut reading);
                }
            }
        }
    }

    fn measure_span<'a>(&self, origin: &Origin<'a>, span: &SpanView<'a>, reading: &mut Reading<'a>) {
        let (times, is_extrapolated) = reading.adjusted_counts.of(span.trace_state);
        let facts =
            SpanFacts { name: span.name, kind: span.kind, status_code: span.status.code, is_extrapolated };
        let observation = self.observe(span, times, reading.now_unix_nano);
        reading.key.clear();
        self.standard.put_key(&facts, &mut reading.key);
        if !self.dimensions.is_empty() {
            self.dimensions.find(span.attributes, &mut reading.span);
        }
        let layers = [&reading.span, &reading.resource];
        let mut identify = |measure| {
            origin.id.with(self.dimensions.identify(&self.hasher, measure, &layers, &mut reading.key))
        };
        let calls_id = identify(Measure::Calls);
        let duration_id = match self.is_one_series || !self.measures_durations {
            true => calls_id,
            false => identify(Measure::Duration),
        };
        self.record_span(origin, &facts, &observation, [calls_id, duration_id], &layers);
        if !self.measures_events {
            return;
        }
        for event in span.events {
            self.dimensions.find(event.attributes, &mut reading.event);
            let layers = [&reading.span, &reading.event, &reading.resource];
            let id = self.dimensions.identify(&self.hasher, Measure::Events, &layers, &mut reading.key);
            let key = SeriesKey { id: origin.id.with(id), resource: &origin.resource };
            self.state.record(&key, Measure::Events, &observation, || {
                self.describe(origin, &facts, Measure::Events, &layers)
            });
        }
    }

    /// Counts the call and its duration, whose series have the fingerprints `ids`.
    fn record_span(
        &self,
        origin: &Origin<'_>,
        facts: &SpanFacts<'_>,
        observation: &Observation,
        ids: [StreamId; 2],
        layers: &[&Found<'_>],
    ) {
        let [calls_id, duration_id] = ids;
        let both = [Measure::Calls, Measure::Duration];
        if self.measures_durations
            && calls_id == duration_id
            && self.state.record_in_known(calls_id, both, observation)
        {
            return;
        }
        for (measure, id) in both.into_iter().zip(ids) {
            if measure == Measure::Duration && !self.measures_durations {
                continue;
            }
            let key = SeriesKey { id, resource: &origin.resource };
            self.state.record(&key, measure, observation, || self.describe(origin, facts, measure, layers));
        }
    }

    fn observe(&self, span: &SpanView<'_>, times: u64, seen_unix_nano: u64) -> Observation {
        // A span that ends before it starts took no time, by whatever clocks.
        let nanoseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
        let duration = self.unit.of_nanoseconds(nanoseconds as f64);
        let exemplar = if self.keeps_exemplars { Exemplar::of(span, duration) } else { None };
        Observation { duration, times, exemplar, seen_unix_nano }
    }

    /// The attributes of a series.
    fn describe(
        &self,
        origin: &Origin<'_>,
        facts: &SpanFacts<'_>,
        measure: Measure,
        layers: &[&Found<'_>],
    ) -> MessageList {
        let mut attributes = MessageList::default();
        self.dimensions.for_each(measure, layers, |attribute| attributes.push(attribute.bytes));
        self.standard.describe(origin.service_name, origin.scope.scope, facts, |key, text| {
            // A configured dimension of the same name counts.
            if attributes.as_attributes().get(key).is_none() {
                attributes.push(&encoded_attribute(key, text));
            }
        });
        attributes
    }

    /// The fingerprint of what tells a resource from others.
    fn identify_resource(&self, group: &ResourceGroup<'_>) -> StreamId {
        let is_key = |attribute: &KeyValueView<'_>| {
            self.resource_keys.is_empty() || self.resource_keys.iter().any(|key| attribute.key == **key)
        };
        let attributes = group.resource.attributes.iter().filter(is_key);
        let sum = attributes.fold(StreamId::NO_ATTRIBUTES, |sum, attribute| {
            sum.with(self.hasher.attribute(attribute.key.as_bytes(), attribute.value()))
        });
        // Hashed once more, so that no attribute of a resource is taken for one of a series.
        self.hasher.metric_named(sum, StreamId::NO_ATTRIBUTES, b"", b"", MetricKind::Empty)
    }

    fn warn_of_missing_service_name(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(parent: &self.log_span, "Spans of resources without service.name are not measured.");
        }
    }
}

/// A `Resource` with the attributes of a group's and nothing else.
fn encoded_resource(group: &ResourceGroup<'_>) -> Vec<u8> {
    let mut encoded = Vec::new();
    MessageList::of(group.resource.attributes).put(&mut encoded, 1);
    encoded
}
