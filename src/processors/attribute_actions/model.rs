//! What a list of actions means, said on decoded attributes: the oracle for what happens on the wire.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use sha2::{Digest, Sha256};

use super::ActionConfig;
use crate::config::compile_go_regexp;

/// Applies the actions in order. Knows values written as text or whole numbers, and no client.
pub(super) fn apply(actions: &[ActionConfig], attributes: &mut Vec<KeyValue>) {
    for action in actions {
        match action.action.as_str() {
            "insert" | "update" | "upsert" => put(action, attributes),
            "delete" => attributes.retain(|attribute| !is_affected(action, &attribute.key)),
            "hash" => hash(action, attributes),
            "extract" => extract(action, attributes),
            "convert" => convert(action, attributes),
            other => panic!("no action {other}"),
        }
    }
}

fn put(action: &ActionConfig, attributes: &mut Vec<KeyValue>) {
    let value = if !action.value.0.is_null() {
        Some(written_value(&action.value.0))
    } else {
        let source = attributes.iter().find(|attribute| attribute.key == action.from_attribute);
        let fallback = &action.default_value.0;
        match source.filter(|_| !action.from_attribute.is_empty()) {
            Some(source) => source.value.clone().and_then(|value| value.value),
            None if fallback.is_null() => return,
            None => Some(written_value(fallback)),
        }
    };
    let exists = attributes.iter().any(|attribute| attribute.key == action.key);
    let is_wanted = match action.action.as_str() {
        "insert" => !exists,
        "update" => exists,
        _ => true,
    };
    if is_wanted {
        set(attributes, &action.key, value);
    }
}

fn written_value(value: &serde_yaml::Value) -> Value {
    match value.as_i64() {
        Some(number) => Value::IntValue(number),
        None => Value::StringValue(value.as_str().unwrap().to_owned()),
    }
}

fn set(attributes: &mut Vec<KeyValue>, key: &str, value: Option<Value>) {
    let value = Some(AnyValue { value });
    match attributes.iter_mut().find(|attribute| attribute.key == key) {
        Some(attribute) => attribute.value = value,
        None => attributes.push(KeyValue { key: key.to_owned(), value, ..Default::default() }),
    }
}

fn is_affected(action: &ActionConfig, key: &str) -> bool {
    (!action.key.is_empty() && action.key == key) || pattern_finds(action, key)
}

fn pattern_finds(action: &ActionConfig, key: &str) -> bool {
    !action.pattern.is_empty() && compile_go_regexp(&action.pattern).unwrap().is_match(key.as_bytes())
}

fn hash(action: &ActionConfig, attributes: &mut [KeyValue]) {
    let by_key = |key: &str| !action.key.is_empty() && action.key == key;
    let by_pattern = |key: &str| pattern_finds(action, key);
    for attribute in attributes.iter_mut().filter(|attribute| by_key(&attribute.key)) {
        hash_value(attribute);
    }
    for attribute in attributes.iter_mut().filter(|attribute| by_pattern(&attribute.key)) {
        hash_value(attribute);
    }
}

fn hash_value(attribute: &mut KeyValue) {
    let bytes = match attribute.value.take().and_then(|value| value.value) {
        Some(Value::StringValue(text)) => Some(text.into_bytes()),
        Some(Value::BoolValue(truth)) => Some(vec![u8::from(truth)]),
        Some(Value::IntValue(number)) => Some(number.to_le_bytes().to_vec()),
        Some(Value::DoubleValue(number)) => Some(number.to_le_bytes().to_vec()),
        _ => None,
    };
    let hex = |bytes| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    attribute.value = Some(AnyValue { value: Some(Value::StringValue(bytes.map_or_else(String::new, hex))) });
}

fn extract(action: &ActionConfig, attributes: &mut Vec<KeyValue>) {
    let source = attributes.iter().find(|attribute| attribute.key == action.key);
    let value = source.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value);
    let Some(Value::StringValue(text)) = value else { return };
    let pattern = compile_go_regexp(&action.pattern).unwrap();
    let Some(captures) = pattern.captures(text.as_bytes()) else { return };
    for name in pattern.capture_names().flatten() {
        let found = captures.name(name).map_or(&[][..], |found| found.as_bytes());
        set(attributes, name, Some(Value::StringValue(String::from_utf8(found.to_vec()).unwrap())));
    }
}

fn convert(action: &ActionConfig, attributes: &mut [KeyValue]) {
    let Some(attribute) = attributes.iter_mut().find(|attribute| attribute.key == action.key) else { return };
    let value = attribute.value.clone().and_then(|value| value.value);
    let converted = match (action.converted_type.as_str(), value) {
        ("int", Some(Value::DoubleValue(number))) => Some(Value::IntValue(number.trunc() as i64)),
        ("int", Some(Value::BoolValue(truth))) => Some(Value::IntValue(i64::from(truth))),
        ("int", Some(Value::StringValue(text))) => text.parse().ok().map(Value::IntValue),
        ("double", Some(Value::IntValue(number))) => Some(Value::DoubleValue(number as f64)),
        ("double", Some(Value::BoolValue(truth))) => Some(Value::DoubleValue(f64::from(u8::from(truth)))),
        ("double", Some(Value::StringValue(text))) => text.parse().ok().map(Value::DoubleValue),
        ("string", Some(Value::IntValue(number))) => Some(Value::StringValue(number.to_string())),
        ("string", Some(Value::DoubleValue(number))) => Some(Value::StringValue(number.to_string())),
        ("string", Some(Value::BoolValue(truth))) => Some(Value::StringValue(truth.to_string())),
        ("string", Some(Value::ArrayValue(_))) => Some(Value::StringValue("[1]".to_owned())),
        ("string", None) => Some(Value::StringValue(String::new())),
        _ => None,
    };
    if converted.is_some() {
        attribute.value = Some(AnyValue { value: converted });
    }
}
