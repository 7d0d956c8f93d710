//! Brings notifications to their actions, each in its own time, again where they were not taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::alertmanager::Alertmanager;
use super::exec::{Capacities, CapacityLocks, Exec};
use super::webhook::Webhook;
use super::{Action, ActionConfig, ActionError, Actions, Notification, Subject};
use crate::pipeline::{BuildError, Settings, TaskScope};
use crate::telemetry::{Counter, instruments};

/// The wait before the second attempt; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a notification is offered.
const OFFERED_FOR: Duration = Duration::from_secs(3600);
/// How many notifications wait for one action; the oldest go first.
const MOST_WAITING: usize = 1000;

/// Who names an action.
#[derive(Debug, Default)]
pub struct NamedBy {
    /// The alarms that name it for any state.
    pub alarms: BTreeSet<String>,
    /// Their series that are in a state they name it for.
    pub lasting: BTreeSet<Subject>,
}

/// A notification on its way to an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The name of the action.
    pub action: String,
    /// What it is told.
    pub notification: Notification,
    /// Whether the action is named for the state that began; otherwise the one that ended may be its own.
    pub is_wanted: bool,
}

/// What must be known of the actions after a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionMemory {
    /// What each action has not taken yet.
    waiting: BTreeMap<String, VecDeque<Delivery>>,
    /// What each action remembers by itself.
    actions: BTreeMap<String, serde_json::Value>,
    capacities: Capacities,
}

impl ActionMemory {
    /// Adds what the actions will be told next.
    pub fn expect(&mut self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            self.waiting.entry(delivery.action.clone()).or_default().push_back(delivery.clone());
        }
    }
}

/// Runs the actions.
pub struct ActionRunner {
    actions: BTreeMap<String, Arc<Running>>,
    capacities: Arc<Mutex<Capacities>>,
    tasks: TaskScope,
    /// Told when there is something new to remember.
    changed: Arc<Notify>,
}

/// One action with what waits for it.
struct Running {
    name: String,
    action: Box<dyn Action>,
    waiting: Mutex<VecDeque<Delivery>>,
    arrived: Notify,
    changed: Arc<Notify>,
    delivered: Counter,
    failed: Counter,
    span: tracing::Span,
}

impl ActionRunner {
    /// The actions, none of which runs yet.
    ///
    /// # Errors
    ///
    /// A sentence about the action that cannot be had.
    pub fn new(
        actions: &Actions,
        settings: &Settings,
        span: &tracing::Span,
        mut memory: ActionMemory,
    ) -> Result<Self, BuildError> {
        let changed = Arc::new(Notify::new());
        let capacities = Arc::new(Mutex::new(std::mem::take(&mut memory.capacities)));
        let mut locks = CapacityLocks::default();
        let mut running = BTreeMap::new();
        for (name, config) in &actions.0 {
            let remembered = memory.actions.remove(name).unwrap_or_default();
            let action: Box<dyn Action> = match config {
                ActionConfig::Webhook(config) => Box::new(Webhook::new(config, settings)?),
                ActionConfig::Alertmanager(config) => {
                    Box::new(Alertmanager::new(config, settings, span.clone(), &remembered)?)
                }
                ActionConfig::Exec(config) => Box::new(Exec::new(
                    config,
                    Arc::clone(&capacities),
                    locks.of(config),
                    settings.clock,
                    span.clone(),
                    &remembered,
                )),
            };
            let id = settings.id.to_string();
            let counter = |instrument| {
                settings
                    .telemetry
                    .counter(instrument, &[("connector", id.as_str()), ("action", name.as_str())])
            };
            let of_action = Running {
                name: name.clone(),
                action,
                waiting: Mutex::new(memory.waiting.remove(name).unwrap_or_default()),
                arrived: Notify::new(),
                changed: Arc::clone(&changed),
                delivered: counter(&instruments::ALARMS_NOTIFICATIONS_DELIVERED),
                failed: counter(&instruments::ALARMS_NOTIFICATIONS_FAILED),
                span: span.clone(),
            };
            running.insert(name.clone(), Arc::new(of_action));
        }
        Ok(Self { actions: running, capacities, tasks: TaskScope::new(settings.workers.clone()), changed })
    }

    /// Ends what an earlier life left to last and is over, and gives up what it left to be told of alarms that do
    /// not name the action any more: rules change while nobody runs them.
    pub fn end_all_but(&self, named: &BTreeMap<String, NamedBy>) {
        for (name, running) in &self.actions {
            let nobody = NamedBy::default();
            running.end_all_but(named.get(name).unwrap_or(&nobody));
        }
    }

