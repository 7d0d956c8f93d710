//! Protobuf's wire format: reading keys, varints and fields in place, and writing them.
//!
//! Follows <https://protobuf.dev/programming-guides/encoding/>. Groups (wire types 3 and 4) are not read:
//! OTLP has none and no encoder in use writes them.

use super::text::Text;

/// How a field's value is laid out, as the low three bits of its key say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    /// A base-128 integer of one to ten bytes.
    Varint,
    /// Eight bytes, little-endian.
    Fixed64,
    /// A varint length and that many bytes: a string, bytes, a message or a packed list.
    LengthDelimited,
    /// Four bytes, little-endian.
    Fixed32,
}

impl WireType {
    /// The number in the low three bits of a key.
    pub const fn number(self) -> u32 {
        match self {
            Self::Varint => 0,
            Self::Fixed64 => 1,
            Self::LengthDelimited => 2,
            Self::Fixed32 => 5,
        }
    }

    /// The name used by the encoding guide.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Varint => "varint",
            Self::Fixed64 => "64-bit",
            Self::LengthDelimited => "length-delimited",
            Self::Fixed32 => "32-bit",
        }
    }
}

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// A varint has no last byte, or does not fit 64 bits.
    Varint,
    /// A key is above 32 bits.
    Key,
    /// A key names field 0.
    FieldZero,
    /// A key has the wire type of a group (3 or 4) or one that does not exist (6 or 7).
    WireType(u32),
    /// A value ends beyond its message: bytes wanted, bytes left.
    Truncated(u64, usize),
}

/// A field's value as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A varint.
    Varint(u64),
    /// Eight bytes, read as little-endian.
    Fixed64(u64),
    /// The bytes after the length.
    Bytes(&'a [u8]),
    /// Four bytes, read as little-endian.
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// The number of a varint or fixed field; zero, proto3's default, for bytes.
    pub const fn number(self) -> u64 {
        match self {
            Self::Varint(number) | Self::Fixed64(number) => number,
            Self::Fixed32(number) => number as u64,
            Self::Bytes(_) => 0,
        }
    }

    /// A `uint32` or `fixed32`; higher bits are cut off as protobuf says.
    #[expect(clippy::cast_possible_truncation, reason = "protobuf keeps the low 32 bits")]
    pub const fn uint32(self) -> u32 {
        self.number() as u32
    }

    /// An `int32` or enumeration.
    #[expect(clippy::cast_possible_wrap, reason = "protobuf sends negative numbers as two's complement")]
    pub const fn int32(self) -> i32 {
        self.uint32() as i32
    }

    /// An `int64` or `sfixed64`.
    #[expect(clippy::cast_possible_wrap, reason = "protobuf sends negative numbers as two's complement")]
    pub const fn int64(self) -> i64 {
        self.number() as i64
    }

    /// A `sint32`, which is zigzag-encoded.
    #[expect(clippy::cast_possible_wrap, reason = "zigzag maps the low bit to the sign")]
    pub const fn sint32(self) -> i32 {
        let number = self.uint32();
        ((number >> 1) as i32) ^ -((number & 1) as i32)
    }

    /// A `double`.
    pub const fn double(self) -> f64 {
        f64::from_bits(self.number())
    }

    /// The bytes of a length-delimited field; empty for others.
    pub const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// A string field.
    pub const fn text(self) -> Text<'a> {
        Text::new(self.bytes())
    }
}

/// The fields of a message in the order they lie on the wire.
///
/// For validated bytes: where they are not a message after all, iteration stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of the message `bytes`.
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes of the fields not yet taken.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Value<'a>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let [key, after_key @ ..] = self.rest else { return None };
        if *key >= 0x80 {
            return self.next_with_long_key();
        }
        // Nearly all keys are one byte, and nearly all lengths: no call and no error to build for them.
        if *key & 7 == 2
            && let [length, rest @ ..] = after_key
            && *length < 0x80
        {
            let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
            self.rest = rest;
            return Some((u32::from(*key >> 3), Value::Bytes(bytes)));
        }
        let (value, rest) = match *key & 7 {
            0 => read_value(WireType::Varint, after_key).ok()?,
            1 => read_value(WireType::Fixed64, after_key).ok()?,
            2 => read_value(WireType::LengthDelimited, after_key).ok()?,
            5 => read_value(WireType::Fixed32, after_key).ok()?,
            _ => return None,
        };
        self.rest = rest;
        Some((u32::from(*key >> 3), value))
    }
}

