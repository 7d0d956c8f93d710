//! The clockwork: hands on what waited long enough, and forgets what nobody feeds any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};

use super::config::DimensionsConfig;
use super::engine::{Engine, Flushed, Waiting, milliseconds};
use crate::metric_streams::MetricsAssembler;
use crate::pipeline::{Consumer, Refusal, RefusalClass};
use crate::telemetry::drops::{DropReason, DropReporter};

/// The pause between two tries while the processor stops.
const PAUSE: Duration = Duration::from_millis(100);

/// Hands on what waits.
pub(super) struct Flushing {
    engine: Arc<Engine>,
    next: Arc<dyn Consumer>,
    drops: DropReporter,
    flush_interval: Duration,
    stale_after: Duration,
}

impl Flushing {
    pub fn new(
        config: &DimensionsConfig,
        engine: Arc<Engine>,
        next: Arc<dyn Consumer>,
        drops: DropReporter,
    ) -> Self {
        let (flush_interval, stale_after) = (config.flush_interval.to_std(), config.stale_after.to_std());
        Self { engine, next, drops, flush_interval, stale_after }
    }

    /// Runs until it is dropped.
    pub async fn run(&self) {
        let sweep_interval = (self.stale_after / 4).max(Duration::from_millis(1));
        let mut sweep = interval_at(Instant::now() + sweep_interval, sweep_interval);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut due = None;
        loop {
            tokio::select! {
                () = self.engine.wake.notified() => {
                    due.get_or_insert_with(|| Instant::now() + self.flush_interval);
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = self.flush_due().await;
                }
                _ = sweep.tick() => self.engine.forget(milliseconds(self.stale_after)),
            }
        }
    }

    /// Hands on everything that waits, until the deadline.
    pub async fn finish(&self, deadline: Instant) {
        loop {
            let (flushed, _) = self.engine.flush(Instant::now());
            if flushed.is_empty() {
                return;
            }
            let Err((items, refusal)) = self.hand_on(flushed).await else { return };
            if Instant::now() + PAUSE > deadline {
                self.drops.dropped(items, DropReason::Shutdown, &refusal.message);
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Hands on what is due. Returns when the next is.
    async fn flush_due(&self) -> Option<Instant> {
        self.engine.expect_wake();
        let now = Instant::now();
        let Some(before) = now.checked_sub(self.flush_interval) else {
            return Some(now + self.flush_interval);
        };
        let (flushed, longest) = self.engine.flush(before);
        if !flushed.is_empty() && self.hand_on(flushed).await.is_err() {
            // What is kept waits anew.
            return Some(longest.unwrap_or_else(Instant::now) + self.flush_interval);
        }
        longest.map(|since| since + self.flush_interval)
    }

    /// Hands on points. What was refused for now waits again; the error says how many points.
    async fn hand_on(&self, flushed: Vec<Flushed>) -> Result<(), (usize, Refusal)> {
        let mut assembler = MetricsAssembler::default();
        for Flushed { waiting, handed_on, .. } in &flushed {
            assembler.add(&waiting.origin.view(), &waiting.attributes, handed_on.point());
        }
        let mut returning = Returning { engine: &self.engine, flushed };
        let Err(refusal) = self.next.consume(assembler.into_batch()).await else {
            returning.flushed.clear();
            return Ok(());
        };
        let items = returning.flushed.len();
        match refusal.class {
            RefusalClass::Permanent => {
                returning.flushed.clear();
                self.drops.dropped(items, DropReason::Permanent, &refusal.message);
                Ok(())
            }
            _ => Err((items, refusal)),
        }
    }
}

/// Points on their way, which go back to their series where nobody took them.
struct Returning<'e> {
    engine: &'e Engine,
    flushed: Vec<Flushed>,
}

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        for Flushed { output, waiting, handed_on } in self.flushed.drain(..) {
            self.engine.amend(
                output,
                |stream| stream.take_back(handed_on),
                || Waiting { since: Instant::now(), ..waiting },
            );
        }
    }
}
