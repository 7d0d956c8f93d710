//! Strings between JSON and Rust: escapes, base64 and hex.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::otlp::hexadecimal::hex_character;

/// Reads all four forms that protobuf's JSON mapping wants read: both alphabets, padded or not. Writes
/// the standard alphabet with padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Writes `text` in quotes. Escaped are quotes, backslashes and control characters, as the Collector does.
pub(super) fn write_string(output: &mut Vec<u8>, text: &str) {
    output.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(plain_length) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (plain, from_escape) = rest.split_at(plain_length);
        output.extend_from_slice(plain);
        let Some((special, behind)) = from_escape.split_first() else { break };
        write_escape(output, *special);
        rest = behind;
    }
    output.extend_from_slice(rest);
    output.push(b'"');
}

/// Writes `bytes` in quotes as lower-case hex.
pub(super) fn write_hex(output: &mut Vec<u8>, bytes: &[u8]) {
    output.push(b'"');
    for byte in bytes {
        output.extend([hex_character(byte >> 4), hex_character(byte & 0xf)]);
    }
    output.push(b'"');
}

/// Writes `bytes` in quotes as base64.
pub(super) fn write_base64(output: &mut Vec<u8>, bytes: &[u8]) {
    output.push(b'"');
    output.extend_from_slice(BASE64.encode(bytes).as_bytes());
    output.push(b'"');
}

/// The bytes `text` stands for; `None` when it is not base64.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard = if text.contains(['-', '_']) {
        Cow::Owned(text.replace('-', "+").replace('_', "/"))
    } else {
        Cow::Borrowed(text)
    };
    BASE64.decode(standard.as_bytes()).ok()
}

/// The bytes `text` stands for; `None` when it is not `2 * length` hex digits of either case.
pub(super) fn decode_hex(text: &str, length: usize) -> Option<Vec<u8>> {
    if text.len() != 2 * length {
        return None;
    }
    let mut bytes = Vec::with_capacity(length);
    for pair in text.as_bytes().chunks_exact(2) {
        let mut byte = 0;
        for digit in pair {
            byte = byte << 4 | hex_value(*digit)?;
        }
        bytes.push(byte);
    }
    Some(bytes)
}

const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn write_escape(output: &mut Vec<u8>, special: u8) {
    match special {
        b'"' | b'\\' => output.extend([b'\\', special]),
        b'\n' => output.extend(b"\\n"),
        b'\r' => output.extend(b"\\r"),
        b'\t' => output.extend(b"\\t"),
        control => {
            output.extend(b"\\u00");
            output.extend([hex_character(control >> 4), hex_character(control & 0xf)]);
        }
    }
}

const fn hex_value(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut output = Vec::new();
        write(&mut output);
        String::from_utf8(output).unwrap()
    }

    /// The expected text is what the Collector's own JSON marshaler writes.
    #[test]
    fn quotes_backslashes_and_control_characters_are_escaped_and_nothing_else() {
        let text = "\"\\/\n\r\t\u{8}\u{c}\u{1f}\u{7f}\u{2028}</é🌊";
        let expected = "\"\\\"\\\\/\\n\\r\\t\\u0008\\u000c\\u001f\u{7f}\u{2028}</é🌊\"";
        assert_eq!(written(|output| write_string(output, text)), expected);
    }

    #[test]
    fn base64_is_read_in_all_four_forms_and_written_standard_and_padded() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode_base64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        for refused in ["+", "+/8==", "caf\u{e9}", "a b="] {
            assert_eq!(decode_base64(refused), None, "{refused}");
        }
        assert_eq!(written(|output| write_base64(output, &[0xfb, 0xff])), "\"+/8=\"");
        assert_eq!(written(|output| write_base64(output, &[])), "\"\"");
    }

    #[test]
    fn hex_is_read_in_either_case_and_written_in_lower_case() {
        assert_eq!(
            decode_hex("EEe19b7EC3c1B174", 8),
            Some(vec![0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74])
        );
        for refused in
            ["", "eee1", "eee19b7ec3c1b1740", "eee19b7ec3c1b17g", "0xe19b7ec3c1b174", "éeé19b7ec3c1b1"]
        {
            assert_eq!(decode_hex(refused, 8), None, "{refused}");
        }
        assert_eq!(written(|output| write_hex(output, &[0xee, 0x0a])), "\"ee0a\"");
    }
}
