//! Connector `alarms`: rules over metrics, whose states go between `OK`, `ALARM` and `INSUFFICIENT_DATA`.
//!
//! Metrics come in. Every transition goes out as a log record, and how each series stands as a metric, into
//! whichever of the two the connector leads; and it sets off the actions of its rule. The evaluation is that of
//! [`crate::alarms`]; this is its life: the timer, what is handed on, and what is remembered.

mod config;
mod memory;
mod reports;
#[cfg(test)]
mod tests;
mod untold;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

pub use self::config::AlarmsConfig;
use self::memory::Memory;
use self::reports::state_metrics;
use self::untold::{UntoldTransition, UntoldTransitions};
use crate::alarms::actions::{ActionRunner, Delivery, NamedBy, Notification};
use crate::alarms::{AlarmState, Closed, Engine, EngineCounts, Rule, RuleConfig, SeriesRecord};
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, ConnectorType, Consumer, Host, Outbox, Outputs, Refusal, Settings,
    Stability, StartError, TaskScope,
};
use crate::telemetry::{Counter, component_span, instruments};

/// The longest wait between two looks at what is due: the clock of the machine may be set.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The type `alarms` among connectors.
pub struct AlarmsConnector {
    config: Arc<AlarmsConfig>,
    settings: Settings,
    span: tracing::Span,
    outputs: Outputs,
    /// There from the start on.
    watch: Mutex<Option<Arc<Watch>>>,
    tasks: TaskScope,
}

/// The alarms while they run.
struct Watch {
    engine: Engine,
    actions: ActionRunner,
    memory: Memory,
    settings: Settings,
    span: tracing::Span,
    logs: Option<Outbox>,
    metrics: Option<Outbox>,
    state_metric_interval: Option<Duration>,
    untold: UntoldTransitions,
    /// Held while the storage is written and what is written there is brought about.
    writing: tokio::sync::Mutex<()>,
    counters: Counters,
}

struct Counters {
    late: Counter,
    early: Counter,
    overflowed: Counter,
    transitions: Counter,
    counted: Mutex<EngineCounts>,
}

impl ConnectorType for AlarmsConnector {
    const TYPE: &'static str = "alarms";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Alpha)];
    const PAIRS: &'static [(Signal, Signal, Stability)] = &[
        (Signal::Metrics, Signal::Logs, Stability::Alpha),
        (Signal::Metrics, Signal::Metrics, Stability::Alpha),
    ];
    type Config = AlarmsConfig;

    fn create(
        config: Arc<AlarmsConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Consuming, BuildError> {
        let span = component_span(&settings, "connector");
        let tasks = TaskScope::new(settings.workers.clone());
        Ok(Arc::new(Self { config, settings, span, outputs, watch: Mutex::default(), tasks }))
    }
}

impl Consumer for AlarmsConnector {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let watch = self.watch.lock().clone();
        Box::pin(async move {
            let Some(watch) = watch else {
                return Err(Refusal::retryable("the alarms are not evaluated now"));
            };
            watch.engine.take(&batch, watch.settings.clock.now_unix_nano());
            Ok(())
        })
    }
}

impl Component for AlarmsConnector {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let memory =
                Memory::open(self.config.storage.as_deref(), host, &self.settings, &self.span).await?;
            let watch = Watch::new(self, memory).await.map_err(|error| StartError(error.to_string()))?;
            let watch = Arc::new(watch);
            watch.actions.start();
            watch.engine.forget_stale_counters(&self.tasks, self.settings.clock);
            let (running, stopping) = (Arc::clone(&watch), self.tasks.stopping().clone());
            self.tasks.spawn(async move { running.evaluate_until(&stopping).await });
            let (running, stopping) = (Arc::clone(&watch), self.tasks.stopping().clone());
            self.tasks.spawn(async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = running.remember_actions() => {}
                }
            });
            *self.watch.lock() = Some(watch);
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let watch = self.watch.lock().take();
            self.tasks.join(deadline).await;
            if let Some(watch) = watch {
                watch.finish(deadline).await;
            }
        })
    }
}

