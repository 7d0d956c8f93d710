//! A pull reader of JSON text (RFC 8259) that hands out numbers as they are written.
//!
//! Not `serde_json`, for three reasons: a lone surrogate (`"\ud83d"`, what a JavaScript SDK sends when
//! an attribute is cut inside an emoji) must be repaired to U+FFFD as the Collector does instead of
//! refusing the whole request; 64-bit integers and doubles must not lose a digit; and an error must
//! point at the first character of the value it quotes.

use std::borrow::Cow;

use super::error::{Failure, Result};

/// A value, or for the two containers only its opening bracket: read on with [`Reader::next_key`] or
/// [`Reader::next_element`].
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'text> {
    Null,
    Bool(bool),
    /// The number's text, which matches the JSON grammar.
    Number(&'text str),
    String(Cow<'text, str>),
    Object,
    Array,
}

pub(crate) struct Reader<'text> {
    text: &'text str,
    offset: usize,
}

impl<'text> Reader<'text> {
    pub(crate) const fn new(text: &'text str) -> Self {
        Self { text, offset: 0 }
    }

    /// Skips white space and returns where the next token starts.
    pub(crate) fn next_token_offset(&mut self) -> usize {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.offset += 1;
        }
        self.offset
    }

    /// The next value.
    pub(crate) fn value(&mut self) -> Result<Value<'text>> {
        let start = self.next_token_offset();
        match self.byte() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => Ok(self.opening(Value::Object)),
            Some(b'[') => Ok(self.opening(Value::Array)),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b't') if self.take_word("true") => Ok(Value::Bool(true)),
            Some(b'f') if self.take_word("false") => Ok(Value::Bool(false)),
            Some(b'n') if self.take_word("null") => Ok(Value::Null),
            _ => Err(self.mismatch("a value", start)),
        }
    }

    /// The next key of an open object with its colon read, or `None` once the object is closed.
    pub(crate) fn next_key(&mut self, is_first: bool) -> Result<Option<Cow<'text, str>>> {
        if !self.has_next(b'}', is_first, "\",\" or \"}\"")? {
            return Ok(None);
        }
        let start = self.next_token_offset();
        if self.byte() != Some(b'"') {
            return Err(self.mismatch("a field name in quotes", start));
        }
        let key = self.string()?;
        let after_key = self.next_token_offset();
        if !self.take(b':') {
            return Err(self.mismatch("\":\"", after_key));
        }
        Ok(Some(key))
    }

    /// True when the open array has another element, false once it is closed.
    pub(crate) fn next_element(&mut self, is_first: bool) -> Result<bool> {
        self.has_next(b']', is_first, "\",\" or \"]\"")
    }

    /// Reads past the value that [`Self::value`] just returned, without recursion.
    pub(crate) fn skip_rest_of(&mut self, value: &Value<'_>) -> Result<()> {
        let mut open = Vec::new();
        let mut is_first = push_container(&mut open, value);
        while let Some(is_object) = open.last().copied() {
            let has_next =
                if is_object { self.next_key(is_first)?.is_some() } else { self.next_element(is_first)? };
            if has_next {
                is_first = push_container(&mut open, &self.value()?);
            } else {
                open.pop();
                is_first = false;
            }
        }
        Ok(())
    }

    /// Refuses anything but white space up to the end.
    pub(crate) fn end(&mut self) -> Result<()> {
        let start = self.next_token_offset();
        if self.byte().is_none() { Ok(()) } else { Err(self.mismatch("the end of the body", start)) }
    }

    /// The failure `expected …, found …` about the token at `start`.
    pub(crate) fn mismatch(&self, expected: &str, start: usize) -> Box<Failure> {
        Failure::new(start, format!("expected {expected}, found {}", self.describe(start)))
    }

    fn describe(&self, start: usize) -> String {
        const LONGEST_QUOTE: usize = 40;
        let rest = self.text.get(start..).unwrap_or_default();
        let is_word =
            |character: char| character.is_alphanumeric() || matches!(character, '-' | '+' | '.' | '_');
        let token = match rest.chars().next() {
            None => return "the end of the body".to_owned(),
            Some('{') => return "an object".to_owned(),
            Some('[') => return "an array".to_owned(),
            Some('"') => rest.get(..quoted_length(rest)).unwrap_or(rest),
            Some(first) if is_word(first) => {
                rest.split(|character| !is_word(character)).next().unwrap_or(rest)
            }
            Some(other) => return format!("{:?}", other.to_string()),
        };
        match token.char_indices().nth(LONGEST_QUOTE) {
            Some((cut, _)) => format!("{}…", token.get(..cut).unwrap_or(token)),
            None => token.to_owned(),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.byte() == Some(byte);
        if is_next {
            self.offset += 1;
        }
        is_next
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.text.get(self.offset..).is_some_and(|rest| rest.starts_with(word));
        if is_next {
            self.offset += word.len();
        }
        is_next
    }

    fn opening(&mut self, container: Value<'text>) -> Value<'text> {
        self.offset += 1;
        container
    }

    fn has_next(&mut self, closing: u8, is_first: bool, expected: &str) -> Result<bool> {
        let start = self.next_token_offset();
        if self.take(closing) {
            return Ok(false);
        }
        if is_first || self.take(b',') { Ok(true) } else { Err(self.mismatch(expected, start)) }
    }

    fn number(&mut self) -> Result<&'text str> {
        let start = self.offset;
        self.take(b'-');
        let has_leading_zero = self.byte() == Some(b'0');
        let whole_digits = self.take_digits();
        let mut is_valid = whole_digits > 0 && !(has_leading_zero && whole_digits > 1);
        if self.take(b'.') {
            is_valid &= self.take_digits() > 0;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            is_valid &= self.take_digits() > 0;
        }
        match self.text.get(start..self.offset) {
            Some(number) if is_valid => Ok(number),
            _ => Err(self.mismatch("a number", start)),
        }
    }

    fn take_digits(&mut self) -> usize {
        let start = self.offset;
        while let Some(b'0'..=b'9') = self.byte() {
            self.offset += 1;
        }
        self.offset - start
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<Cow<'text, str>> {
        let opening_quote = self.offset;
        self.offset += 1;
        let plain = self.plain_characters();
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut string = plain.to_owned();
        loop {
            let stop = self.offset;
            match self.byte() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(Cow::Owned(string));
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(control) => {
                    let problem =
                        format!("a string holds the raw control character U+{control:04X}; escape it");
                    return Err(Failure::new(stop, problem));
                }
                None => return Err(Failure::new(opening_quote, "the string that starts here does not end")),
            }
            string.push_str(self.plain_characters());
        }
    }

    /// Everything up to the next quote, backslash or control character.
    fn plain_characters(&mut self) -> &'text str {
        let rest = self.text.get(self.offset..).unwrap_or_default();
        let length = plain_length(rest.as_bytes());
        self.offset += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The character of the escape whose backslash is next.
    fn escape(&mut self) -> Result<char> {
        let start = self.offset;
        self.offset += 1;
        let letter = self.byte();
        self.offset += 1;
        match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => Ok(char::from(plain)),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode_escape(start),
            _ => Err(Failure::new(
                start,
                "a backslash in a string must start one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
            )),
        }
    }

    /// The character of a `\uXXXX` whose `\u` is read: a pair of surrogates is one character, a
    /// surrogate alone becomes U+FFFD.
    fn unicode_escape(&mut self, start: usize) -> Result<char> {
        let high = self.four_hex_digits(start)?;
        if let Some(character) = char::from_u32(high) {
            return Ok(character);
        }
        let after_high = self.offset;
        if matches!(high, 0xD800..0xDC00) && self.take_word("\\u") {
            let low = self.four_hex_digits(after_high)?;
            if matches!(low, 0xDC00..0xE000) {
                let code_point = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // Not its other half: it stands for itself and is read again.
            self.offset = after_high;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_hex_digits(&mut self, escape_start: usize) -> Result<u32> {
        let digits = self
            .text
            .get(self.offset..self.offset + 4)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code_unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.offset += 4;
        code_unit
            .ok_or_else(|| Failure::new(escape_start, "\\u in a string must be followed by four hex digits"))
    }
}

/// How many bytes come before the first quote, backslash or control character, looked for in eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte below `limit`, up to the first one; of the bytes behind that it may be wrong.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (number, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let found = equal(word, b'"') | equal(word, b'\\') | below(word, b' ');
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_found = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    chunks.len() * 8 + rest.iter().position(is_found).unwrap_or(rest.len())
}

/// Pushes whether the container is an object; false when `value` is a scalar.
fn push_container(open: &mut Vec<bool>, value: &Value<'_>) -> bool {
    let is_container = matches!(value, Value::Object | Value::Array);
    if is_container {
        open.push(*value == Value::Object);
    }
    is_container
}

/// The bytes of the quoted string `rest` starts with, both quotes included where they are there.
fn quoted_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_plain_part_is_found_at_every_place() {
        for length in 0..40 {
            for end in ["\"", "\\", "\u{1f}", "\n"] {
                let text = format!("{}{}{end}\"{end}", "x".repeat(length % 2), "é".repeat(length / 2));
                assert_eq!(plain_length(text.as_bytes()), text.find(end).unwrap(), "{text:?}");
            }
        }
        assert_eq!(plain_length("without end ~\u{7f}".as_bytes()), 14);
    }
}
