//! Attributes and ids of telemetry as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::console::answer::Pair;
use crate::otlp::{AnyValueView, KeyValueView, List};

/// The largest whole number that every reader of JSON keeps.
const LARGEST_SAFE_INTEGER: u64 = 1 << 53;

/// Attributes in the order sent.
pub fn attributes(list: List<'_, KeyValueView<'_>>) -> Vec<Pair> {
    list.iter().map(|attribute| (attribute.key.to_string(), value(attribute.value()))).collect()
}

/// A value as JSON. What JSON has no numbers for is text: integers beyond 2^53, NaN and the infinities; bytes are base64.
pub fn value(any: AnyValueView<'_>) -> Value {
    match any {
        AnyValueView::Empty => Value::Null,
        AnyValueView::Bool(flag) => Value::Bool(flag),
        AnyValueView::Int(number) if number.unsigned_abs() <= LARGEST_SAFE_INTEGER => Value::from(number),
        AnyValueView::Double(number) if number.is_finite() => Value::from(number),
        AnyValueView::String(_) | AnyValueView::Int(_) | AnyValueView::Double(_) => {
            Value::String(any.to_text())
        }
        AnyValueView::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        AnyValueView::Array(values) => Value::Array(values.iter().map(value).collect()),
        AnyValueView::KeyValueList(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.to_string(), value(entry.value())));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// The trace id that `text` writes.
pub fn trace_id(text: &str) -> Option<[u8; 16]> {
    let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hexadecimal)?;
    Some(number.to_be_bytes())
}
