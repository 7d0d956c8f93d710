//! OTLP/JSON into protobuf bytes, driven by the schema in one pass.

use super::error::{Failure, Result};
use super::reader::{Reader, Value};
use super::scalars;
use super::schema::{Field, Kind, Message, Presence};
use crate::otlp::validate::NESTING_LIMIT;
use crate::otlp::wire::{self, WireType};

/// A message decoded to its protobuf encoding.
pub(super) struct Decoded {
    pub(super) protobuf: Vec<u8>,
    /// How many spans, data points or log records it holds.
    pub(super) items: usize,
    /// True when a singular message or several members of a `oneof` were given, as protobuf allows: the
    /// pieces follow each other in the encoding, and `items` counts them all.
    pub(super) is_in_pieces: bool,
}

/// Decodes `text`, one JSON object (or `null`, the message without fields).
pub(super) fn decode(message: &'static Message, text: &str) -> Result<Decoded> {
    // Half is what typical requests come to: names shrink to tags, values stay.
    let protobuf = Vec::with_capacity(text.len() / 2);
    let mut decoder =
        Decoder { reader: Reader::new(text), protobuf, items: 0, depth: 0, is_in_pieces: false };
    let start = decoder.reader.next_token_offset();
    match decoder.reader.value()? {
        Value::Null => {}
        Value::Object => decoder.message(message, start)?,
        _ => return Err(decoder.reader.mismatch("an object", start)),
    }
    decoder.reader.end()?;
    Ok(Decoded { protobuf: decoder.protobuf, items: decoder.items, is_in_pieces: decoder.is_in_pieces })
}

struct Decoder<'text> {
    reader: Reader<'text>,
    protobuf: Vec<u8>,
    items: usize,
    is_in_pieces: bool,
    /// How many messages are open.
    depth: u32,
}

