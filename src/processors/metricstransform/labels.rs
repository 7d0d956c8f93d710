//! Labels of decoded data points: attributes as the Collector's metric operations see them, where a value
//! that is no text reads as the empty text.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// The text of the first attribute with this key.
pub(super) fn get<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.key == key).map(text_of)
}

/// Gives the attribute with this key a text; adds it where there is none.
pub(super) fn put(attributes: &mut Vec<KeyValue>, key: &str, text: &str) {
    put_value(attributes, key, Some(text_value(text)));
}

/// Gives the attribute with this key a value; adds it where there is none.
pub(super) fn put_value(attributes: &mut Vec<KeyValue>, key: &str, value: Option<AnyValue>) {
    match attributes.iter_mut().find(|attribute| attribute.key == key) {
        Some(attribute) => attribute.value = value,
        None => attributes.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() }),
    }
}

/// An attribute with a text.
pub(super) fn text_attribute(key: &str, text: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(text_value(text)), ..KeyValue::default() }
}

/// The text of an attribute.
pub(super) fn text_of(attribute: &KeyValue) -> &str {
    match &attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        _ => "",
    }
}

fn text_value(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}
