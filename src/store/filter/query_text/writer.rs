//! From a filter back to the text people write.

use super::reader::is_comparison;
use super::{SPECIAL_KEYS, field_of_words};
use crate::otlp::Signal;
use crate::store::{Condition, Field, Filter, Test};

/// The text that [`parse_query_text`](super::parse_query_text) reads as `filter`.
pub fn filter_text(filter: &Filter, signal: Signal) -> String {
    let conditions = filter.conditions.iter().map(|condition| condition_text(condition, signal));
    conditions.collect::<Vec<_>>().join(" ")
}

/// The key that [`parse_field`](super::parse_field) reads as `field`.
pub fn field_text(field: &Field) -> String {
    let special = SPECIAL_KEYS.iter().find(|(_, special)| special == field).map(|(name, _)| *name);
    match (field, special) {
        (_, Some(name)) => name.to_owned(),
        (Field::Attribute(key), None) => {
            let is_special = SPECIAL_KEYS.iter().any(|(name, _)| name == key);
            if is_special || key.is_empty() || !key.chars().all(stands_in_key) || key.starts_with('-') {
                quoted(key)
            } else {
                key.clone()
            }
        }
        // Every field but attributes has a name of its own.
        (_, None) => String::new(),
    }
}

fn condition_text(condition: &Condition, signal: Signal) -> String {
    let negation = if condition.negated { "-" } else { "" };
    let key = field_text(&condition.field);
    match &condition.test {
        Test::Contains(text) if Some(&condition.field) == field_of_words(signal).as_ref() => {
            format!("{negation}{}", word(text))
        }
        Test::Exists => format!("{negation}{key}:*"),
        Test::Equals(text) if text == "*" => format!("{negation}{key}:\"*\""),
        Test::Equals(text) => format!("{negation}{key}:{}", value(text)),
        Test::Contains(text) => format!("{negation}{key}~{}", value(text)),
        Test::Below(number) => format!("{negation}{key}<{number}"),
        Test::AtMost(number) => format!("{negation}{key}<={number}"),
        Test::Above(number) => format!("{negation}{key}>{number}"),
        Test::AtLeast(number) => format!("{negation}{key}>={number}"),
    }
}

fn word(text: &str) -> String {
    let means_something = ["AND", "OR", "NOT"].contains(&text) || text.starts_with('-');
    let is_plain = !text.is_empty() && text.chars().all(stands_in_key) && !means_something;
    if is_plain { text.to_owned() } else { quoted(text) }
}

fn value(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c == '"');
    if is_plain { text.to_owned() } else { quoted(text) }
}

fn stands_in_key(character: char) -> bool {
    !character.is_whitespace() && character != '"' && !is_comparison(character)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