impl Watch {
    async fn new(connector: &AlarmsConnector, memory: Memory) -> Result<Self, BuildError> {
        let (config, settings, span) = (&connector.config, &connector.settings, &connector.span);
        let rules: Vec<Rule> =
            config.rules.iter().map(Rule::new).collect::<Result<_, _>>().map_err(BuildError)?;
        let records = memory.records(&rules).await;
        let actions = ActionRunner::new(&config.actions, settings, span, memory.actions().await)?;
        actions.end_all_but(&named_by(&rules, &records));
        let untold = memory.untold().await;
        let engine = Engine::new(rules, records, settings.clock.now_unix_nano());
        let outbox = |signal: Signal| {
            let produced = Settings { signal: Some(signal), ..settings.clone() };
            connector.outputs.of(signal).map(|next| Outbox::new(&produced, "connector", Arc::clone(next)))
        };
        Ok(Self {
            logs: outbox(Signal::Logs),
            metrics: outbox(Signal::Metrics),
            engine,
            actions,
            memory,
            settings: settings.clone(),
            span: span.clone(),
            state_metric_interval: config.state_metric_interval.limit(),
            untold: UntoldTransitions::new(settings, untold),
            writing: tokio::sync::Mutex::default(),
            counters: Counters::new(settings),
        })
    }

    /// Closes periods as they end, and says from time to time how the series stand.
    async fn evaluate_until(&self, stopping: &CancellationToken) {
        let mut next_report = Instant::now();
        loop {
            let closed = self.engine.close_due(self.settings.clock.now_unix_nano());
            self.counters.count(self.engine.counts(), closed.transitions.len());
            self.warn(&closed);
            let has_changed = !closed.transitions.is_empty();
            if closed.has_periods || has_changed || !closed.forgotten.is_empty() {
                self.bring_about(&closed).await;
            }
            let wait = async {
                self.report_transitions().await;
                if has_changed || Instant::now() >= next_report {
                    self.report_states().await;
                    next_report = Instant::now() + self.state_metric_interval.unwrap_or(LONGEST_WAIT);
                }
                sleep(self.wait()).await;
            };
            // What is brought about is not left half done.
            tokio::select! {
                () = stopping.cancelled() => return,
                () = wait => {}
            }
        }
    }

    /// Says what is wrong about the clock and about rules.
    fn warn(&self, closed: &Closed) {
        if closed.was_set_back {
            tracing::warn!(
                parent: &self.span,
                "The clock was set back. The alarms begin anew with the period it shows, and leave out what is dated \
                 later."
            );
        }
        for rule in closed.full.iter().filter_map(|rule| self.engine.rules().get(*rule)) {
            tracing::warn!(
                parent: &self.span,
                alarm = rule.config.name,
                split_by = ?rule.config.split_by,
                "The alarm has as many series as it may have. A new one takes the place of the one that has been silent \
                 for longest and is not in ALARM; without such it is left out and counted."
            );
        }
    }

    /// Remembers the states and what their changes set off, then tells the actions. The log records are left to the
    /// next report.
    async fn bring_about(&self, closed: &Closed) {
        let mut deliveries = Vec::new();
        for transition in &closed.transitions {
            let Some(rule) = self.engine.rules().get(transition.rule) else { continue };
            let notification =
                Notification::new(rule, &transition.series, transition.previous, transition.value);
            tracing::info!(
                parent: &self.span,
                alarm = rule.config.name,
                series = ?notification.series,
                previous_state = notification.previous_state.name(),
                state = notification.state.name(),
                reason = notification.reason,
                "The state of an alarm has changed."
            );
            deliveries.extend(deliveries_of(&rule.config, &notification));
            if self.logs.is_some() {
                let time_unix_nano = transition.series.since_unix_nano;
                self.untold.add([UntoldTransition { time_unix_nano, notification }]);
            }
        }
        for forgotten in &closed.forgotten {
            let Some(rule) = self.engine.rules().get(forgotten.rule) else { continue };
            let notification = Notification::new(rule, &forgotten.series, forgotten.series.state, None);
            // No state begins, and the one there was ends.
            let over = |delivery| Delivery { is_wanted: false, ..delivery };
            deliveries.extend(deliveries_of(&rule.config, &notification).into_iter().map(over));
        }
        let _writing = self.writing.lock().await;
        if self.memory.is_kept() {
            let mut actions = self.actions.memory();
            actions.expect(&deliveries);
            let (rules, records) = (self.engine.rules(), self.engine.records());
            self.memory.write_all(rules, records, &self.untold.all(), &actions).await;
        }
        deliveries.into_iter().for_each(|delivery| self.actions.tell(delivery));
    }

    /// Hands on the log records of transitions, also of those that were refused before.
    async fn report_transitions(&self) {
        let now = self.settings.clock.now_unix_nano();
        if let Some(logs) = &self.logs
            && self.untold.hand_on(logs, now).await
        {
            self.remember_deliveries().await;
        }
    }

