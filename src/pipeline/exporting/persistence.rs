//! What makes a sending queue persistent: one task that writes every change of the queue into a storage,
//! those that come together in one write.
//!
//! A request is stored before its caller hears OK and deleted once it is done; so whatever is there at a
//! start was accepted and not done. Keys grow with time, which keeps the order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};
use tracing::Span;

use super::queue::{Queue, stopped};
use super::request::Ticket;
use super::stored_batch;
use crate::otlp::{Batch, Signal};
use crate::pipeline::{
    ComponentKind, Host, InFlightBytes, Refusal, Settings, StartError, StorageChange, StorageClient,
    StorageError, StorageOwner, TaskScope,
};
use crate::telemetry::component_span;

/// How many changes one write takes in at most.
const LARGEST_GROUP: usize = 512;

/// What the disk gets beyond the deadline: what was delivered should not be sent again at the next start.
const TIME_TO_CLOSE: Duration = Duration::from_secs(1);

/// The storage of one queue.
pub struct Persistence {
    storage_id: String,
    owner: StorageOwner,
    signal: Signal,
    in_flight: InFlightBytes,
    next_key: AtomicU64,
    opened: Mutex<Option<Opened>>,
    scope: TaskScope,
    span: Span,
}

#[derive(Clone)]
struct Opened {
    client: Arc<dyn StorageClient>,
    jobs: mpsc::UnboundedSender<Job>,
}

/// What the writing task is asked to do. The queue's capacity bounds how much of it waits.
enum Job {
    Store { key: String, batch: Batch, ticket: Ticket, answer: oneshot::Sender<Result<(), Refusal>> },
    Delete { keys: Vec<String> },
    Replace { keys: Vec<String>, remaining: Batch },
    Close,
}

impl Persistence {
    /// The persistence of the exporter `settings` belong to, in the storage extension `storage_id`.
    pub fn new(storage_id: &str, settings: &Settings) -> Self {
        let signal = settings.signal.unwrap_or(Signal::Traces);
        Self {
            storage_id: storage_id.to_owned(),
            owner: StorageOwner {
                kind: ComponentKind::Exporter,
                id: settings.id.clone(),
                name: signal.name().to_owned(),
            },
            signal,
            in_flight: settings.in_flight.clone(),
            next_key: AtomicU64::new(0),
            opened: Mutex::default(),
            scope: TaskScope::new(settings.workers.clone()),
            span: component_span(settings, ComponentKind::Exporter.name()),
        }
    }

    /// Opens the storage and begins to write. The keys and batches that an earlier life left come back in
    /// order through `restored`.
    ///
    /// # Errors
    ///
    /// Where there is no such storage, it cannot be read, or a later version wrote into it.
    pub async fn start(
        &self,
        host: &Host,
        queue: &Arc<Queue>,
        mut restored: impl FnMut(String, Batch),
    ) -> Result<(), StartError> {
        let client = host.storage(&self.storage_id)?.open(self.owner.clone()).await?;
        let keys = client.keys().await?;
        for key in &keys {
            let batch = self.read(&*client, key).await.map_err(|problem| {
                StartError(format!("cannot read request {key} of the persistent queue: {problem}"))
            })?;
            restored(key.clone(), batch);
        }
        let last_key = keys.last().and_then(|key| key.parse::<u64>().ok());
        self.next_key.store(last_key.map_or(0, |key| key + 1), Ordering::Relaxed);
        if !keys.is_empty() {
            tracing::info!(
                parent: &self.span,
                requests = keys.len(),
                "The persistent queue holds requests of an earlier run, which are sent first."
            );
        }
        let (jobs, received) = mpsc::unbounded_channel();
        let writing = write_jobs(Arc::clone(&client), received, Arc::clone(queue), self.span.clone());
        self.scope.spawn(writing);
        *self.opened.lock() = Some(Opened { client, jobs });
        Ok(())
    }

