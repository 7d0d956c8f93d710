//! Which keys a storage file has values for, and where in the file they are.

use std::collections::HashMap;

use super::record::{RecordedChange, ValuePlace};

/// Bytes a value takes besides its key and itself.
const RECORD_OVERHEAD: u64 = 48;

/// Keys in memory, values in the file.
#[derive(Debug, Default, Clone)]
pub struct Index {
    places: HashMap<Box<str>, ValuePlace>,
    live_bytes: u64,
}

impl Index {
    /// Notes one change.
    pub fn apply(&mut self, change: RecordedChange) {
        match change {
            RecordedChange::Set(key, place) => {
                let key_length = key.len();
                self.live_bytes += live_bytes(key_length, &place);
                if let Some(old) = self.places.insert(key, place) {
                    self.live_bytes -= live_bytes(key_length, &old);
                }
            }
            RecordedChange::Delete(key) => {
                if let Some(old) = self.places.remove(&key) {
                    self.live_bytes -= live_bytes(key.len(), &old);
                }
            }
        }
    }

    /// Where the value of `key` is.
    pub fn place(&self, key: &str) -> Option<ValuePlace> {
        self.places.get(key).copied()
    }

    /// Every key, in ascending order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.places.keys().map(|key| key.to_string()).collect();
        keys.sort_unstable();
        keys
    }

    /// About how long a file with nothing but these values is.
    pub const fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Every key and place, in the order of the file.
    pub fn by_position(&self) -> Vec<(Box<str>, ValuePlace)> {
        let mut places: Vec<_> = self.places.iter().map(|(key, place)| (key.clone(), *place)).collect();
        places.sort_unstable_by_key(|(_, place)| place.position);
        places
    }
}

const fn live_bytes(key_length: usize, place: &ValuePlace) -> u64 {
    RECORD_OVERHEAD + key_length as u64 + place.length as u64
}
