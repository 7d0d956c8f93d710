//! Columns of a block: one field of all its rows, packed for what it mostly looks like.
//!
//! A column on disk is one byte for its layout and what that layout says. What is as in most telemetry (all the same,
//! few different ones, near the row before) becomes short, and what is left over is compressed.

use super::byte_hash::is_same;
use super::compression::{Packer, unpack};
use super::interner::Interner;
use crate::otlp::wire::{put_varint, read_varint};

/// Layouts of columns. Part of the format.
mod layout {
    /// Numbers: one for all rows.
    pub const SAME_NUMBER: u8 = 1;
    /// Numbers: each as it is.
    pub const NUMBERS: u8 = 2;
    /// Numbers: the difference to the one before.
    pub const DIFFERENCES: u8 = 3;
    /// Strings: one for all rows.
    pub const SAME_STRING: u8 = 4;
    /// Strings: different ones, and which one each row has.
    pub const DICTIONARY: u8 = 5;
    /// Strings: each as it is.
    pub const STRINGS: u8 = 6;
}

/// How numbers of neighbouring rows are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Not at all.
    Unrelated,
    /// They lie near each other.
    Near,
}

/// A column of numbers in the making.
#[derive(Debug, Clone, Default)]
pub struct NumbersBuilder {
    /// How many there are, and the first of them.
    rows: usize,
    first: u64,
    /// All of them, once one differs from the first.
    values: Vec<u64>,
}

impl NumbersBuilder {
    /// Adds the number of the next row.
    #[inline]
    pub fn push(&mut self, value: u64) {
        if self.values.is_empty() {
            if self.rows == 0 {
                self.first = value;
            }
            if self.first == value {
                self.rows += 1;
                return;
            }
            self.values.resize(self.rows, self.first);
        }
        self.rows += 1;
        self.values.push(value);
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// The least and the greatest; zeros where there is none.
    pub fn bounds(&self) -> (u64, u64) {
        let same = (self.first, self.first);
        self.values.iter().fold(same, |(least, most), value| (least.min(*value), most.max(*value)))
    }

    /// Packs the column; none where all are 0, which needs no column.
    pub fn pack(&self, packer: &mut Packer, numbers: Numbers) -> Option<Vec<u8>> {
        if self.values.is_empty() {
            let mut out = vec![layout::SAME_NUMBER];
            put_varint(&mut out, self.first);
            return (self.first != 0).then_some(out);
        }
        let mut body = Vec::with_capacity(self.rows * 4);
        match numbers {
            Numbers::Unrelated => self.values.iter().for_each(|value| put_varint(&mut body, *value)),
            Numbers::Near => {
                let mut before = 0_u64;
                for value in &self.values {
                    put_varint(&mut body, zigzag(value.wrapping_sub(before).cast_signed()));
                    before = *value;
                }
            }
        }
        let layout = if numbers == Numbers::Near { layout::DIFFERENCES } else { layout::NUMBERS };
        Some(packer.pack(layout, &body))
    }
}

/// A column of numbers read back.
#[derive(Debug, Clone)]
pub enum NumberColumn {
    /// The same for all rows.
    Same(u64),
    /// One for each row.
    Each(Vec<u64>),
}

impl NumberColumn {
    /// Reads a column back; one that is not there is 0 throughout. Bytes that are no column read as such too.
    pub fn read(packed: Option<&[u8]>) -> Option<Self> {
        let Some(packed) = packed else { return Some(Self::Same(0)) };
        let (layout, body) = packed.split_first()?;
        Some(match *layout {
            layout::SAME_NUMBER => Self::Same(read_varint(body).ok()?.0),
            layout::DIFFERENCES => {
                let mut value = 0_u64;
                let add = |difference: u64| {
                    value = value.wrapping_add(unzigzag(difference).cast_unsigned());
                    value
                };
                Self::Each(varints(&unpack(body)?).map(add).collect())
            }
            layout::NUMBERS => Self::Each(varints(&unpack(body)?).collect()),
            _ => return None,
        })
    }

