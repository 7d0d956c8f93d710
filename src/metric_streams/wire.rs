//! Writes metrics as OTLP, from the outside in.
//!
//! ```
//! use weir::metric_streams::wire::{MessageList, MetricHeader, metrics_batch, put_metric, put_point};
//! use weir::metric_streams::wire::{put_resource_group, put_scope_group};
//! use weir::metric_streams::{MetricKind, Point, PointValue};
//! use weir::otlp::NumberValue;
//!
//! let point = Point {
//!     start_time_unix_nano: 0,
//!     time_unix_nano: 1_795_359_845_000_000_000,
//!     value: PointValue::Number(NumberValue::Int(3)),
//!     exemplars: MessageList::default(),
//! };
//! let header = MetricHeader { name: b"queue.size", unit: b"{item}", ..MetricHeader::of_kind(MetricKind::Gauge) };
//! let mut body = Vec::new();
//! put_resource_group(&mut body, &[], &[], |out| {
//!     put_scope_group(out, &[], &[], |out| {
//!         put_metric(out, &header, |out| put_point(out, &MessageList::default(), &point));
//!     });
//! });
//! assert_eq!(metrics_batch(body).items(), 1);
//! ```

mod splice;

use bytes::Bytes;

pub use self::splice::{changed_metric, changed_metric_in_unit, put_changed_point};
use super::{ExponentialBuckets, ExponentialHistogram, Histogram, MetricKind, Point, PointValue};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};
use crate::otlp::{Batch, KeyValueView, List, MetricView, NumberValue, Signal, View, item_count};

/// Encoded messages of one type, such as the attributes or the exemplars of a data point.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MessageList {
    /// A message whose field 1 repeats.
    encoded: Vec<u8>,
}

impl MessageList {
    /// No message, and room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { encoded: Vec::with_capacity(bytes) }
    }

    /// A copy of the elements of a list.
    pub fn of<'a, V: View<'a>>(list: List<'a, V>) -> Self {
        let mut messages = Self::default();
        list.raw().for_each(|message| messages.push(message));
        messages
    }

    /// Appends an encoded message.
    pub fn push(&mut self, message: &[u8]) {
        put_length_delimited(&mut self.encoded, 1, message);
    }

    /// Appends a message that `write` writes.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        put_message(&mut self.encoded, 1, write);
    }

    /// Appends all of `other`.
    pub fn append(&mut self, other: &Self) {
        self.encoded.extend_from_slice(&other.encoded);
    }

    /// True where there is no message.
    pub const fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// Takes all messages out.
    pub fn clear(&mut self) {
        self.encoded.clear();
    }

    /// The messages read as attributes.
    pub fn as_attributes(&self) -> List<'_, KeyValueView<'_>> {
        List::of(&self.encoded, 1)
    }

    /// The encoded messages.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        List::<&[u8]>::of(&self.encoded, 1).iter()
    }

    /// Writes the messages as elements of field `number`.
    pub fn put(&self, out: &mut Vec<u8>, number: u32) {
        self.iter().for_each(|message| put_length_delimited(out, number, message));
    }
}

/// What a metric says beside its data points.
#[derive(Debug, Clone, Copy)]
pub struct MetricHeader<'a> {
    /// What is measured.
    pub name: &'a [u8],
    /// The same in a sentence.
    pub description: &'a [u8],
    /// The unit in UCUM notation.
    pub unit: &'a [u8],
    /// What the points are.
    pub kind: MetricKind,
    /// What else is known of the metric.
    pub metadata: List<'a, KeyValueView<'a>>,
}

impl<'a> MetricHeader<'a> {
    /// A header with nothing but a kind.
    pub fn of_kind(kind: MetricKind) -> Self {
        Self { name: &[], description: &[], unit: &[], kind, metadata: List::default() }
    }

    /// The header of a metric on the wire.
    pub fn of(metric: &MetricView<'a>) -> Self {
        Self {
            name: metric.name.as_bytes(),
            description: metric.description.as_bytes(),
            unit: metric.unit.as_bytes(),
            kind: MetricKind::of(&metric.data),
            metadata: metric.metadata,
        }
    }
}

/// A batch of a request body made by [`put_resource_group`].
pub fn metrics_batch(body: Vec<u8>) -> Batch {
    let items = item_count(Signal::Metrics, &body);
    Batch::from_valid_part(Signal::Metrics, Bytes::from(body), items)
}

/// Appends a `ResourceMetrics` to a request: an encoded `Resource`, its schema, and what `scope_groups` writes.
pub fn put_resource_group(
    out: &mut Vec<u8>,
    resource: &[u8],
    schema_url: &[u8],
    scope_groups: impl FnOnce(&mut Vec<u8>),
) {
    put_group(out, 1, resource, schema_url, scope_groups);
}