    /// Stores `batch` and puts it into the queue, also where the caller no longer waits for the answer.
    pub async fn store(&self, batch: Batch, ticket: Ticket) -> Result<(), Refusal> {
        let key = format!("{:020}", self.next_key.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Store { key, batch, ticket, answer });
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// What is stored under `keys` is done.
    pub fn delete(&self, keys: Vec<String>) {
        self.ask(Job::Delete { keys });
    }

    /// Of what is stored under `keys` only `remaining` is not done.
    pub fn replace(&self, keys: Vec<String>, remaining: Batch) {
        self.ask(Job::Replace { keys, remaining });
    }

    /// What is stored under `keys`, merged.
    ///
    /// # Errors
    ///
    /// A sentence where any of it cannot be read.
    pub async fn load(&self, keys: &[String]) -> Result<Batch, String> {
        let opened = self.opened.lock().clone().ok_or("the storage is closed")?;
        let mut merged = Batch::empty(self.signal);
        for key in keys {
            merged.merge(self.read(&*opened.client, key).await?);
        }
        Ok(merged)
    }

    /// Writes what was asked so far and closes the storage.
    pub async fn close(&self, deadline: Instant) {
        self.ask(Job::Close);
        *self.opened.lock() = None;
        self.scope.join(deadline.max(Instant::now() + TIME_TO_CLOSE)).await;
    }

    fn ask(&self, job: Job) {
        if let Some(opened) = &*self.opened.lock() {
            // The task ends only when it is asked to; what comes after that stays as it is stored.
            let _ = opened.jobs.send(job);
        }
    }

    async fn read(&self, client: &dyn StorageClient, key: &str) -> Result<Batch, String> {
        let value = client.get(key).await.map_err(|error| error.to_string())?;
        let value = value.ok_or("the storage has no value for it")?;
        stored_batch::decode(self.signal, self.in_flight.track(value)).map_err(|error| error.to_string())
    }
}

async fn write_jobs(
    client: Arc<dyn StorageClient>,
    mut received: mpsc::UnboundedReceiver<Job>,
    queue: Arc<Queue>,
    span: Span,
) {
    let mut jobs = Vec::new();
    let mut closing = false;
    while !closing && received.recv_many(&mut jobs, LARGEST_GROUP).await > 0 {
        let changes: Vec<_> = jobs.iter().map(changes_of).collect();
        closing = jobs.iter().any(|job| matches!(job, Job::Close));
        let together = client.write(changes.concat()).await;
        let alone = together.is_err() && jobs.len() > 1;
        for (job, changes) in jobs.drain(..).zip(changes) {
            // One that has no room must not take the others down.
            let result = if alone { client.write(changes).await } else { together.clone() };
            conclude(job, result, &queue, &span);
        }
    }
    client.close().await;
}

fn changes_of(job: &Job) -> Vec<StorageChange> {
    let delete = |key: &String| StorageChange::Delete { key: key.clone() };
    match job {
        Job::Store { key, batch, .. } => {
            vec![StorageChange::Set { key: key.clone(), value: stored_batch::encode(batch) }]
        }
        Job::Delete { keys } => keys.iter().map(delete).collect(),
        Job::Replace { keys, remaining } => {
            let mut changes: Vec<_> = keys.iter().skip(1).map(delete).collect();
            if let Some(key) = keys.first() {
                changes.push(StorageChange::Set { key: key.clone(), value: stored_batch::encode(remaining) });
            }
            changes
        }
        Job::Close => Vec::new(),
    }
}

fn conclude(job: Job, result: Result<(), StorageError>, queue: &Arc<Queue>, span: &Span) {
    match (job, result) {
        (Job::Store { key, batch, mut ticket, answer }, Ok(())) => {
            ticket.key = Some(key);
            // Refused where the queue was closed meanwhile: then it is sent after the next start.
            let _ = queue.put(batch, ticket);
            // The caller may have gone; the request is stored all the same.
            let _ = answer.send(Ok(()));
        }
        (Job::Store { answer, .. }, Err(error)) => {
            let refusal = match &error {
                StorageError::TooLarge(_) => Refusal::permanent(error.to_string()),
                _ => Refusal::retryable(format!("sending queue could not store the request: {error}")),
            };
            let _ = answer.send(Err(refusal));
        }
        (Job::Delete { .. } | Job::Replace { .. }, Err(error)) => {
            tracing::error!(
                parent: span,
                error = %error,
                "Error deleting item from queue. It will be sent again after a restart."
            );
        }
        (Job::Delete { .. } | Job::Replace { .. } | Job::Close, _) => {}
    }
}
