//! One signal of the engine: the way to its writer, and views for readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::damaged_files::{DamagedFile, DamagedFiles};
use super::disk_budget::DiskBudget;
use super::options::EngineOptions;
use super::partition::Partition;
use super::read_connections::{ReadConnection, ReadConnections};
use super::signal_format::SignalFormat;
use super::turns::Turns;
use super::view::{Live, View};
use super::writer::Writer;
use crate::otlp::Batch;
use crate::store::{Answer, Cut, SignalStatistics, StoreError, TimeRange};

/// How often retention and the age of what is not yet cut are looked at.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps one signal in the format `F`.
pub struct SignalStore<F: SignalFormat> {
    shared: Arc<Shared<F>>,
    turns: Arc<Turns<F>>,
    housekeeping: Mutex<Option<Housekeeping>>,
}

/// The thread that does what is due without being asked, until the sender is dropped.
struct Housekeeping {
    end: SyncSender<()>,
    thread: JoinHandle<()>,
}

/// What the writer and readers share.
pub struct Shared<F: SignalFormat> {
    /// The newest state.
    pub live: Mutex<Live<F>>,
    /// Connections that read.
    pub connections: ReadConnections,
    /// What was counted.
    pub counters: SignalCounters,
    /// What is known to be damaged.
    pub damaged: DamagedFiles,
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
    /// Damaged files found.
    pub damaged_files: AtomicU64,
    /// The length of the write-ahead log written last, in bytes.
    pub wal_bytes: AtomicU64,
}

impl<F: SignalFormat> SignalStore<F> {
    /// Opens what there is of the signal, and finishes or undoes what a crash left unfinished.
    pub fn open(options: &EngineOptions, budget: Arc<DiskBudget>, format: F) -> Result<Self, StoreError> {
        let (writer, shared) = Writer::open(options, budget, format)?;
        let turns = Arc::new(Turns::new(writer));
        let (end, ended) = mpsc::sync_channel(0);
        let kept = Arc::clone(&turns);
        let keep_house = move || {
            while ended.recv_timeout(HOUSEKEEPING_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                kept.keep_house();
            }
        };
        let thread = std::thread::Builder::new()
            .name(format!("store-{}", F::SIGNAL.name()))
            .spawn(keep_house)
            .map_err(|error| StoreError::Engine(format!("could not start the store's thread: {error}")))?;
        Ok(Self { shared, turns, housekeeping: Mutex::new(Some(Housekeeping { end, thread })) })
    }

    /// Keeps a batch; returns once it is kept.
    pub fn append(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.turns.append(batch)
    }

    /// Makes blocks of everything appended so far.
    pub fn cut(&self) -> Result<(), StoreError> {
        self.turns.cut()
    }

    /// The newest state.
    pub fn view(&self) -> View<F> {
        self.shared.live.lock().view()
    }

    /// A connection to the file of `partition`; none where retention removed it meanwhile, or where it is damaged, which
    /// is noted.
    pub fn connection(&self, partition: &Partition) -> Result<Option<ReadConnection>, StoreError> {
        self.without_damage(partition, self.shared.connections.open(&partition.path)).map(Option::flatten)
    }

    /// What was read of `partition`; none where it is damaged, which is noted.
    pub fn without_damage<T>(
        &self,
        partition: &Partition,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Err(StoreError::Damaged(damage)) => {
                let times = TimeRange {
                    from_unix_nano: partition.first_unix_nano,
                    to_unix_nano: partition.last_unix_nano.saturating_add(1),
                };
                let file = DamagedFile { path: partition.path.clone(), times, damage };
                self.shared.damaged.note(&self.shared.counters, file);
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// An answer about `range`, which says so where damage may have taken something from it.
    pub fn telling_of_damage<T>(
        &self,
        range: TimeRange,
        answer: Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>, StoreError> {
        let mut answer = answer?;
        if answer.cut.is_none() && self.shared.damaged.touch(range) {
            answer.cut = Some(Cut::Damage);
        }
        Ok(answer)
    }

    /// Runs `read` on the file of `partition`; none where retention removed it meanwhile, or where it is damaged.
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
        self.without_damage(partition, read(&transaction))
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
        if let Some(Housekeeping { end, thread }) = self.housekeeping.lock().take() {
            drop(end);
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
        // The last connection to a file empties its write-ahead log, if it is one that writes.
        self.shared.connections.clear();
        self.turns.end();
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
