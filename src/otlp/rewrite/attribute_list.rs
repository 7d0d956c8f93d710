//! The attributes of the message being edited, as far as they are written.

use super::output::Output;
use crate::otlp::AnyValueView;
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_varint, varint_length};

/// Where new attributes of a message are written.
#[derive(Debug)]
pub struct AttributeList<'walk, 'source> {
    pub(super) output: &'walk mut Output<'source>,
    pub(super) source_position: usize,
    pub(super) field_number: u32,
}

impl AttributeList<'_, '_> {
    /// Adds an attribute. That there is none with this key yet is the caller's to know.
    pub fn push(&mut self, key: &str, value: AnyValueView<'_>) {
        let mut any_value = Vec::new();
        put_any_value(&mut any_value, value);
        self.push_encoded_value(key, &any_value);
    }

    /// Adds an attribute whose value is an encoded `AnyValue`, such as another attribute's.
    pub fn push_encoded_value(&mut self, key: &str, any_value: &[u8]) {
        let field_number = self.field_number;
        put_attribute(self.output.insert_at(self.source_position), field_number, key.as_bytes(), any_value);
    }

    /// Adds an encoded `KeyValue`, such as another message's attribute.
    pub fn push_encoded(&mut self, key_value: &[u8]) {
        let field_number = self.field_number;
        put_length_delimited(self.output.insert_at(self.source_position), field_number, key_value);
    }
}

/// Appends an attribute under `field_number`.
pub(super) fn put_attribute(out: &mut Vec<u8>, field_number: u32, key: &[u8], any_value: &[u8]) {
    let field_length = |content: &[u8]| 1 + varint_length(content.len() as u64) + content.len();
    put_key(out, field_number, WireType::LengthDelimited);
    put_varint(out, (field_length(key) + field_length(any_value)) as u64);
    put_length_delimited(out, 1, key);
    put_length_delimited(out, 2, any_value);
}

/// Appends the fields of an `AnyValue`.
pub fn put_any_value(out: &mut Vec<u8>, value: AnyValueView<'_>) {
    match value {
        AnyValueView::Empty => {}
        AnyValueView::String(text) => put_length_delimited(out, 1, text.as_bytes()),
        AnyValueView::Bool(truth) => {
            put_key(out, 2, WireType::Varint);
            put_varint(out, u64::from(truth));
        }
        AnyValueView::Int(number) => {
            put_key(out, 3, WireType::Varint);
            put_varint(out, number.cast_unsigned());
        }
        AnyValueView::Double(number) => {
            put_key(out, 4, WireType::Fixed64);
            out.extend_from_slice(&number.to_le_bytes());
        }
        AnyValueView::Array(values) => {
            let mut list = Vec::new();
            values.raw().for_each(|value| put_length_delimited(&mut list, 1, value));
            put_length_delimited(out, 5, &list);
        }
        AnyValueView::KeyValueList(pairs) => {
            let mut list = Vec::new();
            pairs.raw().for_each(|pair| put_length_delimited(&mut list, 1, pair));
            put_length_delimited(out, 6, &list);
        }
        AnyValueView::Bytes(bytes) => put_length_delimited(out, 7, bytes),
    }
}
