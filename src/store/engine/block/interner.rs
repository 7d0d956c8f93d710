//! Byte strings numbered in the order they are first met.

use super::byte_hash::hash_bytes;

/// Numbers byte strings. Made for a few thousand of them, all dropped together.
#[derive(Debug, Clone)]
pub struct Interner {
    bytes: Vec<u8>,
    /// Where each string ends.
    ends: Vec<u32>,
    hashes: Vec<u64>,
    /// Numbers plus one by the low bits of the hash, searched onwards; 0 for nothing.
    table: Vec<u32>,
}

impl Default for Interner {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), hashes: Vec::new(), table: vec![0; 16] }
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
            if self.hashes.get(number as usize) == Some(&hash) && self.get(number) == string {
                return number;
            }
            at = (at + 1) & mask;
        }
        self.add(string, hash, at)
    }

    /// The number of `string`, where it was met before.
    pub fn find(&self, string: &[u8]) -> Option<u32> {
        let hash = hash_bytes(string);
        let mask = self.table.len() - 1;
        let mut at = low_bits(hash) & mask;
        while let Some(entry) = self.table.get(at).copied().filter(|entry| *entry != 0) {
            let number = entry - 1;
            if self.hashes.get(number as usize) == Some(&hash) && self.get(number) == string {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// The string with this number; empty where there is none.
    #[inline]
    pub fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start =
            number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(number).map_or(start, |end| *end as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// How many strings there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The strings in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        (0..self.ends.len()).map(|number| self.get(u32::try_from(number).unwrap_or(u32::MAX)))
    }

    /// The strings one behind the other.
    pub fn joined(&self) -> &[u8] {
        &self.bytes
    }

    fn add(&mut self, string: &[u8], hash: u64, at: usize) -> u32 {
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(string);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.hashes.push(hash);
        if let Some(place) = self.table.get_mut(at) {
            *place = number + 1;
        }
        if self.ends.len() * 2 > self.table.len() {
            self.grow();
        }
        number
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