    /// Hands on the metric.
    async fn report_states(&self) {
        let now = self.settings.clock.now_unix_nano();
        if let Some(metrics) = self.metrics.as_ref().filter(|_| self.state_metric_interval.is_some()) {
            let states = async { state_metrics(self.engine.rules(), &self.engine.records(), now) };
            // A refusal is logged there, and the batch stays for the next time.
            let _ = metrics.offer(states).await;
        }
    }

    /// Keeps what the actions did not take yet, whenever that changes.
    async fn remember_actions(&self) {
        loop {
            self.actions.changed().await;
            self.remember_deliveries().await;
        }
    }

    async fn remember_deliveries(&self) {
        let _writing = self.writing.lock().await;
        if self.memory.is_kept() {
            self.memory.write_deliveries(&self.untold.all(), &self.actions.memory()).await;
        }
    }

    async fn finish(&self, deadline: Instant) {
        self.actions.shutdown(deadline).await;
        let now = self.settings.clock.now_unix_nano();
        if let Some(logs) = &self.logs {
            if self.memory.is_kept() {
                // What is not taken now is told by the next process.
                let _ = timeout_at(deadline, self.untold.hand_on(logs, now)).await;
            } else {
                self.untold.hand_on_last(logs, deadline, now).await;
            }
        }
        if self.memory.is_kept() {
            let (rules, records) = (self.engine.rules(), self.engine.records());
            self.memory.write_all(rules, records, &self.untold.all(), &self.actions.memory()).await;
        }
        self.memory.close().await;
    }

    /// How long nothing is due.
    fn wait(&self) -> Duration {
        let now = self.settings.clock.now_unix_nano();
        let due = self.engine.next_due_unix_nano().unwrap_or(u64::MAX);
        Duration::from_nanos(due.saturating_sub(now)).clamp(Duration::from_millis(1), LONGEST_WAIT)
    }
}

impl Counters {
    fn new(settings: &Settings) -> Self {
        let id = settings.id.to_string();
        let counter = |instrument| settings.telemetry.counter(instrument, &[("connector", id.as_str())]);
        Self {
            late: counter(&instruments::ALARMS_LATE_DATA_POINTS),
            early: counter(&instruments::ALARMS_EARLY_DATA_POINTS),
            overflowed: counter(&instruments::ALARMS_OVERFLOWED_DATA_POINTS),
            transitions: counter(&instruments::ALARMS_TRANSITIONS),
            counted: Mutex::default(),
        }
    }

    fn count(&self, now: EngineCounts, transitions: usize) {
        let mut counted = self.counted.lock();
        self.late.add(now.late - counted.late);
        self.early.add(now.early - counted.early);
        self.overflowed.add(now.beyond_limit - counted.beyond_limit);
        self.transitions.add(u64::try_from(transitions).unwrap_or(u64::MAX));
        *counted = now;
    }
}

/// The actions of a state.
fn actions_for(rule: &RuleConfig, state: AlarmState) -> &[String] {
    match state {
        AlarmState::Ok => &rule.ok_actions,
        AlarmState::Alarm => &rule.alarm_actions,
        AlarmState::InsufficientData => &rule.insufficient_data_actions,
    }
}

/// What every action of the rule is told, each once, whatever state it is named for.
fn deliveries_of(rule: &RuleConfig, notification: &Notification) -> Vec<Delivery> {
    let wanted = actions_for(rule, notification.state);
    let delivery = |action: &String| Delivery {
        action: action.clone(),
        notification: notification.clone(),
        is_wanted: wanted.contains(action),
    };
    actions_of(rule).into_iter().map(delivery).collect()
}

/// Who names each action.
fn named_by(rules: &[Rule], records: &[Vec<SeriesRecord>]) -> BTreeMap<String, NamedBy> {
    let mut named: BTreeMap<String, NamedBy> = BTreeMap::new();
    for (rule, records) in rules.iter().zip(records) {
        for action in actions_of(&rule.config) {
            let by = named.entry(action.clone()).or_default();
            by.alarms.insert(rule.config.name.clone());
            let lasting =
                records.iter().filter(|record| actions_for(&rule.config, record.state).contains(action));
            by.lasting
                .extend(lasting.map(|record| Notification::new(rule, record, record.state, None).subject()));
        }
    }
    named
}

/// The actions of all states, each once; none where they are switched off.
fn actions_of(rule: &RuleConfig) -> BTreeSet<&String> {
    let all = AlarmState::ALL.into_iter().flat_map(|state| actions_for(rule, state));
    all.filter(|_| rule.actions_enabled).collect()
}
