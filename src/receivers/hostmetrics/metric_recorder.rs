//! Gathers the points of one scrape and writes them as OTLP.

use std::marker::PhantomData;

use super::metric_selection::{Aggregation, MetricSelection, MetricSetting};
use super::metric_table::{MetricDescription, MetricTable};
use crate::build_info;
use crate::metric_streams::wire::{
    MessageList, MetricHeader, put_metric, put_point, put_resource_group, put_scope_group,
};
use crate::metric_streams::{Point, PointValue, add_numbers};
use crate::otlp::NumberValue;
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};

/// The metrics of one scraper that are reported, and their points of this turn.
#[derive(Debug)]
pub struct MetricRecorder<T> {
    metrics: Vec<RecordedMetric>,
    /// The encoded `InstrumentationScope`.
    scope: Vec<u8>,
    start_time_unix_nano: u64,
    time_unix_nano: u64,
    table: PhantomData<T>,
}

#[derive(Debug)]
struct RecordedMetric {
    description: &'static MetricDescription,
    is_on: bool,
    /// For each attribute whether points keep it.
    keeps: Vec<bool>,
    aggregation: Aggregation,
    points: Vec<RecordedPoint>,
}

#[derive(Debug)]
struct RecordedPoint {
    attributes: MessageList,
    value: NumberValue,
    /// How many values became this one.
    count: u32,
}

/// The value of an attribute of a point.
#[derive(Debug, Clone, Copy)]
pub enum AttributeValue<'a> {
    Text(&'a str),
    Int(i64),
}

/// Where the scopes of scrapers are named after.
const SCOPE_PREFIX: &str = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/\
                            hostmetricsreceiver/internal/scraper/";

impl<T: MetricTable> MetricRecorder<T> {
    /// A recorder of the metrics that are selected.
    pub fn new(selection: &MetricSelection<T>) -> Self {
        let metrics =
            selection.iter().map(|(metric, setting)| RecordedMetric::new(metric, setting)).collect();
        let mut scope = Vec::new();
        put_length_delimited(&mut scope, 1, format!("{SCOPE_PREFIX}{}scraper", T::SCRAPER).as_bytes());
        put_length_delimited(&mut scope, 2, build_info::VERSION.as_bytes());
        Self { metrics, scope, start_time_unix_nano: 0, time_unix_nano: 0, table: PhantomData }
    }

    /// Whether a metric is reported: what is not need not be read.
    pub fn is_on(&self, metric: T) -> bool {
        self.metrics.get(metric.place()).is_some_and(|metric| metric.is_on)
    }

    /// Whether any of some metrics is reported.
    pub fn is_any_on(&self, metrics: &[T]) -> bool {
        metrics.iter().any(|metric| self.is_on(*metric))
    }

    /// Begins points that count from `start_time_unix_nano` and are of `time_unix_nano`.
    pub const fn begin(&mut self, start_time_unix_nano: u64, time_unix_nano: u64) {
        self.start_time_unix_nano = start_time_unix_nano;
        self.time_unix_nano = time_unix_nano;
    }

    /// Records a whole number. Counters of the kernel that do not fit become the greatest that does.
    pub fn record_count(&mut self, metric: T, count: u64, attributes: &[&str]) {
        self.record(metric, NumberValue::Int(saturated(count)), texts(attributes));
    }

    /// Records a whole number of a point some of whose attributes are no texts.
    pub fn record_count_of(&mut self, metric: T, count: u64, attributes: &[AttributeValue]) {
        self.record(metric, NumberValue::Int(saturated(count)), attributes.iter().copied());
    }

    /// Records a number with a fraction.
    pub fn record_double(&mut self, metric: T, value: f64, attributes: &[&str]) {
        self.record(metric, NumberValue::Double(value), texts(attributes));
    }

    /// Records the values of a metric whose one attribute tells them apart.
    pub fn record_counts(&mut self, metric: T, counts: &[(&str, u64)]) {
        counts.iter().for_each(|(value, count)| self.record_count(metric, *count, &[value]));
    }

    /// Writes the points recorded since [`begin`](Self::begin), if there are any, as those of an encoded
    /// `Resource`, and forgets them.
    pub fn write(&mut self, resource: &[u8], body: &mut Vec<u8>) {
        if self.metrics.iter().all(|metric| metric.points.is_empty()) {
            return;
        }
        let Self { metrics, scope, start_time_unix_nano, time_unix_nano, .. } = self;
        let schema_url = T::SCHEMA_URL.as_bytes();
        put_resource_group(body, resource, schema_url, |out| {
            put_scope_group(out, scope, &[], |out| {
                for metric in metrics.iter_mut().filter(|metric| !metric.points.is_empty()) {
                    metric.write(*start_time_unix_nano, *time_unix_nano, out);
                }
            });
        });
    }

