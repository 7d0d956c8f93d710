//! Values as configurations write them.

use serde_yaml::Value as Yaml;

use super::{Value, ValueMap};

impl Value {
    /// The value of what is written. Whole numbers beyond the signed range keep their bits, as in the
    /// Collector.
    pub fn from_yaml(written: &Yaml) -> Self {
        match written {
            Yaml::Null => Self::Empty,
            Yaml::Bool(truth) => Self::Bool(*truth),
            Yaml::Number(number) => match number.as_i64().or(number.as_u64().map(u64::cast_signed)) {
                Some(whole) => Self::Int(whole),
                None => Self::Double(number.as_f64().unwrap_or_default()),
            },
            Yaml::String(text) => text.as_str().into(),
            Yaml::Sequence(items) => Self::Array(items.iter().map(Self::from_yaml).collect()),
            Yaml::Mapping(entries) => {
                let entries = entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
                let map: ValueMap = entries.map(|(key, value)| (key, Self::from_yaml(value))).collect();
                Self::Map(map)
            }
            Yaml::Tagged(tagged) => Self::from_yaml(&tagged.value),
        }
    }
}
