//! The hash of byte strings that Bloom filters and trace indexes on disk are made of. It must never change: files of
//! format version 1 rest on it.
//!
//! Not keyed: who crafts collisions gets a longer search in a table of a few thousand entries, no more.

const SECRET: [u64; 4] =
    [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3];

/// A 64-bit hash of `bytes`, of the kind that multiplies words to 128 bits and folds them.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut state = SECRET[0] ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        if let (Some(low), Some(high)) = (chunk.first_chunk::<8>(), chunk.last_chunk::<8>()) {
            state = fold(u64::from_le_bytes(*low) ^ SECRET[1], u64::from_le_bytes(*high) ^ state);
        }
    }
    let rest = chunks.remainder();
    let (low, high) = match (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
        (Some(low), Some(high)) => (u64::from_le_bytes(*low), u64::from_le_bytes(*high)),
        _ => match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
            (Some(low), Some(high)) => {
                (u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32, 0)
            }
            _ => (rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        },
    };
    fold(fold(low ^ SECRET[2], high ^ state), SECRET[3])
}

/// The hash of two hashes in their order.
#[inline]
pub const fn hash_pair(first: u64, second: u64) -> u64 {
    fold(first ^ SECRET[1], second ^ SECRET[2])
}

/// True for equal strings. For short ones a call would cost more than the comparison.
#[inline]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let ((words_of_a, rest_of_a), (words_of_b, rest_of_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    // Those that differ mostly do so at the end.
    rest_of_a.iter().zip(rest_of_b).all(|(a, b)| a == b)
        && words_of_a.iter().zip(words_of_b).rev().all(|(a, b)| word(a) == word(b))
}

#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn hashes_are_those_of_format_version_1() {
        let hashes = ["", "a", "http.route", "GET /api/v1/orders", "0123456789abcdef"]
            .map(|text| hash_bytes(text.as_bytes()));
        assert_eq!(
            hashes,
            [
                3_123_317_734_820_196_940,
                11_512_902_516_701_577_333,
                3_036_644_375_222_051_677,
                6_531_595_094_296_159_446,
                7_134_090_678_137_962_510
            ]
        );
    }

    #[test]
    fn strings_are_the_same_where_all_bytes_are() {
        for length in 0..40 {
            let text = vec![7; length];
            assert!(is_same(&text, &text.clone()));
            assert!(!is_same(&text, &vec![7; length + 1]));
            for place in 0..length {
                let mut other = text.clone();
                other[place] = 8;
                assert!(!is_same(&text, &other), "{length} {place}");
            }
        }
    }

    #[test]
    fn near_texts_differ() {
        let texts = (0..100_000).map(|number: u32| hash_bytes(number.to_string().as_bytes()));
        assert_eq!(texts.collect::<HashSet<_>>().len(), 100_000);
        let lengths: HashSet<_> = (0..64).map(|length| hash_bytes(&vec![0; length])).collect();
        assert_eq!(lengths.len(), 64);
    }
}
