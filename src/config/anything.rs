//! Values whose shape is not ours to know: kept as written.

use super::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// Any YAML value, kept as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Anything(pub serde_yaml::Value);

impl ConfigValue for Anything {
    fn update(&mut self, node: &Node, _decoding: &mut Decoding) {
        self.0 = node.to_yaml();
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.0.clone()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("any")
    }
}

impl Node {
    /// The value without its positions. Integers beyond 64 bits become the nearest floating point number.
    pub fn to_yaml(&self) -> serde_yaml::Value {
        use serde_yaml::Value;
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => Value::Number(value.into()),
                (_, Ok(value)) => Value::Number(value.into()),
                _ => Value::Number((*value as f64).into()),
            },
            NodeValue::Float(value) => Value::Number((*value).into()),
            NodeValue::String(text) => Value::String(text.clone()),
            NodeValue::List(items) => Value::Sequence(items.iter().map(Self::to_yaml).collect()),
            NodeValue::Map(entries) => Value::Mapping(
                entries.iter().map(|entry| (entry.key.clone().into(), entry.value.to_yaml())).collect(),
            ),
        }
    }
}
