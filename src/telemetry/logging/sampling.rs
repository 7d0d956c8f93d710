//! Thins out messages that repeat, as zap's sampler does.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Of messages with the same level and text, the first few of each tick pass, then every n-th.
#[derive(Debug)]
pub struct LogSampler {
    tick: Duration,
    initial: u64,
    thereafter: u64,
    hasher: RandomState,
    counts: Box<[Mutex<TickCount>]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct TickCount {
    /// Of the message that is counted.
    hash: u64,
    ends: Option<Instant>,
    count: u64,
}

/// Texts of one level have a slot by their hash modulo this, so that memory stays fixed whatever is logged. A text that
/// finds another one's count there begins anew: a flood of one message must not hide another. Levels never share a slot.
const SLOTS: usize = 1_024;

/// The levels told apart; what is not among them counts as the last.
const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];

impl LogSampler {
    /// Of each tick the first `initial` pass and, beyond, every `thereafter`-th; 0 for none.
    pub fn new(tick: Duration, initial: i64, thereafter: i64) -> Self {
        Self {
            tick,
            initial: u64::try_from(initial).unwrap_or(0),
            thereafter: u64::try_from(thereafter).unwrap_or(0),
            hasher: RandomState::new(),
            counts: (0..SLOTS * LEVELS.len()).map(|_| Mutex::default()).collect(),
        }
    }

    /// True where this message is to be written.
    pub fn admits(&self, level: &str, message: &str) -> bool {
        self.admits_at(Instant::now(), level, message)
    }

    fn admits_at(&self, now: Instant, level: &str, message: &str) -> bool {
        let level = LEVELS.iter().position(|known| *known == level).unwrap_or(LEVELS.len() - 1);
        let hash = self.hasher.hash_one(message);
        let slot = level * SLOTS + hash as usize % SLOTS;
        let Some(slot) = self.counts.get(slot) else {
            return true;
        };
        let mut slot = slot.lock();
        if slot.hash != hash || slot.ends.is_none_or(|ends| now >= ends) {
            *slot = TickCount { hash, ends: Some(now + self.tick), count: 0 };
        }
        slot.count += 1;
        let beyond = slot.count.saturating_sub(self.initial);
        beyond == 0 || (self.thereafter > 0 && beyond.is_multiple_of(self.thereafter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(sampler: &LogSampler, now: Instant, times: u32) -> Vec<u32> {
        (1..=times).filter(|_| sampler.admits_at(now, "info", "again")).collect()
    }

    #[test]
    fn the_first_few_pass_then_every_nth_until_the_next_tick() {
        let sampler = LogSampler::new(Duration::from_secs(10), 3, 4);
        let start = Instant::now();
        assert_eq!(admitted(&sampler, start, 12), [1, 2, 3, 7, 11]);
        assert_eq!(admitted(&sampler, start + Duration::from_secs(10), 4), [1, 2, 3]);
    }

    #[test]
    fn none_beyond_the_first_pass_where_thereafter_is_zero() {
        let sampler = LogSampler::new(Duration::from_secs(1), 2, 0);
        assert_eq!(admitted(&sampler, Instant::now(), 200), [1, 2]);
    }

    #[test]
    fn a_flood_of_one_message_hides_no_other() {
        let sampler = LogSampler::new(Duration::from_secs(1), 1, 0);
        let now = Instant::now();
        // More texts than slots, so that many share theirs.
        for number in 0..10 * SLOTS {
            assert!(sampler.admits_at(now, "info", &number.to_string()), "{number}");
        }
    }

    #[test]
    fn levels_are_counted_apart() {
        let sampler = LogSampler::new(Duration::from_secs(1), 1, 0);
        let now = Instant::now();
        assert!(sampler.admits_at(now, "info", "again"));
        assert!(sampler.admits_at(now, "error", "again"));
        assert!(!sampler.admits_at(now, "info", "again"));
    }
}
