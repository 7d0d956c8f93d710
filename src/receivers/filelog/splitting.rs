//! Where one entry of a file ends and the next begins.

mod boundary;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::boundary::Boundary;
use super::config::OversizedEntry;

/// Cuts what was read into entries of limited length.
#[derive(Debug)]
pub struct Splitter {
    boundary: Boundary,
    max_log_size: usize,
    oversized: OversizedEntry,
}

/// What lies at the start of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// An entry.
    Entry {
        /// How many bytes it takes with what separates it from the next.
        length: usize,
        /// The part of them that is its text; may be empty.
        text: Range<usize>,
    },
    /// So many bytes of the rest of an entry that was too long.
    Rest(usize),
}

impl Splitter {
    /// A splitter of entries up to `max_log_size` bytes.
    pub const fn new(boundary: Boundary, max_log_size: usize, oversized: OversizedEntry) -> Self {
        Self { boundary, max_log_size, oversized }
    }

    /// What lies at the start of `data`; none where more of the file is needed to say. `is_at_end` where nothing
    /// follows in the file so far. `is_skipping` is whether data begins with the rest of an entry that was too
    /// long.
    pub fn first_cut(&self, data: &[u8], is_at_end: bool, is_skipping: &mut bool) -> Option<Cut> {
        let reach = if *is_skipping { usize::MAX } else { self.max_log_size };
        let found = self.boundary.first(data, is_at_end, reach);
        let is_too_much = data.len() >= self.max_log_size;
        if *is_skipping {
            *is_skipping = found.is_none();
            return match found {
                Some((length, _)) => Some(Cut::Rest(length)),
                None => is_too_much.then_some(Cut::Rest(data.len())),
            };
        }
        let (length, text) = match found {
            Some((length, text)) if text.len() <= self.max_log_size => {
                return Some(Cut::Entry { length, text });
            }
            Some((length, text)) => (Some(length), text),
            None if is_too_much => (None, 0..data.len()),
            None => return None,
        };
        let text = text.start..text.start + self.max_log_size;
        let length = match (self.oversized, length) {
            (OversizedEntry::Split, _) => text.end,
            (OversizedEntry::Truncate, Some(length)) => length,
            (OversizedEntry::Truncate, None) => {
                *is_skipping = true;
                text.end
            }
        };
        Some(Cut::Entry { length, text })
    }

    /// How many bytes at most have to be looked at to find an entry.
    pub const fn most_bytes(&self) -> usize {
        self.max_log_size
    }
}
