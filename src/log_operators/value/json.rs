//! Values read from JSON and written as JSON.

mod reading;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use self::reading::read_json;
use super::{MapCollector, Value, ValueMap};

/// What becomes of JSON's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonNumbers {
    /// All are floating point numbers, as Go's decoder has it.
    Doubles,
    /// Those that are whole and fit are whole numbers.
    IntsWherePossible,
}

impl Value {
    /// Reads one JSON value; nothing but white space may follow. Values are nested at most 128 deep.
    ///
    /// # Errors
    ///
    /// Where and why the text is no JSON.
    pub fn from_json(text: &str, numbers: JsonNumbers) -> Result<Self, serde_json::Error> {
        match read_json(text, numbers) {
            Some(value) => Ok(value),
            None => Self::from_serde_json(text, numbers),
        }
    }

    /// The same at half the speed, and with what is wrong in the words that people know.
    fn from_serde_json(text: &str, numbers: JsonNumbers) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = numbers.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// The value as JSON. Bytes are Base64; numbers that JSON has no form for are null.
    pub fn to_json(&self) -> String {
        // Writing to memory cannot fail, and keys are always texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'de> DeserializeSeed<'de> for JsonNumbers {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonNumbers {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Empty)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(match self {
            Self::Doubles => Value::Double(number as f64),
            Self::IntsWherePossible => Value::Int(number),
        })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match (self, i64::try_from(number)) {
            (Self::IntsWherePossible, Ok(number)) => Value::Int(number),
            _ => Value::Double(number as f64),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = MapCollector::with_capacity(8);
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            map.insert(&key, value);
        }
        Ok(Value::Map(map.into_map()))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Double(number) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl Serialize for ValueMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_is_asked_for() {
        let text = r#"{"a": 1, "b": [2.5, -3], "c": 18446744073709551615}"#;
        let doubles = Value::from_json(text, JsonNumbers::Doubles).unwrap();
        let ints = Value::from_json(text, JsonNumbers::IntsWherePossible).unwrap();
        let large = 18_446_744_073_709_551_615.0;
        let list = |second: Value| Value::Array(vec![2.5.into(), second]);
        let expected: ValueMap = [("a", Value::Double(1.0)), ("b", list((-3.0).into())), ("c", large.into())]
            .into_iter()
            .collect();
        assert_eq!(doubles, Value::Map(expected));
        let expected: ValueMap =
            [("a", Value::Int(1)), ("b", list((-3).into())), ("c", large.into())].into_iter().collect();
        assert_eq!(ints, Value::Map(expected));
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_value_holds() {
        let value = Value::from_json(r#"{"a":1,"b":null,"a":"x"}"#, JsonNumbers::Doubles).unwrap();
        assert_eq!(value.to_json(), r#"{"a":"x","b":null}"#);
    }

    #[test]
    fn what_json_cannot_say_is_said_otherwise() {
        let items = vec![Value::Bytes(bytes::Bytes::from_static(b"\xff\x00")), Value::Double(f64::NAN)];
        assert_eq!(Value::Array(items).to_json(), r#"["/wA=",null]"#);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{} x", "nul", &"[".repeat(200_000)] {
            assert!(Value::from_json(text, JsonNumbers::Doubles).is_err());
        }
    }
}
