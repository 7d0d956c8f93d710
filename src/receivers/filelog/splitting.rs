//! Where one entry of a file ends and the next begins.

use std::ops::Range;

/// Cuts what was read into entries.
#[derive(Debug)]
pub struct Splitter {
    max_log_size: usize,
    keeps_leading_whitespace: bool,
    keeps_trailing_whitespace: bool,
}

/// An entry at the start of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How many bytes it takes with what separates it from the next.
    pub length: usize,
    /// The part of them that is its text; may be empty.
    pub text: Range<usize>,
}

impl Splitter {
    /// A splitter at line ends.
    pub const fn new(max_log_size: usize, keeps_leading: bool, keeps_trailing: bool) -> Self {
        Self {
            max_log_size,
            keeps_leading_whitespace: keeps_leading,
            keeps_trailing_whitespace: keeps_trailing,
        }
    }

    /// The entry at the start of `data`, where there is a whole one, or too much for one.
    pub fn first_entry(&self, data: &[u8]) -> Option<Entry> {
        let entry = match memchr::memchr(b'\n', data) {
            Some(at) if at <= self.max_log_size => Entry { length: at + 1, text: 0..at },
            None if data.len() < self.max_log_size => return None,
            _ => Entry { length: self.max_log_size, text: 0..self.max_log_size },
        };
        Some(self.trimmed(data, entry))
    }

    /// All of `data` as one entry, whether or not it is finished.
    pub fn forced_entry(&self, data: &[u8]) -> Entry {
        self.trimmed(data, Entry { length: data.len(), text: 0..data.len() })
    }

    /// How many bytes at most have to be looked at to find an entry.
    pub const fn most_bytes(&self) -> usize {
        self.max_log_size
    }

    fn trimmed(&self, data: &[u8], mut entry: Entry) -> Entry {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let text = data.get(entry.text.clone()).unwrap_or_default();
        if !self.keeps_trailing_whitespace {
            let kept = text.iter().rposition(|byte| !is_space(byte)).map_or(0, |last| last + 1);
            entry.text.end = entry.text.start + kept;
        } else if text.last() == Some(&b'\r') && entry.length > entry.text.end {
            // The carriage return belongs to the line end.
            entry.text.end -= 1;
        }
        let text = data.get(entry.text.clone()).unwrap_or_default();
        if !self.keeps_leading_whitespace {
            entry.text.start += text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
        }
        entry
    }
}

#[cfg(test)]
mod tests;
