//! Action `exec`: runs a program, for example one that adds a worker or takes one away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Action, ActionError, Notification, Subject};
use crate::config::GoDuration;
use crate::config_section;
use crate::pipeline::{BoxFuture, Clock};

/// How much of what a program says is logged.
const OUTPUT_LIMIT: usize = 1000;

config_section! {
    /// Runs a program when a state begins that the action is named for. The program gets `ALARM_ID`,
    /// `ALARM_NAME`, `ALARM_STATE`, `ALARM_PREVIOUS_STATE`, `ALARM_REASON`, `ALARM_VALUE` and `PATH` in its
    /// environment, no other variable, and nothing to read. It is not run for a state that is over. Needs `allow_exec: true` beside `actions`.
    ///
    /// With `adjust` it scales something: the program also gets `CURRENT_CAPACITY` and `DESIRED_CAPACITY`, is not
    /// run where these are equal, and has reached the capacity when it ends with 0.
    pub struct ExecConfig {
        /// The program, by its absolute path, and its arguments. No shell reads them. Required.
        pub command: Vec<String> = Vec::new(),
        /// How long the program may take; then it is killed.
        pub timeout: GoDuration = GoDuration::from_secs(30),
        /// How long after a successful run there is no other.
        pub cooldown: GoDuration = GoDuration::ZERO,
        /// How often the program is run again while the state lasts; 0 for never.
        pub repeat_while_in_state: GoDuration = GoDuration::ZERO,
        /// By how much the capacity changes; 0 where there is none.
        pub adjust: i64 = 0,
        /// The name of the capacity. Actions with the same name change the same one.
        pub capacity: String = String::new(),
        /// The capacity before the first change; `minimum` where nothing is written.
        pub initial: Option<i64> = None,
        /// The least capacity.
        pub minimum: i64 = 1,
        /// The greatest capacity.
        pub maximum: i64 = 1,
    }
    check(section, checking) {
        match section.command.first() {
            None => checking.error_at("command", "'command' must name a program"),
            Some(program) if !Path::new(program).is_absolute() => {
                checking.error_at("command", format!("the program {program:?} must be an absolute path"));
            }
            Some(_) => {}
        }
        if section.timeout <= GoDuration::ZERO {
            checking.error_at("timeout", "'timeout' must be greater than zero");
        }
        for (field, duration) in
            [("cooldown", section.cooldown), ("repeat_while_in_state", section.repeat_while_in_state)]
        {
            if duration.is_negative() {
                checking.error_at(field, format!("'{field}' must be non-negative"));
            }
        }
        if section.minimum > section.maximum {
            checking.error_at("minimum", "'minimum' must be at most 'maximum'");
        }
    }
}

/// The capacities that actions change, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capacities(BTreeMap<String, i64>);

/// Who runs a program that changes a capacity, by the capacity's name.
#[derive(Default)]
pub(super) struct CapacityLocks(BTreeMap<String, Arc<tokio::sync::Mutex<()>>>);

impl CapacityLocks {
    /// The lock of an action; without a capacity it is the action's own.
    pub(super) fn of(&mut self, config: &ExecConfig) -> Arc<tokio::sync::Mutex<()>> {
        if config.adjust == 0 {
            Arc::default()
        } else {
            Arc::clone(self.0.entry(config.capacity.clone()).or_default())
        }
    }
}

/// Runs a program.
pub(super) struct Exec {
    config: ExecConfig,
    capacities: Arc<Mutex<Capacities>>,
    span: tracing::Span,
    clock: Clock,
    /// One program at a time; of those that change one capacity, one of all.
    running: Arc<tokio::sync::Mutex<()>>,
    /// When the program last ended well, in nanoseconds since 1970; 0 for never.
    succeeded_unix_nano: AtomicU64,
    /// The series in a state the action is named for, with what was told of it.
    lasting: Mutex<BTreeMap<Subject, Notification>>,
}

/// What must be known after a restart.
#[derive(Default, Serialize, Deserialize)]
struct ExecMemory {
    lasting: Vec<Notification>,
    succeeded_unix_nano: u64,
}

impl Exec {
    pub(super) fn new(
        config: &ExecConfig,
        capacities: Arc<Mutex<Capacities>>,
        running: Arc<tokio::sync::Mutex<()>>,
        clock: Clock,
        span: tracing::Span,
        memory: &serde_json::Value,
    ) -> Self {
        let memory = ExecMemory::deserialize(memory).unwrap_or_default();
        let lasting =
            memory.lasting.into_iter().map(|notification| (notification.subject(), notification)).collect();
        Self {
            config: config.clone(),
            capacities,
            span,
            clock,
            running,
            succeeded_unix_nano: AtomicU64::new(memory.succeeded_unix_nano),
            lasting: Mutex::new(lasting),
        }
    }

