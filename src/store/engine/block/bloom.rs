//! Bloom filters: whether a block may have a value, from 10 bits for each different one.

/// Bits for each entry; with the number of probes below one answer in a hundred is a wrong "may have".
const BITS_PER_ENTRY: usize = 10;

const PROBES: u64 = 6;

/// The filter of the hashes in `entries`.
pub fn bloom_of(entries: &[u64]) -> Vec<u8> {
    let length = (entries.len() * BITS_PER_ENTRY).div_ceil(8).max(8);
    let mut bits = vec![0_u8; length];
    for entry in entries {
        for place in places(*entry, length) {
            if let Some(byte) = bits.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
    }
    bits
}

/// False where the filter was made without `entry`.
pub fn may_have(bits: &[u8], entry: u64) -> bool {
    places(entry, bits.len()).all(|place| bits.get(place / 8).is_none_or(|byte| byte >> (place % 8) & 1 == 1))
}

fn places(entry: u64, length: usize) -> impl Iterator<Item = usize> {
    let (count, step) = (length as u128 * 8, entry.rotate_left(32) | 1);
    (0..PROBES).map(move |probe| {
        let hash = entry.wrapping_add(probe.wrapping_mul(step));
        usize::try_from((u128::from(hash) * count) >> 64).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::super::byte_hash::hash_bytes;
    use super::*;

    #[test]
    fn what_is_there_is_found_and_little_else() {
        let hash = |number: u32| hash_bytes(number.to_string().as_bytes());
        let bits = bloom_of(&(0..5_000).map(hash).collect::<Vec<_>>());
        assert!((0..5_000).all(|number| may_have(&bits, hash(number))));
        let wrong = (5_000..105_000).filter(|number| may_have(&bits, hash(*number))).count();
        assert!(wrong < 2_000, "{wrong} of 100,000");
    }

    #[test]
    fn an_empty_filter_has_nothing() {
        assert!(!may_have(&bloom_of(&[]), 12_345));
    }
}
