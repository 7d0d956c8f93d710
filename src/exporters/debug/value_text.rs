//! Attribute values, numbers and ids as the debug exporter shows them, in the forms Go gives them.

use std::fmt::Write as _;

use crate::otlp::{AnyValueView, KeyValueView, List, scientific_digits, special_number};

/// `Str(text)`, `Int(5)`, `Map({"a":1})`, `Empty()`.
pub fn typed_text(value: AnyValueView<'_>) -> String {
    format!("{}({})", value.type_name(), value.to_text())
}

/// `key=value` for each attribute.
pub fn assignments(attributes: List<'_, KeyValueView<'_>>) -> Vec<String> {
    let assignment =
        |attribute: KeyValueView<'_>| format!("{}={}", attribute.key, attribute.value().to_text());
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
    let (mantissa, exponent) = scientific_digits(number);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    number.to_string()
}
