//! Writes canonical values in protobuf, without Weir's code and without prost's.

use serde_json::Value;

use super::wire_type_of;
use crate::otlp::schema::{Kind, Message};

/// Writes a canonical value in protobuf, every element of a list as a field of its own.
pub fn to_protobuf(value: &Value, message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in message.fields {
        let Some(member) = value.get(field.name) else { continue };
        for element in elements(member) {
            write_varint(u64::from(field.number) << 3 | wire_type_of(field.kind), &mut bytes);
            encode_element(element, field.kind, &mut bytes);
        }
    }
    bytes
}

/// The elements of a list, or the value itself where it is none.
pub fn elements(member: &Value) -> std::slice::Iter<'_, Value> {
    member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice).iter()
}

fn encode_element(value: &Value, kind: Kind, bytes: &mut Vec<u8>) {
    let text = || value.as_str().unwrap();
    let mut write_bytes = |content: &[u8]| {
        write_varint(content.len() as u64, bytes);
        bytes.extend(content);
    };
    match kind {
        Kind::Text => write_bytes(text().as_bytes()),
        Kind::HexBytes | Kind::Base64Bytes => {
            let digits = text();
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            write_bytes(&(0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>());
        }
        Kind::Nested(message) => write_bytes(&to_protobuf(value, message)),
        Kind::Bool => write_varint(u64::from(value.as_bool().unwrap()), bytes),
        Kind::UnsignedVarint => write_varint(value.as_u64().unwrap(), bytes),
        Kind::SignedVarint | Kind::Enum => write_varint(value.as_i64().unwrap().cast_unsigned(), bytes),
        Kind::ZigzagVarint => {
            let integer = value.as_i64().unwrap();
            write_varint((integer << 1 ^ integer >> 63).cast_unsigned(), bytes);
        }
        Kind::Fixed32 => bytes.extend(u32::try_from(value.as_u64().unwrap()).unwrap().to_le_bytes()),
        Kind::Fixed64 => bytes.extend(value.as_u64().unwrap().to_le_bytes()),
        Kind::SignedFixed64 => bytes.extend(value.as_i64().unwrap().to_le_bytes()),
        Kind::Double => bytes.extend(text().parse::<f64>().unwrap().to_le_bytes()),
    }
}

fn write_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
