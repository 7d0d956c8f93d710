//! Columns of numbers as bytes: differences where numbers are whole or have few decimals, else what changed of their
//! bits.

use crate::otlp::wire::{put_varint, read_varint};

/// The most decimals that are looked for.
const MOST_DECIMALS: usize = 12;

/// Added to a double it leaves no room for decimals: what is left are the bits of [`ROUNDER`] and a whole number.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Up to here that holds.
const LARGEST_ROUNDED: f64 = 2_251_799_813_685_248.0;

const POWERS_OF_TEN: [f64; MOST_DECIMALS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// How a column is written, in its first byte: 0 differences, 1 differences of differences, 2 all the same number,
/// 3 changed bits; for doubles that are written as whole numbers 16 and more by 16 for each decimal.
const DIFFERENCES: u8 = 0;
const SECOND_DIFFERENCES: u8 = 1;
const CONSTANT: u8 = 2;
const CHANGED_BITS: u8 = 3;
const DECIMALS: u8 = 16;

/// Reads what was written, from the front. Damage is answered with none.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number as [`put_varint`] writes it.
    pub fn varint(&mut self) -> Option<u64> {
        let (number, rest) = read_varint(self.0).ok()?;
        self.0 = rest;
        Some(number)
    }

    /// The same, for counts and places.
    pub fn size(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Bytes with their length before them, as [`put_sized`] writes them.
    pub fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.size()?;
        self.bytes(length)
    }
}

/// Appends bytes with their length before them.
pub fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a column of whole numbers. How many there are is not written.
pub fn put_integers(out: &mut Vec<u8>, numbers: impl Iterator<Item = i64>) {
    put_whole(out, 0, &numbers.collect::<Vec<_>>());
}

/// Reads `count` whole numbers.
pub fn read_integers(reader: &mut Reader<'_>, count: usize) -> Option<Vec<i64>> {
    let form = reader.byte()?;
    read_whole(reader, form, count)
}

/// Passes over `count` whole numbers.
pub fn skip_integers(reader: &mut Reader<'_>, count: usize) -> Option<()> {
    let mut left = match reader.byte()? {
        CONSTANT => 1,
        DIFFERENCES | SECOND_DIFFERENCES => count,
        _ => return None,
    };
    // The last byte of each has its highest bit clear.
    while left >= 8
        && let Some((word, rest)) = reader.0.split_first_chunk::<8>()
    {
        left -= (!u64::from_le_bytes(*word) & 0x8080_8080_8080_8080).count_ones() as usize;
        reader.0 = rest;
    }
    while left > 0 {
        left -= usize::from(reader.byte()? < 0x80);
    }
    Some(())
}

/// Appends a column of doubles, given by their bits.
pub fn put_doubles(out: &mut Vec<u8>, bits: impl Iterator<Item = u64> + Clone) {
    if let Some((decimals, numbers)) = as_whole(bits.clone()) {
        let form = DECIMALS + DECIMALS * u8::try_from(decimals).unwrap_or_default();
        put_whole(out, form, &numbers);
        return;
    }
    out.push(CHANGED_BITS);
    let mut before = 0;
    for bits in bits {
        put_changed_bits(out, bits ^ before);
        before = bits;
    }
}

/// Reads the bits of `count` doubles.
pub fn read_doubles(reader: &mut Reader<'_>, count: usize) -> Option<Vec<u64>> {
    let form = reader.byte()?;
    if form == CHANGED_BITS {
        let mut doubles = Vec::with_capacity(count.min(reader.0.len()));
        let mut before = 0;
        for _ in 0..count {
            before ^= read_changed_bits(reader)?;
            doubles.push(before);
        }
        return Some(doubles);
    }
    let decimals = usize::from(form / DECIMALS).checked_sub(1)?;
    let power = POWERS_OF_TEN.get(decimals)?;
    let numbers = read_whole(reader, form % DECIMALS, count)?;
    Some(numbers.into_iter().map(|number| (number as f64 / power).to_bits()).collect())
}

/// Writes differences, or differences of differences where those are smaller.
fn put_whole(out: &mut Vec<u8>, form: u8, numbers: &[i64]) {
    let (first, rest) = numbers.split_first().unwrap_or((&0, &[]));
    if rest.iter().all(|number| number == first) {
        out.push(form + CONSTANT);
        put_varint(out, zigzag(*first));
        return;
    }
    let (mut size_of_first, mut size_of_second) = (0_u32, 0_u32);
    // The first number is no step.
    let (mut before, mut step_before) = (*first, 0_i64);
    for number in rest {
        let step = number.wrapping_sub(before);
        size_of_first += significant_bits(step);
        size_of_second += significant_bits(step.wrapping_sub(step_before));
        (before, step_before) = (*number, step);
    }
    let is_second = size_of_second < size_of_first;
    out.push(form + if is_second { SECOND_DIFFERENCES } else { DIFFERENCES });
    out.reserve(numbers.len() * 2);
    put_varint(out, zigzag(*first));
    (before, step_before) = (*first, 0);
    for number in rest {
        let step = number.wrapping_sub(before);
        put_varint(out, zigzag(if is_second { step.wrapping_sub(step_before) } else { step }));
        (before, step_before) = (*number, step);
    }
}

fn read_whole(reader: &mut Reader<'_>, form: u8, count: usize) -> Option<Vec<i64>> {
    if form == CONSTANT {
        // As many as there are must have been counted by whoever reads.
        return Some(vec![unzigzag(reader.varint()?); count]);
    }
    if form > SECOND_DIFFERENCES {
        return None;
    }
    let mut numbers = Vec::with_capacity(count.min(reader.0.len()));
    let (mut before, mut step_before) = (0_i64, 0_i64);
    for at in 0..count {
        let mut step = unzigzag(reader.varint()?);
        if form == SECOND_DIFFERENCES {
            step = step.wrapping_add(step_before);
        }
        before = before.wrapping_add(step);
        step_before = if at == 0 { 0 } else { step };
        numbers.push(before);
    }
    Some(numbers)
}

