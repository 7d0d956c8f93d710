//! Gathering and handing on for one set of clients.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::BatchConfig;
use super::pending::{Limits, Pending, Trigger};
use crate::otlp::{Batch, ClientInfo, Signal};
use crate::pipeline::{
    BoxFuture, BuildError, ComponentStatus, Consumer, Refusal, RefusalClass, Settings, StatusReporter,
    TaskScope,
};
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{Counter, Histogram, component_span, instruments};

/// How many batches are kept that the next component has not taken; with that many, callers wait.
pub(super) const READY_BATCHES: usize = 4;

/// The pause after a first retryable refusal; it doubles with each further one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause the doubling comes to.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all shards of a processor share.
pub(super) struct ShardSettings {
    signal: Signal,
    limits: Limits,
    timeout: Duration,
    next: Arc<dyn Consumer>,
    pub(super) tasks: TaskScope,
    status: StatusReporter,
    span: tracing::Span,
    drops: DropReporter,
    send_size: Histogram,
    send_size_bytes: Histogram,
    size_triggers: Counter,
    timeout_triggers: Counter,
}

impl ShardSettings {
    pub(super) fn new(
        config: &BatchConfig,
        settings: &Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Self, BuildError> {
        let signal = settings.signal.ok_or_else(|| BuildError("a processor needs a signal".to_owned()))?;
        let hands_on_at_once = config.timeout.is_zero() || config.send_batch_size == 0;
        let limits = Limits {
            full: if hands_on_at_once { 1 } else { config.send_batch_size as usize },
            most: match config.send_batch_max_size {
                0 => usize::MAX,
                most => most as usize,
            },
        };
        let id = settings.id.to_string();
        let attributes: &[_] = &[("processor", &*id)];
        let telemetry = &settings.telemetry;
        let item_bounds = &instruments::ITEM_COUNT_BOUNDS;
        let byte_bounds = &instruments::BYTE_SIZE_BOUNDS;
        Ok(Self {
            signal,
            limits,
            timeout: config.timeout.to_std(),
            next,
            tasks: TaskScope::new(settings.workers.clone()),
            status: settings.status.clone(),
            span: component_span(settings, "processor"),
            drops: DropReporter::new(settings, "processor"),
            send_size: telemetry.histogram(&instruments::BATCH_SEND_SIZE, attributes, item_bounds),
            send_size_bytes: telemetry.histogram(
                &instruments::BATCH_SEND_SIZE_BYTES,
                attributes,
                byte_bounds,
            ),
            size_triggers: telemetry.counter(&instruments::BATCH_SIZE_TRIGGER_SEND, attributes),
            timeout_triggers: telemetry.counter(&instruments::BATCH_TIMEOUT_TRIGGER_SEND, attributes),
        })
    }
}

/// Gathers what one set of clients sends.
///
/// There is no task while nothing is held: the caller that makes a batch ready also begins to send it
/// (only what does not finish at once becomes a task, so that a client that goes away takes nothing
/// along), and the first item of a batch starts the timer.
pub(super) struct Shard {
    settings: Arc<ShardSettings>,
    client: Option<Arc<ClientInfo>>,
    pending: Mutex<Pending>,
    /// Told when a ready batch is gone.
    room: Notify,
}

/// What became of a batch offered.
enum Taken {
    Gathered,
    /// And there is something to send, which nobody does yet.
    MustSend,
    NoRoom(Batch),
    Closed,
}

impl Shard {
    pub(super) fn new(settings: Arc<ShardSettings>, client: Option<Arc<ClientInfo>>) -> Arc<Self> {
        let empty = Batch::empty(settings.signal).with_client(client.clone());
        Arc::new(Self { settings, client, pending: Mutex::new(Pending::new(empty)), room: Notify::new() })
    }

    /// Takes `batch`, as soon as there is room.
    pub(super) async fn take(self: &Arc<Self>, batch: Batch) -> Result<(), Refusal> {
        // The metadata of a single client says nothing of a batch of many.
        let mut batch = batch.with_client(self.client.clone());
        loop {
            let room = self.room.notified();
            match self.try_take(batch) {
                Taken::Gathered => return Ok(()),
                Taken::MustSend => {
                    self.begin_sending().await;
                    return Ok(());
                }
                Taken::NoRoom(untaken) => batch = untaken,
                Taken::Closed => return Err(shut_down()),
            }
            room.await;
        }
    }

    /// Takes nothing more and begins to hand on what is held.
    pub(super) fn close(self: &Arc<Self>) {
        let must_send = {
            let mut pending = self.pending.lock();
            pending.is_closed = true;
            pending.make_ready(Trigger::Timeout);
            claim_sending(&mut pending)
        };
        self.room.notify_waiters();
        if must_send {
            self.settings.tasks.spawn(Arc::clone(self).send_ready());
        }
    }

    /// Gives up what is still held after the deadline.
    pub(super) fn drop_rest(&self) {
        let rest = std::mem::take(&mut self.pending.lock().ready);
        let items = rest.iter().map(|(batch, _)| batch.items()).sum();
        let drops = &self.settings.drops;
        drops.dropped(items, DropReason::Shutdown, "the next component did not take it in time");
    }

