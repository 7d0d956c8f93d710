//! The values of a log entry: what a body, an attribute or a parsed field holds.

mod collecting;
mod json;
mod wire;
mod yaml;

use bytes::Bytes;
use compact_str::CompactString;

use self::collecting::MapCollector;
pub use self::json::JsonNumbers;
pub use self::wire::put_value;
pub(super) use self::wire::{put_any_value, put_map};

/// A text as values and keys hold it. Up to 24 bytes lie in the value itself, which is most keys and many values; so they
/// cost no piece of memory each.
pub type Text = CompactString;

/// A value, as OTLP's `AnyValue` knows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing: JSON's null.
    #[default]
    Empty,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// Text.
    String(Text),
    /// Bytes that need not be text.
    Bytes(Bytes),
    /// A list.
    Array(Vec<Value>),
    /// Values by key.
    Map(ValueMap),
}

impl Value {
    /// The text, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The map, where it is one.
    pub const fn as_map(&self) -> Option<&ValueMap> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The name that the Collector's messages have for the type.
    pub const fn go_type(&self) -> &'static str {
        match self {
            Self::Empty => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Double(_) => "float64",
            Self::String(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::Array(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<ValueMap> for Value {
    fn from(map: ValueMap) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(items)
    }
}

/// Values by key, each key once, in the order in which they came.
///
/// A list and not a table: log entries have few keys, and going through those is cheaper than hashing.
#[derive(Debug, Clone, Default)]
pub struct ValueMap(Vec<(Text, Value)>);

/// So many keys are gone through without more ado.
const FEW_KEYS: usize = 8;

impl ValueMap {
    /// No keys.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No keys yet, and room for so many.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Sets the value of `key`; a key that is there keeps its place. Returns the value before.
    pub fn insert(&mut self, key: impl AsRef<str> + Into<Text>, value: Value) -> Option<Value> {
        match self.get_mut(key.as_ref()) {
            Some(known) => Some(std::mem::replace(known, value)),
            None => {
                self.0.push((key.into(), value));
                None
            }
        }
    }

    /// The value of `key`, which is made where there is none.
    pub fn get_or_insert_with(&mut self, key: &str, make: impl FnOnce() -> Value) -> &mut Value {
        let at = self.0.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.0.push((key.into(), make()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Sets every key of `other` here.
    pub fn merge(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        if self.len() <= FEW_KEYS && !self.0.iter().any(|(key, _)| other.get(key).is_some()) {
            // The other has room to spare, as a rule, where this one has none.
            let here = std::mem::replace(self, other);
            self.0.splice(0..0, here.0);
            return;
        }
        let mut collector = MapCollector::starting_from(std::mem::take(self));
        for (key, value) in other.0 {
            collector.insert(&key, value);
        }
        *self = collector.into_map();
    }

    /// Keeps those for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Keys and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Keys and values, the values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }
}

/// Equal where the keys have equal values, in whatever order.
impl PartialEq for ValueMap {
    fn eq(&self, other: &Self) -> bool {
        self.is_empty() && other.is_empty()
            || self.0 == other.0
            || self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl IntoIterator for ValueMap {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of a key that comes twice the last value is taken.
impl<K: Into<Text>, V: Into<Value>> FromIterator<(K, V)> for ValueMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut collector = MapCollector::default();
        for (key, value) in entries {
            collector.insert(&key.into(), value.into());
        }
        collector.into_map()
    }
}
