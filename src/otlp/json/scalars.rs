//! What a JSON value means for a field that is not a message.

use std::borrow::Cow;

use super::numbers::{parse_double, parse_integer};
use super::reader::Value;
use super::schema::Kind;
use super::strings::{decode_base64, decode_hex};

/// The bits of a number, boolean or enumeration: of a double its representation, of `sint32` the zigzag
/// form, of everything else the value sign-extended to 64 bits. `None` when `value` does not fit `kind`.
pub(super) fn number_bits(kind: Kind, value: &Value<'_>) -> Option<u64> {
    match kind {
        Kind::Bool => match value {
            Value::Bool(boolean) => Some(u64::from(*boolean)),
            _ => None,
        },
        Kind::Double => number_text(value).and_then(parse_double).map(f64::to_bits),
        Kind::Int64 | Kind::Sfixed64 => integer::<i64>(value).map(i64::cast_unsigned),
        Kind::Uint64 | Kind::Fixed64 => integer::<u64>(value),
        Kind::Uint32 | Kind::Fixed32 => integer::<u32>(value).map(u64::from),
        Kind::Int32 => integer::<i32>(value).map(sign_extended),
        Kind::Sint32 => {
            integer::<i32>(value).map(|integer| u64::from(((integer << 1) ^ (integer >> 31)).cast_unsigned()))
        }
        Kind::Enum(_, number_of) => match value {
            Value::String(name) => number_of(name).map(sign_extended),
            _ => integer::<i32>(value).map(sign_extended),
        },
        Kind::String | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => None,
    }
}

/// The bytes of a string, of base64 or of an id; `None` when `value` is not one.
pub(super) fn bytes(kind: Kind, value: Value<'_>) -> Option<Cow<'_, [u8]>> {
    let Value::String(string) = value else { return None };
    match kind {
        Kind::Bytes => decode_base64(&string).map(Cow::Owned),
        Kind::Id(length) => decode_id(&string, length).map(Cow::Owned),
        _ => Some(match string {
            Cow::Borrowed(string) => Cow::Borrowed(string.as_bytes()),
            Cow::Owned(string) => Cow::Owned(string.into_bytes()),
        }),
    }
}

/// What a field of this kind may hold, as the object of "expected".
pub(super) fn expected(kind: Kind) -> Cow<'static, str> {
    match kind {
        Kind::String => "a string".into(),
        Kind::Bytes => "a string of base64".into(),
        Kind::Id(length) => format!("{} hex digits", 2 * length).into(),
        Kind::Bool => "true or false".into(),
        Kind::Int32 | Kind::Sint32 => "an integer from -2147483648 to 2147483647".into(),
        Kind::Uint32 | Kind::Fixed32 => "an integer from 0 to 4294967295".into(),
        Kind::Int64 | Kind::Sfixed64 => "an integer from -9223372036854775808 to 9223372036854775807".into(),
        Kind::Uint64 | Kind::Fixed64 => "an integer from 0 to 18446744073709551615".into(),
        Kind::Double => "a number, \"NaN\", \"Infinity\" or \"-Infinity\"".into(),
        Kind::Enum(enumeration, _) => format!("the number or the name of a {enumeration}").into(),
        Kind::Message(_) => "an object".into(),
    }
}

const fn sign_extended(integer: i32) -> u64 {
    (integer as i64).cast_unsigned()
}

/// The text of a number, which may stand in quotes.
fn number_text<'value>(value: &'value Value<'_>) -> Option<&'value str> {
    match value {
        Value::Number(text) => Some(text),
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn integer<Integer: TryFrom<i128>>(value: &Value<'_>) -> Option<Integer> {
    number_text(value).and_then(parse_integer).and_then(|integer| Integer::try_from(integer).ok())
}

/// An id of `length` bytes. No digits, or only zeros, are no id: the Collector keeps neither.
fn decode_id(text: &str, length: usize) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let id = decode_hex(text, length)?;
    Some(if id.iter().all(|&byte| byte == 0) { Vec::new() } else { id })
}
