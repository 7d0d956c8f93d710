//! The one way in which a component gives up items it had taken: counted by reason, and logged once per
//! burst.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::Span;

use super::component_span::component_span;
use super::instruments;
use super::registry::Counter;
use crate::pipeline::Settings;

/// Why items were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The back end, or the next component, will never take them.
    Permanent,
    /// The back end did not take them for as long as retries go on.
    RetriesExhausted,
    /// The deadline for stopping passed.
    Shutdown,
    /// The back end answered OK and said in the same answer that it did not take them.
    PartialSuccess,
    /// A state that the component keeps is as large as it may be.
    StateFull,
    /// An operator on logs failed on them, and its `on_error` says to drop those.
    OperatorFailed,
    /// What a storage keeps cannot be read back.
    Unreadable,
}

/// Counts and logs the drops of one component. Cloning shares it.
#[derive(Clone)]
pub struct DropReporter {
    shared: Arc<Shared>,
}

struct Shared {
    counters: BTreeMap<DropReason, Counter>,
    bursts: Mutex<BTreeMap<DropReason, Burst>>,
    message: &'static str,
    span: Span,
    control: Handle,
}

/// Drops of one reason that follow each other within [`QUIET_TIME`].
#[derive(Default)]
struct Burst {
    quiet_until: Option<Instant>,
    unreported_items: usize,
    last_error: String,
    summary: Option<AbortHandle>,
}

/// After a line about drops the next one of the same reason waits this long and says the sum.
const QUIET_TIME: Duration = Duration::from_secs(10);

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Permanent,
        Self::RetriesExhausted,
        Self::Shutdown,
        Self::PartialSuccess,
        Self::StateFull,
        Self::OperatorFailed,
        Self::Unreadable,
    ];

    /// The value of the attribute `reason`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Shutdown => "shutdown",
            Self::PartialSuccess => "partial_success",
            Self::StateFull => "state_full",
            Self::Unreadable => "unreadable",
            Self::OperatorFailed => "operator_failed",
        }
    }
}

impl DropReporter {
    /// The reporter of the component with these settings. `kind` is `processor`, `exporter`, ...
    pub fn new(settings: &Settings, kind: &'static str) -> Self {
        let id = settings.id.to_string();
        let signal = settings.signal.map_or("", crate::otlp::Signal::name);
        let counter = |reason: DropReason| {
            let attributes =
                [("component", id.as_str()), ("kind", kind), ("signal", signal), ("reason", reason.name())];
            (reason, settings.telemetry.counter(&instruments::DROPPED_ITEMS, &attributes))
        };
        // The Collector's sentence, which people search logs for.
        let message = if kind == "exporter" { "Exporting failed. Dropping data." } else { "Dropping data." };
        let shared = Shared {
            counters: DropReason::ALL.into_iter().map(counter).collect(),
            bursts: Mutex::default(),
            message,
            span: component_span(settings, kind),
            control: settings.control.clone(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Counts `items` spans, data points or log records under `reason`. The first drop is logged at once
    /// with its `error`; those that follow are summed up, at most one line every ten seconds.
    pub fn dropped(&self, items: usize, reason: DropReason, error: &str) {
        if items == 0 {
            return;
        }
        self.dropped_quietly(items, reason);
        let now = Instant::now();
        let mut bursts = self.shared.bursts.lock();
        let burst = bursts.entry(reason).or_default();
        burst.unreported_items += items;
        error.clone_into(&mut burst.last_error);
        match burst.quiet_until {
            Some(quiet_until) if now < quiet_until => {
                if burst.summary.is_none() {
                    burst.summary = Some(self.summarize_at(quiet_until, reason));
                }
            }
            _ => self.shared.log(reason, burst, now),
        }
    }

    /// Counts `items` under `reason` and logs nothing, as the user asked.
    pub fn dropped_quietly(&self, items: usize, reason: DropReason) {
        if let Some(counter) = self.shared.counters.get(&reason) {
            counter.add(items as u64);
        }
    }

    fn summarize_at(&self, when: Instant, reason: DropReason) -> AbortHandle {
        let shared: Weak<Shared> = Arc::downgrade(&self.shared);
        let summary = async move {
            tokio::time::sleep_until(when).await;
            if let Some(shared) = shared.upgrade()
                && let Some(burst) = shared.bursts.lock().get_mut(&reason)
            {
                burst.summary = None;
                shared.log(reason, burst, Instant::now());
            }
        };
        self.shared.control.spawn(summary).abort_handle()
    }
}

impl Shared {
    fn log(&self, reason: DropReason, burst: &mut Burst, now: Instant) {
        if burst.unreported_items == 0 {
            return;
        }
        tracing::error!(
            parent: &self.span,
            reason = reason.name(),
            dropped_items = burst.unreported_items,
            error = burst.last_error,
            "{}", self.message
        );
        burst.unreported_items = 0;
        burst.quiet_until = Some(now + QUIET_TIME);
    }
}

/// What was not yet logged is logged when the component ends.
impl Drop for Shared {
    fn drop(&mut self) {
        let mut bursts = std::mem::take(&mut *self.bursts.lock());
        for (reason, burst) in &mut bursts {
            if let Some(summary) = burst.summary.take() {
                summary.abort();
            }
            self.log(*reason, burst, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests;
