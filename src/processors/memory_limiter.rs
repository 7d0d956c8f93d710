//! Processor `memory_limiter`: refuses telemetry before the process runs out of memory.
//!
//! Two things are measured. The **bytes in flight** are known exactly at every moment, so a batch that
//! would lift them above the soft limit (limit less spike) is refused, always. The **resident memory** of
//! the process is read at most once a check interval, when a batch comes. It also holds what refusing
//! cannot give back (the program, the state of other components, pages the allocator keeps for the next
//! batches), so being above a limit alone is no reason to refuse for ever:
//!
//! * above the soft limit, batches pass while no more than a quarter of the spike is in flight, so that
//!   what is let in finds room below the hard limit even if work on it takes four times its size;
//! * above the hard limit, they pass one at a time.
//!
//! Refusals are retryable: a sender that honours them loses nothing.

mod pressure;
mod total_memory;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use self::pressure::{MemoryLimits, MemoryWatch};
use crate::config::{Checking, GoDuration};
use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, InFlightBytes, ProcessorType, Refusal, Settings, Stability,
};
use crate::telemetry::{Counter, component_span, instruments, resident_bytes};

const MIB: u64 = 1024 * 1024;

config_section! {
    /// Refuses telemetry, for the sender to send again later, while the process is short of memory. Put
    /// it first in a pipeline.
    pub struct MemoryLimiterConfig {
        /// How often the memory of the process is measured.
        pub check_interval: GoDuration = GoDuration::ZERO,
        /// The hard limit in MiB. Has precedence over `limit_percentage`.
        pub limit_mib: u32 = 0,
        /// How far below the hard limit telemetry is refused, in MiB; 0 for a fifth of the limit.
        pub spike_limit_mib: u32 = 0,
        /// The hard limit in percent of the memory there is: the quota of the container, else the machine's.
        pub limit_percentage: u32 = 0,
        /// How far below the hard limit telemetry is refused, in percent of the memory there is.
        pub spike_limit_percentage: u32 = 0,
        /// Taken for compatibility, without effect: there is no garbage collector.
        pub min_gc_interval_when_soft_limited: GoDuration = GoDuration::from_secs(10),
        /// Taken for compatibility, without effect: there is no garbage collector.
        pub min_gc_interval_when_hard_limited: GoDuration = GoDuration::ZERO,
        /// Taken for compatibility, without effect: there is no garbage collector.
        pub max_gc_interval_when_soft_limited: GoDuration = GoDuration::from_secs(30),
        /// Taken for compatibility, without effect: there is no garbage collector.
        pub max_gc_interval_when_hard_limited: GoDuration = GoDuration::from_secs(30),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl MemoryLimiterConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.check_interval <= GoDuration::ZERO {
            checking.error_at("check_interval", "'check_interval' must be greater than zero");
        }
        if self.min_gc_interval_when_soft_limited < self.min_gc_interval_when_hard_limited {
            checking.error_at(
                "min_gc_interval_when_soft_limited",
                "'min_gc_interval_when_soft_limited' should be larger than \
                 'min_gc_interval_when_hard_limited'",
            );
        }
        if self.limit_mib == 0 && self.limit_percentage == 0 {
            checking.error_at("limit_mib", "'limit_mib' or 'limit_percentage' must be greater than zero");
        }
        if self.limit_percentage > 100 || self.spike_limit_percentage > 100 {
            checking.error_at(
                "limit_percentage",
                "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than \
                 or equal to hundred",
            );
        }
        if self.limit_mib > 0 && self.limit_mib <= self.spike_limit_mib {
            checking.error_at("spike_limit_mib", "'spike_limit_mib' must be smaller than 'limit_mib'");
        }
        if self.limit_percentage > 0 && self.limit_percentage <= self.spike_limit_percentage {
            checking.error_at(
                "spike_limit_percentage",
                "'spike_limit_percentage' must be smaller than 'limit_percentage'",
            );
        }
    }

    /// The limits in bytes; `total_memory` is asked only where they are percentages.
    fn limits(&self, total_memory: impl FnOnce() -> Option<u64>) -> Result<MemoryLimits, BuildError> {
        if self.limit_mib > 0 {
            let (limit, spike) = (u64::from(self.limit_mib), u64::from(self.spike_limit_mib));
            return Ok(MemoryLimits::new(limit * MIB, spike * MIB));
        }
        let total = total_memory().ok_or_else(|| {
            let message = "failed to get total memory, use fixed memory settings (limit_mib)";
            BuildError(message.to_owned())
        })?;
        let percent = |percentage: u32| total / 100 * u64::from(percentage);
        Ok(MemoryLimits::new(percent(self.limit_percentage), percent(self.spike_limit_percentage)))
    }
}

/// The type `memory_limiter` among processors.
pub struct MemoryLimiter {
    watch: MemoryWatch,
    in_flight: InFlightBytes,
    next: Arc<dyn Consumer>,
    accepted: Counter,
    refused: Counter,
}

impl ProcessorType for MemoryLimiter {
    const TYPE: &'static str = "memory_limiter";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = MemoryLimiterConfig;

    fn create(
        config: Arc<MemoryLimiterConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self::new(&config, &settings, next, Box::new(resident_bytes))?))
    }
}

impl MemoryLimiter {
    fn new(
        config: &MemoryLimiterConfig,
        settings: &Settings,
        next: Arc<dyn Consumer>,
        read_resident: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    ) -> Result<Self, BuildError> {
        let signal = settings.signal.ok_or_else(|| BuildError("a processor needs a signal".to_owned()))?;
        let limits = config.limits(|| total_memory::total_memory(Path::new("/")))?;
        let span = component_span(settings, "processor");
        let id = settings.id.to_string();
        let counter = |instrument| settings.telemetry.counter(instrument, &[("processor", &id)]);
        Ok(Self {
            watch: MemoryWatch::new(limits, config.check_interval.to_std(), read_resident, span),
            in_flight: settings.in_flight.clone(),
            next,
            accepted: counter(instruments::memory_limiter_accepted(signal)),
            refused: counter(instruments::memory_limiter_refused(signal)),
        })
    }
}

impl Component for MemoryLimiter {}

impl Consumer for MemoryLimiter {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let items = batch.items() as u64;
        // The receiver has counted the batch already.
        let others = self.in_flight.bytes().saturating_sub(batch.bytes());
        if self.watch.admits(batch.bytes(), others) {
            self.accepted.add(items);
            return self.next.consume(batch);
        }
        self.refused.add(items);
        Box::pin(async { Err(Refusal::retryable("data refused due to high memory usage")) })
    }
}
