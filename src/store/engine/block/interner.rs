//! Byte strings numbered in the order they are first met.

use super::byte_hash::{hash_bytes, is_same};

/// Numbers byte strings. Made for a few thousand of them, all dropped together.
#[derive(Debug, Clone)]
pub struct Interner {
    bytes: Vec<u8>,
    /// Where each string begins, and where the last one ends.
    bounds: Vec<u32>,
    hashes: Vec<u64>,
    /// Numbers plus one by the low bits of the hash, searched onwards; 0 for nothing.
    table: Vec<u32>,
}

impl Default for Interner {
    fn default() -> Self {
        Self { bytes: Vec::new(), bounds: vec![0], hashes: Vec::new(), table: vec![0; 16] }
    }
}

impl Interner {
    /// The number of `string`, a new one where it was not met before.
    #[inline]
    pub fn intern(&mut self, string: &[u8]) -> u32 {
        let hash = hash_bytes(string);
        let mask = self.table.len() - 1;
        let mut at = low_bits(hash) & mask;
        while let Some(entry) = self.table.get(at).copied().filter(|entry| *entry != 0) {
            let number = entry - 1;
            if self.hashes.get(number as usize) == Some(&hash) && is_same(self.get(number), string) {
                return number;
            }
            at = (at + 1) & mask;
        }
        self.hashes.push(hash);
        if let Some(place) = self.table.get_mut(at) {
            *place = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
        }
        if self.hashes.len() * 2 > self.table.len() {
            self.grow();
        }
        self.add(string)
    }

    /// A new number for `string`, for when the same strings are no longer looked for: none is interned or found after it.
    #[inline]
    pub fn add(&mut self, string: &[u8]) -> u32 {
        self.bytes.extend_from_slice(string);
        self.bounds.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        u32::try_from(self.bounds.len() - 2).unwrap_or(u32::MAX)
    }

    /// The number of `string`, where it was met before.
    pub fn find(&self, string: &[u8]) -> Option<u32> {
        let hash = hash_bytes(string);
        let mask = self.table.len() - 1;
        let mut at = low_bits(hash) & mask;
        while let Some(entry) = self.table.get(at).copied().filter(|entry| *entry != 0) {
            let number = entry - 1;
            if self.hashes.get(number as usize) == Some(&hash) && is_same(self.get(number), string) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The string with this number; empty where there is none.
    #[inline]
    pub fn get(&self, number: u32) -> &[u8] {
        match self.bounds.get(number as usize..) {
            Some([start, end, ..]) => self.bytes.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// How many strings there are.
    pub const fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The strings in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let bounds = self.bounds.windows(2);
        bounds.map(|bounds| match bounds {
            [start, end] => self.bytes.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        })
    }

    /// The strings one behind the other.
    pub fn joined(&self) -> &[u8] {
        &self.bytes
    }

    fn grow(&mut self) {
        let length = self.table.len() * 4;
        let mut table = vec![0_u32; length];
        for (number, hash) in (1..).zip(&self.hashes) {
            let mut at = low_bits(*hash) & (length - 1);
            while table.get(at).is_some_and(|entry| *entry != 0) {
                at = (at + 1) & (length - 1);
            }
            if let Some(place) = table.get_mut(at) {
                *place = number;
            }
        }
        self.table = table;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn low_bits(hash: u64) -> usize {
    hash as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_numbers() {
        let mut interner = Interner::default();
        for round in 0..3 {
            for number in 0..10_000_u32 {
                let text = if number == 0 { String::new() } else { format!("text {number}") };
                assert_eq!(interner.intern(text.as_bytes()), number, "round {round}");
            }
        }
        assert_eq!(interner.len(), 10_000);
        assert_eq!(interner.get(0), b"");
        assert_eq!(interner.get(9_999), b"text 9999");
        assert_eq!(interner.iter().map(<[u8]>::len).sum::<usize>(), interner.joined().len());
    }
}