/// The fewest decimals found that make whole numbers of all doubles, which can be had back bit by bit, and those.
fn as_whole(bits: impl Iterator<Item = u64> + Clone) -> Option<(usize, Vec<i64>)> {
    let mut numbers = Vec::with_capacity(bits.size_hint().0);
    for (decimals, power) in POWERS_OF_TEN.into_iter().enumerate() {
        numbers.clear();
        let all = bits.clone().all(|bits| whole(bits, power).map(|number| numbers.push(number)).is_some());
        if all {
            return Some((decimals, numbers));
        }
    }
    None
}

/// A double times `power` where that is a whole number of which the double can be had back.
#[inline]
fn whole(bits: u64, power: f64) -> Option<i64> {
    let product = f64::from_bits(bits) * power;
    let moved = product + ROUNDER;
    let is_exact = product.abs() < LARGEST_ROUNDED && ((moved - ROUNDER) / power).to_bits() == bits;
    is_exact.then(|| moved.to_bits().wrapping_sub(ROUNDER.to_bits()).cast_signed())
}

/// Writes a byte with the number of leading zero bytes and of bytes that follow, and those.
fn put_changed_bits(out: &mut Vec<u8>, changed: u64) {
    if changed == 0 {
        out.push(0);
        return;
    }
    let leading = changed.leading_zeros() / 8;
    let trailing = changed.trailing_zeros() / 8;
    let length = 8 - leading - trailing;
    out.push((leading << 4 | length).to_le_bytes()[0]);
    let bytes = changed.to_be_bytes();
    let from = leading as usize;
    out.extend_from_slice(bytes.get(from..from + length as usize).unwrap_or_default());
}

fn read_changed_bits(reader: &mut Reader<'_>) -> Option<u64> {
    let control = reader.byte()?;
    if control == 0 {
        return Some(0);
    }
    let (leading, length) = (usize::from(control >> 4), usize::from(control & 0xf));
    let mut bytes = [0; 8];
    bytes.get_mut(leading..leading + length)?.copy_from_slice(reader.bytes(length)?);
    Some(u64::from_be_bytes(bytes))
}

const fn significant_bits(number: i64) -> u32 {
    // One for nothing too, as for whoever writes it.
    64 - (zigzag(number) | 1).leading_zeros()
}

const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn doubles_size(numbers: &[f64]) -> usize {
        let mut out = Vec::new();
        put_doubles(&mut out, numbers.iter().map(|number| number.to_bits()));
        let read = read_doubles(&mut Reader(&out), numbers.len()).unwrap();
        assert_eq!(read, numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>());
        out.len()
    }

    proptest! {
        #[test]
        fn whole_numbers_come_back(numbers in prop::collection::vec(any::<i64>(), 0..50), small in any::<bool>()) {
            let numbers: Vec<i64> = numbers.into_iter().map(|number| if small { number % 100 } else { number }).collect();
            let mut out = vec![7];
            put_integers(&mut out, numbers.iter().copied());
            let mut reader = Reader(&out[1..]);
            prop_assert_eq!(read_integers(&mut reader, numbers.len()), Some(numbers.clone()));
            prop_assert!(reader.0.is_empty());
            out.push(9);
            let mut reader = Reader(&out[1..]);
            prop_assert_eq!(skip_integers(&mut reader, numbers.len()), Some(()));
            prop_assert_eq!(reader.0, &[9]);
        }

        #[test]
        fn doubles_come_back_bit_by_bit(bits in prop::collection::vec(any::<u64>(), 0..50)) {
            let mut out = Vec::new();
            put_doubles(&mut out, bits.iter().copied());
            prop_assert_eq!(read_doubles(&mut Reader(&out), bits.len()), Some(bits));
        }

        #[test]
        fn doubles_with_few_decimals_come_back_too(
            numbers in prop::collection::vec(-1_000_000_i64..1_000_000, 1..50),
            decimals in 0..6_i32,
        ) {
            let numbers: Vec<f64> = numbers.iter().map(|number| *number as f64 / 10_f64.powi(decimals)).collect();
            let size = doubles_size(&numbers);
            prop_assert!(size <= 1 + 4 * numbers.len(), "{}", size);
        }

        #[test]
        fn damage_is_noticed_or_read_as_other_numbers(bytes in prop::collection::vec(any::<u8>(), 0..40), count in 0_usize..40) {
            if let Some(numbers) = read_integers(&mut Reader(&bytes), count) {
                prop_assert_eq!(numbers.len(), count);
            }
            if let Some(numbers) = read_doubles(&mut Reader(&bytes), count) {
                prop_assert_eq!(numbers.len(), count);
            }
        }
    }

    #[test]
    fn regular_numbers_take_next_to_nothing() {
        assert_eq!(doubles_size(&[1.25; 1_000]), 3);
        let walk: Vec<f64> = (0..1_000_i32).map(|at| f64::from(at * 7 % 50) / 100.0).collect();
        assert!(doubles_size(&walk) <= 1_001);
        let mut out = Vec::new();
        put_integers(&mut out, (0..1_000).map(|at| 1_700_000_000_000_000_000 + at * 10_000_000_000));
        assert!(out.len() < 1_030, "{}", out.len());
    }

    #[test]
    fn zeros_and_what_is_no_number_keep_their_bits() {
        doubles_size(&[0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1e300]);
    }
}
