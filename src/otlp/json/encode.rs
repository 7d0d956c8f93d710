//! Protobuf bytes into OTLP/JSON, driven by the schema; no message is built in between.
//!
//! The text is what the Collector's JSON marshaler writes: fields in the order of the `.proto` files,
//! defaults left out, but `resource`, `scope`, `status`, `body`, `value` and the two bucket lists always
//! there.

use super::numbers::{write_displayed, write_double};
use super::schema::{Field, Kind, MOST_FIELDS, Message, Presence};
use super::strings::{write_base64, write_hex, write_string};
use crate::otlp::wire::{self, Fields, Value, WireType};

/// Writes the one message whose fields lie in `parts`, one after the other.
pub(super) fn write_parts<'part>(
    output: &mut Vec<u8>,
    message: &'static Message,
    parts: impl Iterator<Item = &'part [u8]> + Clone,
) {
    output.push(b'{');
    for field in message.fields {
        let values = parts.clone().flat_map(Fields::of).filter(|(number, _)| *number == field.number);
        write_list(output, field, values.map(|(_, value)| value));
    }
    output.push(b'}');
}

/// Writes one message, whose singular messages stand once at most as validation ensures.
pub(super) fn write_message(output: &mut Vec<u8>, message: &'static Message, bytes: &[u8]) {
    let values = last_values(message, bytes);
    output.push(b'{');
    for (field, value) in message.fields.iter().zip(values) {
        match (field.presence, field.kind, value) {
            (Presence::Always, kind, None) => {
                write_key(output, field);
                write_value(output, kind, Value::Bytes(&[]));
            }
            (_, _, None) => {}
            (Presence::Implicit, kind, Some(value)) if is_default(kind, value) => {}
            (Presence::Repeated | Presence::Items, _, Some(_)) => {
                let all = Fields::of(bytes).filter(|(number, _)| *number == field.number);
                write_list(output, field, all.map(|(_, value)| value));
            }
            (_, kind, Some(value)) => {
                write_key(output, field);
                write_value(output, kind, value);
            }
        }
    }
    output.push(b'}');
}

/// Of each field the value that counts: the last one, and of a `oneof` only the member set last.
fn last_values<'bytes>(
    message: &'static Message,
    bytes: &'bytes [u8],
) -> [Option<Value<'bytes>>; MOST_FIELDS] {
    let mut values = [None; MOST_FIELDS];
    let mut member = None;
    for (number, value) in Fields::of(bytes) {
        let Some((place, field)) = message.field_numbered(number) else { continue };
        if field.presence == Presence::OneOf
            && let Some(previous) = member.replace(place).and_then(|previous: usize| values.get_mut(previous))
        {
            *previous = None;
        }
        if let Some(slot) = values.get_mut(place) {
            *slot = Some(value);
        }
    }
    values
}

/// Writes a repeated field, unless it has no values; numbers may be packed.
fn write_list<'bytes>(output: &mut Vec<u8>, field: &Field, values: impl Iterator<Item = Value<'bytes>>) {
    let before = output.len();
    write_key(output, field);
    output.push(b'[');
    let first_value = output.len();
    for value in values {
        match value {
            Value::Bytes(packed) if field.kind.is_number() => write_packed(output, field.kind, packed),
            value => write_element(output, field.kind, value),
        }
    }
    if output.len() == first_value {
        output.truncate(before);
    } else {
        output.push(b']');
    }
}

fn write_packed(output: &mut Vec<u8>, kind: Kind, mut packed: &[u8]) {
    while !packed.is_empty() {
        let Ok((value, rest)) = wire::read_value(kind.wire_type(), packed) else { return };
        write_element(output, kind, value);
        packed = rest;
    }
}

fn write_element(output: &mut Vec<u8>, kind: Kind, value: Value<'_>) {
    write_separator(output);
    write_value(output, kind, value);
}

fn write_key(output: &mut Vec<u8>, field: &Field) {
    write_separator(output);
    output.push(b'"');
    output.extend_from_slice(field.name.as_bytes());
    output.extend_from_slice(b"\":");
}

/// A comma, unless a container was just opened: no value ends in an opening bracket.
fn write_separator(output: &mut Vec<u8>) {
    if !matches!(output.last(), Some(b'{' | b'[')) {
        output.push(b',');
    }
}

fn write_value(output: &mut Vec<u8>, kind: Kind, value: Value<'_>) {
    match kind {
        Kind::Message(message) => write_message(output, message, value.bytes()),
        Kind::String => write_string(output, &value.text().to_str()),
        Kind::Bytes => write_base64(output, value.bytes()),
        Kind::Id(_) => write_hex(output, value.bytes()),
        Kind::Bool => write_displayed(output, value.number() != 0),
        Kind::Int32 | Kind::Enum(..) => write_displayed(output, value.int32()),
        Kind::Sint32 => write_displayed(output, value.sint32()),
        Kind::Uint32 | Kind::Fixed32 => write_displayed(output, value.uint32()),
        Kind::Int64 | Kind::Sfixed64 => write_displayed(output, format_args!("\"{}\"", value.int64())),
        Kind::Uint64 | Kind::Fixed64 => write_displayed(output, format_args!("\"{}\"", value.number())),
        Kind::Double => write_double(output, value.double()),
    }
}

fn is_default(kind: Kind, value: Value<'_>) -> bool {
    match kind {
        Kind::Message(_) => false,
        Kind::String | Kind::Bytes => value.bytes().is_empty(),
        // All zeros are no id, see the decoder.
        Kind::Id(_) => value.bytes().iter().all(|&byte| byte == 0),
        Kind::Double => value.double() == 0.0,
        _ => match kind.wire_type() {
            WireType::Varint if !matches!(kind, Kind::Int64 | Kind::Uint64 | Kind::Bool) => {
                value.uint32() == 0
            }
            _ => value.number() == 0,
        },
    }
}