    /// Runs the program unless it has cooled down too little, or there is nothing to change.
    async fn run(&self, notification: &Notification) -> Result<(), ActionError> {
        let _running = self.running.lock().await;
        let succeeded = self.succeeded_unix_nano.load(Ordering::Relaxed);
        let since_success = Duration::from_nanos(self.clock.now_unix_nano().saturating_sub(succeeded));
        if since_success < self.config.cooldown.to_std() {
            tracing::info!(parent: &self.span, alarm = notification.alarm, "The program is not run: it cools down.");
            return Ok(());
        }
        let change = match self.change() {
            Some((current, desired)) if current == desired => {
                tracing::info!(
                    parent: &self.span,
                    alarm = notification.alarm,
                    capacity = current,
                    "The program is not run: the capacity is at its limit."
                );
                return Ok(());
            }
            change => change,
        };
        self.run_program(notification, change).await?;
        self.succeeded_unix_nano.store(self.clock.now_unix_nano(), Ordering::Relaxed);
        if let Some((_, desired)) = change {
            self.capacities.lock().0.insert(self.config.capacity.clone(), desired);
        }
        Ok(())
    }

    /// The capacity now, and the one wanted.
    fn change(&self) -> Option<(i64, i64)> {
        if self.config.adjust == 0 {
            return None;
        }
        let (minimum, maximum) = (self.config.minimum, self.config.maximum);
        let initial = self.config.initial.unwrap_or(minimum);
        let current = self.capacities.lock().0.get(&self.config.capacity).copied().unwrap_or(initial);
        Some((current, current.saturating_add(self.config.adjust).clamp(minimum, maximum)))
    }

    async fn run_program(
        &self,
        notification: &Notification,
        change: Option<(i64, i64)>,
    ) -> Result<(), ActionError> {
        let Some((program, arguments)) = self.config.command.split_first() else {
            return Err(ActionError::Permanent("no program is named".to_owned()));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("ALARM_ID", &notification.id)
            .env("ALARM_NAME", &notification.alarm)
            .env("ALARM_STATE", notification.state.name())
            .env("ALARM_PREVIOUS_STATE", notification.previous_state.name())
            .env("ALARM_REASON", &notification.reason)
            .env("ALARM_VALUE", notification.value.map(|value| value.to_string()).unwrap_or_default())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some((current, desired)) = change {
            command.env("CURRENT_CAPACITY", current.to_string()).env("DESIRED_CAPACITY", desired.to_string());
        }
        let failed = |problem: String| ActionError::Retryable(format!("{program}: {problem}"));
        let output = timeout(self.config.timeout.to_std(), command.output()).await;
        let output = output.map_err(|_| failed(format!("did not end within {}", self.config.timeout)))?;
        let output = output.map_err(|error| failed(error.to_string()))?;
        let said = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes.get(..OUTPUT_LIMIT).unwrap_or(bytes)).trim().to_owned()
        };
        if !output.status.success() {
            return Err(failed(format!("{}: {}", output.status, said(&output.stderr))));
        }
        tracing::info!(
            parent: &self.span,
            alarm = notification.alarm,
            program,
            desired_capacity = change.map(|(_, desired)| desired),
            output = said(&output.stdout),
            "The program has run."
        );
        Ok(())
    }
}

impl Action for Exec {
    fn take<'a>(
        &'a self,
        notification: &'a Notification,
        is_wanted: bool,
    ) -> BoxFuture<'a, Result<(), ActionError>> {
        Box::pin(async move {
            let subject = notification.subject();
            if !is_wanted {
                self.lasting.lock().remove(&subject);
                return Ok(());
            }
            self.lasting.lock().insert(subject, notification.clone());
            self.run(notification).await
        })
    }

    fn is_about_now(&self) -> bool {
        true
    }

    fn repeats_every(&self) -> Option<Duration> {
        self.config.repeat_while_in_state.limit()
    }

    fn repeat(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // One run serves all series: a program that adds a worker adds one.
            let first = self.lasting.lock().values().next().cloned();
            if let Some(notification) = first
                && let Err(error) = self.run(&notification).await
            {
                tracing::warn!(parent: &self.span, %error, "The program failed.");
            }
        })
    }

    fn end_all_but(&self, lasting: &BTreeSet<Subject>) {
        self.lasting.lock().retain(|subject, _| lasting.contains(subject));
    }

    fn memory(&self) -> serde_json::Value {
        let memory = ExecMemory {
            lasting: self.lasting.lock().values().cloned().collect(),
            succeeded_unix_nano: self.succeeded_unix_nano.load(Ordering::Relaxed),
        };
        serde_json::to_value(memory).unwrap_or_default()
    }
}
