//! The decision whether a batch is let in.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::Span;

use super::MIB;

/// The limits in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryLimits {
    hard: u64,
    spike: u64,
}

impl MemoryLimits {
    /// A limit and the spike below it; a spike of zero stands for a fifth of the limit.
    pub(super) const fn new(hard: u64, spike: u64) -> Self {
        Self { hard, spike: if spike == 0 { hard / 5 } else { spike } }
    }

    pub(super) const fn soft(self) -> u64 {
        self.hard.saturating_sub(self.spike)
    }

    /// What may be in flight besides a batch for it to be let in.
    fn most_others(self, resident: u64) -> u64 {
        if resident < self.soft() {
            return u64::MAX;
        }
        if resident < self.hard { self.spike / 4 } else { 0 }
    }
}

/// Watches the memory of the process, while there is traffic.
pub(super) struct MemoryWatch {
    limits: MemoryLimits,
    check_interval: Duration,
    read_resident: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    span: Span,
    state: Mutex<State>,
}

struct State {
    next_reading: Instant,
    most_others: u64,
    /// Batches refused since the last reading.
    refusals: u64,
    /// Refusing was logged and its end was not yet.
    is_refusing: bool,
}

impl MemoryWatch {
    pub(super) fn new(
        limits: MemoryLimits,
        check_interval: Duration,
        read_resident: Box<dyn Fn() -> Option<u64> + Send + Sync>,
        span: Span,
    ) -> Self {
        let state =
            State { next_reading: Instant::now(), most_others: u64::MAX, refusals: 0, is_refusing: false };
        Self { limits, check_interval, read_resident, span, state: Mutex::new(state) }
    }

    /// Whether a batch of `bytes` is let in while `others` bytes are in flight besides it.
    pub(super) fn admits(&self, bytes: usize, others: usize) -> bool {
        let (bytes, others) = (bytes as u64, others as u64);
        self.read_when_due(others);
        let mut state = self.state.lock();
        if others + bytes <= self.limits.soft() && others <= state.most_others {
            return true;
        }
        state.refusals += 1;
        if !state.is_refusing {
            state.is_refusing = true;
            let in_flight_mib = (others + bytes) / MIB;
            tracing::warn!(
                parent: &self.span,
                in_flight_mib,
                soft_limit_mib = self.limits.soft() / MIB,
                "Memory usage is above soft limit. Refusing data."
            );
        }
        false
    }

    fn read_when_due(&self, in_flight: u64) {
        let now = Instant::now();
        {
            let mut state = self.state.lock();
            if now < state.next_reading {
                return;
            }
            // Claimed before reading, so that others go on meanwhile with the reading before.
            state.next_reading = now + self.check_interval;
        }
        let resident = (self.read_resident)().unwrap_or(0);
        let mut state = self.state.lock();
        state.most_others = self.limits.most_others(resident);
        if state.is_refusing && state.refusals == 0 {
            state.is_refusing = false;
            tracing::info!(
                parent: &self.span,
                cur_mem_mib = resident / MIB,
                in_flight_mib = in_flight / MIB,
                "Memory usage back within limits. Resuming normal operation."
            );
        }
        state.refusals = 0;
    }
}