/// Appends a `ScopeMetrics` to a resource group: an encoded `InstrumentationScope`, its schema, and what
/// `metrics` writes.
pub fn put_scope_group(
    out: &mut Vec<u8>,
    scope: &[u8],
    schema_url: &[u8],
    metrics: impl FnOnce(&mut Vec<u8>),
) {
    put_group(out, 2, scope, schema_url, metrics);
}

/// Appends a `Metric` to a scope group, with the points that `points` writes.
pub fn put_metric(out: &mut Vec<u8>, header: &MetricHeader<'_>, points: impl FnOnce(&mut Vec<u8>)) {
    put_message(out, 2, |out| {
        put_text(out, 1, header.name);
        put_text(out, 2, header.description);
        put_text(out, 3, header.unit);
        header.metadata.raw().for_each(|attribute| put_length_delimited(out, 12, attribute));
        put_data(out, header.kind, points);
    });
}

/// Appends a data point to a metric of its kind.
pub fn put_point(out: &mut Vec<u8>, attributes: &MessageList, point: &Point) {
    let (attributes_field, exemplars_field) = match point.value {
        PointValue::Number(_) => (7, 5),
        PointValue::Histogram(_) => (9, 8),
        PointValue::ExponentialHistogram(_) => (1, 11),
    };
    put_message(out, 1, |out| {
        attributes.put(out, attributes_field);
        put_start_time(out, point.start_time_unix_nano);
        put_fixed(out, 3, point.time_unix_nano);
        put_value(out, &point.value);
        point.exemplars.put(out, exemplars_field);
    });
}

/// Appends a data point as it was on the wire.
pub fn put_encoded_point(out: &mut Vec<u8>, point: &[u8]) {
    put_length_delimited(out, 1, point);
}

fn put_group(
    out: &mut Vec<u8>,
    number: u32,
    header: &[u8],
    schema_url: &[u8],
    members: impl FnOnce(&mut Vec<u8>),
) {
    put_message(out, number, |out| {
        put_length_delimited(out, 1, header);
        members(out);
        put_text(out, 3, schema_url);
    });
}

fn put_histogram(out: &mut Vec<u8>, histogram: &Histogram) {
    put_fixed(out, 4, histogram.count);
    put_optional_double(out, 5, histogram.sum);
    if !histogram.bucket_counts.is_empty() {
        put_message(out, 6, |out| {
            histogram.bucket_counts.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()));
        });
    }
    if !histogram.bounds.is_empty() {
        put_message(out, 7, |out| {
            histogram.bounds.iter().for_each(|bound| out.extend_from_slice(&bound.to_le_bytes()));
        });
    }
    put_optional_double(out, 11, histogram.min);
    put_optional_double(out, 12, histogram.max);
}

fn put_exponential_histogram(out: &mut Vec<u8>, histogram: &ExponentialHistogram) {
    put_fixed(out, 4, histogram.count);
    put_optional_double(out, 5, histogram.sum);
    put_number(out, 6, zigzag(histogram.scale));
    put_fixed(out, 7, histogram.zero_count);
    put_buckets(out, 8, &histogram.positive);
    put_buckets(out, 9, &histogram.negative);
    put_optional_double(out, 12, histogram.min);
    put_optional_double(out, 13, histogram.max);
    if histogram.zero_threshold != 0.0 {
        put_fixed(out, 14, histogram.zero_threshold.to_bits());
    }
}

fn put_buckets(out: &mut Vec<u8>, number: u32, buckets: &ExponentialBuckets) {
    if buckets.counts().is_empty() {
        return;
    }
    put_message(out, number, |out| {
        put_number(out, 1, zigzag(buckets.offset()));
        put_message(out, 2, |out| buckets.counts().iter().for_each(|count| put_varint(out, *count)));
    });
}

/// Writes a metric's data: what `points` writes, temporality and monotonicity.
fn put_data(out: &mut Vec<u8>, kind: MetricKind, points: impl FnOnce(&mut Vec<u8>)) {
    let data_field = match kind {
        MetricKind::Empty => return,
        MetricKind::Gauge => 5,
        MetricKind::Sum { .. } => 7,
        MetricKind::Histogram { .. } => 9,
        MetricKind::ExponentialHistogram { .. } => 10,
        MetricKind::Summary => 11,
    };
    put_message(out, data_field, |out| {
        points(out);
        if let Some(temporality) = kind.temporality() {
            put_number(out, 2, u64::from(temporality.number()));
        }
        if matches!(kind, MetricKind::Sum { is_monotonic: true, .. }) {
            put_number(out, 3, 1);
        }
    });
}

fn put_start_time(out: &mut Vec<u8>, start_time_unix_nano: u64) {
    if start_time_unix_nano != 0 {
        put_fixed(out, 2, start_time_unix_nano);
    }
}

fn put_value(out: &mut Vec<u8>, value: &PointValue) {
    match value {
        PointValue::Number(NumberValue::Double(double)) => put_fixed(out, 4, double.to_bits()),
        PointValue::Number(NumberValue::Int(integer)) => put_fixed(out, 6, integer.cast_unsigned()),
        PointValue::Histogram(histogram) => put_histogram(out, histogram),
        PointValue::ExponentialHistogram(histogram) => put_exponential_histogram(out, histogram),
    }
}

