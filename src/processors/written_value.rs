//! Attribute values as configurations write them, as encoded `AnyValue`s.

use serde_yaml::Value as Yaml;

use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message, put_varint};

/// The encoded `AnyValue` of a value as written: text, number, truth value, list or map.
pub(crate) fn encoded_value(value: &Yaml) -> Vec<u8> {
    let mut out = Vec::new();
    put_yaml(&mut out, value);
    out
}

fn put_yaml(out: &mut Vec<u8>, value: &Yaml) {
    match value {
        Yaml::Null => {}
        Yaml::Bool(truth) => {
            put_key(out, 2, WireType::Varint);
            put_varint(out, u64::from(*truth));
        }
        Yaml::Number(number) => match number.as_i64().map(i64::cast_unsigned).or(number.as_u64()) {
            // Unsigned numbers beyond the signed range keep their bits, as in the Collector.
            Some(bits) => {
                put_key(out, 3, WireType::Varint);
                put_varint(out, bits);
            }
            None => {
                put_key(out, 4, WireType::Fixed64);
                out.extend_from_slice(&number.as_f64().unwrap_or_default().to_le_bytes());
            }
        },
        Yaml::String(text) => put_length_delimited(out, 1, text.as_bytes()),
        Yaml::Sequence(items) => put_message(out, 5, |out| {
            for item in items {
                put_message(out, 1, |out| put_yaml(out, item));
            }
        }),
        Yaml::Mapping(entries) => put_message(out, 6, |out| {
            for (key, value) in entries {
                put_message(out, 1, |out| {
                    put_length_delimited(out, 1, key.as_str().unwrap_or_default().as_bytes());
                    put_message(out, 2, |out| put_yaml(out, value));
                });
            }
        }),
        Yaml::Tagged(tagged) => put_yaml(out, &tagged.value),
    }
}
