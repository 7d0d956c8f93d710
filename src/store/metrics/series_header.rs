//! What tells a series from others, and what its points are.

use super::MetricKind;
use crate::otlp::{AnyValueView, KeyValueView, List, MetricData, MetricView, ResourceView, ScopeView, Text};
use crate::store::filter::matching::{ItemView, PlacedItem};

/// An `AggregationTemporality`.
const DELTA: i32 = 1;

/// Everything above the points of a series.
#[derive(Debug, Clone, Copy)]
pub struct SeriesHeader<'a> {
    /// Its resource.
    pub resource: &'a ResourceView<'a>,
    /// Its scope.
    pub scope: &'a ScopeView<'a>,
    /// The name of its metric.
    pub name: Text<'a>,
    /// The unit of its metric.
    pub unit: Text<'a>,
    /// What its points are.
    pub shape: PointShape,
    /// The attributes of its points.
    pub attributes: List<'a, KeyValueView<'a>>,
}

/// What the points of a metric are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointShape {
    /// What the metric is.
    pub kind: MetricKind,
    /// True where each point has what was added since the one before. False also where the client did not say.
    pub is_delta: bool,
    /// True for a histogram whose buckets grow exponentially.
    pub is_exponential: bool,
}

impl PointShape {
    /// The shape of a metric's points; none for a metric without data.
    pub const fn of(data: &MetricData<'_>) -> Option<Self> {
        let (kind, temporality, is_exponential) = match data {
            MetricData::Empty => return None,
            MetricData::Gauge { .. } => (MetricKind::Gauge, 0, false),
            MetricData::Sum { aggregation_temporality, is_monotonic: true, .. } => {
                (MetricKind::Counter, *aggregation_temporality, false)
            }
            MetricData::Sum { aggregation_temporality, .. } => {
                (MetricKind::UpDownCounter, *aggregation_temporality, false)
            }
            MetricData::Histogram { aggregation_temporality, .. } => {
                (MetricKind::Histogram, *aggregation_temporality, false)
            }
            MetricData::ExponentialHistogram { aggregation_temporality, .. } => {
                (MetricKind::Histogram, *aggregation_temporality, true)
            }
            MetricData::Summary { .. } => (MetricKind::Summary, 0, false),
        };
        Some(Self { kind, is_delta: temporality == DELTA, is_exponential })
    }
}

impl<'a> SeriesHeader<'a> {
    /// The series of points of `metric` with `attributes`; none for a metric without data.
    pub fn of(
        resource: &'a ResourceView<'a>,
        scope: &'a ScopeView<'a>,
        metric: &MetricView<'a>,
        attributes: List<'a, KeyValueView<'a>>,
    ) -> Option<Self> {
        let shape = PointShape::of(&metric.data)?;
        Some(Self { resource, scope, name: metric.name, unit: metric.unit, shape, attributes })
    }

    /// What conditions on a series are held against.
    pub const fn placed(&self) -> PlacedItem<'a> {
        PlacedItem { resource: self.resource, scope: self.scope, item: ItemView::DataPoint(self.attributes) }
    }

    /// The identity of the series as bytes: equal where the attributes of resource, scope and point (in any order),
    /// the scope's name and version, and the metric's name, unit and kind are. Descriptions and schemas do not count.
    pub fn identity(&self) -> Vec<u8> {
        let PointShape { kind, is_delta, is_exponential } = self.shape;
        let mut identity = vec![kind as u8, u8::from(is_delta), u8::from(is_exponential)];
        for text in [self.name, self.unit, self.scope.name, self.scope.version] {
            put_sized(&mut identity, text.as_bytes());
        }
        for attributes in [self.resource.attributes, self.scope.attributes, self.attributes] {
            put_attributes(&mut identity, attributes);
        }
        identity
    }
}

fn put_attributes(out: &mut Vec<u8>, attributes: List<'_, KeyValueView<'_>>) {
    let mut encoded: Vec<Vec<u8>> = attributes
        .iter()
        .map(|attribute| {
            let mut encoded = Vec::new();
            put_sized(&mut encoded, attribute.key.as_bytes());
            put_value(&mut encoded, attribute.value());
            encoded
        })
        .collect();
    encoded.sort_unstable();
    out.extend_from_slice(&(encoded.len() as u64).to_be_bytes());
    encoded.iter().for_each(|attribute| put_sized(out, attribute));
}

/// Writes the meaning of a value, since one value has several encodings.
fn put_value(out: &mut Vec<u8>, value: AnyValueView<'_>) {
    match value {
        AnyValueView::Empty => out.push(0),
        AnyValueView::String(text) => {
            out.push(1);
            put_sized(out, text.as_bytes());
        }
        AnyValueView::Bool(truth) => out.extend_from_slice(&[2, u8::from(truth)]),
        AnyValueView::Int(number) => {
            out.push(3);
            out.extend_from_slice(&number.to_be_bytes());
        }
        AnyValueView::Double(number) => {
            out.push(4);
            out.extend_from_slice(&number.to_bits().to_be_bytes());
        }
        AnyValueView::Array(values) => {
            out.push(5);
            out.extend_from_slice(&(values.count() as u64).to_be_bytes());
            values.iter().for_each(|value| put_value(out, value));
        }
        AnyValueView::KeyValueList(entries) => {
            out.push(6);
            put_attributes(out, entries);
        }
        AnyValueView::Bytes(bytes) => {
            out.push(7);
            put_sized(out, bytes);
        }
    }
}

fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}
