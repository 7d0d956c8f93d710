//! Turns an OTLP request, protobuf or JSON, into one canonical JSON value, so that two of them can be compared.
//!
//! In the canonical form a default value of a singular field is left out, every integer is a JSON number, bytes are
//! hexadecimal text and a floating-point value is its shortest exact text (`"NaN"` for every NaN).

use base64::Engine;
use serde_json::{Map, Value};

use super::schema::{Field, Kind, Label, Message};

/// What to do with a JSON member that OTLP does not have.
///
/// The specification tells receivers to ignore it, so a client may send it; a collector has no reason to write it.
#[derive(Clone, Copy, PartialEq)]
pub enum UnknownMembers {
    Ignore,
    Refuse,
}

/// Reads OTLP/JSON as the specification's "JSON Protobuf encoding" has it. An error names the path.
pub fn from_json(json: &Value, message: &Message, unknown: UnknownMembers) -> Result<Value, String> {
    let Some(members) = json.as_object() else { return Err(format!("found {json} where an object belongs")) };
    let mut canonical = Map::new();
    for (name, member) in members {
        let Some(field) = message.fields.iter().find(|field| field.name == name) else {
            if unknown == UnknownMembers::Ignore {
                continue;
            }
            return Err(format!("{name}: OTLP has no such field"));
        };
        let within = |error: String| format!("{name}.{error}");
        if member.is_null() {
            continue;
        }
        if field.label != Label::Repeated {
            put(&mut canonical, field, json_value(member, field.kind, unknown).map_err(within)?);
            continue;
        }
        let Some(elements) = member.as_array() else { return Err(format!("{name}: not a list")) };
        for element in elements {
            put(&mut canonical, field, json_value(element, field.kind, unknown).map_err(within)?);
        }
    }
    Ok(Value::Object(canonical))
}

/// Reads the protobuf encoding. A field that the schema does not have is an error: the schema has to grow then.
pub fn from_protobuf(mut bytes: &[u8], message: &Message) -> Result<Value, String> {
    let mut canonical = Map::new();
    while !bytes.is_empty() {
        let tag = take_varint(&mut bytes)?;
        let number = tag >> 3;
        let raw = take_raw(&mut bytes, tag & 7)?;
        let Some(field) = message.fields.iter().find(|field| u64::from(field.number) == number) else {
            return Err(format!("field number {number} is not in the schema"));
        };
        let within = |error: String| format!("{}.{error}", field.name);
        match (raw, field.kind) {
            (Raw::Bytes(packed), kind) if field.label == Label::Repeated && is_packable(kind) => {
                let mut rest = packed;
                while !rest.is_empty() {
                    let element = take_raw(&mut rest, wire_type_of(kind)).map_err(within)?;
                    put(&mut canonical, field, protobuf_value(element, kind).map_err(within)?);
                }
            }
            (raw, kind) => put(&mut canonical, field, protobuf_value(raw, kind).map_err(within)?),
        }
    }
    Ok(Value::Object(canonical))
}

/// Stores a value unless it is a default that may be left out.
fn put(canonical: &mut Map<String, Value>, field: &Field, value: Value) {
    if field.label == Label::Repeated {
        let list = canonical.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().unwrap().push(value);
        return;
    }
    let is_default = match &value {
        Value::String(text) => text.is_empty() || (matches!(field.kind, Kind::Double) && text == "0.0"),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(set) => !set,
        Value::Object(members) => members.is_empty(),
        Value::Null | Value::Array(_) => false,
    };
    if is_default && field.label == Label::Singular {
        return;
    }
    canonical.insert(field.name.to_owned(), value);
}

fn double(value: f64) -> Value {
    Value::String(if value.is_nan() { "NaN".to_owned() } else { format!("{value:?}") })
}

