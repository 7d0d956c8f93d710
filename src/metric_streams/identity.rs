//! Which stream a data point belongs to, as a 128-bit fingerprint.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip128::{Hasher128, SipHasher13};

use super::MetricKind;
use crate::otlp::{AnyValueView, KeyValueView, List, MetricView, ResourceGroup, ScopeGroup};

/// The fingerprint of a stream or of a part of its identity (a resource, a scope, a metric, a set of
/// attributes). Two differ where the identities differ: the hash is keyed with random bytes of this
/// process, so that no client can make two identities meet, and 128 bits leave nothing to chance.
///
/// A state per stream thus keeps 16 bytes instead of the attributes. Not stable between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(u128);

/// A map by stream.
pub type StreamMap<V> = HashMap<StreamId, V, BuildHasherDefault<AlreadyHashed>>;

/// Makes fingerprints. All that are compared with each other must come from clones of one hasher.
#[derive(Debug, Clone, Copy)]
pub struct StreamHasher {
    keys: (u64, u64),
}

impl StreamHasher {
    /// A hasher with keys of its own.
    pub fn new() -> Self {
        Self { keys: (fastrand::u64(..), fastrand::u64(..)) }
    }

    /// A resource with its schema, so that what is kept of it can be written back.
    pub fn resource(&self, group: &ResourceGroup<'_>) -> StreamId {
        let attributes = self.attributes(group.resource.attributes);
        let mut hasher = self.part(Part::Resource);
        hasher.write_u128(attributes.0);
        hasher.write(group.schema_url.as_bytes());
        StreamId(finish(&hasher))
    }

    /// A scope with its schema: name, version and attributes.
    pub fn scope(&self, group: &ScopeGroup<'_>) -> StreamId {
        let attributes = self.attributes(group.scope.attributes);
        let mut hasher = self.part(Part::Scope);
        hasher.write_u128(attributes.0);
        write_sized(&mut hasher, group.scope.name.as_bytes());
        write_sized(&mut hasher, group.scope.version.as_bytes());
        hasher.write(group.schema_url.as_bytes());
        StreamId(finish(&hasher))
    }

    /// A metric of a resource and scope: name, unit and kind, temporality and monotonicity included. The
    /// description does not tell metrics apart.
    pub fn metric(&self, resource: StreamId, scope: StreamId, metric: &MetricView<'_>) -> StreamId {
        self.metric_named(
            resource,
            scope,
            metric.name.as_bytes(),
            metric.unit.as_bytes(),
            MetricKind::of(&metric.data),
        )
    }

    /// The same for a metric that is not, or not any more, what it was on the wire.
    pub fn metric_named(
        &self,
        resource: StreamId,
        scope: StreamId,
        name: &[u8],
        unit: &[u8],
        kind: MetricKind,
    ) -> StreamId {
        let mut hasher = self.part(Part::Metric);
        hasher.write_u128(resource.0);
        hasher.write_u128(scope.0);
        write_sized(&mut hasher, name);
        write_sized(&mut hasher, unit);
        hasher.write(&kind.fingerprint());
        StreamId(finish(&hasher))
    }

    /// The stream of a metric with these attributes.
    pub fn stream(&self, metric: StreamId, attributes: List<'_, KeyValueView<'_>>) -> StreamId {
        metric.with(self.attributes(attributes))
    }

    /// The stream from one start time on, for a component that takes what began anew, or what another
    /// writer counts beside it, as a stream of its own.
    pub fn stream_started(
        &self,
        metric: StreamId,
        attributes: List<'_, KeyValueView<'_>>,
        start_time_unix_nano: u64,
    ) -> StreamId {
        let mut hasher = self.part(Part::StartTime);
        hasher.write_u64(start_time_unix_nano);
        self.stream(metric, attributes).with(StreamId(finish(&hasher)))
    }

    /// A set of attributes, whatever their order. The sum of its [`attribute`](Self::attribute)s.
    pub fn attributes(&self, attributes: List<'_, KeyValueView<'_>>) -> StreamId {
        let sum = attributes.iter().fold(NO_ATTRIBUTES, |sum, attribute| {
            sum.with(self.attribute(attribute.key.as_bytes(), attribute.value()))
        });
        debug_assert!(!attributes.is_empty() || sum == NO_ATTRIBUTES);
        sum
    }

    /// One attribute.
    pub fn attribute(&self, key: &[u8], value: AnyValueView<'_>) -> StreamId {
        self.key(key).attribute(value)
    }

    /// What attributes with this key have in common, for those that see many.
    pub fn key(&self, key: &[u8]) -> KeyHasher {
        let mut after_key = self.part(Part::Attribute);
        write_sized(&mut after_key, key);
        KeyHasher { hasher: *self, after_key }
    }

    /// What a component tells series apart by in its own way, written as bytes that mean one thing.
    pub fn own_key(&self, bytes: &[u8]) -> StreamId {
        let mut hasher = self.part(Part::OwnKey);
        hasher.write(bytes);
        StreamId(finish(&hasher))
    }

    fn part(&self, part: Part) -> SipHasher13 {
        let (first, second) = self.keys;
        SipHasher13::new_with_keys(first ^ part as u64, second)
    }

