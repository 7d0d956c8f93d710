//! Fields in configurations.

use super::{Field, InvalidField};
use crate::config::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A field that may be all attributes or the resource as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootableField(pub Field);

impl Default for Field {
    fn default() -> Self {
        Self::body()
    }
}

impl ConfigValue for Field {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        if let Some(field) = decode(node, decoding, Self::parse) {
            *self = field;
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.to_string().into()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("field")
    }
}

impl ConfigValue for RootableField {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        if let Some(field) = decode(node, decoding, Field::parse_rootable) {
            self.0 = field;
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        self.0.to_yaml(secrets)
    }

    fn type_docs() -> TypeDocs {
        Field::type_docs()
    }
}

fn decode(
    node: &Node,
    decoding: &mut Decoding,
    parse: fn(&str) -> Result<Field, InvalidField>,
) -> Option<Field> {
    let NodeValue::String(text) = &node.value else {
        if !node.is_null() {
            decoding.wrong_type(node, "entry.Field", Some(EXAMPLES.to_owned()));
        }
        return None;
    };
    match parse(text) {
        Ok(field) => Some(field),
        Err(error) => {
            let message = format!("'{}' {error}", decoding.dotted_path());
            decoding.error(&node.location, message, Some(EXAMPLES.to_owned()));
            None
        }
    }
}

const EXAMPLES: &str = "write a field such as body.message, attributes[\"http.method\"] or resource.host";
