//! Time layouts in the notation of Go's `time` package (`2006-01-02T15:04:05.000Z07:00`): what their elements
//! are, and reading a text by them.

mod reading;

use super::elements::{Element, next_element};

use self::reading::{Reading, Unreadable};

/// A layout taken apart: literal texts with an element behind each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoLayout {
    text: String,
    pieces: Vec<Piece>,
    tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    literal: String,
    element: Element,
    notation: String,
}

/// What a text says, field by field. What the layout does not name is zero, or one for month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeFields<'v> {
    /// 0 to 9999; 0 where the layout has no year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, and no more than the month has.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
    /// What the text says of its zone.
    pub zone: ZoneInText<'v>,
}

/// What a text says of the zone its time is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneInText<'v> {
    /// Nothing.
    Absent,
    /// That it is UTC.
    Utc,
    /// Seconds east of Greenwich.
    Offset(i64),
    /// An abbreviation, like `CET`.
    Abbreviation(&'v str),
}

/// A text that is not of the layout, in the words of Go's `time.ParseError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct MismatchedTime {
    /// The whole text.
    pub value: String,
    /// The whole layout.
    pub layout: String,
    /// The part of the layout that does not fit; empty where no single one is to blame.
    pub element: String,
    /// What of the text was left at that part.
    pub remainder: String,
    /// What is wrong besides, starting with a colon; empty where the element simply does not fit.
    pub detail: String,
}

impl MismatchedTime {
    fn sentence(&self) -> String {
        let value = quoted(&self.value);
        if !self.detail.is_empty() {
            return format!("parsing time {value}{}", self.detail);
        }
        let (layout, remainder) = (quoted(&self.layout), quoted(&self.remainder));
        format!("parsing time {value} as {layout}: cannot parse {remainder} as {}", quoted(&self.element))
    }
}

impl GoLayout {
    /// Takes a layout apart. Every text is a layout: what is no element is literal.
    pub fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(found) = next_element(rest) {
            pieces.push(Piece {
                literal: found.literal.to_owned(),
                element: found.element,
                notation: found.notation.to_owned(),
            });
            rest = found.behind;
        }
        Self { text: text.to_owned(), pieces, tail: rest.to_owned() }
    }

    /// Reads a text. Runs of spaces are alike, names are read in any case, and a fraction may follow the
    /// seconds even where the layout has none.
    ///
    /// # Errors
    ///
    /// [`MismatchedTime`] with the first element that does not fit.
    pub fn parse<'v>(&self, value: &'v str) -> Result<TimeFields<'v>, Box<MismatchedTime>> {
        let mut reading = Reading::new(value);
        for (index, piece) in self.pieces.iter().enumerate() {
            if !reading.skip(&piece.literal) {
                return Err(self.mismatch(value, &piece.literal, reading.rest, ""));
            }
            let start = reading.rest;
            let has_fraction_next = self
                .pieces
                .get(index + 1)
                .is_some_and(|next| next.element.is_fraction() && next.literal.is_empty());
            match reading.read(piece.element, has_fraction_next) {
                Ok(()) => {}
                Err(Unreadable::Shape) => return Err(self.mismatch(value, &piece.notation, start, "")),
                Err(Unreadable::Range(what)) => {
                    let detail = format!(": {what} out of range");
                    return Err(self.mismatch(value, &piece.notation, reading.rest, &detail));
                }
            }
        }
        if !reading.skip(&self.tail) {
            return Err(self.mismatch(value, &self.tail, reading.rest, ""));
        }
        if !reading.rest.is_empty() {
            let detail = format!(": extra text: {}", quoted(reading.rest));
            return Err(self.mismatch(value, "", reading.rest, &detail));
        }
        reading.finish().map_err(|what| self.mismatch(value, "", "", what))
    }

    fn mismatch(&self, value: &str, element: &str, remainder: &str, detail: &str) -> Box<MismatchedTime> {
        Box::new(MismatchedTime {
            value: value.to_owned(),
            layout: self.text.clone(),
            element: element.to_owned(),
            remainder: remainder.to_owned(),
            detail: detail.to_owned(),
        })
    }
}

/// A text in quotation marks, with what is not plain ASCII as hexadecimal bytes.
fn quoted(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(byte as char);
            }
            b' '..=0x7f => out.push(byte as char),
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
