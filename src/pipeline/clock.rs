//! The time of day, which a test may set and let pass at will.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Tells components the time of day. Intervals are tokio's own timers; this is for the timestamps
/// that go into telemetry, so that both pass alike where a test moves tokio's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// The time of day at a moment of tokio's time; none for the machine's own clock.
    set_at: Option<(Instant, u64)>,
}

impl Clock {
    /// A clock that says `unix_nano` (nanoseconds since 1970) now and goes with tokio's time.
    pub fn starting_at(unix_nano: u64) -> Self {
        Self { set_at: Some((Instant::now(), unix_nano)) }
    }

    /// Nanoseconds since 1970.
    pub fn now_unix_nano(&self) -> u64 {
        let elapsed = match self.set_at {
            Some((instant, unix_nano)) => {
                return unix_nano.saturating_add(whole_nanoseconds(instant.elapsed()));
            }
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        };
        whole_nanoseconds(elapsed)
    }
}

/// The duration in nanoseconds, at most what 64 bits hold: 584 years.
fn whole_nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_set_clock_goes_with_the_time_of_timers() {
        let clock = Clock::starting_at(5_000_000_000);
        assert_eq!(clock.now_unix_nano(), 5_000_000_000);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.now_unix_nano(), 6_500_000_000);
    }
}
