//! An open space as components see it: disk work on threads of its own, concurrent writes together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Span;

use super::compaction::compact;
use super::log::Log;
use crate::pipeline::{BoxFuture, StorageChange, StorageClient, StorageError};

/// The pause after a compaction that failed, most likely for want of space: each attempt copies all there is.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);

/// A storage file in use by its owner.
pub struct FileClient {
    shared: Arc<Shared>,
}

struct Shared {
    log: Log,
    waiting: Mutex<Waiting>,
    /// What the threads do; joined when the space is closed.
    work: TaskTracker,
    runtime: Handle,
    span: Span,
}

/// Writes that nobody has begun.
#[derive(Default)]
struct Waiting {
    writes: Vec<Vec<StorageChange>>,
    answers: Vec<oneshot::Sender<Result<(), StorageError>>>,
    /// Whether a thread is writing, which will take these next.
    is_writing: bool,
    is_compacting: bool,
    /// After a failed compaction, when it is tried again.
    compact_again_at: Option<Instant>,
    is_closed: bool,
}

impl FileClient {
    /// The space in `log`; its disk work runs on the blocking threads of `runtime`.
    pub fn new(log: Log, runtime: Handle, span: Span) -> Self {
        let waiting = Mutex::default();
        Self { shared: Arc::new(Shared { log, waiting, work: TaskTracker::new(), runtime, span }) }
    }
}

impl StorageClient for FileClient {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>> {
        Box::pin(async move {
            let key = key.to_owned();
            self.shared.blocking(move |shared| shared.log.get(&key)).await?
        })
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StorageError>> {
        Box::pin(async { self.shared.blocking(|shared| shared.log.keys()).await })
    }

    fn write(&self, changes: Vec<StorageChange>) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move {
            if changes.is_empty() {
                return Ok(());
            }
            let (answer, answered) = oneshot::channel();
            {
                let mut waiting = self.shared.waiting.lock();
                if waiting.is_closed {
                    return Err(StorageError::Closed);
                }
                waiting.writes.push(changes);
                waiting.answers.push(answer);
                if !std::mem::replace(&mut waiting.is_writing, true) {
                    let shared = Arc::clone(&self.shared);
                    self.shared.work.spawn_blocking_on(move || shared.write_waiting(), &self.shared.runtime);
                }
            }
            answered.await.unwrap_or(Err(StorageError::Closed))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if std::mem::replace(&mut self.shared.waiting.lock().is_closed, true) {
                return;
            }
            self.shared.work.close();
            self.shared.work.wait().await;
            let shared = Arc::clone(&self.shared);
            let synced = self.shared.runtime.spawn_blocking(move || shared.log.close()).await;
            if let Ok(Err(error)) = synced {
                tracing::error!(parent: &self.shared.span, error = %error, "The storage file was not closed well.");
            }
        })
    }
}

impl Shared {
    /// Runs `work` where it may wait for the disk.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, StorageError> {
        if self.waiting.lock().is_closed {
            return Err(StorageError::Closed);
        }
        let shared = Arc::clone(self);
        let done = self.work.spawn_blocking_on(move || work(&shared), &self.runtime).await;
        done.map_err(|_| StorageError::Closed)
    }

    /// Writes what waits until nothing does. What comes while the disk is busy goes together next.
    fn write_waiting(self: &Arc<Self>) {
        loop {
            let (writes, answers) = {
                let mut waiting = self.waiting.lock();
                if waiting.writes.is_empty() {
                    waiting.is_writing = false;
                    return;
                }
                (std::mem::take(&mut waiting.writes), std::mem::take(&mut waiting.answers))
            };
            let results = self.log.append(&writes);
            for (answer, result) in answers.into_iter().zip(results) {
                // Whoever asked may have gone; the write holds all the same.
                let _ = answer.send(result);
            }
            if self.log.wants_compaction() {
                self.begin_compaction();
            }
        }
    }

    fn begin_compaction(self: &Arc<Self>) {
        let mut waiting = self.waiting.lock();
        let is_early = waiting.compact_again_at.is_some_and(|at| Instant::now() < at);
        if is_early || waiting.is_closed || std::mem::replace(&mut waiting.is_compacting, true) {
            return;
        }
        let shared = Arc::clone(self);
        let compaction = move || {
            let compacted = compact(&shared.log);
            if let Err(error) = &compacted {
                tracing::error!(parent: &shared.span, error = %error, "compaction failure");
            }
            let mut waiting = shared.waiting.lock();
            waiting.is_compacting = false;
            waiting.compact_again_at = compacted.err().map(|_| Instant::now() + PAUSE_AFTER_FAILURE);
        };
        self.work.spawn_blocking_on(compaction, &self.runtime);
    }
}
