//! Series told apart by 16 bytes.

use std::collections::HashMap;
use std::hash::Hasher;

use foldhash::fast::RandomState;
use siphasher::sip128::{Hasher128, SipHasher13};

/// What stands for bytes of any length. Keyed with random bytes, so that no client can make two meet, and of 128 bits, which
/// leave nothing to chance: questions over very many series keep 16 bytes of each instead of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u64; 2]);

/// A map by fingerprint.
pub type ByFingerprint<V> = HashMap<Fingerprint, V, RandomState>;

/// Makes fingerprints that can be compared with each other.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprinting {
    keys: (u64, u64),
}

impl Default for Fingerprinting {
    fn default() -> Self {
        Self { keys: (fastrand::u64(..), fastrand::u64(..)) }
    }
}

impl Fingerprinting {
    /// The fingerprint of bytes.
    pub fn of(&self, bytes: &[u8]) -> Fingerprint {
        self.of_parts(&[], bytes)
    }

    /// The fingerprint of bytes below others that have fingerprints.
    pub fn of_parts(&self, above: &[Fingerprint], bytes: &[u8]) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        for word in above.iter().flat_map(|above| above.0) {
            hasher.write_u64(word);
        }
        hasher.write(bytes);
        let hash = hasher.finish128();
        Fingerprint([hash.h1, hash.h2])
    }
}
