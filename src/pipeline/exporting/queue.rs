//! The sending queue: bounded in requests, items or bytes; what is being sent counts until it is done.
//!
//! With a storage every request is stored before its caller hears OK and deleted once it is done. Memory then
//! holds only the first few of them; the others are read back when their turn comes. At a stop what is not
//! done stays stored.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::gathering::Gathering;
use super::persistence::Persistence;
use super::request::{Request, Ticket};
use super::request_sizes::RequestSizes;
use super::{SendingQueueConfig, Sizer};
use crate::otlp::Batch;
use crate::pipeline::{Host, Refusal, Settings, StartError, Workers};
use crate::telemetry::drops::DropReporter;

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
    persistence: Option<Persistence>,
}

struct State {
    waiting: VecDeque<Request>,
    /// Telemetry of the waiting requests that is in memory, in bytes.
    waiting_bytes: usize,
    gathering: Option<Gathering>,
    used: u64,
    closed: bool,
    idle_consumers: Vec<usize>,
}

impl Queue {
    /// A queue as configured.
    pub fn new(config: &SendingQueueConfig, settings: &Settings, drops: DropReporter) -> Self {
        let gathering = config.batch.get().map(|batch| Gathering::new(batch, config.batch_sizer(batch)));
        let largest_piece = config.batch.get().and_then(|batch| {
            let largest = usize::try_from(batch.max_size).ok().filter(|largest| *largest > 0)?;
            Some((config.batch_sizer(batch), largest))
        });
        let state = State {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            gathering,
            used: 0,
            closed: false,
            idle_consumers: vec![0; settings.workers.count()],
        };
        Self {
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
            persistence: config.storage.as_deref().map(|storage| Persistence::new(storage, settings)),
        }
    }

    /// Opens the storage, where there is one, and takes up what an earlier life left in it.
    pub async fn start(self: &Arc<Self>, host: &Host) -> Result<(), StartError> {
        let Some(persistence) = &self.persistence else { return Ok(()) };
        let take_up = |key, batch: Batch| {
            let size = size_of(self.sizer, &batch);
            let mut ticket = Ticket::new(size, Arc::clone(self));
            ticket.key = Some(key);
            let mut state = self.state.lock();
            // More than fits is kept too; new requests wait or are refused until there is room.
            state.used += size;
            self.accept(&mut state, batch, ticket);
        };
        persistence.start(host, self, take_up).await
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
        let mut ticket = self.reserve(size_of(self.sizer, &batch)).await?;
        if let Some(persistence) = &self.persistence {
            return persistence.store(batch, ticket).await;
        }
        if !self.wait_for_result {
            return self.put(batch, ticket);
        }
        let (sender, receiver) = oneshot::channel();
        ticket.result = Some(sender);
        self.put(batch, ticket)?;
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Takes room for a request, as soon as there is some.
    async fn reserve(self: &Arc<Self>, size: u64) -> Result<Ticket, Refusal> {
        if size > self.capacity {
            return Err(Refusal::permanent("element size too large"));
        }
        loop {
            let has_room = self.room.notified();
            tokio::pin!(has_room);
            {
                let mut state = self.state.lock();
                if state.closed {
                    return Err(stopped());
                }
                if state.used + size <= self.capacity {
                    state.used += size;
                    return Ok(Ticket::new(size, Arc::clone(self)));
                }
                if !self.block_on_overflow {
                    return Err(Refusal::retryable("sending queue is full"));
                }
                // Registered before the lock is given up, so that no release in between is missed.
                has_room.as_mut().enable();
            }
            has_room.await;
        }
    }

    /// Puts a request with its room in; refuses where the queue was closed meanwhile. What the storage has by
    /// then stays there.
    pub fn put(self: &Arc<Self>, batch: Batch, ticket: Ticket) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.closed {
            // The ticket gives its room back, for which it needs the lock.
            drop(state);
            drop(ticket);
            return Err(stopped());
        }
        self.sizes.enqueued(&batch);
        self.accept(&mut state, batch, ticket);
        Ok(())
    }