    /// The number of a row.
    #[inline]
    pub fn get(&self, row: usize) -> u64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values.get(row).copied().unwrap_or(0),
        }
    }
}

/// After how many rows a column is looked at: where nearly all strings differ, the same are no longer looked for.
const LOOKED_AT_AFTER: usize = 512;

/// A column of strings in the making, for those of which the same often come again.
#[derive(Debug, Clone, Default)]
pub struct DictionaryBuilder {
    strings: Interner,
    rows: Vec<u32>,
    /// True once nearly all strings differ.
    is_plain: bool,
}

impl DictionaryBuilder {
    /// Adds the string of the next row.
    #[inline]
    pub fn push(&mut self, string: &[u8]) -> u32 {
        let number = match self.rows.last() {
            // Neighbours are often alike.
            Some(last) if is_same(self.strings.get(*last), string) => *last,
            _ if self.is_plain => self.strings.add(string),
            _ => self.strings.intern(string),
        };
        self.rows.push(number);
        if self.rows.len() == LOOKED_AT_AFTER {
            self.is_plain = self.strings.len() * 8 > LOOKED_AT_AFTER * 7;
        }
        number
    }

    /// Adds a string by the number that [`push`](Self::push) had for it.
    #[inline]
    pub fn push_again(&mut self, number: u32) {
        self.rows.push(number);
    }

    /// The strings by their numbers, hardly any of them twice.
    pub const fn strings(&self) -> &Interner {
        &self.strings
    }

    /// Packs the column; none where all strings are empty, which needs no column.
    pub fn pack(&self, packer: &mut Packer) -> Option<Vec<u8>> {
        if self.strings.len() <= 1 {
            let only = self.strings.get(0);
            let mut out = vec![layout::SAME_STRING];
            out.extend_from_slice(only);
            return (!only.is_empty()).then_some(out);
        }
        // With two of three rows different, numbers into a dictionary cost more than they save.
        if self.strings.len() * 3 > self.rows.len() * 2 {
            let mut plain = StringsBuilder::default();
            self.rows.iter().for_each(|row| plain.push(self.strings.get(*row)));
            return plain.pack(packer);
        }
        let mut body = Vec::with_capacity(self.strings.joined().len() + self.rows.len() * 2);
        put_strings(&mut body, self.strings.iter().map(<[u8]>::len), self.strings.joined());
        if self.strings.len() <= 1 << 8 {
            body.extend(self.rows.iter().map(|row| row.to_le_bytes()[0]));
        } else {
            body.extend(self.rows.iter().flat_map(|row| row.to_le_bytes()));
        }
        Some(packer.pack(layout::DICTIONARY, &body))
    }
}

/// A column of strings in the making, for those that are mostly different.
#[derive(Debug, Clone, Default)]
pub struct StringsBuilder {
    bytes: Vec<u8>,
    lengths: Vec<u32>,
}

impl StringsBuilder {
    /// Adds the string of the next row.
    #[inline]
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.lengths.push(u32::try_from(string.len()).unwrap_or(u32::MAX));
    }

    /// Packs the column; none where all strings are empty.
    pub fn pack(&self, packer: &mut Packer) -> Option<Vec<u8>> {
        if self.bytes.is_empty() {
            return None;
        }
        let mut body = Vec::with_capacity(self.bytes.len() + self.lengths.len());
        put_strings(&mut body, self.lengths.iter().map(|length| *length as usize), &self.bytes);
        Some(packer.pack(layout::STRINGS, &body))
    }

    /// Packs a column of random bytes, with which no compressor need try.
    pub fn pack_random(&self) -> Option<Vec<u8>> {
        if self.bytes.is_empty() {
            return None;
        }
        let mut body = Vec::with_capacity(self.bytes.len() + 16);
        put_strings(&mut body, self.lengths.iter().map(|length| *length as usize), &self.bytes);
        Some(Packer::keep(layout::STRINGS, &body))
    }
}