fn hexadecimal(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn json_value(json: &Value, kind: Kind, unknown: UnknownMembers) -> Result<Value, String> {
    let wrong = |expected: &str| format!("found {json} where {expected} belongs");
    let text = json.as_str();
    match kind {
        Kind::Text => text.map(Value::from).ok_or_else(|| wrong("text")),
        Kind::HexBytes => match text {
            Some(digits)
                if digits.len() % 2 == 0 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                Ok(Value::from(digits.to_ascii_lowercase()))
            }
            _ => Err(wrong("an even number of hexadecimal digits")),
        },
        Kind::Base64Bytes => {
            let bytes = text.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
            bytes.map(|bytes| hexadecimal(&bytes)).ok_or_else(|| wrong("base64"))
        }
        Kind::Bool => json.as_bool().map(Value::from).ok_or_else(|| wrong("a boolean")),
        Kind::Enum => json.as_i64().map(Value::from).ok_or_else(|| wrong("an enumeration's number")),
        Kind::SignedVarint | Kind::SignedFixed64 | Kind::ZigzagVarint => {
            let integer = json.as_i64().or_else(|| text.and_then(|text| text.parse().ok()));
            integer.map(Value::from).ok_or_else(|| wrong("a signed integer"))
        }
        Kind::UnsignedVarint | Kind::Fixed32 | Kind::Fixed64 => {
            let integer = json.as_u64().or_else(|| text.and_then(|text| text.parse().ok()));
            integer.map(Value::from).ok_or_else(|| wrong("an unsigned integer"))
        }
        Kind::Double => {
            let parsed = match text {
                Some("NaN") => Some(f64::NAN),
                Some("Infinity") => Some(f64::INFINITY),
                Some("-Infinity") => Some(f64::NEG_INFINITY),
                Some(_) => None,
                None => json.as_f64(),
            };
            parsed.map(double).ok_or_else(|| wrong("a floating-point value"))
        }
        Kind::Nested(message) => from_json(json, message, unknown),
    }
}

/// A field's value as it stands on the wire.
enum Raw<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(&'a [u8]),
}

fn protobuf_value(raw: Raw, kind: Kind) -> Result<Value, String> {
    Ok(match (kind, raw) {
        (Kind::Text, Raw::Bytes(bytes)) => {
            Value::from(str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?)
        }
        (Kind::HexBytes | Kind::Base64Bytes, Raw::Bytes(bytes)) => hexadecimal(bytes),
        (Kind::Nested(message), Raw::Bytes(bytes)) => from_protobuf(bytes, message)?,
        (Kind::Bool, Raw::Varint(value)) => Value::from(value != 0),
        (Kind::UnsignedVarint, Raw::Varint(value)) => Value::from(value),
        (Kind::SignedVarint | Kind::Enum, Raw::Varint(value)) => Value::from(value.cast_signed()),
        (Kind::ZigzagVarint, Raw::Varint(value)) => {
            Value::from((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
        }
        (Kind::Fixed32, Raw::Fixed32(bytes)) => Value::from(u32::from_le_bytes(bytes)),
        (Kind::Fixed64, Raw::Fixed64(bytes)) => Value::from(u64::from_le_bytes(bytes)),
        (Kind::SignedFixed64, Raw::Fixed64(bytes)) => Value::from(i64::from_le_bytes(bytes)),
        (Kind::Double, Raw::Fixed64(bytes)) => double(f64::from_le_bytes(bytes)),
        _ => return Err("the wire type does not fit the schema".to_owned()),
    })
}

fn wire_type_of(kind: Kind) -> u64 {
    match kind {
        Kind::Text | Kind::HexBytes | Kind::Base64Bytes | Kind::Nested(_) => 2,
        Kind::Fixed32 => 5,
        Kind::Fixed64 | Kind::SignedFixed64 | Kind::Double => 1,
        Kind::Bool | Kind::Enum | Kind::UnsignedVarint | Kind::SignedVarint | Kind::ZigzagVarint => 0,
    }
}

fn is_packable(kind: Kind) -> bool {
    wire_type_of(kind) != 2
}

fn take_raw<'a>(bytes: &mut &'a [u8], wire_type: u64) -> Result<Raw<'a>, String> {
    let cut_short = || "cut short".to_owned();
    match wire_type {
        0 => Ok(Raw::Varint(take_varint(bytes)?)),
        1 => {
            let (value, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut_short)?;
            *bytes = rest;
            Ok(Raw::Fixed64(*value))
        }
        2 => {
            let length = usize::try_from(take_varint(bytes)?).map_err(|error| error.to_string())?;
            let (value, rest) = bytes.split_at_checked(length).ok_or_else(cut_short)?;
            *bytes = rest;
            Ok(Raw::Bytes(value))
        }
        5 => {
            let (value, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_short)?;
            *bytes = rest;
            Ok(Raw::Fixed32(*value))
        }
        other => Err(format!("wire type {other} is not used by OTLP")),
    }
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or("cut short within a varint")?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a varint longer than ten bytes".to_owned())
}

pub mod encode;
#[cfg(test)]
mod tests;
