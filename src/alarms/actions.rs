//! What alarms set off: each action hears of the transitions of the alarms that name it, in their order.
//!
//! An action is asked again until it has taken a notification, or has refused it for good, or an hour has
//! passed, or the state it would run a program for is over; what it has not taken yet outlives the process where the alarms have a storage. Actions do not wait
//! for each other.

mod alertmanager;
mod config;
mod exec;
mod notification;
mod runner;
mod webhook;

#[cfg(test)]
mod tests;

pub use alertmanager::AlertmanagerConfig;
pub use config::{ActionConfig, Actions};
pub use exec::ExecConfig;
pub use notification::{Notification, Subject};
pub use runner::{ActionMemory, ActionRunner, Delivery, NamedBy};
pub use webhook::WebhookConfig;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::pipeline::BoxFuture;

/// Something that alarms set off.
trait Action: Send + Sync {
    /// Takes a transition of an alarm that names this action. `is_wanted` says that it is named for the state
    /// that began; otherwise a state may have ended that it was named for.
    fn take<'a>(
        &'a self,
        notification: &'a Notification,
        is_wanted: bool,
    ) -> BoxFuture<'a, Result<(), ActionError>>;

    /// Whether only what a series is in now is of use, so that a state is not told once it is over.
    fn is_about_now(&self) -> bool {
        false
    }

    /// How often [`repeat`](Self::repeat) is called; none for never.
    fn repeats_every(&self) -> Option<Duration> {
        None
    }

    /// Does again what has to be done while states last.
    fn repeat(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Ends what lasts for others than these: their alarms or series are not there any more.
    fn end_all_but(&self, _lasting: &BTreeSet<Subject>) {}

    /// What must be known after a restart.
    fn memory(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// Why an action did not take a notification.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum ActionError {
    /// It may take it later.
    #[error("{0}")]
    Retryable(String),
    /// It never will.
    #[error("{0}")]
    Permanent(String),
}
