//! Values written as OTLP's `AnyValue` and `KeyValue`.

use super::{Value, ValueMap};
use crate::otlp::wire::{
    WireType, put_key, put_length, put_length_delimited, put_message, put_varint, short_message_key,
    varint_length,
};

/// How deep lists and maps are written as such; deeper ones are written as JSON text. A map takes three
/// messages of the hundred that protobuf readers follow, and those around a log record take five.
const DEEPEST: u32 = 30;

/// Appends the fields of an `AnyValue`.
pub fn put_value(out: &mut Vec<u8>, value: &Value) {
    put_value_at(out, value, 0);
}

/// Appends an `AnyValue` under `field_number`.
pub(in crate::log_operators) fn put_any_value(out: &mut Vec<u8>, field_number: u32, value: &Value) {
    put_any_value_at(out, field_number, value, 0);
}

/// Appends a `KeyValue` under `field_number` for each key.
pub(in crate::log_operators) fn put_map(out: &mut Vec<u8>, field_number: u32, map: &ValueMap) {
    put_map_at(out, field_number, map, 0);
}

fn put_value_at(out: &mut Vec<u8>, value: &Value, depth: u32) {
    match value {
        Value::Empty => {}
        Value::String(text) => put_length_delimited(out, 1, text.as_bytes()),
        Value::Bool(truth) => {
            put_key(out, 2, WireType::Varint);
            put_varint(out, u64::from(*truth));
        }
        Value::Int(number) => {
            put_key(out, 3, WireType::Varint);
            put_varint(out, number.cast_unsigned());
        }
        Value::Double(number) => {
            put_key(out, 4, WireType::Fixed64);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Array(_) | Value::Map(_) if depth >= DEEPEST => {
            put_length_delimited(out, 1, value.to_json().as_bytes());
        }
        Value::Array(items) => put_message(out, 5, |out| {
            for item in items {
                put_any_value_at(out, 1, item, depth + 1);
            }
        }),
        Value::Map(map) => put_message(out, 6, |out| put_map_at(out, 1, map, depth + 1)),
        Value::Bytes(bytes) => put_length_delimited(out, 7, bytes),
    }
}

fn put_map_at(out: &mut Vec<u8>, field_number: u32, map: &ValueMap, depth: u32) {
    for (key, value) in map.iter() {
        if let Value::String(text) = value
            && put_short_text(out, field_number, key, text)
        {
            continue;
        }
        let Some(length) = scalar_length(value) else {
            put_message(out, field_number, |out| {
                put_length_delimited(out, 1, key.as_bytes());
                put_message(out, 2, |out| put_value_at(out, value, depth));
            });
            continue;
        };
        put_length(out, field_number, length_delimited(key.len()) + length_delimited(length));
        put_length_delimited(out, 1, key.as_bytes());
        put_length(out, 2, length);
        put_value_at(out, value, depth);
    }
}

/// Appends a `KeyValue` with a text, if each of its lengths takes one byte, as most do; what stands around key and text is
/// then known, and written in two pieces.
fn put_short_text(out: &mut Vec<u8>, field_number: u32, key: &str, text: &str) -> bool {
    let length = key.len() + text.len() + 6;
    if length >= 0x80 || field_number >= 16 {
        return false;
    }
    const KEY: u8 = short_message_key(1);
    const VALUE: u8 = short_message_key(2);
    const TEXT: u8 = short_message_key(1);
    out.reserve(length + 2);
    out.extend_from_slice(&[short_message_key(field_number), length as u8, KEY, key.len() as u8]);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&[VALUE, text.len() as u8 + 2, TEXT, text.len() as u8]);
    out.extend_from_slice(text.as_bytes());
    true
}

fn put_any_value_at(out: &mut Vec<u8>, field_number: u32, value: &Value, depth: u32) {
    let Some(length) = scalar_length(value) else {
        return put_message(out, field_number, |out| put_value_at(out, value, depth));
    };
    put_length(out, field_number, length);
    put_value_at(out, value, depth);
}

/// How many bytes the fields of an `AnyValue` take; none for lists and maps, of which that shows once they are written.
fn scalar_length(value: &Value) -> Option<usize> {
    Some(match value {
        Value::Empty => 0,
        Value::String(text) => length_delimited(text.len()),
        Value::Bool(_) => 2,
        Value::Int(number) => 1 + varint_length(number.cast_unsigned()),
        Value::Double(_) => 9,
        Value::Bytes(bytes) => length_delimited(bytes.len()),
        Value::Array(_) | Value::Map(_) => return None,
    })
}

/// How many bytes a field with a number below 16 takes that has so many behind its length.
const fn length_delimited(bytes: usize) -> usize {
    1 + varint_length(bytes as u64) + bytes
}
