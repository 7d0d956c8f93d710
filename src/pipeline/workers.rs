//! The worker threads: one single-threaded runtime per core.
//!
//! A task stays on the worker it was spawned on, so that what it decodes, allocates and frees stays on
//! one core. Connections are dealt out to workers in turn, and batches go to whichever worker's
//! exporter is free, so that few connections do not leave a core idle.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

thread_local! {
    static CURRENT_WORKER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Handles to the worker threads.
#[derive(Debug, Clone)]
pub struct Workers {
    handles: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
}

/// The threads behind [`Workers`]; ended by [`stop`](Self::stop).
#[derive(Debug)]
pub struct WorkerThreads {
    threads: Vec<thread::JoinHandle<()>>,
    stopping: CancellationToken,
}

impl Workers {
    /// Starts `count` worker threads.
    pub fn start(count: usize) -> std::io::Result<(Self, WorkerThreads)> {
        let stopping = CancellationToken::new();
        let mut handles = Vec::new();
        let mut threads = Vec::new();
        for index in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            handles.push(runtime.handle().clone());
            let stopping = stopping.clone();
            let run = move || {
                CURRENT_WORKER.set(Some(index));
                runtime.block_on(stopping.cancelled());
            };
            threads.push(thread::Builder::new().name(format!("weir-worker-{index}")).spawn(run)?);
        }
        let workers = Self { handles: handles.into(), next: Arc::new(AtomicUsize::new(0)) };
        Ok((workers, WorkerThreads { threads, stopping }))
    }

    /// The runtime of the caller as the only worker, for tests and tools.
    pub fn of_current_runtime() -> Self {
        Self::on(Handle::current())
    }

    /// `runtime` as the only worker, for what runs beside the data path.
    pub fn on(runtime: Handle) -> Self {
        Self { handles: Arc::from([runtime]), next: Arc::new(AtomicUsize::new(0)) }
    }

    /// How many workers there are; never zero.
    pub fn count(&self) -> usize {
        self.handles.len()
    }

    /// The worker whose turn it is.
    pub fn next_index(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len()
    }

    /// The worker the caller runs on; the first where it runs on none.
    pub fn current_index(&self) -> usize {
        CURRENT_WORKER.get().filter(|index| *index < self.handles.len()).unwrap_or(0)
    }

    /// Runs `task` on worker `index` (modulo their number).
    pub fn spawn_on<F>(&self, index: usize, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle(index).spawn(task)
    }

    /// The runtime of worker `index` (modulo their number).
    pub fn handle(&self, index: usize) -> &Handle {
        &self.handles[index % self.handles.len()]
    }
}

impl WorkerThreads {
    /// Ends the threads; tasks still on them are dropped.
    pub fn stop(self) {
        self.stopping.cancel();
        for thread in self.threads {
            // A worker that panicked has already said so; there is nothing left to end.
            let _ = thread.join();
        }
    }
}
