//! The time that telemetry is removed by: the time of day, unless that jumped ahead a moment ago.
//!
//! A clock that is wrong for a few seconds, as one may be before it is synchronized, must not make everything that is kept too
//! old. So a time is believed once it has agreed with the one that passed on this machine for a while.

use std::time::{Duration, Instant};

/// For how long a clock that jumped ahead must stay there to be believed.
const PATIENCE: Duration = Duration::from_secs(600);

/// By how much a clock may be ahead of the time that passed without being said to jump.
const SLACK: Duration = Duration::from_secs(60);

/// A time of day that is believed.
pub struct BelievedClock {
    believed_unix_nano: u64,
    at: Instant,
    /// Since when the time of day has been ahead of what is believed.
    ahead_since: Option<Instant>,
}

impl BelievedClock {
    /// Believes `unix_nano`, the time of day at `at`.
    pub const fn new(unix_nano: u64, at: Instant) -> Self {
        Self { believed_unix_nano: unix_nano, at, ahead_since: None }
    }

    /// What is believed at `at`, when the time of day is said to be `unix_nano`.
    pub fn look(&mut self, unix_nano: u64, at: Instant) -> u64 {
        let expected = self.believed_unix_nano.saturating_add(nanoseconds(at.duration_since(self.at)));
        let is_ahead = unix_nano > expected.saturating_add(nanoseconds(SLACK));
        let ahead_since = is_ahead.then(|| self.ahead_since.unwrap_or(at));
        let is_believed = ahead_since.is_none_or(|since| at.duration_since(since) >= PATIENCE);
        *self = Self {
            believed_unix_nano: if is_believed { unix_nano } else { expected },
            at,
            ahead_since: ahead_since.filter(|_| !is_believed),
        };
        self.believed_unix_nano
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;

    #[test]
    fn a_jump_ahead_is_believed_when_it_has_lasted() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut clock = BelievedClock::new(DAY, begin);
        assert_eq!(clock.look(DAY + SECOND, after(1)), DAY + SECOND);
        assert_eq!(clock.look(10 * DAY, after(2)), DAY + 2 * SECOND);
        assert_eq!(clock.look(10 * DAY + 599 * SECOND, after(601)), DAY + 601 * SECOND);
        assert_eq!(clock.look(10 * DAY + 600 * SECOND, after(602)), 10 * DAY + 600 * SECOND);
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_moment_is_forgotten() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut clock = BelievedClock::new(DAY, begin);
        clock.look(10 * DAY, after(1));
        assert_eq!(clock.look(DAY + 2 * SECOND, after(2)), DAY + 2 * SECOND);
        // The patience begins anew.
        assert_eq!(clock.look(10 * DAY, after(700)), DAY + 700 * SECOND);
        // One that is set back, or that is ahead by little, is right.
        assert_eq!(clock.look(DAY / 2, after(701)), DAY / 2);
        assert_eq!(clock.look(DAY / 2 + 60 * SECOND, after(702)), DAY / 2 + 60 * SECOND);
    }
}
