//! Attribute values, numbers and ids as text, in the forms Go and the Collector's pdata give them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::otlp::{AnyValueView, KeyValueView, List};

/// `Str(text)`, `Int(5)`, `Map({"a":1})`, `Empty()`.
pub fn typed_text(value: AnyValueView<'_>) -> String {
    let type_name = match value {
        AnyValueView::Empty => "Empty",
        AnyValueView::String(_) => "Str",
        AnyValueView::Bool(_) => "Bool",
        AnyValueView::Int(_) => "Int",
        AnyValueView::Double(_) => "Double",
        AnyValueView::Array(_) => "Slice",
        AnyValueView::KeyValueList(_) => "Map",
        AnyValueView::Bytes(_) => "Bytes",
    };
    format!("{type_name}({})", plain_text(value))
}

/// The value alone: text as it is, bytes in base64, lists and maps as JSON.
pub fn plain_text(value: AnyValueView<'_>) -> String {
    match value {
        AnyValueView::Empty => String::new(),
        AnyValueView::String(text) => text.to_str().into_owned(),
        AnyValueView::Bool(flag) => flag.to_string(),
        AnyValueView::Int(number) => number.to_string(),
        AnyValueView::Double(number) => json_number(number),
        AnyValueView::Bytes(bytes) => STANDARD.encode(bytes),
        AnyValueView::Array(_) | AnyValueView::KeyValueList(_) => {
            let mut json = String::new();
            append_json(&mut json, value);
            json
        }
    }
}

/// `key=value` for each attribute.
pub fn assignments(attributes: List<'_, KeyValueView<'_>>) -> Vec<String> {
    let assignment =
        |attribute: KeyValueView<'_>| format!("{}={}", attribute.key, plain_text(attribute.value()));
    attributes.iter().map(assignment).collect()
}

/// The digits of a trace or span id; empty for an id of zeros, which stands for none.
pub fn id_text(id: &[u8]) -> String {
    if id.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    let mut text = String::with_capacity(2 * id.len());
    for byte in id {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Go's `%f`: six digits behind the point.
pub fn fixed_number(number: f64) -> String {
    special_number(number, "+Inf").unwrap_or_else(|| format!("{number:.6}"))
}

/// Go's `%v`: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
pub fn shortest_number(number: f64) -> String {
    if let Some(text) = special_number(number, "+Inf") {
        return text;
    }
    let (mantissa, exponent) = scientific(number);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    number.to_string()
}

/// The form of numbers in Go's JSON: the shortest digits, with an exponent below 1e-6 and from 1e21 on.
fn json_number(number: f64) -> String {
    if let Some(text) = special_number(number, "Infinity") {
        return text;
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return number.to_string();
    }
    let (mantissa, exponent) = scientific(number);
    format!("{mantissa}e{exponent:+}")
}

/// NaN and the infinities, whose names differ from format to format.
fn special_number(number: f64, infinity: &str) -> Option<String> {
    if number.is_nan() {
        return Some("NaN".to_owned());
    }
    if number.is_infinite() {
        let name = infinity.trim_start_matches('+');
        return Some(if number > 0.0 { infinity.to_owned() } else { format!("-{name}") });
    }
    None
}

/// The shortest digits as a number from 1 up to 10, and the power of ten to multiply them with.
fn scientific(number: f64) -> (String, i32) {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

fn append_json(json: &mut String, value: AnyValueView<'_>) {
    match value {
        AnyValueView::Empty => json.push_str("null"),
        AnyValueView::Bool(_) | AnyValueView::Int(_) => json.push_str(&plain_text(value)),
        AnyValueView::Double(number) if number.is_finite() => json.push_str(&json_number(number)),
        // JSON has no word for these.
        AnyValueView::Double(_) => json.push_str("null"),
        AnyValueView::String(_) | AnyValueView::Bytes(_) => append_json_string(json, &plain_text(value)),
        AnyValueView::Array(values) => {
            json.push('[');
            for (index, value) in values.iter().enumerate() {
                append_comma(json, index);
                append_json(json, value);
            }
            json.push(']');
        }
        AnyValueView::KeyValueList(entries) => {
            // Go writes the keys of a map in order, and of equal keys the last.
            let sorted: BTreeMap<_, _> = entries.iter().map(|entry| (entry.key, entry.value())).collect();
            json.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                append_comma(json, index);
                append_json_string(json, &key.to_str());
                json.push(':');
                append_json(json, value);
            }
            json.push('}');
        }
    }
}

fn append_comma(json: &mut String, index: usize) {
    if index > 0 {
        json.push(',');
    }
}

fn append_json_string(json: &mut String, text: &str) {
    json.push_str(&serde_json::Value::from(text).to_string());
}
