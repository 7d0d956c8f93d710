//! Names of places in a log entry: `body`, `body.user.name`, `attributes["http.method"]`, `resource.host`.

mod config;
mod parse;

use std::borrow::Cow;
use std::fmt;

use super::entry::LogEntry;
use super::error::OperatorError;
use super::value::{Value, ValueMap};

pub use self::config::RootableField;
pub use self::parse::InvalidField;

/// A place in a log entry, as configurations name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    part: EntryPart,
    keys: Vec<Box<str>>,
}

/// The part of an entry that a field lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryPart {
    Body,
    Attributes,
    Resource,
}

impl EntryPart {
    const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Attributes => "attributes",
            Self::Resource => "resource",
        }
    }
}

impl Field {
    /// The whole body.
    pub const fn body() -> Self {
        Self { part: EntryPart::Body, keys: Vec::new() }
    }

    /// All attributes.
    pub const fn attributes() -> Self {
        Self { part: EntryPart::Attributes, keys: Vec::new() }
    }

    /// The body's value under `key`.
    pub fn of_body(key: &str) -> Self {
        Self { part: EntryPart::Body, keys: vec![key.into()] }
    }

    /// The attribute `key`.
    pub fn of_attributes(key: &str) -> Self {
        Self { part: EntryPart::Attributes, keys: vec![key.into()] }
    }

    /// True for the body, the attributes or the resource as a whole.
    pub const fn is_root(&self) -> bool {
        self.keys.is_empty()
    }

    /// True for the body as a whole.
    pub fn is_body(&self) -> bool {
        self.is_root() && self.part == EntryPart::Body
    }

    /// The place under `key` in the map that is here.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.into());
        Self { part: self.part, keys }
    }

    /// The body, the attributes or the resource as a whole.
    #[must_use]
    pub const fn root(&self) -> Self {
        Self { part: self.part, keys: Vec::new() }
    }

    /// The map around this place; the root's own is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        let keys = self.keys.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default();
        Self { part: self.part, keys }
    }

    /// The value that is here. Only attributes or a resource as a whole are copied for it.
    pub fn get<'a>(&self, entry: &'a LogEntry) -> Option<Cow<'a, Value>> {
        let map = match self.part {
            EntryPart::Body => return value_at(&entry.body, &self.keys).map(Cow::Borrowed),
            EntryPart::Attributes => &entry.attributes,
            EntryPart::Resource => &entry.resource,
        };
        match self.keys.split_first() {
            Some((key, below)) => value_at(map.get(key)?, below).map(Cow::Borrowed),
            None if map.is_empty() => None,
            None => Some(Cow::Owned(Value::Map(map.clone()))),
        }
    }

    /// Puts `value` here. Maps above are made, also in place of other values; a map is merged into the map
    /// that is here, key by key.
    ///
    /// # Errors
    ///
    /// Attributes or a resource as a whole take maps only.
    pub fn set(&self, entry: &mut LogEntry, value: Value) -> Result<(), OperatorError> {
        match value {
            Value::Map(map) => {
                let target = self.keys.iter().fold(self.root_map(entry), |map, key| map_under(map, key));
                target.merge(map);
            }
            value => match self.keys.split_last() {
                Some((last, above)) => {
                    let target = above.iter().fold(self.root_map(entry), |map, key| map_under(map, key));
                    target.insert(&**last, value);
                }
                None if self.part == EntryPart::Body => entry.body = value,
                None => {
                    return Err(OperatorError::failed(format!("cannot set {} root", self.part.name())));
                }
            },
        }
        Ok(())
    }

    /// Takes out what is here.
    pub fn remove(&self, entry: &mut LogEntry) -> Option<Value> {
        let Some((last, above)) = self.keys.split_last() else {
            return match self.part {
                EntryPart::Body => Some(std::mem::take(&mut entry.body)),
                EntryPart::Attributes => take_map(&mut entry.attributes),
                EntryPart::Resource => take_map(&mut entry.resource),
            };
        };
        let root = match self.part {
            EntryPart::Body => map_of(&mut entry.body)?,
            EntryPart::Attributes => &mut entry.attributes,
            EntryPart::Resource => &mut entry.resource,
        };
        above.iter().try_fold(root, |map, key| map_of(map.get_mut(key)?))?.remove(last)
    }

    /// The map of the part, which a body becomes that is something else.
    fn root_map<'a>(&self, entry: &'a mut LogEntry) -> &'a mut ValueMap {
        match self.part {
            EntryPart::Body => become_map(&mut entry.body),
            EntryPart::Attributes => &mut entry.attributes,
            EntryPart::Resource => &mut entry.resource,
        }
    }
}

