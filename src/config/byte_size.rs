//! Sizes in bytes, written as a number or as a text with a unit.

use super::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A number of bytes: `1000`, `16KiB`, `1.5mb`. `kb` is a thousand, `kib` 1024; case does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteSize(pub u64);

/// The units by their first letter, each a thousand (or 1024) of the one before.
const UNITS: [u8; 5] = *b"kmgtp";

impl ByteSize {
    /// The number in memory's own type.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Reads a number with or without a unit; none where it is neither.
    fn parse(text: &str) -> Option<Self> {
        let is_numeral = |character: char| character.is_ascii_digit() || character == '.';
        let (numeral, unit) = text.split_at(text.find(|c| !is_numeral(c)).unwrap_or(text.len()));
        if !numeral.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let unit = unit.trim_start().to_ascii_lowercase();
        let factor = match unit.as_bytes() {
            [] => 1,
            [letter, b'b'] => power_of(1000, *letter)?,
            [letter, b'i', b'b'] => power_of(1024, *letter)?,
            _ => return None,
        };
        let number: f64 = numeral.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
        let bytes = (number * factor as f64) as u64;
        Some(Self(bytes))
    }
}

fn power_of(base: u64, letter: u8) -> Option<u64> {
    let exponent = UNITS.iter().position(|unit| *unit == letter)?;
    base.checked_pow(u32::try_from(exponent).ok()? + 1)
}

impl ConfigValue for ByteSize {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let hint = || Some("write a number of bytes, such as 1000, 16KiB or 1MiB".to_owned());
        let read = match &node.value {
            NodeValue::Null => return,
            NodeValue::String(text) => match Self::parse(text) {
                Some(size) => Ok(size),
                None => Err(format!("'{}' invalid byte size '{text}'", decoding.dotted_path())),
            },
            NodeValue::Integer(number) => u64::try_from(*number).map(Self).map_err(|_| {
                format!(
                    "'{}' cannot parse value as 'int64': {number} is out of range",
                    decoding.dotted_path()
                )
            }),
            _ => return decoding.wrong_type(node, "string", hint()),
        };
        match read {
            Ok(size) => *self = size,
            Err(message) => decoding.error(&node.location, message, hint()),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.0.into()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_in_the_collector() {
        for (text, bytes) in [
            ("1000", 1000),
            ("1kb", 1000),
            ("1KiB", 1024),
            ("1.5 kib", 1536),
            ("2mb", 2_000_000),
            ("1MiB", 1_048_576),
            ("3gib", 3_221_225_472),
            ("1.kb", 1000),
        ] {
            assert_eq!(ByteSize::parse(text), Some(ByteSize(bytes)), "{text}");
        }
        for text in ["", "kb", "1b", "1 kx", "-1", ".5kb", "1k"] {
            assert_eq!(ByteSize::parse(text), None, "{text}");
        }
    }
}
