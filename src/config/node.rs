//! A YAML value that remembers where it was written.

use std::fmt;
use std::sync::Arc;

/// A place in a configuration source. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file's path, or the URI of another source.
    pub source: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A value of the resolved configuration tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the value is, after expansion.
    pub value: NodeValue,
    /// Where it was written.
    pub location: Location,
    /// The text a `${...}` reference stood for when it was the whole value: string fields take this
    /// text (`0123` stays `0123`), all others take [`value`](Self::value).
    pub original: Option<Arc<str>>,
}

/// The kinds of value a configuration holds.
#[derive(Debug, Clone)]
pub enum NodeValue {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; wide enough for every signed and unsigned 64-bit one.
    Integer(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order written, keys unique.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_location: Location,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node of which nothing but the value matters, for defaults and tests.
    pub fn anonymous(value: NodeValue) -> Self {
        Self { value, location: Location::unknown(), original: None }
    }

    /// The value under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, where this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            NodeValue::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// True for `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    /// The Go type name the Collector's decoder would use for this value in its messages.
    pub const fn go_type(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nil",
            NodeValue::Bool(_) => "bool",
            NodeValue::Integer(_) => "int",
            NodeValue::Float(_) => "float64",
            NodeValue::String(_) => "string",
            NodeValue::List(_) => "[]interface {}",
            NodeValue::Map(_) => "map[string]interface {}",
        }
    }
}

impl Location {
    /// The location of values that were not written anywhere.
    pub fn unknown() -> Self {
        Self { source: Arc::from(""), line: 0, column: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.source, self.line, self.column)
    }
}

/// The value as a person would recognize it in a message: scalars as written, collections by kind.
impl fmt::Display for NodeValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::String(value) => write!(formatter, "{value:?}"),
            Self::List(items) => write!(formatter, "a list of {} values", items.len()),
            Self::Map(entries) => write!(formatter, "a map of {} keys", entries.len()),
        }
    }
}
