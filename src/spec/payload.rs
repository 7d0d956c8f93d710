//! OTLP written as YAML in the shape of its JSON, stricter than a receiver: unknown fields are errors,
//! because a typing error in a spec must not make it expect less.

use crate::config::{ConfigError, Location, Node, NodeValue, unknown_key_hint};
use crate::otlp::json::{InvalidJson, MessageShape, decode_json};
use crate::otlp::{Batch, Signal};

/// The request of `signal` that `node` describes: a mapping, or JSON as a text.
///
/// # Errors
///
/// What is wrong, at its place.
pub fn batch_of(signal: Signal, node: &Node) -> Result<Batch, ConfigError> {
    if let NodeValue::String(json) = &node.value {
        return batch_of_json(signal, json)
            .map_err(|error| error_at(&node.location, format!("{signal}: {error}"), None));
    }
    refuse_unknown_fields(MessageShape::request(signal), node)?;
    let mut json = String::new();
    write_json(&mut json, node);
    decode_json(signal, json.as_bytes()).map_err(|error| {
        let hint = error.path().ends_with("Id").then(|| "put ids in quotes".to_owned());
        let message = format!("{}: {}", error.path(), error.problem());
        error_at(&locate(node, error.path()).location, message, hint)
    })
}

/// The request of `signal` in the text of a JSON file.
pub fn batch_of_json(signal: Signal, json: &str) -> Result<Batch, InvalidJson> {
    decode_json(signal, json.as_bytes())
}

fn refuse_unknown_fields(shape: MessageShape, node: &Node) -> Result<(), ConfigError> {
    match &node.value {
        NodeValue::List(items) => items.iter().try_for_each(|item| refuse_unknown_fields(shape, item)),
        NodeValue::Map(entries) => {
            for entry in entries {
                if !shape.has_field(&entry.key) {
                    let hint = unknown_key_hint(&entry.key, &shape.field_names());
                    let message = format!("unknown field {:?}", entry.key);
                    return Err(error_at(&entry.key_location, message, Some(hint)));
                }
                if let Some(inner) = shape.message_in(&entry.key) {
                    refuse_unknown_fields(inner, &entry.value)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn write_json(json: &mut String, node: &Node) {
    match &node.value {
        NodeValue::Null => json.push_str("null"),
        NodeValue::Bool(value) => json.push_str(&value.to_string()),
        NodeValue::Integer(value) => json.push_str(&value.to_string()),
        NodeValue::Float(value) if value.is_nan() => json.push_str("\"NaN\""),
        NodeValue::Float(value) if value.is_infinite() => {
            json.push_str(if *value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
        NodeValue::Float(value) => json.push_str(&value.to_string()),
        NodeValue::String(text) => json.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        NodeValue::List(items) => {
            json.push('[');
            for (index, item) in items.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                write_json(json, item);
            }
            json.push(']');
        }
        NodeValue::Map(entries) => {
            json.push('{');
            for (index, entry) in entries.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                json.push_str(&serde_json::Value::from(entry.key.as_str()).to_string());
                json.push(':');
                write_json(json, &entry.value);
            }
            json.push('}');
        }
    }
}

/// The node at `resourceSpans[0].scopeSpans`, or the deepest one on the way there.
fn locate<'a>(root: &'a Node, path: &str) -> &'a Node {
    let mut node = root;
    for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
        let next = match &node.value {
            NodeValue::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => node.get(step),
        };
        match next {
            Some(next) => node = next,
            None => return node,
        }
    }
    node
}

pub(super) fn error_at(location: &Location, message: String, hint: Option<String>) -> ConfigError {
    ConfigError { path: Vec::new(), field: None, location: Some(location.clone()), message, hint }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::parse_yaml;
    use crate::otlp::json::encode_json;

    fn through(yaml: &str) -> Result<String, String> {
        let node = parse_yaml(yaml, &Arc::from("spec.yaml")).unwrap();
        let batch = batch_of(Signal::Metrics, &node).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(encode_json(&batch)).unwrap())
    }

    #[test]
    fn numbers_keep_their_kind_and_every_double_can_be_written() {
        let points = |points: &str| {
            format!(
                "resourceMetrics: [{{scopeMetrics: [{{metrics: [{{gauge: {{dataPoints: {points}}}}}]}}]}}]"
            )
        };
        let json = through(&points(
            "[{asInt: 9223372036854775807}, {asInt: '-1'}, {asDouble: .nan}, {asDouble: -.inf}, {asDouble: 1}, \
             {as_double: 0.1}]",
        ));
        assert_eq!(
            json.unwrap(),
            r#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"gauge":{"dataPoints":[{"asInt":"9223372036854775807"},{"asInt":"-1"},{"asDouble":"NaN"},{"asDouble":"-Infinity"},{"asDouble":1},{"asDouble":0.1}]}}]}]}]}"#
        );
    }

    #[test]
    fn mistakes_have_their_place() {
        assert_eq!(
            through("resourceMetrics:\n- scopeMetrics:\n  - metric: []\n").unwrap_err(),
            "spec.yaml:3:5: unknown field \"metric\" (did you mean \"metrics\"? valid keys: scope, metrics, schemaUrl)"
        );
        assert_eq!(
            through("resourceMetrics:\n- scopeMetrics:\n  - metrics:\n    - name: 5\n").unwrap_err(),
            "spec.yaml:4:13: resourceMetrics[0].scopeMetrics[0].metrics[0].name: expected a string, found 5"
        );
    }
}