impl Decoder<'_> {
    /// Reads the fields of the object that was opened at `start`.
    fn message(&mut self, message: &'static Message, start: usize) -> Result<()> {
        if self.depth > NESTING_LIMIT {
            return Err(Failure::new(
                start,
                format!("messages are nested deeper than {NESTING_LIMIT} levels"),
            ));
        }
        self.depth += 1;
        let mut set_fields = 0_u32;
        let mut has_member = false;
        let mut is_first = true;
        while let Some(key) = self.reader.next_key(is_first)? {
            is_first = false;
            let Some((place, field)) = message.field_named(&key) else {
                let unknown = self.reader.value()?;
                self.reader.skip_rest_of(&unknown)?;
                continue;
            };
            let is_repeated = set_fields & (1 << place) != 0;
            set_fields |= 1 << place;
            let decoded = match field.presence {
                Presence::Repeated | Presence::Items => self.list(field),
                // A default that follows another value must be written to override it.
                Presence::Implicit => self.field_value(field, is_repeated),
                Presence::Optional => self.field_value(field, true),
                Presence::Always => {
                    self.is_in_pieces |= is_repeated;
                    self.field_value(field, true)
                }
                Presence::OneOf => {
                    self.is_in_pieces |= has_member;
                    has_member = true;
                    self.field_value(field, true)
                }
            };
            decoded.map_err(|failure| failure.in_field(field.name))?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn list(&mut self, field: &'static Field) -> Result<()> {
        let start = self.reader.next_token_offset();
        match self.reader.value()? {
            Value::Null => return Ok(()),
            Value::Array => {}
            _ => return Err(self.reader.mismatch("an array", start)),
        }
        let is_packed = field.kind.is_number();
        let before = self.protobuf.len();
        let content = if is_packed { self.open(field.number) } else { before };
        let mut index = 0;
        while self.reader.next_element(index == 0)? {
            let element = if is_packed { self.packed_element(field.kind) } else { self.element(field) };
            element.map_err(|failure| failure.at_index(index))?;
            index += 1;
        }
        if index == 0 {
            self.protobuf.truncate(before);
        } else if is_packed {
            self.close(content);
        }
        if field.presence == Presence::Items {
            self.items += index;
        }
        Ok(())
    }

    fn packed_element(&mut self, kind: Kind) -> Result<()> {
        let start = self.reader.next_token_offset();
        let value = self.reader.value()?;
        let bits = self.number(kind, &value, start)?;
        self.write_number(kind, bits);
        Ok(())
    }

    fn element(&mut self, field: &'static Field) -> Result<()> {
        let start = self.reader.next_token_offset();
        match (self.reader.value()?, field.kind) {
            // The Collector takes null for a message without fields; a count of elements must not change.
            (Value::Null, Kind::Message(_)) => {
                let content = self.open(field.number);
                self.close(content);
                Ok(())
            }
            (value, _) => self.set_value(field, true, value, start),
        }
    }

    fn field_value(&mut self, field: &'static Field, writes_default: bool) -> Result<()> {
        let start = self.reader.next_token_offset();
        match self.reader.value()? {
            Value::Null => Ok(()),
            value => self.set_value(field, writes_default, value, start),
        }
    }

    fn set_value(
        &mut self,
        field: &'static Field,
        writes_default: bool,
        value: Value<'_>,
        start: usize,
    ) -> Result<()> {
        match field.kind {
            Kind::Message(message) => {
                if value != Value::Object {
                    return Err(self.reader.mismatch("an object", start));
                }
                let content = self.open(field.number);
                self.message(message, start)?;
                self.close(content);
            }
            Kind::String | Kind::Bytes | Kind::Id(_) => match scalars::bytes(field.kind, value) {
                Some(bytes) => self.write_bytes(field.number, &bytes, writes_default),
                None => return Err(self.reader.mismatch(&scalars::expected(field.kind), start)),
            },
            kind => {
                let bits = self.number(kind, &value, start)?;
                if bits != 0 || writes_default {
                    wire::put_key(&mut self.protobuf, field.number, kind.wire_type());
                    self.write_number(kind, bits);
                }
            }
        }
        Ok(())
    }

    /// The value as the bits that [`Self::write_number`] takes.
    fn number(&self, kind: Kind, value: &Value<'_>, start: usize) -> Result<u64> {
        scalars::number_bits(kind, value).ok_or_else(|| self.reader.mismatch(&scalars::expected(kind), start))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the kind's range was checked")]
    fn write_number(&mut self, kind: Kind, bits: u64) {
        match kind.wire_type() {
            WireType::Fixed64 => self.protobuf.extend_from_slice(&bits.to_le_bytes()),
            WireType::Fixed32 => self.protobuf.extend_from_slice(&(bits as u32).to_le_bytes()),
            _ => wire::put_varint(&mut self.protobuf, bits),
        }
    }

    fn write_bytes(&mut self, number: u32, bytes: &[u8], writes_default: bool) {
        if !bytes.is_empty() || writes_default {
            wire::put_length_delimited(&mut self.protobuf, number, bytes);
        }
    }

    /// Starts a length-delimited field and returns where its content begins. One byte is left for the
    /// length, enough for most messages.
    fn open(&mut self, number: u32) -> usize {
        wire::put_key(&mut self.protobuf, number, WireType::LengthDelimited);
        self.protobuf.push(0);
        self.protobuf.len()
    }

    /// Ends the length-delimited field whose content begins at `start`: a length of several bytes moves
    /// the content up.
    fn close(&mut self, start: usize) {
        let end = self.protobuf.len();
        let length = (end - start) as u64;
        let more_length_bytes = wire::varint_length(length) - 1;
        if more_length_bytes > 0 {
            self.protobuf.resize(end + more_length_bytes, 0);
            self.protobuf.copy_within(start..end, start + more_length_bytes);
        }
        let length_bytes = self.protobuf.iter_mut().skip(start - 1).take(more_length_bytes + 1);
        for (index, byte) in length_bytes.enumerate() {
            let has_more = if index < more_length_bytes { 0x80 } else { 0 };
            *byte = (length >> (7 * index)).to_le_bytes()[0] & 0x7f | has_more;
        }
    }
}