fn put_text(out: &mut Vec<u8>, number: u32, text: &[u8]) {
    if !text.is_empty() {
        put_length_delimited(out, number, text);
    }
}

fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WireType::Varint);
    put_varint(out, value);
}

fn put_fixed(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_optional_double(out: &mut Vec<u8>, number: u32, value: Option<f64>) {
    if let Some(value) = value {
        put_fixed(out, number, value.to_bits());
    }
}

/// The encoding of an `sint32`.
const fn zigzag(number: i32) -> u64 {
    ((number << 1) ^ (number >> 31)).cast_unsigned() as u64
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1 as proto;
    use prost::Message;

    use super::*;
    use crate::metric_streams::Temporality;

    /// Encodes a point in a metric of its kind and reads both back with prost.
    fn written(kind: MetricKind, value: PointValue) -> proto::Metric {
        let mut attributes = MessageList::default();
        attributes.push(b"\x0a\x01k\x12\x03\x0a\x01v");
        let mut exemplars = MessageList::default();
        exemplars.push(b"\x11\x05\0\0\0\0\0\0\0");
        let point = Point { start_time_unix_nano: 3, time_unix_nano: 4, value, exemplars };
        let header =
            MetricHeader { name: b"n", description: b"d", unit: b"u", ..MetricHeader::of_kind(kind) };
        let mut scope_group = Vec::new();
        put_metric(&mut scope_group, &header, |out| put_point(out, &attributes, &point));
        let metric = proto::ScopeMetrics::decode(&scope_group[..]).unwrap().metrics.remove(0);
        assert_eq!((&*metric.name, &*metric.description, &*metric.unit), ("n", "d", "u"));
        metric
    }

    fn assert_frame(
        attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue],
        times: (u64, u64),
        exemplars: &[proto::Exemplar],
    ) {
        assert_eq!((attributes.len(), &*attributes[0].key), (1, "k"));
        assert_eq!(times, (3, 4));
        assert_eq!((exemplars.len(), exemplars[0].time_unix_nano), (1, 5));
    }

    #[test]
    fn numbers_are_read_back() {
        let kind = MetricKind::Sum { temporality: Temporality::Cumulative, is_monotonic: true };
        let Some(proto::metric::Data::Sum(sum)) =
            written(kind, PointValue::Number(NumberValue::Int(-7))).data
        else {
            panic!("not a sum");
        };
        assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (2, true));
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(proto::number_data_point::Value::AsInt(-7)));
        assert_frame(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), &point.exemplars);
    }

    #[test]
    fn histograms_are_read_back() {
        let mut histogram = Histogram::with_bounds(&[1.0, 2.0]);
        histogram.record(1.5, 300);
        let kind = MetricKind::Histogram { temporality: Temporality::Delta };
        let Some(proto::metric::Data::Histogram(data)) =
            written(kind, PointValue::Histogram(Box::new(histogram))).data
        else {
            panic!("not a histogram");
        };
        let point = &data.data_points[0];
        assert_eq!((data.aggregation_temporality, point.count, point.sum), (1, 300, Some(450.0)));
        assert_eq!(
            (&point.bucket_counts[..], &point.explicit_bounds[..]),
            (&[0, 300, 0][..], &[1.0, 2.0][..])
        );
        assert_eq!((point.min, point.max), (Some(1.5), Some(1.5)));
        assert_frame(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), &point.exemplars);
    }

    #[test]
    fn exponential_histograms_are_read_back() {
        let mut histogram = ExponentialHistogram::empty();
        histogram.downscale(22);
        histogram.record(1.5, 200, 160);
        histogram.record(-0.001, 1, 160);
        histogram.record(0.0, 4, 160);
        let kind = MetricKind::ExponentialHistogram { temporality: Temporality::Cumulative };
        let value = PointValue::ExponentialHistogram(Box::new(histogram));
        let Some(proto::metric::Data::ExponentialHistogram(data)) = written(kind, value).data else {
            panic!("not an exponential histogram");
        };
        let point = &data.data_points[0];
        assert_eq!((point.count, point.scale, point.zero_count, point.zero_threshold), (205, -2, 4, 0.0));
        let positive = point.positive.as_ref().unwrap();
        assert_eq!((positive.offset, &positive.bucket_counts[..]), (0, &[200][..]));
        // 0.001 lies between 2^-12 and 2^-8, which is bucket -3 of those that grow sixteenfold.
        let negative = point.negative.as_ref().unwrap();
        assert_eq!((negative.offset, &negative.bucket_counts[..]), (-3, &[1][..]));
        assert_frame(&point.attributes, (point.start_time_unix_nano, point.time_unix_nano), &point.exemplars);
    }
}
