//! Attribute values as text, in the form the Collector's pdata gives them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::AnyValueView;

impl AnyValueView<'_> {
    /// The name of the value's type in the Collector's messages.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::String(_) => "Str",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Double(_) => "Double",
            Self::Array(_) => "Slice",
            Self::KeyValueList(_) => "Map",
            Self::Bytes(_) => "Bytes",
        }
    }

    /// The value as text: text as it is, bytes in base64, lists and maps as JSON, nothing as "".
    pub fn to_text(self) -> String {
        let mut text = String::new();
        self.append_text(&mut text);
        text
    }

    /// Appends that text.
    pub fn append_text(self, text: &mut String) {
        match self {
            Self::Empty => {}
            Self::String(string) => text.push_str(&string.to_str()),
            Self::Bool(flag) => text.push_str(if flag { "true" } else { "false" }),
            Self::Int(number) => {
                // A String takes everything.
                let _ = write!(text, "{number}");
            }
            Self::Double(number) => text.push_str(&json_number(number)),
            Self::Bytes(bytes) => STANDARD.encode_string(bytes, text),
            Self::Array(_) | Self::KeyValueList(_) => append_json(text, self),
        }
    }
}

/// NaN and the infinities, whose names differ from format to format.
pub fn special_number(number: f64, infinity: &str) -> Option<String> {
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
pub fn scientific_digits(number: f64) -> (String, i32) {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
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
    let (mantissa, exponent) = scientific_digits(number);
    format!("{mantissa}e{exponent:+}")
}

fn append_json(json: &mut String, value: AnyValueView<'_>) {
    match value {
        AnyValueView::Empty => json.push_str("null"),
        AnyValueView::Bool(_) | AnyValueView::Int(_) => json.push_str(&value.to_text()),
        AnyValueView::Double(number) if number.is_finite() => json.push_str(&json_number(number)),
        // JSON has no word for these.
        AnyValueView::Double(_) => json.push_str("null"),
        AnyValueView::String(_) | AnyValueView::Bytes(_) => append_json_string(json, &value.to_text()),
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