    /// Writes the meaning of a value, not its encoding, since one value has several.
    fn write_value(&self, hasher: &mut SipHasher13, value: AnyValueView<'_>) {
        match value {
            AnyValueView::Empty => hasher.write_u8(0),
            AnyValueView::String(text) => {
                // Tag and length in one word: nearly all values are texts.
                hasher.write_u64((text.as_bytes().len() as u64) << 8 | 1);
                hasher.write(text.as_bytes());
            }
            AnyValueView::Bool(truth) => hasher.write(&[2, u8::from(truth)]),
            AnyValueView::Int(number) => {
                hasher.write_u8(3);
                hasher.write(&number.to_le_bytes());
            }
            AnyValueView::Double(number) => {
                hasher.write_u8(4);
                hasher.write(&number.to_bits().to_le_bytes());
            }
            AnyValueView::Array(values) => {
                hasher.write_u8(5);
                for value in values.iter() {
                    hasher.write_u8(1);
                    self.write_value(hasher, value);
                }
                hasher.write_u8(0);
            }
            AnyValueView::KeyValueList(pairs) => {
                hasher.write_u8(6);
                hasher.write_u128(self.attributes(pairs).0);
            }
            AnyValueView::Bytes(bytes) => {
                hasher.write_u8(7);
                write_sized(hasher, bytes);
            }
        }
    }
}

/// Makes the fingerprints of attributes with one key.
#[derive(Debug, Clone, Copy)]
pub struct KeyHasher {
    hasher: StreamHasher,
    after_key: SipHasher13,
}

impl KeyHasher {
    /// The attribute with this value: the same as [`StreamHasher::attribute`] makes.
    pub fn attribute(&self, value: AnyValueView<'_>) -> StreamId {
        let mut hasher = self.after_key;
        self.hasher.write_value(&mut hasher, value);
        StreamId(finish(&hasher))
    }
}

impl Default for StreamHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// The fingerprint of an empty set of attributes.
pub(super) const NO_ATTRIBUTES: StreamId = StreamId(0);

impl StreamId {
    /// The empty set of attributes, to begin a sum of attributes with.
    pub const NO_ATTRIBUTES: Self = NO_ATTRIBUTES;

    /// What belongs to both: a metric and its attributes, or two sets of attributes. Sums of independent
    /// keyed hashes are as good as one, and do not depend on an order.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// A set of attributes without one of them: undoes [`with`](Self::with).
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// Half of the bits, for those that count fingerprints without keeping them.
    pub const fn low_bits(self) -> u64 {
        self.0 as u64
    }

    /// A number below `count`, evenly spread.
    pub(super) const fn slot_of(self, count: usize) -> usize {
        // The low half serves the maps.
        ((self.0 >> 64) as usize) % count
    }
}

/// What is hashed, so that a scope never equals a resource with the same text.
#[derive(Clone, Copy)]
enum Part {
    Resource = 1,
    Scope = 2,
    Metric = 3,
    Attribute = 4,
    StartTime = 5,
    OwnKey = 6,
}

fn write_sized(hasher: &mut SipHasher13, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

fn finish(hasher: &SipHasher13) -> u128 {
    hasher.finish128().as_u128()
}

/// A hasher for keys that are hashes.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, KeyValueList};
    use prost::Message;

    use super::*;

    fn list(pairs: &[(&str, Value)]) -> Vec<u8> {
        let values = pairs.iter().map(|(key, value)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(value.clone()) }),
            ..KeyValue::default()
        });
        KeyValueList { values: values.collect() }.encode_to_vec()
    }

    fn text(value: &str) -> Value {
        Value::StringValue(value.to_owned())
    }

    #[test]
    fn the_order_of_attributes_does_not_matter_and_everything_else_does() {
        let hasher = StreamHasher::new();
        let of = |pairs: &[(&str, Value)]| hasher.attributes(List::of(&list(pairs), 1));
        assert_eq!(of(&[("a", text("1")), ("b", text("2"))]), of(&[("b", text("2")), ("a", text("1"))]));
        let different = [
            of(&[]),
            of(&[("a", text("1"))]),
            of(&[("a", text(""))]),
            of(&[("a1", text(""))]),
            of(&[("a", Value::IntValue(1))]),
            of(&[("a", Value::DoubleValue(1.0))]),
            of(&[("a", Value::BoolValue(true))]),
            of(&[("a", Value::BytesValue(b"1".to_vec()))]),
            of(&[("a", text("1")), ("b", text("2"))]),
            of(&[("a", text("2")), ("b", text("1"))]),
            of(&[("b", text("2"))]),
        ];
        for (index, one) in different.iter().enumerate() {
            assert!(!different[index + 1..].contains(one), "number {index}");
        }
    }

    #[test]
    fn an_attribute_can_be_taken_out_again() {
        let hasher = StreamHasher::new();
        let both = list(&[("a", text("1")), ("b", text("2"))]);
        let one = list(&[("a", text("1"))]);
        let taken_out = hasher.attribute(b"b", AnyValueView::String(crate::otlp::Text::new(b"2")));
        assert_eq!(
            hasher.attributes(List::of(&both, 1)).without(taken_out),
            hasher.attributes(List::of(&one, 1))
        );
    }
}
