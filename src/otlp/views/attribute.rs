//! Attributes and their values, and log bodies.

use super::list::for_each_field;
use super::{List, View};
use crate::otlp::Text;

/// A `KeyValue`.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyValueView<'a> {
    /// The attribute's name.
    pub key: Text<'a>,
    /// Its value; [`AnyValueView::Empty`] also where none was sent.
    pub value: AnyValueView<'a>,
}

impl<'a> View<'a> for KeyValueView<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        let mut key_value = Self::default();
        for_each_field(bytes, |_, number, value| match number {
            1 => key_value.key = value.text(),
            2 => key_value.value = AnyValueView::parse(value.bytes()),
            _ => {}
        });
        key_value
    }
}

impl<'a> List<'a, KeyValueView<'a>> {
    /// The value of the first attribute with this key.
    pub fn get(self, key: &str) -> Option<AnyValueView<'a>> {
        self.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value)
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
    fn parse(bytes: &'a [u8]) -> Self {
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
