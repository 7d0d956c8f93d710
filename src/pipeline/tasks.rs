//! The scope every task of a component is spawned in, so that it is joined and never left behind.

use std::future::Future;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Workers;

/// The tasks of one component.
#[derive(Debug, Clone)]
pub struct TaskScope {
    tracker: TaskTracker,
    stopping: CancellationToken,
    aborting: CancellationToken,
    workers: Workers,
}

/// How a scope ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Every task ended by itself.
    All,
    /// So many tasks were still running at the deadline and were dropped.
    Aborted(usize),
}

impl TaskScope {
    /// A scope whose tasks run on `workers`.
    pub fn new(workers: Workers) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            aborting: CancellationToken::new(),
            workers,
        }
    }

    /// Runs `task` on worker `index` within the scope.
    pub fn spawn_on<F>(&self, index: usize, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let aborting = self.aborting.clone();
        let bounded = async move {
            tokio::select! {
                biased;
                () = aborting.cancelled() => {}
                () = task => {}
            }
        };
        self.tracker.spawn_on(bounded, self.workers.handle(index));
    }

    /// Runs `task` on the worker whose turn it is.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_on(self.workers.next_index(), task);
    }

    /// Cancelled when the tasks should finish what they do and end.
    pub const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// The threads the tasks run on.
    pub const fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Tells the tasks to stop and waits for them; those still running at `deadline` are dropped.
    pub async fn join(&self, deadline: Instant) -> Joined {
        self.stopping.cancel();
        self.tracker.close();
        if tokio::time::timeout_at(deadline, self.tracker.wait()).await.is_ok() {
            return Joined::All;
        }
        let unfinished = self.tracker.len();
        self.aborting.cancel();
        self.tracker.wait().await;
        Joined::Aborted(unfinished)
    }
}