    /// Forgets the points recorded since [`begin`](Self::begin).
    pub fn clear(&mut self) {
        self.metrics.iter_mut().for_each(|metric| metric.points.clear());
    }

    fn record<'a>(
        &mut self,
        metric: T,
        value: NumberValue,
        attributes: impl Iterator<Item = AttributeValue<'a>>,
    ) {
        if let Some(metric) = self.metrics.get_mut(metric.place()).filter(|metric| metric.is_on) {
            metric.record(value, attributes);
        }
    }
}

impl RecordedMetric {
    fn new(description: &'static MetricDescription, setting: &MetricSetting) -> Self {
        let is_kept = |key: &&str| setting.attributes.iter().any(|kept| kept == key);
        Self {
            description,
            is_on: setting.enabled,
            keeps: description.attributes.iter().map(is_kept).collect(),
            aggregation: setting.aggregation(),
            points: Vec::new(),
        }
    }

    fn record<'a>(&mut self, value: NumberValue, attribute_values: impl Iterator<Item = AttributeValue<'a>>) {
        let mut attributes = MessageList::default();
        let pairs = self.description.attributes.iter().zip(attribute_values).zip(&self.keeps);
        for ((key, value), _) in pairs.filter(|(_, is_kept)| **is_kept) {
            attributes.push_with(|out| match value {
                AttributeValue::Text(text) => put_text_attribute(out, key, text),
                AttributeValue::Int(number) => put_int_attribute(out, key, number),
            });
        }
        // Only points that lost an attribute can be alike.
        if self.keeps.contains(&false)
            && let Some(point) = self.points.iter_mut().find(|point| point.attributes == attributes)
        {
            return point.merge(value, self.aggregation);
        }
        self.points.push(RecordedPoint { attributes, value, count: 1 });
    }

    fn write(&mut self, start_time_unix_nano: u64, time_unix_nano: u64, out: &mut Vec<u8>) {
        let header = MetricHeader {
            name: self.description.name.as_bytes(),
            description: self.description.description.as_bytes(),
            unit: self.description.unit.as_bytes(),
            ..MetricHeader::of_kind(self.description.behaviour.kind())
        };
        let is_average = self.aggregation == Aggregation::Average;
        put_metric(out, &header, |out| {
            for recorded in self.points.drain(..) {
                let value = if is_average { recorded.average() } else { recorded.value };
                let value = PointValue::Number(value);
                let exemplars = MessageList::default();
                let point = Point { start_time_unix_nano, time_unix_nano, value, exemplars };
                put_point(out, &recorded.attributes, &point);
            }
        });
    }
}

impl RecordedPoint {
    fn merge(&mut self, value: NumberValue, aggregation: Aggregation) {
        self.count += 1;
        let is_better = match aggregation {
            Aggregation::Sum | Aggregation::Average => {
                self.value = add_numbers(self.value, value);
                return;
            }
            Aggregation::Min => value.to_double() < self.value.to_double(),
            Aggregation::Max => value.to_double() > self.value.to_double(),
        };
        if is_better {
            self.value = value;
        }
    }

    fn average(&self) -> NumberValue {
        match self.value {
            NumberValue::Int(sum) => NumberValue::Int(sum / i64::from(self.count)),
            NumberValue::Double(sum) => NumberValue::Double(sum / f64::from(self.count)),
        }
    }
}

fn texts<'a>(values: &[&'a str]) -> impl Iterator<Item = AttributeValue<'a>> {
    values.iter().copied().map(AttributeValue::Text)
}

fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes a `KeyValue` with a whole number.
pub(super) fn put_int_attribute(out: &mut Vec<u8>, key: &str, value: i64) {
    put_length_delimited(out, 1, key.as_bytes());
    put_message(out, 2, |out| {
        put_key(out, 3, WireType::Varint);
        put_varint(out, value.cast_unsigned());
    });
}

/// Writes a `KeyValue` with a text.
pub(super) fn put_text_attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    put_length_delimited(out, 1, key.as_bytes());
    put_message(out, 2, |out| put_length_delimited(out, 1, value.as_bytes()));
}

#[cfg(test)]
mod tests;
