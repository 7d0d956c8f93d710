//! One signal of the engine: the way to its writer thread, and views for readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::disk_budget::DiskBudget;
use super::options::EngineOptions;
use super::partition::Partition;
use super::read_connections::{ReadConnection, ReadConnections};
use super::signal_format::SignalFormat;
use super::view::{Live, View};
use super::writer::{Job, Writer};
use crate::otlp::Batch;
use crate::store::{SignalStatistics, StoreError, TimeRange};

/// How many appends wait for the writer at most; more wait to wait.
const MOST_WAITING: usize = 256;

/// Keeps one signal in the format `F`.
pub struct SignalStore<F: SignalFormat> {
    shared: Arc<Shared<F>>,
    jobs: Mutex<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer and readers share.
pub struct Shared<F: SignalFormat> {
    /// The newest state.
    pub live: Mutex<Live<F>>,
    /// Connections that read.
    pub connections: ReadConnections,
    /// What was counted.
    pub counters: SignalCounters,
}

/// What a writer counts, since the start.
#[derive(Debug, Default)]
pub struct SignalCounters {
    /// Spans, data points or log records appended.
    pub items: AtomicU64,
    /// Bytes appended, as they came.
    pub bytes: AtomicU64,
    /// Commits that batches were answered with; concurrent ones share them.
    pub commits: AtomicU64,
    /// Cuts: how often blocks were made of what was appended.
    pub cuts: AtomicU64,
    /// Items refused because the disk is nearly full.
    pub refused_for_space: AtomicU64,
    /// Items refused because the disk or the database failed.
    pub refused_by_failure: AtomicU64,
    /// The length of the write-ahead log written last, in bytes.
    pub wal_bytes: AtomicU64,
}

impl<F: SignalFormat> SignalStore<F> {
    /// Opens what there is of the signal, finishes or undoes what a crash left unfinished, and starts the writer.
    pub fn open(options: &EngineOptions, budget: Arc<DiskBudget>, format: F) -> Result<Self, StoreError> {
        let (writer, shared) = Writer::open(options, budget, format)?;
        let (jobs, incoming) = mpsc::sync_channel(MOST_WAITING);
        let thread = std::thread::Builder::new()
            .name(format!("store-{}", F::SIGNAL.name()))
            .spawn(move || writer.run(&incoming))
            .map_err(|error| StoreError::Engine(format!("could not start the store's writer: {error}")))?;
        Ok(Self { shared, jobs: Mutex::new(Some(jobs)), writer: Mutex::new(Some(thread)) })
    }

    /// Keeps a batch; returns once it is kept.
    pub fn append(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.ask(|answer| Job::Append { batch, answer })
    }

    /// Makes blocks of everything appended so far.
    pub fn cut(&self) -> Result<(), StoreError> {
        self.ask(|answer| Job::Cut { answer })
    }

    /// The newest state.
    pub fn view(&self) -> View<F> {
        self.shared.live.lock().view()
    }

    /// A connection to the file of `partition`; none where retention removed it meanwhile.
    pub fn connection(&self, partition: &Partition) -> Result<Option<ReadConnection>, StoreError> {
        self.shared.connections.open(&partition.path)
    }

    /// Runs `read` on the file of `partition`; none where retention removed it meanwhile.
    pub fn read<T>(
        &self,
        partition: &Partition,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(connection) = self.connection(partition)? else { return Ok(None) };
        // What is read in one go is of one state of the file.
        let transaction = connection
            .unchecked_transaction()
            .map_err(|error| super::database::engine_error(&partition.path, &error))?;
        read(&transaction).map(Some)
    }

    /// How much there is, and how much of it is in `range`'s files.
    pub fn statistics(&self) -> SignalStatistics {
        let mut live = self.shared.live.lock();
        let view = live.view();
        drop(live);
        let of_partitions = |part: fn(&Partition) -> u64| view.partitions.iter().map(part).sum::<u64>();
        let open_items: usize = view.open.appended.iter().map(|appended| appended.batch.items()).sum();
        let oldest_open = view.open.pieces().iter().map(|piece| piece.first_unix_nano).min();
        let oldest_cut = view
            .partitions_in(TimeRange { from_unix_nano: 0, to_unix_nano: u64::MAX })
            .map(|partition| partition.first_unix_nano)
            .min();
        SignalStatistics {
            items: of_partitions(|partition| partition.items) + open_items as u64,
            bytes: of_partitions(|partition| partition.bytes),
            partitions: view.partitions.len() as u64,
            oldest_unix_nano: oldest_open.into_iter().chain(oldest_cut).min(),
        }
    }

    /// How many bytes the partition files have.
    pub fn file_bytes(&self) -> u64 {
        self.shared.live.lock().partitions().iter().map(|partition| partition.bytes).sum()
    }

    /// What the writer counted.
    pub fn counters(&self) -> &SignalCounters {
        &self.shared.counters
    }

    /// Ends the writer; what is asked of it afterwards fails. What was appended and not cut stays in the log.
    pub fn close(&self) {
        drop(self.jobs.lock().take());
        // The last connection to a file empties its write-ahead log, if it is one that writes.
        self.shared.connections.clear();
        if let Some(thread) = self.writer.lock().take() {
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
    }

    fn ask(&self, job: impl FnOnce(SyncSender<Result<(), StoreError>>) -> Job) -> Result<(), StoreError> {
        let closed = || StoreError::Engine("the store is closed".to_owned());
        let jobs = self.jobs.lock().clone().ok_or_else(closed)?;
        let (answer, answered) = mpsc::sync_channel(1);
        jobs.send(job(answer)).map_err(|_| closed())?;
        drop(jobs);
        answered.recv().map_err(|_| closed())?
    }
}

impl<F: SignalFormat> Drop for SignalStore<F> {
    fn drop(&mut self) {
        self.close();
    }
}

impl SignalCounters {
    pub(super) fn refused(&self, items: usize, error: &StoreError) {
        let counter = match error {
            StoreError::Full(_) => &self.refused_for_space,
            _ => &self.refused_by_failure,
        };
        counter.fetch_add(items as u64, Ordering::Relaxed);
    }
}
