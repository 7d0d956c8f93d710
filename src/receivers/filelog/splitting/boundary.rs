//! What separates entries.

use std::ops::Range;

use regex::bytes::Regex;

use crate::config::compile_go_regexp;
use crate::receivers::filelog::config::MultilineConfig;
use crate::receivers::filelog::encoding::{EntryText, TextEncoding};

/// What separates entries.
#[derive(Debug)]
pub enum Boundary {
    /// Nothing: all that there is is one entry.
    Nothing,
    /// The end of the line.
    LineEnd(TextEncoding),
    /// A pattern.
    Pattern {
        /// Which one.
        regex: Regex,
        /// Whether it matches where an entry begins, not where one ends.
        is_start: bool,
        /// Whether what it matches is left out.
        is_omitted: bool,
        /// How text is written.
        encoding: TextEncoding,
    },
}

/// A line end takes at most so many bytes, with the carriage return before it.
const LONGEST_LINE_END: usize = 4;

impl Boundary {
    /// What `config` says.
    ///
    /// # Errors
    ///
    /// The sentence that says what is wrong.
    pub fn new(config: &MultilineConfig, encoding: TextEncoding) -> Result<Self, String> {
        let (start, end) = (&config.line_start_pattern, &config.line_end_pattern);
        if encoding == TextEncoding::Bytes {
            for (pattern, name) in [(end, "line_end_pattern"), (start, "line_start_pattern")] {
                if !pattern.is_empty() {
                    return Err(format!("{name} should not be set when using nop encoding"));
                }
            }
            return Ok(Self::Nothing);
        }
        let (pattern, is_start, name) = match (start.as_str(), end.as_str()) {
            ("", "") => return Ok(Self::LineEnd(encoding)),
            (start, "") => (start, true, "start"),
            ("", end) => (end, false, "end"),
            _ => return Err("only one of line_start_pattern or line_end_pattern can be set".to_owned()),
        };
        let regex = compile_go_regexp(&format!("(?m){pattern}"))
            .map_err(|error| format!("compile line {name} regex: {error}"))?;
        Ok(Self::Pattern { regex, is_start, is_omitted: config.omit_pattern, encoding })
    }

    /// The first entry in `data`: how many bytes it takes, and which of them are its text. None where more has
    /// to be known. Lines longer than `reach` are not looked for.
    pub fn first(&self, data: &[u8], is_at_end: bool, reach: usize) -> Option<(usize, Range<usize>)> {
        match self {
            Self::Nothing => (is_at_end && !data.is_empty()).then_some((data.len(), 0..data.len())),
            Self::LineEnd(encoding) => {
                let near = data.get(..reach.saturating_add(LONGEST_LINE_END)).unwrap_or(data);
                first_line(near, *encoding)
            }
            Self::Pattern { regex, is_start, is_omitted, encoding } => {
                if matches!(encoding, TextEncoding::Utf8 | TextEncoding::Utf8Raw) {
                    return first_match(regex, data, *is_start, *is_omitted, is_at_end);
                }
                let EntryText::Text(text) = encoding.decode(data) else { return None };
                let (length, range) = first_match(regex, text.as_bytes(), *is_start, *is_omitted, is_at_end)?;
                let place = |length| encoding.encoded_length(data, length);
                Some((place(length), place(range.start)..place(range.end)))
            }
        }
    }
}

fn first_line(data: &[u8], encoding: TextEncoding) -> Option<(usize, Range<usize>)> {
    let line_feed = encoding.line_feed();
    let at = if line_feed.len() == 1 {
        memchr::memchr(b'\n', data)?
    } else {
        // A character is two bytes; the two may also be the second of one and the first of another.
        memchr::memmem::find_iter(data, line_feed).find(|at| at % 2 == 0).or_else(|| {
            data.chunks_exact(2).position(|character| character == line_feed).map(|index| 2 * index)
        })?
    };
    let line = data.get(..at)?;
    let text = line.strip_suffix(encoding.carriage_return()).unwrap_or(line);
    Some((at + line_feed.len(), 0..text.len()))
}

fn first_match(
    regex: &Regex,
    data: &[u8],
    is_start: bool,
    is_omitted: bool,
    is_at_end: bool,
) -> Option<(usize, Range<usize>)> {
    let mut matches = regex.find_iter(data);
    let first = matches.next()?;
    if !is_start {
        // With more to come the pattern may match more.
        if first.end() == data.len() && !is_at_end {
            return None;
        }
        return Some((first.end(), 0..if is_omitted { first.start() } else { first.end() }));
    }
    if first.start() > 0 {
        return Some((first.start(), 0..first.start()));
    }
    let second = matches.find(|second| second.start() > first.end())?;
    Some((second.start(), if is_omitted { first.end() } else { 0 }..second.start()))
}
