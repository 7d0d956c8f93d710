//! Transitions that are on their way into the logs pipelines.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::reports::transition_logs;
use crate::alarms::actions::Notification;
use crate::otlp::Batch;
use crate::pipeline::{Outbox, Settings};
use crate::telemetry::drops::{DropReason, DropReporter};

/// How many transitions wait at most; the oldest go first.
const MOST_WAITING: usize = 10_000;

/// A transition that no log record was taken of yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct UntoldTransition {
    /// When the state changed, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What there is to say of it.
    pub notification: Notification,
}

/// Keeps transitions until the next component has taken their records.
pub(super) struct UntoldTransitions {
    waiting: Mutex<Waiting>,
    drops: DropReporter,
}

#[derive(Default)]
struct Waiting {
    transitions: VecDeque<UntoldTransition>,
    /// How many of the first ones are in a batch that the outbox keeps.
    offered: usize,
}

impl UntoldTransitions {
    /// What an earlier life left, oldest first.
    pub(super) fn new(settings: &Settings, earlier: Vec<UntoldTransition>) -> Self {
        let waiting = Waiting { transitions: earlier.into(), offered: 0 };
        Self { waiting: Mutex::new(waiting), drops: DropReporter::new(settings, "connector") }
    }

    pub(super) fn add(&self, transitions: impl IntoIterator<Item = UntoldTransition>) {
        let mut waiting = self.waiting.lock();
        waiting.transitions.extend(transitions);
        let superfluous = waiting.transitions.len().saturating_sub(MOST_WAITING);
        if superfluous == 0 {
            return;
        }
        waiting.transitions.drain(..superfluous);
        // What the outbox has of them is not lost yet.
        let lost = superfluous.saturating_sub(waiting.offered);
        waiting.offered = waiting.offered.saturating_sub(superfluous);
        drop(waiting);
        if lost > 0 {
            self.drops.dropped(lost, DropReason::StateFull, "nobody takes the log records of transitions");
        }
    }

    /// Those that were not taken yet, oldest first.
    pub(super) fn all(&self) -> Vec<UntoldTransition> {
        self.waiting.lock().transitions.iter().cloned().collect()
    }

    /// Hands on all of them. True where that left fewer.
    pub(super) async fn hand_on(&self, logs: &Outbox, now_unix_nano: u64) -> bool {
        let before = self.waiting.lock().transitions.len();
        if before == 0 {
            return false;
        }
        // A refusal is logged there, and the batch stays for the next time.
        if logs.offer(async { self.next_batch(now_unix_nano) }).await.is_ok() {
            self.waiting.lock().forget_offered();
        }
        self.waiting.lock().transitions.len() < before
    }

    /// Hands on all of them for the last time: tries until `deadline`, then drops and counts what is left.
    pub(super) async fn hand_on_last(&self, logs: &Outbox, deadline: Instant, now_unix_nano: u64) {
        logs.offer_last(deadline, async { self.next_batch(now_unix_nano) }).await;
    }

    /// The records of what is in no batch yet. The outbox asks for them once its last batch was taken.
    fn next_batch(&self, now_unix_nano: u64) -> Batch {
        let mut waiting = self.waiting.lock();
        waiting.forget_offered();
        waiting.offered = waiting.transitions.len();
        transition_logs(waiting.transitions.iter(), now_unix_nano)
    }
}

impl Waiting {
    fn forget_offered(&mut self) {
        self.transitions.drain(..self.offered.min(self.transitions.len()));
        self.offered = 0;
    }
}
