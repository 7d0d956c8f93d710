//! How a typed value is read from a node, checked, printed and documented.

use std::collections::BTreeMap;

use super::{Checking, Decoding, Node, NodeValue, Secrets, SectionDocs};

/// A type that a configuration field may have.
///
/// Decoding is strict, as in the Collector: no number is taken for a text or the other way round. It
/// updates in place, so that what is not written keeps the default of the section around it.
pub trait ConfigValue {
    /// Takes the value written in `node`; what is wrong goes to `decoding`.
    fn update(&mut self, node: &Node, decoding: &mut Decoding);

    /// Notes what is wrong with the decoded value.
    fn check(&self, _checking: &mut Checking) {}

    /// The value as it would be written.
    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value;

    /// What the reference says of the type.
    fn type_docs() -> TypeDocs
    where
        Self: Sized;
}

/// A type as the component reference shows it.
#[derive(Debug, Clone)]
pub enum TypeDocs {
    /// A word, such as `duration`.
    Scalar(&'static str),
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// A list.
    List(Box<TypeDocs>),
    /// A map from text.
    Map(Box<TypeDocs>),
    /// A section that may be off.
    Optional(Box<TypeDocs>),
    /// A nested section.
    Section(SectionDocs),
}

impl ConfigValue for bool {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::Bool(value) => *self = *value,
            NodeValue::String(text) if yaml_1_1_bool(text).is_some() => {
                *self = yaml_1_1_bool(text).unwrap_or_default();
            }
            _ => decoding.wrong_type(node, "bool", Some("write true or false".to_owned())),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Bool(*self)
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("bool")
    }
}

/// The YAML 1.1 words the Collector's parser still takes where the target is a bool.
fn yaml_1_1_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

impl ConfigValue for String {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        if let Some(original) = &node.original {
            *self = original.to_string();
            return;
        }
        match &node.value {
            NodeValue::Null => {}
            NodeValue::String(text) => self.clone_from(text),
            _ => decoding.wrong_type(
                node,
                "string",
                Some("put the value in quotes to make it a string".to_owned()),
            ),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::String(self.clone())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("string")
    }
}

/// Implements whole numbers: the range is the type's, the Go name stands in messages.
macro_rules! whole_number {
    ($type:ty, $go_type:literal) => {
        impl ConfigValue for $type {
            fn update(&mut self, node: &Node, decoding: &mut Decoding) {
                match &node.value {
                    NodeValue::Null => {}
                    NodeValue::Integer(value) => match <$type>::try_from(*value) {
                        Ok(value) => *self = value,
                        Err(_) => {
                            let message = format!(
                                "'{}' cannot parse value as '{}': {value} is out of range",
                                decoding.dotted_path(),
                                $go_type
                            );
                            let hint =
                                format!("write a whole number from {} to {}", <$type>::MIN, <$type>::MAX);
                            decoding.error(&node.location, message, Some(hint));
                        }
                    },
                    NodeValue::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
                        let whole = Node {
                            value: NodeValue::Integer(*value as i128),
                            location: node.location.clone(),
                            original: None,
                        };
                        self.update(&whole, decoding);
                    }
                    _ => decoding.wrong_type(
                        node,
                        $go_type,
                        Some("write a whole number without quotes".to_owned()),
                    ),
                }
            }

            fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
                serde_yaml::Value::Number((*self).into())
            }

            fn type_docs() -> TypeDocs {
                TypeDocs::Scalar("integer")
            }
        }
    };
}

whole_number!(i64, "int64");
whole_number!(i32, "int32");
whole_number!(u64, "uint64");
whole_number!(u32, "uint32");
whole_number!(usize, "int");

impl ConfigValue for f64 {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::Float(value) => *self = *value,
            NodeValue::Integer(value) => *self = *value as Self,
            _ => decoding.wrong_type(node, "float64", Some("write a number without quotes".to_owned())),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Number((*self).into())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("number")
    }
}

/// A text; numbers and truth values are taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScalarText(pub String);

impl ConfigValue for ScalarText {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        match &node.value {
            NodeValue::Bool(truth) => self.0 = truth.to_string(),
            NodeValue::Integer(number) => self.0 = number.to_string(),
            NodeValue::Float(number) => self.0 = number.to_string(),
            _ => self.0.update(node, decoding),
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        self.0.to_yaml(secrets)
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("string")
    }
}

/// A field without a value of its own until one is written.
impl<T: ConfigValue + Default> ConfigValue for Option<T> {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        if node.is_null() {
            *self = None;
            return;
        }
        self.get_or_insert_with(T::default).update(node, decoding);
    }

    fn check(&self, checking: &mut Checking) {
        if let Some(value) = self {
            value.check(checking);
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        self.as_ref().map_or(serde_yaml::Value::Null, |value| value.to_yaml(secrets))
    }

    fn type_docs() -> TypeDocs {
        T::type_docs()
    }
}

/// A written list replaces the default list. A single text stands for a list, split at commas.
impl<T: ConfigValue + Default> ConfigValue for Vec<T> {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let split: Vec<Node>;
        let items = match &node.value {
            NodeValue::Null => return,
            NodeValue::List(items) => items,
            NodeValue::String(text) if matches!(T::type_docs(), TypeDocs::Scalar("string")) => {
                let texts = text.split(',').filter(|_| !text.is_empty());
                let nodes = texts.map(|text| Node {
                    value: NodeValue::String(text.to_owned()),
                    location: node.location.clone(),
                    original: None,
                });
                split = nodes.collect();
                &split
            }
            _ => {
                decoding.wrong_type(node, "slice", Some("write a list".to_owned()));
                return;
            }
        };
        self.clear();
        for (index, item) in items.iter().enumerate() {
            let mut value = T::default();
            decoding.within(format!("[{index}]"), |decoding| value.update(item, decoding));
            self.push(value);
        }
    }

    fn check(&self, checking: &mut Checking) {
        for (index, item) in self.iter().enumerate() {
            checking.within(format!("[{index}]"), |checking| item.check(checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Sequence(self.iter().map(|item| item.to_yaml(secrets)).collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::List(Box::new(T::type_docs()))
    }
}

/// Written keys are added to the default map, as in the Collector.
impl<T: ConfigValue + Default> ConfigValue for BTreeMap<String, T> {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let NodeValue::Map(entries) = &node.value else {
            if !node.is_null() {
                decoding.wrong_type(node, "map", Some("write keys with values".to_owned()));
            }
            return;
        };
        for entry in entries {
            let value = self.entry(entry.key.clone()).or_default();
            decoding.within(format!("[{}]", entry.key), |decoding| value.update(&entry.value, decoding));
        }
    }

    fn check(&self, checking: &mut Checking) {
        for (key, value) in self {
            checking.within(format!("[{key}]"), |checking| value.check(checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let entries = self.iter().map(|(key, value)| (key.clone().into(), value.to_yaml(secrets)));
        serde_yaml::Value::Mapping(entries.collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Map(Box::new(T::type_docs()))
    }
}
