//! Values written as OTLP's `AnyValue` and `KeyValue`.

use super::{Value, ValueMap};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};

/// How deep lists and maps are written as such; deeper ones are written as JSON text. A map takes three
/// messages of the hundred that protobuf readers follow, and those around a log record take five.
const DEEPEST: u32 = 30;

/// Appends the fields of an `AnyValue`.
pub fn put_value(out: &mut Vec<u8>, value: &Value) {
    put_value_at(out, value, 0);
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
                put_message(out, 1, |out| put_value_at(out, item, depth + 1));
            }
        }),
        Value::Map(map) => put_message(out, 6, |out| put_map_at(out, 1, map, depth + 1)),
        Value::Bytes(bytes) => put_length_delimited(out, 7, bytes),
    }
}

fn put_map_at(out: &mut Vec<u8>, field_number: u32, map: &ValueMap, depth: u32) {
    for (key, value) in map.iter() {
        put_message(out, field_number, |out| {
            put_length_delimited(out, 1, key.as_bytes());
            put_message(out, 2, |out| put_value_at(out, value, depth));
        });
    }
}
