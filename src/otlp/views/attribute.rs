//! Attributes and their values, and log bodies.

use super::list::for_each_field;
use super::{List, View};
use crate::otlp::Text;

/// A `KeyValue`. Its value is read when asked for, since many readers look at keys alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyValueView<'a> {
    /// The encoded message.
    pub bytes: &'a [u8],
    /// The attribute's name.
    pub key: Text<'a>,
    /// The encoded `AnyValue`; empty also where none was sent.
    pub encoded_value: &'a [u8],
}

impl<'a> KeyValueView<'a> {
    /// The attribute's value; [`AnyValueView::Empty`] also where none was sent.
    pub fn value(self) -> AnyValueView<'a> {
        AnyValueView::parse(self.encoded_value)
    }
}

impl<'a> View<'a> for KeyValueView<'a> {
    #[inline]
    fn parse(bytes: &'a [u8]) -> Self {
        // A key and a value in that order, both shorter than 128 bytes, are nearly all there are.
        if let [0x0a, key_length, rest @ ..] = bytes
            && *key_length < 0x80
            && let Some((key, [0x12, value_length, encoded_value @ ..])) =
                rest.split_at_checked(usize::from(*key_length))
            && *value_length < 0x80
            && usize::from(*value_length) == encoded_value.len()
        {
            return Self { bytes, key: Text::new(key), encoded_value };
        }
        parse_any_order(bytes)
    }
}

#[inline(never)]
fn parse_any_order(bytes: &[u8]) -> KeyValueView<'_> {
    let mut key_value = KeyValueView { bytes, ..KeyValueView::default() };
    for_each_field(bytes, |_, number, value| match number {
        1 => key_value.key = value.text(),
        2 => key_value.encoded_value = value.bytes(),
        _ => {}
    });
    key_value
}

impl<'a> List<'a, KeyValueView<'a>> {
    /// The value of the first attribute with this key.
    pub fn get(self, key: &str) -> Option<AnyValueView<'a>> {
        self.iter().find(|attribute| attribute.key == key).map(KeyValueView::value)
    }
}

/// An `AnyValue`: a scalar, a list or a map.
#[derive(Debug, Clone, Copy, Default)]
pub enum AnyValueView<'a> {
    /// No value. Also what an index into a profile's strings looks like, which has no meaning here.
    #[default]
    Empty,
    /// Text.
    String(Text<'a>),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Values in order, each of any type.
    Array(List<'a, AnyValueView<'a>>),
    /// Values by key, in the order sent.
    KeyValueList(List<'a, KeyValueView<'a>>),
    /// Bytes that are not text.
    Bytes(&'a [u8]),
}

impl<'a> View<'a> for AnyValueView<'a> {
    #[inline]
    fn parse(bytes: &'a [u8]) -> Self {
        match bytes {
            // Most values are one short text.
            [0x0a, length, text @ ..] if *length < 0x80 && usize::from(*length) == text.len() => {
                Self::String(Text::new(text))
            }
            _ => Self::parse_any_kind(bytes),
        }
    }
}

impl<'a> AnyValueView<'a> {
    /// True for a value of the same type that means the same: numbers as numbers compare, maps in any order.
    pub fn is_equal_to(self, other: AnyValueView<'_>) -> bool {
        match (self, other) {
            (Self::Empty, AnyValueView::Empty) => true,
            (Self::String(mine), AnyValueView::String(theirs)) => mine.as_bytes() == theirs.as_bytes(),
            (Self::Bool(mine), AnyValueView::Bool(theirs)) => mine == theirs,
            (Self::Int(mine), AnyValueView::Int(theirs)) => mine == theirs,
            (Self::Double(mine), AnyValueView::Double(theirs)) => mine == theirs,
            (Self::Bytes(mine), AnyValueView::Bytes(theirs)) => mine == theirs,
            (Self::Array(mine), AnyValueView::Array(theirs)) => {
                mine.count() == theirs.count()
                    && mine.iter().zip(theirs).all(|(mine, theirs)| mine.is_equal_to(theirs))
            }
            (Self::KeyValueList(mine), AnyValueView::KeyValueList(theirs)) => {
                let has_equal = |entry: KeyValueView<'_>| {
                    let found = theirs.iter().find(|other| other.key.as_bytes() == entry.key.as_bytes());
                    found.is_some_and(|other| entry.value().is_equal_to(other.value()))
                };
                mine.count() == theirs.count() && mine.iter().all(has_equal)
            }
            _ => false,
        }
    }

    #[inline(never)]
    fn parse_any_kind(bytes: &'a [u8]) -> Self {
        let mut any_value = Self::Empty;
        for_each_field(bytes, |_, number, value| {
            any_value = match number {
                1 => Self::String(value.text()),
                2 => Self::Bool(value.number() != 0),
                3 => Self::Int(value.int64()),
                4 => Self::Double(value.double()),
                5 => Self::Array(List::of(value.bytes(), 1)),
                6 => Self::KeyValueList(List::of(value.bytes(), 1)),
                7 => Self::Bytes(value.bytes()),
                8 => Self::Empty,
                _ => any_value,
            }
        });
        any_value
    }
}
