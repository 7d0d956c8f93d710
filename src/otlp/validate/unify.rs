//! Rewrites a valid body so that each singular message stands once: pieces merged, members of a oneof
//! that a later one overwrote left out.

use crate::otlp::schema::{FieldKind, MessageSchema};
use crate::otlp::wire::{Fields, Value, put_length_delimited};

/// The same message with every singular message in one piece.
///
/// Works on the wire, where the concatenation of two encodings is their merge, so unknown fields and
/// broken strings stay as they are. Only bodies that need it come here.
pub(in crate::otlp) fn unify(message: &MessageSchema, bytes: &[u8]) -> Vec<u8> {
    let winner = oneof_winner(message, bytes);
    let mut unified = Vec::with_capacity(bytes.len());
    let mut written = 0_u32;
    let mut fields = Fields::of(bytes);
    let mut field_at = bytes;
    while let Some((number, value)) = fields.next() {
        let behind = fields.rest();
        let field_bytes = field_at.get(..field_at.len() - behind.len()).unwrap_or_default();
        let start = field_at;
        field_at = behind;
        let Some(field) = message.field(number) else {
            unified.extend_from_slice(field_bytes);
            continue;
        };
        let is_overwritten = match winner {
            Some((winning_number, from_length)) if field.in_oneof => {
                number != winning_number || start.len() > from_length
            }
            _ => false,
        };
        if is_overwritten {
            continue;
        }
        match (field.kind, value) {
            (FieldKind::Messages(schema), Value::Bytes(inner)) => {
                put_length_delimited(&mut unified, number, &unify(schema, inner));
            }
            (FieldKind::Message(schema), _) => {
                if written & (1 << number) == 0 {
                    written |= 1 << number;
                    put_length_delimited(&mut unified, number, &unify(schema, &joined(start, number)));
                }
            }
            _ => unified.extend_from_slice(field_bytes),
        }
    }
    unified
}

/// The oneof member that counts: its number, and how many bytes are left in the message where its last
/// unbroken run starts. Members before that were overwritten.
fn oneof_winner(message: &MessageSchema, bytes: &[u8]) -> Option<(u32, usize)> {
    let mut winner = None;
    let mut fields = Fields::of(bytes);
    let mut length_at_start = bytes.len();
    while let Some((number, _)) = fields.next() {
        let is_member = message.field(number).is_some_and(|field| field.in_oneof);
        if is_member && winner.is_none_or(|(winning_number, _)| winning_number != number) {
            winner = Some((number, length_at_start));
        }
        length_at_start = fields.rest().len();
    }
    winner
}

/// The pieces of the message under field `number`, one behind the other.
fn joined(bytes: &[u8], number: u32) -> Vec<u8> {
    let pieces = Fields::of(bytes).filter(|(found, _)| *found == number);
    pieces.flat_map(|(_, value)| value.bytes().iter().copied()).collect()
}
