//! The sending queue in memory: bounded in requests, items or bytes; what is being sent counts until it
//! is done.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::gathering::Gathering;
use super::request_sizes::RequestSizes;
use super::{SendingQueueConfig, Sizer};
use crate::otlp::Batch;
use crate::pipeline::{BuildError, Refusal, Settings, Workers};
use crate::telemetry::drops::{DropReason, DropReporter};

/// A queue of requests between `consume` and the consumers.
pub struct Queue {
    state: Mutex<State>,
    capacity: u64,
    sizer: Sizer,
    gathers: bool,
    block_on_overflow: bool,
    wait_for_result: bool,
    largest_piece: Option<(Sizer, usize)>,
    /// One a worker, for its idle consumers.
    work: Vec<Notify>,
    /// For callers that wait for room.
    room: Notify,
    /// For the task that flushes what is gathered.
    gathering_began: Notify,
    workers: Workers,
    sizes: RequestSizes,
    drops: DropReporter,
}

struct State {
    waiting: VecDeque<Request>,
    gathering: Option<Gathering>,
    used: u64,
    closed: bool,
    idle_consumers: Vec<usize>,
}

/// What one consumer takes and sends: one caller's batch, or several gathered.
pub struct Request {
    batch: Batch,
    /// Items that were neither sent nor counted as dropped.
    undecided_items: usize,
    tickets: Vec<Ticket>,
    drops: DropReporter,
}

/// One caller's share of the queue's capacity, and its wish to know the result.
struct Ticket {
    size: u64,
    queue: Arc<Queue>,
    result: Option<oneshot::Sender<Result<(), Refusal>>>,
}

impl Queue {
    /// A queue as configured.
    ///
    /// # Errors
    ///
    /// Where `storage` names an extension: no storage extension exists yet.
    pub fn new(
        config: &SendingQueueConfig,
        settings: &Settings,
        drops: DropReporter,
    ) -> Result<Self, BuildError> {
        if let Some(storage) = &config.storage {
            return Err(BuildError(format!(
                "sending_queue::storage: no extension of this version keeps queues, found {storage:?}; \
                 leave `storage` out to keep the queue in memory"
            )));
        }
        let gathering = config.batch.get().map(|batch| Gathering::new(batch, config.batch_sizer(batch)));
        let largest_piece = config.batch.get().and_then(|batch| {
            let largest = usize::try_from(batch.max_size).ok().filter(|largest| *largest > 0)?;
            Some((config.batch_sizer(batch), largest))
        });
        let state = State {
            waiting: VecDeque::new(),
            gathering,
            used: 0,
            closed: false,
            idle_consumers: vec![0; settings.workers.count()],
        };
        Ok(Self {
            state: Mutex::new(state),
            capacity: u64::try_from(config.queue_size).unwrap_or(0),
            sizer: config.queue_sizer(),
            gathers: config.batch.is_on(),
            block_on_overflow: config.block_on_overflow,
            wait_for_result: config.wait_for_result,
            largest_piece,
            work: (0..settings.workers.count()).map(|_| Notify::new()).collect(),
            room: Notify::new(),
            gathering_began: Notify::new(),
            workers: settings.workers.clone(),
            sizes: RequestSizes::new(settings),
            drops,
        })
    }

    /// How much is held, being sent included, in units of the sizer.
    pub fn used(&self) -> u64 {
        self.state.lock().used
    }

    /// How much fits.
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Where drops are said.
    pub const fn drops(&self) -> &DropReporter {
        &self.drops
    }

    /// True where small requests are gathered into larger ones.
    pub const fn gathers(&self) -> bool {
        self.gathers
    }

    /// Puts `batch` in. Waits for room where configured, and for the result where configured.
    pub async fn enqueue(self: &Arc<Self>, batch: Batch) -> Result<(), Refusal> {
        let size = size_of(self.sizer, &batch);
        if size > self.capacity {
            return Err(Refusal::permanent("element size too large"));
        }
        let (sender, receiver) = if self.wait_for_result {
            let (sender, receiver) = oneshot::channel();
            (Some(sender), Some(receiver))
        } else {
            (None, None)
        };
        let mut offered = Some((batch, sender));
        loop {
            let has_room = self.room.notified();
            tokio::pin!(has_room);
            {
                let mut state = self.state.lock();
                if state.closed {
                    return Err(Refusal::retryable("sending queue is stopped"));
                }
                if state.used + size <= self.capacity {
                    if let Some((batch, result)) = offered.take() {
                        self.accept(&mut state, batch, size, result);
                    }
                    break;
                }
                if !self.block_on_overflow {
                    return Err(Refusal::retryable("sending queue is full"));
                }
                // Registered before the lock is given up, so that no release in between is missed.
                has_room.as_mut().enable();
            }
            has_room.await;
        }
        match receiver {
            Some(receiver) => {
                receiver.await.unwrap_or_else(|_| Err(Refusal::retryable("sending queue is stopped")))
            }
            None => Ok(()),
        }
    }

    fn accept(
        self: &Arc<Self>,
        state: &mut State,
        batch: Batch,
        size: u64,
        result: Option<oneshot::Sender<Result<(), Refusal>>>,
    ) {
        state.used += size;
        self.sizes.enqueued(&batch);
        let ticket = Ticket { size, queue: Arc::clone(self), result };
        let undecided_items = batch.items();
        let request = Request { batch, undecided_items, tickets: vec![ticket], drops: self.drops.clone() };
        let ready = match &mut state.gathering {
            None => Some(request),
            Some(gathering) => {
                if gathering.is_empty() {
                    self.gathering_began.notify_one();
                }
                gathering.add(request)
            }
        };
        if let Some(request) = ready {
            self.hand_over(state, request);
        }
    }

