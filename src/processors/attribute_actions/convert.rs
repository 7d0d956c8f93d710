//! What `convert` and `hash` make of a value.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::plan::ConvertedType;
use crate::otlp::{AnyValueView, Text, put_any_value};

/// Appends the value as another type, as an encoded `AnyValue`; false where it is of that type already or
/// cannot be converted.
pub(super) fn put_converted(out: &mut Vec<u8>, value: AnyValueView<'_>, to: ConvertedType) -> bool {
    let converted = match to {
        ConvertedType::Int => to_int(value).map(AnyValueView::Int),
        ConvertedType::Double => to_double(value).map(AnyValueView::Double),
        ConvertedType::String => {
            if matches!(value, AnyValueView::String(_)) {
                return false;
            }
            put_any_value(out, AnyValueView::String(Text::new(value.to_text().as_bytes())));
            return true;
        }
    };
    converted.map(|converted| put_any_value(out, converted)).is_some()
}

/// Floating-point numbers lose their fraction; beyond the range they become its end.
#[expect(clippy::cast_possible_truncation, reason = "the conversion asked for")]
fn to_int(value: AnyValueView<'_>) -> Option<i64> {
    match value {
        AnyValueView::Double(number) => Some(number as i64),
        AnyValueView::Bool(truth) => Some(i64::from(truth)),
        AnyValueView::String(text) => text.to_str().parse().ok(),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the conversion asked for")]
fn to_double(value: AnyValueView<'_>) -> Option<f64> {
    match value {
        AnyValueView::Int(number) => Some(number as f64),
        AnyValueView::Bool(truth) => Some(f64::from(u8::from(truth))),
        AnyValueView::String(text) => parse_double(&text.to_str()),
        _ => None,
    }
}

/// Reads decimal numbers as Go does: one beyond the range is none, and so is a signed NaN.
fn parse_double(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let spells_number = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_signed = text.starts_with(['+', '-']);
    let is_refused = (number.is_infinite() && spells_number) || (number.is_nan() && is_signed);
    (!is_refused).then_some(number)
}

/// Appends the SHA-256 of a value in hex as an encoded `AnyValue`: of a text's bytes, a truth value's one
/// byte, a number's eight bytes, little-endian. Anything else becomes an empty text, as in the Collector.
pub(super) fn put_hashed(out: &mut Vec<u8>, value: AnyValueView<'_>) {
    let digest = match value {
        AnyValueView::String(text) => Sha256::digest(text.as_bytes()),
        AnyValueView::Bool(truth) => Sha256::digest([u8::from(truth)]),
        AnyValueView::Int(number) => Sha256::digest(number.to_le_bytes()),
        AnyValueView::Double(number) => Sha256::digest(number.to_le_bytes()),
        _ => return put_any_value(out, AnyValueView::String(Text::default())),
    };
    let mut hex = String::with_capacity(64);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    put_any_value(out, AnyValueView::String(Text::new(hex.as_bytes())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::View;

    fn converted(value: AnyValueView<'_>, to: ConvertedType) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        put_converted(&mut out, value, to).then_some(out)
    }

    fn text(text: &str) -> AnyValueView<'_> {
        AnyValueView::String(Text::new(text.as_bytes()))
    }

    #[test]
    fn texts_and_truths_become_whole_numbers() {
        for (value, expected) in [
            (text("123"), Some(123)),
            (text("-7"), Some(-7)),
            (text("+7"), Some(7)),
            (text(" 7"), None),
            (text("7.0"), None),
            (text("9223372036854775808"), None),
            (text(""), None),
            (AnyValueView::Bool(true), Some(1)),
            (AnyValueView::Double(-2.9), Some(-2)),
            (AnyValueView::Int(5), None),
            (AnyValueView::Bytes(b"5"), None),
            (AnyValueView::Empty, None),
        ] {
            let found = converted(value, ConvertedType::Int);
            let found = found.as_deref().map(AnyValueView::parse);
            assert_eq!(format!("{found:?}"), format!("{:?}", expected.map(AnyValueView::Int)), "{value:?}");
        }
    }

    #[test]
    fn texts_and_truths_become_floating_point_numbers() {
        for (value, expected) in [
            (text("1.5"), Some(1.5)),
            (text("1e3"), Some(1000.0)),
            (text("-Inf"), Some(f64::NEG_INFINITY)),
            (text("infinity"), Some(f64::INFINITY)),
            (text("nan"), Some(f64::NAN)),
            (text("-nan"), None),
            (text("1e400"), None),
            (text("one"), None),
            (AnyValueView::Bool(false), Some(0.0)),
            (AnyValueView::Int(3), Some(3.0)),
            (AnyValueView::Double(3.0), None),
        ] {
            let found = converted(value, ConvertedType::Double);
            let found = found.as_deref().map(AnyValueView::parse);
            assert_eq!(
                format!("{found:?}"),
                format!("{:?}", expected.map(AnyValueView::Double)),
                "{value:?}"
            );
        }
    }

    #[test]
    fn everything_but_text_becomes_text() {
        for (value, expected) in [
            (AnyValueView::Int(-5), Some("-5")),
            (AnyValueView::Double(1e21), Some("1e+21")),
            (AnyValueView::Bool(true), Some("true")),
            (AnyValueView::Bytes(b"ab"), Some("YWI=")),
            (AnyValueView::Empty, Some("")),
            (text("5"), None),
        ] {
            let found = converted(value, ConvertedType::String);
            let found = found.as_deref().map(AnyValueView::parse);
            assert_eq!(format!("{found:?}"), format!("{:?}", expected.map(text)), "{value:?}");
        }
    }

    /// The digests are those of `printf ... | sha256sum`.
    #[test]
    fn hashes_are_those_of_the_bytes_of_each_type() {
        for (value, expected) in [
            (text("foo"), "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            (AnyValueView::Bool(true), "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"),
            (AnyValueView::Bool(false), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (AnyValueView::Int(24), "cbb032642036ec7043fa4529f06c9c9d8b12fa70ea6799a19ca8321a808d86fa"),
            (AnyValueView::Double(2.4), "df3022be03461368aa299f2f30d440fd3ca45c9b62af40733f10296a53d42859"),
            (AnyValueView::Bytes(b"foo"), ""),
            (AnyValueView::Empty, ""),
        ] {
            let mut out = Vec::new();
            put_hashed(&mut out, value);
            assert_eq!(AnyValueView::parse(&out).to_text(), expected, "{value:?}");
        }
    }
}