/// A column of strings read back. Each row has the number of a string; equal numbers mean equal strings.
#[derive(Debug, Clone)]
pub struct StringColumn {
    bytes: Vec<u8>,
    /// Where each string ends.
    ends: Vec<u32>,
    rows: RowStrings,
}

#[derive(Debug, Clone)]
enum RowStrings {
    /// All rows have string 0.
    Same,
    /// Each row has its own.
    Each,
    /// One byte for each row.
    Bytes(Vec<u8>),
    /// Four bytes for each row.
    Words(Vec<u32>),
}

impl StringColumn {
    /// Reads a column back; one that is not there is empty throughout. Bytes that are no column read as such too.
    pub fn read(packed: Option<&[u8]>) -> Option<Self> {
        let Some(packed) = packed else {
            return Some(Self { bytes: Vec::new(), ends: vec![0], rows: RowStrings::Same });
        };
        let (layout, body) = packed.split_first()?;
        if *layout == layout::SAME_STRING {
            let ends = vec![u32::try_from(body.len()).unwrap_or(u32::MAX)];
            return Some(Self { bytes: body.to_vec(), ends, rows: RowStrings::Same });
        }
        if *layout != layout::DICTIONARY && *layout != layout::STRINGS {
            return None;
        }
        let body = unpack(body)?;
        let (ends, rest) = read_lengths(&body);
        let joined = ends.last().map_or(0, |end| *end as usize).min(rest.len());
        let (bytes, numbers) = rest.split_at(joined);
        let rows = if *layout == layout::STRINGS {
            RowStrings::Each
        } else if ends.len() <= 1 << 8 {
            RowStrings::Bytes(numbers.to_vec())
        } else {
            let words = numbers.chunks_exact(4).filter_map(|word| word.first_chunk());
            RowStrings::Words(words.map(|word| u32::from_le_bytes(*word)).collect())
        };
        Some(Self { bytes: bytes.to_vec(), ends, rows })
    }

    /// The string of a row.
    #[inline]
    pub fn get(&self, row: usize) -> &[u8] {
        self.string(self.number(row))
    }

    /// The number of a row's string.
    #[inline]
    pub fn number(&self, row: usize) -> usize {
        match &self.rows {
            RowStrings::Same => 0,
            RowStrings::Each => row,
            RowStrings::Bytes(numbers) => numbers.get(row).copied().map_or(0, usize::from),
            RowStrings::Words(numbers) => numbers.get(row).map_or(0, |number| *number as usize),
        }
    }

    /// The string with a number.
    #[inline]
    pub fn string(&self, number: usize) -> &[u8] {
        let start =
            number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(number).map_or(start, |end| *end as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// How many numbered strings there are.
    pub const fn strings(&self) -> usize {
        self.ends.len()
    }
}

/// Appends strings: how many, how long, and themselves.
fn put_strings(out: &mut Vec<u8>, lengths: impl Iterator<Item = usize> + Clone, joined: &[u8]) {
    put_varint(out, lengths.clone().count() as u64);
    let mut different = lengths.clone();
    let first = different.next().unwrap_or(0);
    if different.all(|length| length == first) {
        out.push(1);
        put_varint(out, first as u64);
    } else {
        out.push(0);
        lengths.for_each(|length| put_varint(out, length as u64));
    }
    out.extend_from_slice(joined);
}

/// Reads what [`put_strings`] wrote: where each string ends, and the bytes from the first string on.
fn read_lengths(body: &[u8]) -> (Vec<u32>, &[u8]) {
    let (count, rest) = read_varint(body).unwrap_or((0, &[]));
    // A string, even an empty one, takes at least a bit of what a file can hold: this bounds damaged counts.
    let count = usize::try_from(count).unwrap_or(0).min(1 << 24);
    let Some((are_equal, mut rest)) = rest.split_first() else { return (Vec::new(), &[]) };
    let mut ends = Vec::with_capacity(count.min(1 << 16));
    let mut end = 0_u32;
    if *are_equal == 1 {
        let (length, behind) = read_varint(rest).unwrap_or((0, &[]));
        let length = u32::try_from(length).unwrap_or(0);
        for _ in 0..count {
            end = end.saturating_add(length);
            ends.push(end);
        }
        return (ends, behind);
    }
    for _ in 0..count {
        let Ok((length, behind)) = read_varint(rest) else { break };
        rest = behind;
        end = end.saturating_add(u32::try_from(length).unwrap_or(0));
        ends.push(end);
    }
    (ends, rest)
}

fn varints(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (value, behind) = read_varint(rest).ok()?;
        rest = behind;
        Some(value)
    })
}

