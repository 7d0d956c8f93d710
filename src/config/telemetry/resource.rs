//! `service.telemetry.resource`: what own telemetry says it comes from.

use std::collections::BTreeMap;

use crate::config::{ConfigValue, Decoding, Entry, Node, NodeValue, Secrets, TypeDocs};

/// Attributes by name; none as value removes an attribute that is there by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceAttributes {
    /// The attributes written.
    pub attributes: BTreeMap<String, Option<String>>,
}

/// Two forms: a map of names to values, or `attributes:` with a list of `name` and `value`.
impl ConfigValue for ResourceAttributes {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let entries = match &node.value {
            NodeValue::Null => return,
            NodeValue::Map(entries) => entries,
            _ => return decoding.wrong_type(node, "map", Some("write attributes by name".to_owned())),
        };
        for entry in entries {
            decoding.within(format!("[{}]", entry.key), |decoding| self.update_entry(entry, decoding));
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        let value = |value: &Option<String>| value.clone().map_or(serde_yaml::Value::Null, Into::into);
        let entries = self.attributes.iter();
        serde_yaml::Value::Mapping(entries.map(|(name, text)| (name.clone().into(), value(text))).collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Map(Box::new(TypeDocs::Scalar("string")))
    }
}

impl ResourceAttributes {
    fn update_entry(&mut self, entry: &Entry, decoding: &mut Decoding) {
        match (entry.key.as_str(), &entry.value.value) {
            ("attributes", NodeValue::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    decoding.within(format!("[{index}]"), |decoding| self.update_item(item, decoding));
                }
            }
            // The rest of the declarative configuration's form: accepted, and without effect.
            ("schema_url" | "attributes_list" | "detectors" | "detection/development", _) => {}
            (name, _) => self.insert(name, &entry.value, decoding),
        }
    }

    fn update_item(&mut self, item: &Node, decoding: &mut Decoding) {
        let Some(Node { value: NodeValue::String(name), .. }) = item.get("name") else {
            return decoding.error(&item.location, "an attribute needs a name", None);
        };
        let removed = Node { value: NodeValue::Null, location: item.location.clone(), original: None };
        self.insert(name, item.get("value").unwrap_or(&removed), decoding);
    }

    fn insert(&mut self, name: &str, value: &Node, decoding: &mut Decoding) {
        let text = match (&value.original, &value.value) {
            (Some(original), _) => Some(original.to_string()),
            (None, NodeValue::Null) => None,
            (None, NodeValue::String(text)) => Some(text.clone()),
            (None, NodeValue::List(_) | NodeValue::Map(_)) => {
                return decoding.wrong_type(value, "string", None);
            }
            (None, scalar) => Some(scalar.to_string()),
        };
        self.attributes.insert(name.to_owned(), text);
    }
}
