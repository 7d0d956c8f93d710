//! Maps made key by key, of which few repeat.

use std::collections::HashMap;

use super::{Value, ValueMap};

/// How many keys are gone through one by one; more are found by a table, so that a line with a hundred thousand
/// keys does not take their square.
const GONE_THROUGH: usize = 64;

/// A map in the making. Most keys are new, and seen to be so without a look at the others.
#[derive(Default)]
pub(super) struct MapCollector {
    entries: Vec<(String, Value)>,
    /// A bit for each trait of a key that is there. A key whose bit is not set is new.
    traits: u64,
    /// Where each key is, once there are many.
    places: HashMap<String, usize>,
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
            collector.push(key, value);
        }
        collector
    }

    /// Sets the value of `key`; a key that is there keeps its place.
    pub(super) fn insert(&mut self, key: String, value: Value) {
        let known = if self.traits & trait_of(&key) == 0 { None } else { self.place_of(&key) };
        match known.and_then(|place| self.entries.get_mut(place)) {
            Some((_, known)) => *known = value,
            None => self.push(key, value),
        }
    }

    /// The map.
    pub(super) fn into_map(self) -> ValueMap {
        ValueMap(self.entries)
    }

    fn push(&mut self, key: String, value: Value) {
        self.traits |= trait_of(&key);
        self.entries.push((key, value));
        if self.entries.len() < GONE_THROUGH {
            return;
        }
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