fn value_at<'a>(value: &'a Value, keys: &[Box<str>]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.as_map()?.get(key))
}

const fn map_of(value: &mut Value) -> Option<&mut ValueMap> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn map_under<'a>(map: &'a mut ValueMap, key: &str) -> &'a mut ValueMap {
    become_map(map.get_or_insert_with(key, || Value::Map(ValueMap::new())))
}

fn become_map(value: &mut Value) -> &mut ValueMap {
    match value {
        Value::Map(map) => map,
        other => {
            *other = Value::Map(ValueMap::new());
            become_map(other)
        }
    }
}

fn take_map(map: &mut ValueMap) -> Option<Value> {
    (!map.is_empty()).then(|| Value::Map(std::mem::take(map)))
}

/// The field as the Collector writes it in its messages.
impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.part.name())?;
        let in_brackets = self.keys.iter().any(|key| key.contains('.'));
        for key in &self.keys {
            if in_brackets {
                write!(formatter, "['{key}']")?;
            } else {
                write!(formatter, ".{key}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Field {
        Field::parse_rootable(text).unwrap()
    }

    fn entry(body: &str, attributes: &str) -> LogEntry {
        let Value::Map(attributes) = json(attributes) else { panic!("attributes are a map") };
        LogEntry { body: json(body), attributes, ..LogEntry::default() }
    }

    fn json(text: &str) -> Value {
        Value::from_json(text, crate::log_operators::JsonNumbers::IntsWherePossible).unwrap()
    }

    #[test]
    fn values_are_found_at_any_depth() {
        let entry = entry(r#"{"a":{"b.c":[1]}}"#, r#"{"x":{"y":2}}"#);
        for (name, expected) in [
            ("body.a['b.c']", Some("[1]")),
            ("body.a", Some(r#"{"b.c":[1]}"#)),
            ("body.a.b.c", None),
            ("attributes.x.y", Some("2")),
            ("attributes.x.y.z", None),
            ("attributes", Some(r#"{"x":{"y":2}}"#)),
            ("resource", None),
            ("resource.a", None),
        ] {
            assert_eq!(field(name).get(&entry).map(|value| value.to_json()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn setting_makes_the_maps_above_and_merges_maps() {
        for (before, name, value, after) in [
            (r#""text""#, "body", "1", "1"),
            (r#""text""#, "body.a.b", "1", r#"{"a":{"b":1}}"#),
            (r#"{"a":5}"#, "body.a.b", "1", r#"{"a":{"b":1}}"#),
            (r#"{"a":{"c":2}}"#, "body.a", r#"{"b":1}"#, r#"{"a":{"c":2,"b":1}}"#),
            (r#"{"a":1,"c":2}"#, "body", r#"{"a":{}}"#, r#"{"a":{},"c":2}"#),
            (r#""text""#, "body", r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            let mut entry = entry(before, "{}");
            field(name).set(&mut entry, json(value)).unwrap();
            assert_eq!(entry.body.to_json(), after);
        }
    }

    #[test]
    fn attributes_as_a_whole_take_maps_only() {
        let mut entry = entry("1", r#"{"a":1}"#);
        assert_eq!(
            field("attributes").set(&mut entry, json("1")).unwrap_err().to_string(),
            "cannot set attributes root"
        );
        field("attributes").set(&mut entry, json(r#"{"b":2}"#)).unwrap();
        assert_eq!(Value::Map(entry.attributes).to_json(), r#"{"a":1,"b":2}"#);
    }

    #[test]
    fn removing_returns_what_was_there() {
        let mut entry = entry(r#"{"a":{"b":1,"c":2}}"#, r#"{"x":1}"#);
        assert_eq!(field("body.a.b").remove(&mut entry), Some(Value::Int(1)));
        assert_eq!(field("body.a.b").remove(&mut entry), None);
        assert_eq!(field("body.a.c.d").remove(&mut entry), None);
        assert_eq!(field("attributes").remove(&mut entry).unwrap().to_json(), r#"{"x":1}"#);
        assert_eq!(field("body").remove(&mut entry).unwrap().to_json(), r#"{"a":{"c":2}}"#);
        assert_eq!(entry, LogEntry::default());
    }

    #[test]
    fn fields_are_shown_as_in_the_collector() {
        for (written, shown) in [
            ("body", "body"),
            ("body['a'].b", "body.a.b"),
            (r#"attributes["x.y"].z"#, "attributes['x.y']['z']"),
        ] {
            assert_eq!(field(written).to_string(), shown);
        }
    }
}
