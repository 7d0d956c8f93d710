//! A string field as it lies on the wire: bytes that should be UTF-8.

use std::borrow::Cow;
use std::fmt;

/// A borrowed protobuf `string`.
///
/// Validation does not look at the encoding of strings: the Go Collector does not either, so a client
/// that sends bad UTF-8 there must get through here, and the check would cost as much as the rest of
/// validation together. Whoever needs text reads it with the broken parts replaced; whoever only
/// compares or passes it on uses the bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text in `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes as sent.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// True for the empty string, which proto3 does not tell from an absent one.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The text, each invalid sequence replaced by U+FFFD. Borrows where there is none.
    pub fn to_str(self) -> Cow<'a, str> {
        // Checking alone is many times quicker than looking for what is broken.
        std::str::from_utf8(self.0).map_or_else(|_| String::from_utf8_lossy(self.0), Cow::Borrowed)
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.to_str())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_text_is_shown_with_replacements_and_kept_as_bytes() {
        let text = Text::new(b"caf\xe9!");
        assert_eq!(text.to_str(), "caf\u{fffd}!");
        assert_eq!(text.as_bytes(), b"caf\xe9!");
        assert!(text != "caf\u{fffd}!");
    }

    #[test]
    fn good_text_is_borrowed() {
        assert!(matches!(Text::new("naïve".as_bytes()).to_str(), Cow::Borrowed("naïve")));
    }
}