    /// Begins to run the actions.
    pub fn start(&self) {
        for running in self.actions.values() {
            let stopping = self.tasks.stopping().clone();
            let delivering = Arc::clone(running);
            self.tasks.spawn(async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = delivering.deliver_all() => {}
                }
            });
            let Some(interval) = running.action.repeats_every() else { continue };
            let (stopping, repeating) = (self.tasks.stopping().clone(), Arc::clone(running));
            self.tasks.spawn(async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = repeating.repeat(interval) => {}
                }
            });
        }
    }

    /// Hands a notification to its action.
    pub fn tell(&self, delivery: Delivery) {
        if let Some(running) = self.actions.get(&delivery.action) {
            running.take(delivery);
        }
    }

    /// Waits until there is something new to remember.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What must be known after a restart.
    pub fn memory(&self) -> ActionMemory {
        let waiting = |running: &Arc<Running>| running.waiting.lock().clone();
        let remembered = |running: &Arc<Running>| running.action.memory();
        let of_each = self.actions.iter();
        ActionMemory {
            waiting: of_each.clone().map(|(name, running)| (name.clone(), waiting(running))).collect(),
            actions: of_each.map(|(name, running)| (name.clone(), remembered(running))).collect(),
            capacities: self.capacities.lock().clone(),
        }
    }

    /// Stops. What was not taken is in the [`memory`](Self::memory).
    pub async fn shutdown(&self, deadline: Instant) {
        self.tasks.join(deadline).await;
    }
}

impl Running {
    fn end_all_but(&self, named: &NamedBy) {
        self.action.end_all_but(&named.lasting);
        self.waiting.lock().retain(|delivery| {
            let is_named = named.alarms.contains(&delivery.notification.alarm);
            if !is_named {
                self.given_up(&delivery.notification, "the alarm does not name the action any more");
            }
            is_named
        });
    }

    fn take(&self, delivery: Delivery) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST_WAITING
            && let Some(oldest) = waiting.pop_front()
        {
            self.given_up(&oldest.notification, "too many notifications wait for the action");
        }
        waiting.push_back(delivery);
        self.arrived.notify_one();
    }

    async fn deliver_all(&self) {
        loop {
            let next = self.waiting.lock().front().cloned();
            let Some(delivery) = next else {
                self.arrived.notified().await;
                continue;
            };
            self.deliver(&delivery).await;
            let mut waiting = self.waiting.lock();
            // While it was delivered it may have had to make room.
            if waiting.front() == Some(&delivery) {
                waiting.pop_front();
            }
            drop(waiting);
            self.changed.notify_one();
        }
    }

    async fn deliver(&self, delivery: &Delivery) {
        let (began, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            if self.is_overtaken(delivery) {
                return self.given_up(&delivery.notification, "the state was over before the action took it");
            }
            let taken = self.action.take(&delivery.notification, delivery.is_wanted).await;
            match taken {
                Ok(()) => {
                    self.delivered.add(u64::from(delivery.is_wanted));
                    return;
                }
                Err(ActionError::Permanent(error)) => return self.given_up(&delivery.notification, &error),
                Err(ActionError::Retryable(error)) if began.elapsed() >= OFFERED_FOR => {
                    return self.given_up(&delivery.notification, &error);
                }
                Err(ActionError::Retryable(error)) => tracing::warn!(
                    parent: &self.span,
                    action = self.name,
                    alarm = delivery.notification.alarm,
                    error,
                    retry_in_seconds = wait.as_secs(),
                    "The action failed. It is tried again."
                ),
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = self.overtakes(delivery) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Waits until the delivery is of no use any more.
    async fn overtakes(&self, delivery: &Delivery) {
        while !self.is_overtaken(delivery) {
            self.arrived.notified().await;
        }
    }

    /// True where nothing is to be done for a state that is over, and a later one of the same series waits.
    fn is_overtaken(&self, delivery: &Delivery) -> bool {
        let notification = &delivery.notification;
        let overtakes = |later: &Delivery| {
            later != delivery
                && later.notification.alarm == notification.alarm
                && later.notification.series == notification.series
        };
        // What is not wanted only ends what lasts.
        delivery.is_wanted && self.action.is_about_now() && self.waiting.lock().iter().any(overtakes)
    }

    async fn repeat(&self, interval: Duration) {
        let mut ticks = interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.action.repeat().await;
            self.changed.notify_one();
        }
    }

    fn given_up(&self, notification: &Notification, error: &str) {
        self.failed.add(1);
        tracing::error!(
            parent: &self.span,
            action = self.name,
            alarm = notification.alarm,
            state = notification.state.name(),
            error,
            "The action was given up."
        );
    }
}
