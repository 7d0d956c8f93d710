//! One row of delimited fields, as RFC 4180 has it and Go's `encoding/csv` reads it.

use crate::log_operators::OperatorError;

/// What quotation marks mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// Around a field they are its ends, two within are one, and others are an error.
    Strict,
    /// Around a field they are its ends, two within are one, and others are themselves.
    Lazy,
    /// All are themselves.
    Ignored,
}

/// The fields of a row. Line ends outside of quotation marks belong to the field they are in; empty lines are
/// passed over.
///
/// # Errors
///
/// A quotation mark where none can be, no fields at all, or a delimiter that cannot be one.
pub fn read_row(text: &str, delimiter: char, quotes: Quotes) -> Result<Vec<String>, OperatorError> {
    if quotes == Quotes::Ignored {
        return Ok(text.split(delimiter).map(str::to_owned).collect());
    }
    if matches!(delimiter, '"' | '\r' | '\n' | '\0' | char::REPLACEMENT_CHARACTER) {
        return Err(OperatorError::failed("read csv line: csv: invalid field or comment delimiter"));
    }
    let mut lines = Lines { rest: text, delimiter, is_lazy: quotes == Quotes::Lazy, number: 0 };
    let mut row: Vec<String> = Vec::new();
    while let Some((fields, error)) = lines.next_record() {
        if let Some(error) = error.filter(|_| fields.is_empty()) {
            return Err(OperatorError::failed(format!("read csv line: {error}")));
        }
        let mut fields = fields.into_iter();
        // The first field of a further line is the rest of the last one of the line before.
        if let Some(last) = row.last_mut() {
            last.push('\n');
            last.push_str(&fields.next().unwrap_or_default());
        }
        row.extend(fields);
    }
    if row.is_empty() { Err(OperatorError::failed("no csv lines found")) } else { Ok(row) }
}

struct Lines<'t> {
    rest: &'t str,
    delimiter: char,
    is_lazy: bool,
    /// The line last read, from 1 on.
    number: usize,
}

impl<'t> Lines<'t> {
    /// The next line with its line end, if it has one; a carriage return before that is left out.
    fn next_line(&mut self) -> Option<(&'t str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let (line, has_end) = match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                (line, true)
            }
            None => (std::mem::take(&mut self.rest), false),
        };
        Some((line.strip_suffix('\r').unwrap_or(line), has_end))
    }

    /// The fields of the next line that is not empty, as far as they can be read, and why not further.
    fn next_record(&mut self) -> Option<(Vec<String>, Option<String>)> {
        let (mut line, mut has_end) = self.next_line()?;
        while line.is_empty() {
            (line, has_end) = self.next_line()?;
        }
        let first_line = self.number;
        let whole = line;
        let mut fields = Vec::new();
        loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let (field, behind) = match line.split_once(self.delimiter) {
                    Some((field, behind)) => (field, Some(behind)),
                    None => (line, None),
                };
                if !self.is_lazy
                    && let Some(at) = field.find('"')
                {
                    let column = whole.len() - line.len() + at + 1;
                    return Some((
                        fields,
                        Some(self.error(first_line, column, "bare \" in non-quoted-field")),
                    ));
                }
                fields.push(field.to_owned());
                match behind {
                    Some(behind) => line = behind,
                    None => return Some((fields, None)),
                }
                continue;
            };
            match self.quoted_field(quoted, whole, has_end, first_line) {
                Ok((field, behind)) => {
                    fields.push(field);
                    match behind {
                        Some(behind) => line = behind,
                        None => return Some((fields, None)),
                    }
                }
                Err(error) => return Some((fields, Some(error))),
            }
        }
    }

    /// Reads a field behind its opening quotation mark, over as many lines as it has, and what is behind the
    /// delimiter that follows.
    fn quoted_field(
        &mut self,
        start: &'t str,
        first: &'t str,
        mut has_end: bool,
        first_line: usize,
    ) -> Result<(String, Option<&'t str>), String> {
        let (mut field, mut line, mut whole) = (String::new(), start, first);
        loop {
            let Some((text, behind)) = line.split_once('"') else {
                field.push_str(line);
                if has_end {
                    field.push('\n');
                }
                match self.next_line() {
                    Some((next, next_has_end)) => (line, whole, has_end) = (next, next, next_has_end),
                    None if self.is_lazy => return Ok((field, None)),
                    None => {
                        let message = "extraneous or missing \" in quoted-field";
                        return Err(self.error(first_line, whole.len() + 1, message));
                    }
                }
                continue;
            };
            field.push_str(text);
            if let Some(behind) = behind.strip_prefix('"') {
                field.push('"');
                line = behind;
            } else if let Some(behind) = behind.strip_prefix(self.delimiter) {
                return Ok((field, Some(behind)));
            } else if behind.is_empty() {
                return Ok((field, None));
            } else if self.is_lazy {
                field.push('"');
                line = behind;
            } else {
                let column = whole.len() - behind.len();
                return Err(self.error(first_line, column, "extraneous or missing \" in quoted-field"));
            }
        }
    }

    fn error(&self, first_line: usize, column: usize, what: &str) -> String {
        let line = self.number;
        if line == first_line {
            return format!("parse error on line {line}, column {column}: {what}");
        }
        format!("record on line {first_line}; parse error on line {line}, column {column}: {what}")
    }
}
