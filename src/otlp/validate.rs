//! One pass over a request body from outside: is it OTLP down to the leaves, and how many items has it?

pub(super) mod canonical;
mod invalid_body;
mod unify;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::schema::{self, FieldKind, FieldSchema, MessageSchema};
use super::wire::{self, WireType};
use super::{Batch, Signal};

pub use invalid_body::{FieldName, InvalidBody, Problem};
pub(super) use unify::unify;

/// How many messages may lie in each other below the request: prost's limit, and that of the C++ and
/// Java libraries.
pub(super) const NESTING_LIMIT: u32 = 100;

/// Checks that `body` is an `Export{Trace,Metrics,Logs}ServiceRequest` and returns how many spans, data
/// points or log records it holds.
///
/// Checked are keys, lengths, wire types and nesting of every field OTLP knows, in every message down to
/// attribute values; unknown fields are stepped over. Lists of numbers may be packed or not. Strings are
/// not checked for UTF-8, see [`Text`](super::Text).
///
/// # Errors
///
/// [`InvalidBody`] says what is wrong at which byte.
pub fn validate(signal: Signal, body: &[u8]) -> Result<usize, InvalidBody> {
    let findings = walk_request(signal, body)?;
    if !findings.messages_in_pieces {
        return Ok(findings.items);
    }
    let unified = unify(schema::request(signal), body);
    walk_request(signal, &unified).map(|findings| findings.items)
}

impl Batch {
    /// A batch of one request body that came from outside.
    ///
    /// Protobuf lets a singular message come in several pieces that merge, and members of a oneof
    /// overwrite each other. No exporter writes that; where it happens the body is rewritten with each
    /// such message in one piece, so that readers meet it once at most. All other bodies are kept as
    /// they are.
    ///
    /// # Errors
    ///
    /// As [`validate`] does.
    pub fn from_untrusted_part(signal: Signal, body: Bytes) -> Result<Self, InvalidBody> {
        let findings = walk_request(signal, &body)?;
        if !findings.messages_in_pieces {
            return Ok(Self::from_valid_part(signal, body, findings.items));
        }
        let unified = unify(schema::request(signal), &body);
        let items = walk_request(signal, &unified)?.items;
        Ok(Self::from_valid_part(signal, Bytes::from(unified), items))
    }
}

/// What a walk over a valid body learns.
#[derive(Debug, Default)]
struct Findings {
    items: usize,
    /// A singular message stands more than once, or several members of a oneof do.
    messages_in_pieces: bool,
}

/// Where a walk stopped and why. The place is an address, so that nothing has to carry offsets along.
struct Fault {
    address: usize,
    problem: Problem,
}

fn walk_request(signal: Signal, body: &[u8]) -> Result<Findings, InvalidBody> {
    let mut findings = Findings::default();
    match walk_message(&mut findings, schema::request(signal), body, NESTING_LIMIT) {
        Ok(()) => Ok(findings),
        Err(fault) => {
            let offset = fault.address - body.as_ptr().addr();
            Err(InvalidBody { signal, offset, problem: fault.problem })
        }
    }
}

fn walk_message(
    findings: &mut Findings,
    message: &'static MessageSchema,
    bytes: &[u8],
    levels_left: u32,
) -> Result<(), Box<Fault>> {
    let mut rest = bytes;
    let mut seen = 0_u32;
    while !rest.is_empty() {
        let key_at = rest;
        let (number, wire_type, value) = wire::read_key(rest)
            .map_err(|fault| fault_at(key_at, Problem::Key { message: message.name, fault }))?;
        let Some(field) = message.field(number) else {
            rest = skip_unknown_field(message, number, wire_type, value, levels_left)?;
            continue;
        };
        if field.in_oneof || matches!(field.kind, FieldKind::Message(_)) {
            note_singular(findings, &mut seen, field);
        }
        rest = walk_field(findings, message, field, wire_type, key_at, value, levels_left)?;
    }
    Ok(())
}

/// Members of a oneof share bit 0, which no field number uses.
fn note_singular(findings: &mut Findings, seen: &mut u32, field: &FieldSchema) {
    let bit = if field.in_oneof { 1 } else { 1 << field.number };
    findings.messages_in_pieces |= *seen & bit != 0;
    *seen |= bit;
}

fn skip_unknown_field<'a>(
    message: &'static MessageSchema,
    number: u32,
    wire_type: WireType,
    value: &'a [u8],
    levels_left: u32,
) -> Result<&'a [u8], Box<Fault>> {
    let field = FieldName { message: message.name, field: None, number };
    if levels_left == 0 {
        return Err(fault_at(value, Problem::TooDeep { field }));
    }
    match wire::read_value(wire_type, value) {
        Ok((_, rest)) => Ok(rest),
        Err(fault) => Err(fault_at(value, Problem::Value { field, fault })),
    }
}

/// Checks one field OTLP knows and returns the bytes behind it.
fn walk_field<'a>(
    findings: &mut Findings,
    message: &'static MessageSchema,
    field: &'static FieldSchema,
    wire_type: WireType,
    key_at: &[u8],
    value: &'a [u8],
    levels_left: u32,
) -> Result<&'a [u8], Box<Fault>> {
    let expected = match field.kind {
        FieldKind::Varint => WireType::Varint,
        FieldKind::Fixed32 => WireType::Fixed32,
        FieldKind::Fixed64 => WireType::Fixed64,
        FieldKind::Bytes | FieldKind::Message(_) | FieldKind::Messages(_) => WireType::LengthDelimited,
        FieldKind::Varints if wire_type == WireType::Varint => WireType::Varint,
        FieldKind::Fixed64s if wire_type == WireType::Fixed64 => WireType::Fixed64,
        FieldKind::Varints | FieldKind::Fixed64s => WireType::LengthDelimited,
    };
    let name = || FieldName { message: message.name, field: Some(field.name), number: field.number };
    if wire_type != expected {
        let problem = Problem::WireTypeMismatch { field: name(), found: wire_type, expected };
        return Err(fault_at(key_at, problem));
    }
    let (read, rest) = wire::read_value(wire_type, value)
        .map_err(|fault| fault_at(value, Problem::Value { field: name(), fault }))?;
    let wire::Value::Bytes(inner) = read else { return Ok(rest) };
    match field.kind {
        FieldKind::Message(schema) | FieldKind::Messages(schema) => {
            if levels_left == 0 {
                return Err(fault_at(key_at, Problem::TooDeep { field: name() }));
            }
            findings.items += usize::from(schema.is_item);
            // The recognisers go three levels further down at most: event, attribute, value.
            let recognised = levels_left > 3 && schema.recognise.is_some_and(|recognise| recognise(inner));
            if !recognised {
                walk_message(findings, schema, inner, levels_left - 1)?;
            }
        }
        FieldKind::Varints => walk_packed(inner, WireType::Varint, name)?,
        FieldKind::Fixed64s => walk_packed(inner, WireType::Fixed64, name)?,
        FieldKind::Varint | FieldKind::Fixed32 | FieldKind::Fixed64 | FieldKind::Bytes => {}
    }
    Ok(rest)
}

fn walk_packed(packed: &[u8], element: WireType, name: impl Fn() -> FieldName) -> Result<(), Box<Fault>> {
    let mut rest = packed;
    while !rest.is_empty() {
        let (_, behind) = wire::read_value(element, rest)
            .map_err(|fault| fault_at(rest, Problem::Value { field: name(), fault }))?;
        rest = behind;
    }
    Ok(())
}

#[cold]
fn fault_at(place: &[u8], problem: Problem) -> Box<Fault> {
    Box::new(Fault { address: place.as_ptr().addr(), problem })
}