    fn accept(&self, state: &mut State, batch: Batch, ticket: Ticket) {
        let request = Request::new(batch, ticket, self.drops.clone());
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
    fn hand_over(&self, state: &mut State, mut request: Request) {
        let here = self.workers.current_index();
        let bytes = request.batch().bytes();
        let large = bytes >= LARGE_REQUEST;
        if request.is_stored() && state.waiting_bytes + bytes > KEPT_IN_MEMORY {
            request.leave_to_storage();
        } else {
            state.waiting_bytes += bytes;
        }
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
                // What is stored need not be sent before the process ends.
                if state.closed && self.persistence.is_some() {
                    return None;
                }
                if let Some(request) = state.waiting.pop_front() {
                    state.waiting_bytes -= request.batch().bytes();
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

    /// Reads back what only the storage has of `request`.
    ///
    /// # Errors
    ///
    /// A sentence where that is not possible.
    pub async fn load(&self, request: &mut Request) -> Result<(), String> {
        if let Some(persistence) = self.persistence.as_ref().filter(|_| request.is_only_stored()) {
            request.restore(persistence.load(&request.keys()).await?);
        }
        Ok(())
    }

    /// Takes from `request` what goes out at once: all of it, or no more than one piece may hold.
    pub fn next_piece(&self, request: &mut Request) -> Option<Batch> {
        let batch = request.batch_mut();
        if batch.is_empty() {
            return None;
        }
        let piece = match self.largest_piece {
            Some((Sizer::Bytes, largest)) if batch.bytes() > largest => batch.split_front_bytes(largest),
            Some((Sizer::Items | Sizer::Requests, largest)) if batch.items() > largest => {
                batch.split_off_front(largest)
            }
            _ => batch.take(),
        };
        if self.gathers {
            self.sizes.gathered(&piece);
        }
        Some(piece)
    }

    /// Everything of `request` was sent, or counted as dropped.
    pub fn done(&self, request: Request, failure: Option<Refusal>) {
        if let Some(persistence) = &self.persistence {
            persistence.delete(request.keys());
        }
        request.finish(failure);
    }

    /// Leaves to the next start what was not sent of `request`: `unsent`, which was taken from it, and the
    /// rest of it.
    pub fn keep(&self, mut request: Request, mut unsent: Batch) {
        unsent.merge(request.batch_mut().take());
        if let Some(persistence) = self.persistence.as_ref().filter(|_| unsent.items() < request.items()) {
            persistence.replace(request.keys(), unsent);
        }
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

    /// Takes nothing more. What is gathered is handed over; consumers end once the queue is empty, or at once
    /// where it is stored.
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

    /// Gives up what no consumer took before the deadline, unless it is stored.
    pub fn abandon(&self) {
        // Dropped outside the lock: each request gives its share of the queue back.
        let waiting = std::mem::take(&mut self.state.lock().waiting);
        drop(waiting);
    }

    /// Writes what is left to write and closes the storage, where there is one.
    pub async fn close_storage(&self, deadline: Instant) {
        if let Some(persistence) = &self.persistence {
            persistence.close(deadline).await;
        }
    }

    /// Hands over what is due at `now`, or everything.
    fn flush(&self, now: Option<Instant>) {
        let mut state = self.state.lock();
        let due = state.gathering.as_mut().map(|gathering| gathering.take_due(now)).unwrap_or_default();
        for request in due {
            self.hand_over(&mut state, request);
        }
    }

    /// Gives `size` of the room back.
    pub fn release(&self, size: u64) {
        let mut state = self.state.lock();
        state.used -= size;
        drop(state);
        if self.block_on_overflow {
            self.room.notify_waiters();
        }
    }
}

/// How much telemetry of stored requests stays in memory as well while it waits, in bytes: what is sent soon
/// need not be read back, and a back end that is away does not fill memory.
const KEPT_IN_MEMORY: usize = 16 * 1024 * 1024;

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

/// The refusal of a queue that takes nothing more.
pub(super) fn stopped() -> Refusal {
    Refusal::retryable("sending queue is stopped")
}
