//! Maps made key by key, of which few repeat.

use std::collections::HashMap;

use super::{Text, Value, ValueMap};

/// How many keys are gone through one by one; more are found by a table, so that a line with a hundred thousand
/// keys does not take their square.
const GONE_THROUGH: usize = 64;

/// A map in the making. Most keys are new, and seen to be so without a look at the others.
#[derive(Default)]
pub(super) struct MapCollector {
    entries: Vec<(Text, Value)>,
    /// A bit for each trait of a key that is there. A key whose bit is not set is new.
    traits: u64,
    /// Where each key is, once there are many.
    places: HashMap<Text, usize>,
}

impl MapCollector {
    /// No keys yet, and room for so many.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// Goes on from a map.
    pub(super) fn starting_from(map: ValueMap) -> Self {
        let mut collector = Self::with_capacity(map.len() + 8);
        for (key, value) in map {
            collector.insert(&key, value);
        }
        collector
    }

    /// Sets the value of `key`; a key that is there keeps its place.
    pub(super) fn insert(&mut self, key: &str, value: Value) {
        *self.value_of(key) = value;
    }

    /// The value of `key`, to be set.
    pub(super) fn value_of(&mut self, key: &str) -> &mut Value {
        let key_trait = trait_of(key);
        let known = if self.traits & key_trait == 0 { None } else { self.place_of(key) };
        let place = known.unwrap_or(self.entries.len());
        if known.is_none() {
            self.traits |= key_trait;
            self.entries.push((Text::default(), Value::Empty));
            put_text(&mut self.entries[place].0, key);
            if self.entries.len() >= GONE_THROUGH {
                self.note_places();
            }
        }
        &mut self.entries[place].1
    }

    /// The map.
    pub(super) fn into_map(self) -> ValueMap {
        ValueMap(self.entries)
    }

    fn note_places(&mut self) {
        for (place, (key, _)) in self.entries.iter().enumerate().skip(self.places.len()) {
            self.places.insert(key.clone(), place);
        }
    }

    fn place_of(&self, key: &str) -> Option<usize> {
        if self.entries.len() >= GONE_THROUGH {
            return self.places.get(key).copied();
        }
        self.entries.iter().position(|(known, _)| known == key)
    }
}

/// Puts a text where an empty one is.
pub(super) fn put_text(to: &mut Text, text: &str) {
    if text.len() <= size_of::<Text>() {
        to.push_str(text);
    } else {
        *to = text.into();
    }
}

/// One of 64 bits, by length, first and last byte.
fn trait_of(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mixed = bytes.len() + usize::from(first) * 7 + usize::from(last) * 11;
    1 << (mixed % 64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn maps_are_those_of_setting_key_by_key(
            first in prop::collection::vec("[a-c]{0,3}", 0..8),
            then in prop::collection::vec("[a-e]{0,3}", 0..200),
        ) {
            let entries = |keys: &[String], base: i64| -> Vec<(String, Value)> {
                keys.iter().enumerate().map(|(at, key)| (key.clone(), Value::Int(base + at as i64))).collect()
            };
            let mut expected = ValueMap::new();
            for (key, value) in entries(&first, 0).into_iter().chain(entries(&then, 1_000)) {
                expected.insert(key, value);
            }
            let mut merged: ValueMap = entries(&first, 0).into_iter().collect();
            merged.merge(entries(&then, 1_000).into_iter().collect());
            let listed = |map: &ValueMap| map.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>();
            prop_assert_eq!(listed(&merged), listed(&expected));
        }
    }
}