const fn zigzag(value: i64) -> u64 {
    (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(
            values in prop::collection::vec(prop_oneof![Just(7_u64), any::<u64>(), 0..100_u64], 1..300),
            is_near in any::<bool>(),
        ) {
            let numbers = if is_near { Numbers::Near } else { Numbers::Unrelated };
            let mut builder = NumbersBuilder::default();
            values.iter().for_each(|value| builder.push(*value));
            prop_assert_eq!(builder.bounds(), (*values.iter().min().unwrap(), *values.iter().max().unwrap()));
            let packed = builder.pack(&mut Packer::default(), numbers);
            let column = NumberColumn::read(packed.as_deref()).unwrap();
            let found: Vec<u64> = (0..values.len()).map(|row| column.get(row)).collect();
            prop_assert_eq!(found, values);
        }

        #[test]
        fn strings_come_back(
            values in prop::collection::vec(prop::collection::vec(0..3_u8, 0..7), 1..700),
            has_dictionary in any::<bool>(),
        ) {
            let mut packer = Packer::default();
            let packed = if has_dictionary {
                let mut builder = DictionaryBuilder::default();
                for value in &values {
                    builder.push(value);
                }
                builder.pack(&mut packer)
            } else {
                let mut builder = StringsBuilder::default();
                values.iter().for_each(|value| builder.push(value));
                builder.pack(&mut packer)
            };
            let column = StringColumn::read(packed.as_deref()).unwrap();
            for (row, value) in values.iter().enumerate() {
                prop_assert_eq!(column.get(row), value.as_slice());
            }
        }

        #[test]
        fn damage_is_noticed_or_read_as_something(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let numbers = NumberColumn::read(Some(&bytes));
            let strings = StringColumn::read(Some(&bytes));
            for row in [0, 5, usize::MAX - 1] {
                numbers.as_ref().map(|numbers| numbers.get(row));
                strings.as_ref().map(|strings| strings.get(row).len());
            }
        }
    }

    #[test]
    fn what_is_empty_throughout_takes_nothing() {
        let mut packer = Packer::default();
        let mut numbers = NumbersBuilder::default();
        (0..9).for_each(|_| numbers.push(0));
        assert_eq!((numbers.len(), numbers.pack(&mut packer, Numbers::Near)), (9, None));
        let mut builder = DictionaryBuilder::default();
        for _ in 0..9 {
            builder.push(b"");
        }
        assert_eq!(builder.pack(&mut packer), None);
        assert_eq!(NumberColumn::read(None).unwrap().get(3), 0);
        assert_eq!(StringColumn::read(None).unwrap().get(3), b"");
    }

    #[test]
    fn a_flipped_bit_of_compressed_strings_is_noticed() {
        let mut builder = StringsBuilder::default();
        (0..200).for_each(|number: u32| builder.push(format!("/items/{}/stock", number % 7).as_bytes()));
        let packed = builder.pack(&mut Packer::default()).unwrap();
        assert!(packed.len() < 1_000, "{}", packed.len());
        for place in 1..packed.len() {
            let mut damaged = packed.clone();
            damaged[place] ^= 1;
            assert!(StringColumn::read(Some(&damaged)).is_none(), "{place} of {}", packed.len());
        }
    }
}