    fn try_take(self: &Arc<Self>, batch: Batch) -> Taken {
        let mut pending = self.pending.lock();
        if pending.is_closed {
            return Taken::Closed;
        }
        if pending.ready.len() >= READY_BATCHES {
            return Taken::NoRoom(batch);
        }
        let (was_empty, ready_before) = (pending.filling.is_empty(), pending.ready.len());
        pending.add(batch, self.settings.limits);
        if was_empty || pending.ready.len() > ready_before {
            pending.due = Instant::now() + self.settings.timeout;
        }
        if claim_sending(&mut pending) {
            return Taken::MustSend;
        }
        if !pending.is_sending {
            self.watch(&mut pending);
        }
        Taken::Gathered
    }

    /// Polls the sending once, here and now: with a queue behind us that is all it takes.
    async fn begin_sending(self: &Arc<Self>) {
        let mut sending: BoxFuture<'static, ()> = Box::pin(Arc::clone(self).send_ready());
        let is_done = poll_fn(|context| Poll::Ready(sending.as_mut().poll(context).is_ready())).await;
        if !is_done {
            let tasks = &self.settings.tasks;
            tasks.spawn_on(tasks.workers().current_index(), sending);
        }
    }

    /// Hands on everything that is ready. Only one of these runs at a time.
    async fn send_ready(self: Arc<Self>) {
        let mut pause = SHORTEST_PAUSE;
        while let Some((batch, trigger)) = self.next_ready() {
            let (items, bytes) = (batch.items(), batch.bytes());
            let Err(refusal) = self.settings.next.consume(batch).await else {
                self.remove_first();
                self.count_sent(trigger, items, bytes);
                if pause > SHORTEST_PAUSE {
                    self.settings.status.report(ComponentStatus::Ok);
                    pause = SHORTEST_PAUSE;
                }
                continue;
            };
            if refusal.is_permanent() {
                if let Some(batch) = self.remove_first() {
                    self.settings.drops.dropped(batch.items(), DropReason::Permanent, &refusal.message);
                }
                continue;
            }
            self.note_refusal(&refusal, pause == SHORTEST_PAUSE);
            let delay = refusal.delay().unwrap_or(pause).max(pause);
            if let RefusalClass::Partial { remaining } = refusal.class {
                self.replace_first(*remaining);
            }
            self.pause(delay).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The batch whose turn it is, which stays where it is until it is taken. With none, sending ends,
    /// and the timer watches over what is left.
    fn next_ready(self: &Arc<Self>) -> Option<(Batch, Trigger)> {
        let mut pending = self.pending.lock();
        if pending.ready.is_empty() && pending.due <= Instant::now() {
            pending.make_ready(Trigger::Timeout);
        }
        let next = pending.ready.front().cloned();
        if next.is_none() {
            pending.is_sending = false;
            self.watch(&mut pending);
        }
        next
    }

    fn remove_first(&self) -> Option<Batch> {
        let first = self.pending.lock().ready.pop_front();
        self.room.notify_waiters();
        first.map(|(batch, _)| batch)
    }

    fn replace_first(&self, remaining: Batch) {
        if let Some((first, _)) = self.pending.lock().ready.front_mut() {
            *first = remaining;
        }
    }

    /// Waits before the next try; while stopping, never for long.
    async fn pause(&self, delay: Duration) {
        let stopping = self.settings.tasks.stopping();
        if stopping.is_cancelled() {
            return sleep(delay.min(SHORTEST_PAUSE)).await;
        }
        tokio::select! {
            () = sleep(delay) => {}
            () = stopping.cancelled() => {}
        }
    }

    /// Starts the timer where something waits that no timer watches.
    fn watch(self: &Arc<Self>, pending: &mut Pending) {
        if pending.filling.is_empty() || pending.is_timed {
            return;
        }
        pending.is_timed = true;
        let tasks = &self.settings.tasks;
        tasks.spawn_on(tasks.workers().current_index(), Arc::clone(self).send_when_due());
    }

    /// The timer. It ends when nothing waits, and leaves the rest to the sender where one is at work.
    async fn send_when_due(self: Arc<Self>) {
        loop {
            let due = {
                let mut pending = self.pending.lock();
                if pending.filling.is_empty() || pending.is_sending {
                    pending.is_timed = false;
                    return;
                }
                if pending.due <= Instant::now() {
                    pending.is_timed = false;
                    pending.is_sending = true;
                    break;
                }
                pending.due
            };
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.settings.tasks.stopping().cancelled() => return,
            }
        }
        self.send_ready().await;
    }

    fn count_sent(&self, trigger: Trigger, items: usize, bytes: usize) {
        let settings = &self.settings;
        match trigger {
            Trigger::Size => settings.size_triggers.add(1),
            Trigger::Timeout => settings.timeout_triggers.add(1),
        }
        settings.send_size.record(items as f64);
        settings.send_size_bytes.record(bytes as f64);
    }

    fn note_refusal(&self, refusal: &Refusal, is_first: bool) {
        self.settings.status.report_error(ComponentStatus::RecoverableError, &*refusal.message);
        if is_first {
            tracing::warn!(
                parent: &self.settings.span,
                error = %refusal,
                "Sender failed. The batch is kept and will be sent again."
            );
        }
    }
}

/// True where something is ready that nobody sends; the caller now has to.
fn claim_sending(pending: &mut Pending) -> bool {
    if pending.is_sending || pending.ready.is_empty() {
        return false;
    }
    pending.is_sending = true;
    true
}

/// The answer after the shutdown.
pub(super) fn shut_down() -> Refusal {
    Refusal::retryable("the batch processor is shut down")
}
