//! How long to wait before the next attempt: exponential with jitter, within a total.

use std::time::Duration;

use super::RetryConfig;

/// The waits of one request.
#[derive(Debug, Clone)]
pub struct Backoff {
    interval: Duration,
    longest_interval: Duration,
    multiplier: f64,
    randomization_factor: f64,
    longest_elapsed: Option<Duration>,
}

impl Backoff {
    /// The waits that `config` describes.
    pub fn new(config: &RetryConfig) -> Self {
        Self {
            interval: config.initial_interval.to_std(),
            longest_interval: config.max_interval.to_std(),
            multiplier: config.multiplier,
            randomization_factor: config.randomization_factor,
            longest_elapsed: config.max_elapsed_time.limit(),
        }
    }

    /// The wait before the next attempt, at least `delay`; none where it would end after the total time.
    /// `random` is uniform in 0..1.
    pub fn next(&mut self, elapsed: Duration, delay: Option<Duration>, random: f64) -> Option<Duration> {
        let spread = self.randomization_factor.mul_add(random.mul_add(2.0, -1.0), 1.0);
        let drawn = self.interval.mul_f64(spread.max(0.0));
        let grown = self.interval.as_secs_f64() * self.multiplier;
        self.interval =
            Duration::try_from_secs_f64(grown).unwrap_or(self.longest_interval).min(self.longest_interval);
        let wait = drawn.max(delay.unwrap_or_default());
        match self.longest_elapsed {
            Some(longest) if elapsed + wait > longest => None,
            _ => Some(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: f64 = 0.5;

    #[test]
    fn grows_to_the_longest_interval_and_gives_up_in_time() {
        let mut backoff = Backoff::new(&RetryConfig::default());
        let mut elapsed = Duration::ZERO;
        let mut waits = Vec::new();
        while let Some(wait) = backoff.next(elapsed, None, MIDDLE) {
            elapsed += wait;
            waits.push(wait.as_secs_f64());
        }
        assert_eq!(waits[..6], [5.0, 7.5, 11.25, 16.875, 25.3125, 30.0]);
        assert!(elapsed <= Duration::from_secs(300) && elapsed > Duration::from_secs(270));
    }

    #[test]
    fn jitter_spans_half_to_one_and_a_half() {
        let mut lowest = Backoff::new(&RetryConfig::default());
        let mut highest = lowest.clone();
        assert_eq!(lowest.next(Duration::ZERO, None, 0.0), Some(Duration::from_millis(2500)));
        assert_eq!(highest.next(Duration::ZERO, None, 1.0), Some(Duration::from_millis(7500)));
    }

    #[test]
    fn waits_as_long_as_the_server_says() {
        let mut backoff = Backoff::new(&RetryConfig::default());
        let minute = Duration::from_secs(60);
        assert_eq!(backoff.next(Duration::ZERO, Some(minute), MIDDLE), Some(minute));
    }
}
