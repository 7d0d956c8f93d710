//! The text people write to say which items they mean, and the filter it stands for.
//!
//! Words and `"quoted text"` stand somewhere in the body of a log record or in the name of a span. `key:value` is
//! equality, `key~part` containment, `key:*` presence, `key>5`, `key>=5`, `key<5`, `key<=5` compare numbers. A `-` or
//! `NOT` before a condition negates it. All conditions must hold; an `AND` between them is allowed. Keys of a meaning of
//! their own are listed in [`SPECIAL_KEYS`]; every other key, and every key in quotes, is an attribute's. Within quotes
//! `\"` and `\\` stand for a quote and a backslash.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use super::{Condition, Field, Filter, Test};
use crate::otlp::Signal;

use self::reader::{Comparison, Reader, Token};
pub use self::writer::{field_text, filter_text};

/// What is wrong with a query's text. Shown as `column 7: ...`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {sentence}")]
pub struct QueryTextError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong there and what to write instead.
    pub sentence: String,
}

/// The keys that are not attributes'.
pub const SPECIAL_KEYS: [(&str, Field); 10] = [
    ("service", Field::Service),
    ("name", Field::Name),
    ("kind", Field::Kind),
    ("status", Field::Status),
    ("duration", Field::DurationMilliseconds),
    ("severity", Field::Severity),
    ("body", Field::Body),
    ("trace", Field::TraceId),
    ("span", Field::SpanId),
    ("scope", Field::Scope),
];

/// Units of durations and how many milliseconds they have, longer spellings first.
const DURATION_UNITS: [(&str, f64); 7] =
    [("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6)];

/// The classes of severity and the first of the four numbers of each.
const SEVERITY_CLASSES: [(&str, f64); 6] =
    [("trace", 1.0), ("debug", 5.0), ("info", 9.0), ("warn", 13.0), ("error", 17.0), ("fatal", 21.0)];

/// The filter that `text`, a query about items of `signal`, stands for.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn parse_query_text(text: &str, signal: Signal) -> Result<Filter, QueryTextError> {
    let mut reader = Reader::new(text);
    let mut filter = Filter::default();
    while let Some(token) = reader.next_token()? {
        let condition = condition(token, signal)?;
        filter.conditions.push(condition);
    }
    Ok(filter)
}

/// The field that a key stands for where nothing else is said of it, such as in a list of fields to group by.
///
/// # Errors
///
/// Where `text` is not a key.
pub fn parse_field(text: &str) -> Result<Field, QueryTextError> {
    let key = Reader::new(text).only_key()?;
    Ok(field(key.text, key.is_quoted))
}

/// What words without a key look at.
const fn field_of_words(signal: Signal) -> Option<Field> {
    match signal {
        Signal::Traces => Some(Field::Name),
        Signal::Logs => Some(Field::Body),
        Signal::Metrics => None,
    }
}

fn field(key: String, is_quoted: bool) -> Field {
    let special = SPECIAL_KEYS.iter().find(|(name, _)| !is_quoted && *name == key);
    special.map_or(Field::Attribute(key), |(_, field)| field.clone())
}

fn condition(token: Token, signal: Signal) -> Result<Condition, QueryTextError> {
    let Token { column, negated, key, comparison, value } = token;
    let Some(key) = key else {
        let Some(field) = field_of_words(signal) else {
            let sentence = format!("{:?} has no key: write key:value", value.text);
            return Err(QueryTextError { column, sentence });
        };
        return Ok(Condition { field, test: Test::Contains(value.text), negated });
    };
    let field = field(key.text, key.is_quoted);
    let test = match comparison {
        Comparison::Equal if value.text == "*" && !value.is_quoted => Test::Exists,
        Comparison::Equal => Test::Equals(compared_text(&field, value.text)),
        Comparison::Contains => Test::Contains(value.text),
        Comparison::Below | Comparison::AtMost | Comparison::Above | Comparison::AtLeast => {
            let Some(number) = compared_number(&field, comparison, &value.text) else {
                let sentence = format!("{:?} is not a number{}", value.text, numbers_of(&field));
                return Err(QueryTextError { column: value.column, sentence });
            };
            match comparison {
                Comparison::Below => Test::Below(number),
                Comparison::AtMost => Test::AtMost(number),
                Comparison::Above => Test::Above(number),
                _ => Test::AtLeast(number),
            }
        }
    };
    Ok(Condition { field, test, negated })
}

/// The form in which values of `field` are kept.
fn compared_text(field: &Field, text: String) -> String {
    match field {
        Field::DurationMilliseconds => duration_milliseconds(&text).map_or(text, |number| number.to_string()),
        Field::Kind | Field::Status | Field::Severity | Field::TraceId | Field::SpanId => {
            text.to_ascii_lowercase()
        }
        _ => text,
    }
}

fn compared_number(field: &Field, comparison: Comparison, text: &str) -> Option<f64> {
    match field {
        Field::DurationMilliseconds => duration_milliseconds(text),
        Field::Severity => severity_number(comparison, text).or_else(|| finite(text)),
        _ => finite(text),
    }
}

/// `1.5s` and the like; a number without a unit is in milliseconds.
fn duration_milliseconds(text: &str) -> Option<f64> {
    let unit = DURATION_UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    match unit {
        Some((unit, milliseconds)) => {
            finite(text.trim_end_matches(unit)).map(|number| number * milliseconds).filter(|n| n.is_finite())
        }
        None => finite(text),
    }
}

/// A class stands for its four numbers: above `warn` is above the last of them.
fn severity_number(comparison: Comparison, text: &str) -> Option<f64> {
    let class = SEVERITY_CLASSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    class.map(|(_, first)| match comparison {
        Comparison::Above | Comparison::AtMost => first + 3.0,
        _ => *first,
    })
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

const fn numbers_of(field: &Field) -> &'static str {
    match field {
        Field::DurationMilliseconds => ": durations are written like 250, 250ms or 1.5s",
        Field::Severity => " or a class of severity (trace, debug, info, warn, error, fatal)",
        _ => "",
    }
}