    /// Puts a request where consumers find it, and wakes one: of this worker for a small request, whose
    /// way to another core costs more than it saves; of the least busy worker for a large one.
    fn hand_over(&self, state: &mut State, request: Request) {
        let here = self.workers.current_index();
        let large = request.batch.bytes() >= LARGE_REQUEST;
        state.waiting.push_back(request);
        let idle_here = state.idle_consumers.get(here).copied().unwrap_or(0);
        let most_idle = state.idle_consumers.iter().enumerate().max_by_key(|(_, idle)| **idle);
        let Some((most_idle, idle)) = most_idle.map(|(worker, idle)| (worker, *idle)) else {
            return;
        };
        let chosen = if idle_here > 0 && (!large || idle_here == idle) { here } else { most_idle };
        if idle == 0 {
            return;
        }
        if let (Some(idle), Some(work)) = (state.idle_consumers.get_mut(chosen), self.work.get(chosen)) {
            *idle -= 1;
            work.notify_one();
        }
    }

    /// The next request for a consumer on `worker`; none when the queue is closed and empty.
    pub async fn next(&self, worker: usize) -> Option<Request> {
        let work = self.work.get(worker)?;
        loop {
            let has_work = work.notified();
            tokio::pin!(has_work);
            {
                let mut state = self.state.lock();
                if let Some(request) = state.waiting.pop_front() {
                    return Some(request);
                }
                if state.closed {
                    return None;
                }
                if let Some(idle) = state.idle_consumers.get_mut(worker) {
                    *idle += 1;
                }
                // Registered before the lock is given up: whoever wakes us counts on it.
                has_work.as_mut().enable();
            }
            has_work.await;
        }
    }

    /// Takes from `request` what goes out at once: all of it, or no more than one piece may hold.
    pub fn next_piece(&self, request: &mut Request) -> Option<Batch> {
        if request.batch.is_empty() {
            return None;
        }
        let piece = match self.largest_piece {
            Some((Sizer::Bytes, largest)) if request.batch.bytes() > largest => {
                request.batch.split_front_bytes(largest)
            }
            Some((Sizer::Items | Sizer::Requests, largest)) if request.batch.items() > largest => {
                request.batch.split_off_front(largest)
            }
            _ => request.batch.take(),
        };
        if self.gathers {
            self.sizes.gathered(&piece);
        }
        Some(piece)
    }

    /// Hands gathered requests over when they have waited long enough; ends with the queue.
    pub async fn flush_when_due(&self, stopping: &CancellationToken) {
        loop {
            let due = self.state.lock().gathering.as_ref().and_then(Gathering::earliest_due);
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.gathering_began.notified() => {}
                () = sleep_until_or_forever(due) => self.flush(Some(Instant::now())),
            }
        }
    }

    /// Takes nothing more. What is gathered is handed over; consumers end once the queue is empty.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.flush(None);
        let mut state = self.state.lock();
        state.idle_consumers.fill(0);
        drop(state);
        for work in &self.work {
            work.notify_waiters();
        }
        self.room.notify_waiters();
    }

    /// Gives up what no consumer took before the deadline.
    pub fn abandon(&self) {
        // Dropped outside the lock: each request gives its share of the queue back.
        let waiting = std::mem::take(&mut self.state.lock().waiting);
        drop(waiting);
    }

    /// Hands over what is due at `now`, or everything.
    fn flush(&self, now: Option<Instant>) {
        let mut state = self.state.lock();
        let due = state.gathering.as_mut().map(|gathering| gathering.take_due(now)).unwrap_or_default();
        for request in due {
            self.hand_over(&mut state, request);
        }
    }

    fn release(&self, size: u64) {
        let mut state = self.state.lock();
        state.used -= size;
        drop(state);
        if self.block_on_overflow {
            self.room.notify_waiters();
        }
    }
}

/// From this size a request is worth another core's attention.
const LARGE_REQUEST: usize = 64 * 1024;

/// How much room a batch takes.
pub fn size_of(sizer: Sizer, batch: &Batch) -> u64 {
    match sizer {
        Sizer::Requests => 1,
        Sizer::Items => batch.items() as u64,
        Sizer::Bytes => batch.bytes() as u64,
    }
}

async fn sleep_until_or_forever(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

impl Request {
    /// The telemetry of the request.
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Adds `other` to this request; each caller keeps its own ticket.
    pub fn merge(&mut self, mut other: Self) {
        self.batch.merge(other.batch.take());
        self.undecided_items += std::mem::take(&mut other.undecided_items);
        self.tickets.append(&mut other.tickets);
    }

    /// Items of this request were sent, or counted as dropped.
    pub const fn decided(&mut self, items: usize) {
        self.undecided_items = self.undecided_items.saturating_sub(items);
    }

    /// Every caller gets the result and gives its room back.
    pub fn finish(mut self, failure: Option<Refusal>) {
        for ticket in &mut self.tickets {
            if let Some(result) = ticket.result.take() {
                // The caller may have gone; then nobody wants to know.
                let _ = result.send(failure.clone().map_or(Ok(()), Err));
            }
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.drops.dropped(self.undecided_items, DropReason::Shutdown, "the shutdown deadline has passed");
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue.release(self.size);
    }
}
