//! How text is written in files, and how it becomes UTF-8.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TextEncoding {
    /// UTF-8; what is none becomes U+FFFD.
    Utf8,
    /// UTF-8; an entry that is none is kept as bytes.
    Utf8Raw,
    /// No text at all: bytes.
    Bytes,
    /// A byte for each of the first 256 characters: ISO 8859-1.
    Latin1,
    /// Any other.
    Other(&'static Encoding),
}

/// There is no such encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported encoding '{0}'")]
pub struct UnknownEncoding(String);

/// An entry as the value of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryText<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes that are no text.
    Bytes(&'a [u8]),
}

impl TextEncoding {
    /// The encoding called `name`, whatever its case.
    pub fn named(name: &str) -> Result<Self, UnknownEncoding> {
        let lower = name.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "" | "utf-8" | "utf8" | "ascii" | "us-ascii" => Self::Utf8,
            "utf-8-raw" | "utf8-raw" => Self::Utf8Raw,
            "nop" => Self::Bytes,
            "utf-16" | "utf16" | "utf-16le" => Self::Other(encoding_rs::UTF_16LE),
            "utf-16be" => Self::Other(encoding_rs::UTF_16BE),
            // Browsers take these for Windows-1252.
            "iso-8859-1" | "iso_8859-1" | "latin1" | "l1" | "ibm819" | "cp819" => Self::Latin1,
            _ => match Encoding::for_label_no_replacement(lower.as_bytes()) {
                Some(encoding) if encoding == encoding_rs::UTF_8 => Self::Utf8,
                Some(encoding) => Self::Other(encoding),
                None => return Err(UnknownEncoding(name.to_owned())),
            },
        })
    }

    /// Whether a character is two bytes or four.
    pub fn is_utf_16(self) -> bool {
        matches!(self, Self::Other(encoding) if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE)
    }

    /// A line end in bytes.
    pub fn line_feed(self) -> &'static [u8] {
        match self {
            Self::Other(encoding) if encoding == encoding_rs::UTF_16LE => b"\n\0",
            Self::Other(encoding) if encoding == encoding_rs::UTF_16BE => b"\0\n",
            _ => b"\n",
        }
    }

    /// What may stand before a line end, in bytes.
    pub fn carriage_return(self) -> &'static [u8] {
        match self {
            Self::Other(encoding) if encoding == encoding_rs::UTF_16LE => b"\r\0",
            Self::Other(encoding) if encoding == encoding_rs::UTF_16BE => b"\0\r",
            _ => b"\r",
        }
    }

    /// The text of an entry.
    pub fn decode(self, bytes: &[u8]) -> EntryText<'_> {
        match self {
            // Looking for broken places one by one is slower than seeing that there is none.
            Self::Utf8 => EntryText::Text(match str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            }),
            Self::Utf8Raw => match std::str::from_utf8(bytes) {
                Ok(text) => EntryText::Text(Cow::Borrowed(text)),
                Err(_) => EntryText::Bytes(bytes),
            },
            Self::Bytes => EntryText::Bytes(bytes),
            Self::Latin1 => EntryText::Text(encoding_rs::mem::decode_latin1(bytes)),
            Self::Other(encoding) => EntryText::Text(encoding.decode_without_bom_handling(bytes).0),
        }
    }

    /// How many of `bytes` the first `length` bytes of their text in UTF-8 were made of.
    pub fn encoded_length(self, bytes: &[u8], length: usize) -> usize {
        let Self::Other(encoding) = self else {
            return match self {
                Self::Latin1 => {
                    let text = encoding_rs::mem::decode_latin1(bytes);
                    text.get(..length).map_or(bytes.len(), |text| text.chars().count())
                }
                _ => length,
            };
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let mut decoded = [0; 16];
        let mut written_in_all = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if written_in_all >= length {
                return index;
            }
            let (_, _, written, _) = decoder.decode_to_utf8(std::slice::from_ref(byte), &mut decoded, false);
            written_in_all += written;
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str, bytes: &[u8]) -> String {
        match TextEncoding::named(name).unwrap().decode(bytes) {
            EntryText::Text(text) => text.into_owned(),
            EntryText::Bytes(bytes) => format!("{bytes:?}"),
        }
    }

    #[test]
    fn encodings_are_known_by_their_names() {
        for (name, bytes, text) in [
            ("utf-8", &b"a\xffb"[..], "a\u{fffd}b"),
            ("UTF8", b"\xc3\xa9", "é"),
            ("utf-8-raw", b"\xc3\xa9", "é"),
            ("utf-8-raw", b"\xff", "[255]"),
            ("nop", b"a", "[97]"),
            ("ascii", b"a", "a"),
            ("utf-16le", b"a\0\x3d\xd8\x00\xde", "a😀"),
            ("utf-16be", b"\0a", "a"),
            ("big5", b"\xa7\x41", "你"),
            ("iso-8859-1", b"\x85\xe9", "\u{85}é"),
            ("windows-1252", b"\x85", "…"),
            ("shift_jis", b"\x83\x65", "テ"),
        ] {
            assert_eq!(decoded(name, bytes), text, "{name}");
        }
        assert_eq!(TextEncoding::named("klingon").unwrap_err().to_string(), "unsupported encoding 'klingon'");
    }

    #[test]
    fn places_in_the_text_are_found_in_the_bytes() {
        for (name, bytes) in [("utf-16le", &b"a\0\xe9\0\x3d\xd8\x00\xdeb\0"[..]), ("big5", b"a\xa7\x41b")] {
            let encoding = TextEncoding::named(name).unwrap();
            let EntryText::Text(text) = encoding.decode(bytes) else { panic!("no text") };
            for (index, _) in text.char_indices() {
                let length = encoding.encoded_length(bytes, index);
                assert_eq!(
                    encoding.decode(&bytes[..length]),
                    EntryText::Text(text[..index].into()),
                    "{name}"
                );
            }
        }
    }
}