impl<'a> Fields<'a> {
    /// Takes the next field if it is length-delimited with this number, below 16, and shorter than 128
    /// bytes: the usual element of a list, met without looking for anything else.
    #[inline(always)]
    pub(super) fn next_short(&mut self, number: u32) -> Option<&'a [u8]> {
        match self.rest {
            [key, length, rest @ ..] if u32::from(*key) == number << 3 | 2 && *length < 0x80 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
                self.rest = rest;
                Some(bytes)
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn next_with_long_key(&mut self) -> Option<(u32, Value<'a>)> {
        let (number, wire_type, after_key) = read_key(self.rest).ok()?;
        let (value, rest) = read_value(wire_type, after_key).ok()?;
        self.rest = rest;
        Some((number, value))
    }
}

/// Reads a key: the field's number and wire type, and the bytes behind it.
#[inline]
pub fn read_key(bytes: &[u8]) -> Result<(u32, WireType, &[u8]), WireFault> {
    let (key, rest) = read_varint(bytes)?;
    let key = u32::try_from(key).map_err(|_| WireFault::Key)?;
    let wire_type = match key & 7 {
        0 => WireType::Varint,
        1 => WireType::Fixed64,
        2 => WireType::LengthDelimited,
        5 => WireType::Fixed32,
        other => return Err(WireFault::WireType(other)),
    };
    match key >> 3 {
        0 => Err(WireFault::FieldZero),
        number => Ok((number, wire_type, rest)),
    }
}

/// Reads the value of a field whose key said `wire_type`.
#[inline]
pub fn read_value(wire_type: WireType, bytes: &[u8]) -> Result<(Value<'_>, &[u8]), WireFault> {
    match wire_type {
        WireType::Varint => read_varint(bytes).map(|(number, rest)| (Value::Varint(number), rest)),
        WireType::LengthDelimited => {
            read_length_delimited(bytes).map(|(inner, rest)| (Value::Bytes(inner), rest))
        }
        WireType::Fixed64 => match bytes.split_first_chunk::<8>() {
            Some((number, rest)) => Ok((Value::Fixed64(u64::from_le_bytes(*number)), rest)),
            None => Err(WireFault::Truncated(8, bytes.len())),
        },
        WireType::Fixed32 => match bytes.split_first_chunk::<4>() {
            Some((number, rest)) => Ok((Value::Fixed32(u32::from_le_bytes(*number)), rest)),
            None => Err(WireFault::Truncated(4, bytes.len())),
        },
    }
}

/// Reads a length and splits that many bytes off.
#[inline]
pub fn read_length_delimited(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireFault> {
    let (length, rest) = read_varint(bytes)?;
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    split.ok_or(WireFault::Truncated(length, rest.len()))
}

/// Reads a base-128 integer, also one padded with zero bits; a tenth byte may carry one bit only.
#[inline]
pub fn read_varint(bytes: &[u8]) -> Result<(u64, &[u8]), WireFault> {
    match bytes {
        [only, rest @ ..] if *only < 0x80 => Ok((u64::from(*only), rest)),
        [low, high, rest @ ..] if *high < 0x80 => Ok((u64::from(*low & 0x7f) | u64::from(*high) << 7, rest)),
        _ => read_long_varint(bytes),
    }
}

#[inline(never)]
fn read_long_varint(bytes: &[u8]) -> Result<(u64, &[u8]), WireFault> {
    let mut number = 0_u64;
    let mut rest = bytes;
    for shift in (0..64).step_by(7) {
        let Some((byte, behind)) = rest.split_first() else {
            return Err(WireFault::Varint);
        };
        rest = behind;
        number |= u64::from(*byte & 0x7f) << shift;
        if *byte < 0x80 {
            let overflows = shift == 63 && *byte > 1;
            return if overflows { Err(WireFault::Varint) } else { Ok((number, rest)) };
        }
    }
    Err(WireFault::Varint)
}

/// Appends a base-128 integer in its shortest form.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Appends a field's key.
#[inline]
pub fn put_key(out: &mut Vec<u8>, field_number: u32, wire_type: WireType) {
    put_varint(out, u64::from(field_number) << 3 | u64::from(wire_type.number()));
}

/// Appends a length-delimited field: key, length and `bytes`.
pub fn put_length_delimited(out: &mut Vec<u8>, field_number: u32, bytes: &[u8]) {
    // Room is made once for all three, and most are short.
    out.reserve(bytes.len() + 20);
    put_length(out, field_number, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends key and length of a length-delimited field, whose bytes are to follow.
#[inline]
pub fn put_length(out: &mut Vec<u8>, field_number: u32, length: usize) {
    match u8::try_from(length) {
        Ok(length) if length < 0x80 && field_number < 16 => {
            out.extend_from_slice(&[short_message_key(field_number), length]);
        }
        _ => {
            put_key(out, field_number, WireType::LengthDelimited);
            put_varint(out, length as u64);
        }
    }
}

/// The key of a length-delimited field with a number below 16.
pub const fn short_message_key(field_number: u32) -> u8 {
    (field_number as u8) << 3 | WireType::LengthDelimited.number() as u8
}

/// Appends a message field, whose content `write` appends. The length is made room for afterwards, so
/// that nothing is measured beforehand or built twice.
pub fn put_message(out: &mut Vec<u8>, field_number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    if field_number < 16 {
        out.extend_from_slice(&[short_message_key(field_number), 0]);
    } else {
        put_key(out, field_number, WireType::LengthDelimited);
        out.push(0);
    }
    let content_at = out.len();
    let length_at = content_at - 1;
    write(out);
    let length = out.len().saturating_sub(content_at) as u64;
    if let (Ok(short), Some(byte)) = (u8::try_from(length), out.get_mut(length_at))
        && short < 0x80
    {
        *byte = short;
        return;
    }
    // The byte that is there takes the first seven bits, and the content moves up for the others.
    let length_length = varint_length(length);
    let end = out.len();
    out.resize(end + length_length - 1, 0);
    out.copy_within(content_at..end, length_at + length_length);
    let mut rest = length;
    for byte in out.iter_mut().skip(length_at).take(length_length) {
        *byte = (rest & 0x7f) as u8 | 0x80;
        rest >>= 7;
    }
    if let Some(last) = out.get_mut(length_at + length_length - 1) {
        *last &= 0x7f;
    }
}

/// Appends those fields of `message` for which `keep` says so, as they lie there.
pub fn put_fields<'a>(out: &mut Vec<u8>, message: &'a [u8], mut keep: impl FnMut(u32, Value<'a>) -> bool) {
    let mut fields = Fields::of(message);
    let mut rest = message;
    while let Some((number, value)) = fields.next() {
        let field = rest.get(..rest.len() - fields.rest().len()).unwrap_or_default();
        if keep(number, value) {
            out.extend_from_slice(field);
        }
        rest = fields.rest();
    }
}

/// How many bytes [`put_varint`] appends: 1 to 10.
pub const fn varint_length(number: u64) -> usize {
    let significant_bits = 64 - (number | 1).leading_zeros() as usize;
    significant_bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_width_survive_the_way_out_and_in() {
        for bits in 0..64 {
            for number in [1_u64 << bits, (1_u64 << bits) - 1, u64::MAX >> bits] {
                let mut bytes = Vec::new();
                put_varint(&mut bytes, number);
                assert_eq!(bytes.len(), varint_length(number));
                bytes.push(0xee);
                assert_eq!(read_varint(&bytes), Ok((number, &[0xee][..])));
            }
        }
    }

    #[test]
    fn a_message_of_any_length_gets_its_length() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let content = vec![7; length];
            let (mut written, mut expected) = (vec![1, 2], vec![1, 2]);
            put_message(&mut written, 5, |out| out.extend_from_slice(&content));
            put_length_delimited(&mut expected, 5, &content);
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn fields_are_copied_as_they_lie() {
        let message = [0x0a, 0x81, 0x80, 0x00, 7, 0x10, 5, 0x0a, 0, 0xa2, 0x7d, 1, 9];
        let mut kept = Vec::new();
        put_fields(&mut kept, &message, |number, _| number != 2);
        assert_eq!(kept, [&message[..5], &message[7..]].concat());
    }

    #[test]
    fn a_padded_varint_is_read() {
        assert_eq!(read_varint(&[0x85, 0x80, 0x80, 0x00, 9]), Ok((5, &[9][..])));
    }

    #[test]
    fn a_varint_past_64_bits_or_without_end_is_refused() {
        let nine = [0xff_u8; 9];
        assert_eq!(read_varint(&[&nine[..], &[0x01]].concat()), Ok((u64::MAX, &[][..])));
        assert_eq!(read_varint(&[&nine[..], &[0x02]].concat()), Err(WireFault::Varint));
        assert_eq!(read_varint(&[0xff; 11]), Err(WireFault::Varint));
        assert_eq!(read_varint(&[0x80, 0x80]), Err(WireFault::Varint));
        assert_eq!(read_varint(&[]), Err(WireFault::Varint));
    }

    #[test]
    fn keys_of_groups_unknown_types_and_field_zero_are_refused() {
        assert_eq!(read_key(&[0x0b]), Err(WireFault::WireType(3)));
        assert_eq!(read_key(&[0x0c]), Err(WireFault::WireType(4)));
        assert_eq!(read_key(&[0x0e]), Err(WireFault::WireType(6)));
        assert_eq!(read_key(&[0x0f]), Err(WireFault::WireType(7)));
        assert_eq!(read_key(&[0x02]), Err(WireFault::FieldZero));
        assert_eq!(read_key(&[0x80, 0x80, 0x80, 0x80, 0x10]), Err(WireFault::Key));
        assert_eq!(read_key(&[0x85, 0x01]), Ok((16, WireType::Fixed32, &[][..])));
    }

    #[test]
    fn a_length_past_the_end_says_how_much_is_missing() {
        assert_eq!(read_length_delimited(&[5, 1, 2]), Err(WireFault::Truncated(5, 2)));
        assert_eq!(read_value(WireType::Fixed64, &[0; 7]), Err(WireFault::Truncated(8, 7)));
        assert_eq!(read_value(WireType::Fixed32, &[0; 3]), Err(WireFault::Truncated(4, 3)));
    }

    #[test]
    fn zigzag_numbers_have_their_sign() {
        for (encoded, number) in [(0, 0), (1, -1), (2, 1), (3, -2), (u64::from(u32::MAX), i32::MIN)] {
            assert_eq!(Value::Varint(encoded).sint32(), number);
        }
    }
}
