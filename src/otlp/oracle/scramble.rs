//! Turns a canonical encoding into one of the many others that mean something, as no exporter writes
//! but any client may: fields out of order, repeated, in pieces, unpacked, padded, unknown.

use crate::otlp::schema::{FieldKind, MessageSchema};
use crate::otlp::wire::{Fields, Value, WireType, put_key, put_length_delimited, put_varint, read_value};

/// A small deterministic generator (splitmix64), so that a failing case is reproduced by its seed.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// Another encoding of message type `message`, made from the encoding `bytes`.
pub(super) fn scramble(message: &MessageSchema, bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut encoded_fields = Vec::new();
    for (number, value) in Fields::of(bytes) {
        let kind = message.field(number).map(|field| field.kind);
        scramble_field(kind, number, value, dice, &mut encoded_fields);
    }
    if dice.one_in(8) {
        let field_count = encoded_fields.len() as u64;
        for position in 1..field_count {
            let other = dice.roll(position + 1);
            encoded_fields.swap(usize::try_from(position).unwrap(), usize::try_from(other).unwrap());
        }
    }
    if dice.one_in(8) {
        encoded_fields.push(vec![0xa2, 0x7d, 0x02, 0xff, 0xfe]);
    }
    encoded_fields.concat()
}

fn scramble_field(
    kind: Option<FieldKind>,
    number: u32,
    value: Value<'_>,
    dice: &mut Dice,
    encoded_fields: &mut Vec<Vec<u8>>,
) {
    match (kind, value) {
        (Some(FieldKind::Messages(schema)), Value::Bytes(inner)) => {
            encoded_fields.push(delimited(number, &scramble(schema, inner, dice), dice));
        }
        (Some(FieldKind::Message(schema)), Value::Bytes(inner)) => {
            let scrambled = scramble(schema, inner, dice);
            if dice.one_in(6) {
                let cut = some_field_boundary(&scrambled, dice);
                encoded_fields.push(delimited(number, &scrambled[..cut], dice));
                encoded_fields.push(delimited(number, &scrambled[cut..], dice));
            } else {
                encoded_fields.push(delimited(number, &scrambled, dice));
            }
        }
        (Some(FieldKind::Varints), Value::Bytes(packed)) if dice.one_in(3) => {
            unpack(number, WireType::Varint, packed, encoded_fields);
        }
        (Some(FieldKind::Fixed64s), Value::Bytes(packed)) if dice.one_in(3) => {
            unpack(number, WireType::Fixed64, packed, encoded_fields);
        }
        _ => {
            if dice.one_in(20) {
                encoded_fields.push(encoded(number, another(value), dice));
            }
            encoded_fields.push(encoded(number, value, dice));
        }
    }
}

fn another(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Varint(number) => Value::Varint(number ^ 1),
        Value::Fixed64(number) => Value::Fixed64(number ^ 1),
        Value::Fixed32(number) => Value::Fixed32(number ^ 1),
        // Also two elements of a packed list of eight-byte numbers.
        Value::Bytes(_) => Value::Bytes(b"overwritten here"),
    }
}

fn unpack(number: u32, element: WireType, packed: &[u8], encoded_fields: &mut Vec<Vec<u8>>) {
    let mut rest = packed;
    while let Ok((value, behind)) = read_value(element, rest) {
        encoded_fields.push(encoded(number, value, &mut Dice(1)));
        rest = behind;
    }
}

fn some_field_boundary(bytes: &[u8], dice: &mut Dice) -> usize {
    let mut boundaries = vec![0];
    let mut fields = Fields::of(bytes);
    while fields.next().is_some() {
        boundaries.push(bytes.len() - fields.rest().len());
    }
    boundaries[usize::try_from(dice.roll(boundaries.len() as u64)).unwrap()]
}

fn encoded(number: u32, value: Value<'_>, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Varint(value) => {
            put_key(&mut out, number, WireType::Varint);
            put_padded_varint(&mut out, value, dice);
        }
        Value::Fixed64(value) => {
            put_key(&mut out, number, WireType::Fixed64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Fixed32(value) => {
            put_key(&mut out, number, WireType::Fixed32);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Bytes(bytes) => out = delimited(number, bytes, dice),
    }
    out
}

fn delimited(number: u32, bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    if !dice.one_in(10) {
        put_length_delimited(&mut out, number, bytes);
        return out;
    }
    put_key(&mut out, number, WireType::LengthDelimited);
    put_padded_varint(&mut out, bytes.len() as u64, dice);
    out.extend_from_slice(bytes);
    out
}

fn put_padded_varint(out: &mut Vec<u8>, number: u64, dice: &mut Dice) {
    put_varint(out, number);
    if number < 1 << 28 && dice.one_in(10) {
        let last = out.pop().unwrap();
        out.extend_from_slice(&[last | 0x80, 0x80, 0x00]);
    }
}
