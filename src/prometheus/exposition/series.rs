//! Names and labels of a series as they are written.

use std::borrow::Cow;

use super::{ExpositionFormat, is_blank, trim_blanks};
use crate::prometheus::Label;

/// A series with its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeriesText {
    /// The metric's name; empty for the labels of an exemplar.
    pub name: String,
    /// The labels in the order written.
    pub labels: Vec<Label>,
}

/// Reads a series that [`ExpositionReader`](super::ExpositionReader) found.
pub fn read_series(text: &[u8]) -> SeriesText {
    let mut series = SeriesText::default();
    let after_name = skip_name(text);
    series.name = lossy(text.get(..text.len() - after_name.len()).unwrap_or_default());
    // Blanks are read over: where they are not allowed, the series was not found.
    let _ = each_label(trim_blanks(after_name), ExpositionFormat::Text, |part| match part {
        Part::Name(name) => series.name = unquoted(name).into_owned(),
        Part::Label(name, value) => {
            series.labels.push(Label::new(unquoted(name), unquoted(value)));
        }
    });
    series
}

/// What stands in the braces of a series, quotes and escapes included.
enum Part<'a> {
    Name(&'a [u8]),
    Label(&'a [u8], &'a [u8]),
}

/// What follows the series that `rest` begins with, whose name stands before the braces or in them.
pub(super) fn skip_series(rest: &[u8], format: ExpositionFormat) -> Result<&[u8], String> {
    let after_name = skip_name(rest);
    let mut names = usize::from(after_name.len() < rest.len());
    let at_brace = if format == ExpositionFormat::OpenMetrics { after_name } else { trim_blanks(after_name) };
    let mut after = after_name;
    if at_brace.first() == Some(&b'{') {
        after = each_label(at_brace, format, |part| names += usize::from(matches!(part, Part::Name(_))))?;
    }
    match names {
        1 => Ok(after),
        0 => Err("expected a metric name".to_owned()),
        _ => Err("the metric's name is written twice".to_owned()),
    }
}

/// What follows the labels of an exemplar that `rest` begins with.
pub(super) fn skip_exemplar_labels(rest: &[u8]) -> Result<&[u8], String> {
    let mut has_name = false;
    let after = each_label(rest, ExpositionFormat::OpenMetrics, |part| {
        has_name |= matches!(part, Part::Name(_));
    })?;
    if has_name { Err("expected = after the label's name".to_owned()) } else { Ok(after) }
}

fn each_label<'a>(
    rest: &'a [u8],
    format: ExpositionFormat,
    mut visit: impl FnMut(Part<'a>),
) -> Result<&'a [u8], String> {
    let is_open_metrics = format == ExpositionFormat::OpenMetrics;
    let trim = |rest: &'a [u8]| if is_open_metrics { rest } else { trim_blanks(rest) };
    let mut rest = rest.strip_prefix(b"{").ok_or("expected labels")?;
    loop {
        rest = trim(rest);
        if let Some(after) = rest.strip_prefix(b"}") {
            return Ok(after);
        }
        let is_quoted = rest.first() == Some(&b'"');
        let after = if is_quoted {
            skip_quoted(rest, true).ok_or("the quotes of a label's name are not closed")?
        } else {
            skip_label_name(rest)
        };
        let name = rest.get(..rest.len() - after.len()).unwrap_or_default();
        if name.is_empty() {
            return Err("expected a label name".to_owned());
        }
        rest = trim(after);
        if is_quoted && matches!(rest.first(), Some(b',' | b'}')) {
            visit(Part::Name(name));
        } else {
            let value = trim(rest.strip_prefix(b"=").ok_or("expected = after the label's name")?);
            let after = skip_quoted(value, !is_open_metrics).ok_or("expected a label value in quotes")?;
            let value = value.get(..value.len() - after.len()).unwrap_or_default();
            if std::str::from_utf8(value).is_err() {
                return Err("a label value is not valid UTF-8".to_owned());
            }
            visit(Part::Label(name, value));
            rest = trim(after);
        }
        match rest.first() {
            Some(b',') => rest = rest.get(1..).unwrap_or_default(),
            Some(b'}') => {}
            // Prometheus does without commas in the text format.
            Some(_) if !is_open_metrics => {}
            _ => return Err("expected , or } after the label's value".to_owned()),
        }
    }
}

/// What follows a metric's name, which may be empty.
pub(super) fn skip_name(rest: &[u8]) -> &[u8] {
    skip_letters(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}

fn skip_label_name(rest: &[u8]) -> &[u8] {
    skip_letters(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn skip_letters(rest: &[u8], is_letter: impl Fn(u8) -> bool) -> &[u8] {
    if rest.first().is_none_or(|byte| byte.is_ascii_digit()) {
        return rest;
    }
    let length = rest.iter().position(|byte| !is_letter(*byte)).unwrap_or(rest.len());
    rest.get(length..).unwrap_or_default()
}

/// What follows the text in quotes that `rest` begins with; none where they are not closed.
pub(super) fn skip_quoted(rest: &[u8], may_span_lines: bool) -> Option<&[u8]> {
    let mut rest = rest.strip_prefix(b"\"")?;
    loop {
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
        let after = rest.get(length + 1..)?;
        match rest.get(length)? {
            b'"' => return Some(after),
            b'\\' => rest = after.get(1..)?,
            _ if may_span_lines => rest = after,
            _ => return None,
        }
    }
}

/// A text without its quotes, where it has some, and with its escapes resolved.
fn unquoted(text: &[u8]) -> Cow<'_, str> {
    let inner = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    match String::from_utf8_lossy(inner) {
        Cow::Borrowed(text) => unescaped(text, true),
        Cow::Owned(text) => Cow::Owned(unescaped(&text, true).into_owned()),
    }
}

/// `\\` and `\n`, and `\"` where the text may have quotes; other backslashes stand for themselves.
pub(super) fn unescaped(text: &str, has_quotes: bool) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let escaped = match (character, rest.clone().next()) {
            ('\\', Some('\\')) => '\\',
            ('\\', Some('n')) => '\n',
            ('\\', Some('"')) if has_quotes => '"',
            _ => {
                plain.push(character);
                continue;
            }
        };
        plain.push(escaped);
        rest.next();
    }
    Cow::Owned(plain)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(trim_end(text)).into_owned()
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}
