//! The writer of a signal, which alone writes its files: on the thread of whoever has its [turn](super::turns).

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::believed_clock::BelievedClock;
use super::cutting::{Cutter, Recovered};
use super::damaged_files::{DamagedFile, DamagedFiles, list_aside};
use super::disk_budget::DiskBudget;
use super::log_of_version_1::take_over;
use super::open_log::OpenLog;
use super::options::EngineOptions;
use super::partition::{Partition, PartitionKey};
use super::read_connections::ReadConnections;
use super::routing::Router;
use super::signal_format::{Appended, CutRule, SignalFormat};
use super::signal_store::{Shared, SignalCounters};
use super::view::Live;
use crate::otlp::Batch;
use crate::store::{StoreError, TimeRange};

/// How many times a cut's worth may wait while cutting fails; more is refused.
const MOST_CUTS_WAITING: usize = 4;

/// What only one thread at a time touches.
pub struct Writer<F: SignalFormat> {
    shared: Arc<Shared<F>>,
    log: OpenLog,
    cutter: Cutter<F>,
    budget: Arc<DiskBudget>,
    options: EngineOptions,
    next_sequence: u64,
    /// How much is in the log.
    waiting: Amount,
    waiting_since: Option<Instant>,
    /// What telemetry is too old by.
    believed_clock: BelievedClock,
    /// Why the last cut failed, while it did.
    failure: Option<String>,
}

/// How much telemetry.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    items: usize,
    bytes: usize,
}

impl<F: SignalFormat> Writer<F> {
    /// Opens what there is, and finishes or undoes what a crash left unfinished.
    pub fn open(
        options: &EngineOptions,
        budget: Arc<DiskBudget>,
        format: F,
    ) -> Result<(Self, Arc<Shared<F>>), StoreError> {
        let directory = options.directory.join(F::SIGNAL.name());
        fs::create_dir_all(&directory)
            .map_err(|error| StoreError::Engine(format!("{}: {error}", directory.display())))?;
        let mut log = OpenLog::open(directory.join("open.log"), options.durability)?;
        take_over(&directory.join("open.db"), F::SIGNAL, &mut log, options.durability)?;
        let mut cutter =
            Cutter::new(directory.clone(), options.durability, format, budget.max_partition_bytes());
        let Recovered { partitions, last_cut, damaged } = cutter.recover(&mut log)?;
        let appended = log.read_beyond_damage(F::SIGNAL, last_cut)?;
        let mut damaged_files = aside(&directory, options.partition_duration, &damaged)?;
        damaged_files.extend(log.damaged().map(|(path, damage)| DamagedFile {
            path: path.clone(),
            times: TimeRange::ALL,
            damage: (*damage).to_owned(),
        }));
        cutter.format.committed(last_cut);
        let next_sequence = appended.last().map_or(last_cut, |last| last.sequence).max(last_cut) + 1;
        let waiting = Amount::of(appended.iter().map(|appended| &appended.batch));
        let waiting_since = (!appended.is_empty()).then(Instant::now);
        let (duration, max_age) = (options.partition_duration, options.max_age);
        let live = Live::new(partitions, last_cut, appended, move || Router::new(duration, max_age));
        let shared = Arc::new(Shared {
            live: Mutex::new(live),
            connections: ReadConnections::default(),
            counters: SignalCounters::default(),
            damaged: DamagedFiles::default(),
        });
        for file in damaged_files {
            shared.damaged.note(&shared.counters, file);
        }
        let mut writer = Self {
            shared: Arc::clone(&shared),
            log,
            cutter,
            budget,
            options: options.clone(),
            next_sequence,
            waiting,
            waiting_since,
            believed_clock: BelievedClock::new((options.clock)(), Instant::now()),
            failure: None,
        };
        writer.note_budget();
        Ok((writer, shared))
    }

    /// Keeps batches in one commit.
    pub fn append(&mut self, batches: Vec<Batch>) -> Result<(), StoreError> {
        let amount = Amount::of(&batches);
        let kept = self.keep(batches, amount);
        let counters = &self.shared.counters;
        match &kept {
            Ok(()) => {
                counters.items.fetch_add(amount.items as u64, Ordering::Relaxed);
                counters.bytes.fetch_add(amount.bytes as u64, Ordering::Relaxed);
                counters.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => counters.refused(amount.items, error),
        }
        kept
    }

    /// Makes blocks of what was appended.
    pub fn cut_all(&mut self) -> Result<(), StoreError> {
        let waiting = self.waiting();
        let Some(last) = waiting.last().map(|last| last.sequence) else { return Ok(()) };
        let pieces = F::encode(&waiting, &mut self.router());
        let partitions = Arc::clone(self.shared.live.lock().partitions());
        let planned = self.cutter.plan(pieces, &partitions);
        let cut = self.cutter.write(last, &planned, &partitions);
        let result = cut.as_ref().map(drop).map_err(Clone::clone);
        self.finish(cut, last, true);
        result
    }

    /// Cuts what has waited for long, and removes what is too old or too much; to be called every second or so.
    pub fn keep_house(&mut self) {
        let is_due = self.waiting_since.is_some_and(|since| since.elapsed() >= F::CUT.age);
        if is_due && let Err(error) = self.cut_all() {
            tracing::error!(signal = F::SIGNAL.name(), error = %error, "The store could not write a block.");
        }
        self.retain();
    }

    /// In the log or, where they make a cut with what waits, in blocks at once.
    fn keep(&mut self, batches: Vec<Batch>, amount: Amount) -> Result<(), StoreError> {
        self.budget.check_free()?;
        let arrived_unix_nano = (self.options.clock)();
        let group: Vec<Appended> = batches
            .into_iter()
            .zip(self.next_sequence..)
            .map(|(batch, sequence)| Appended { sequence, arrived_unix_nano, batch })
            .collect();
        if self.failure.is_none() && self.waiting.and(amount).reaches(F::CUT, 1) {
            return self.append_and_cut(group, amount);
        }
        if let Some(failure) = &self.failure
            && self.waiting.reaches(F::CUT, MOST_CUTS_WAITING)
        {
            return Err(StoreError::Engine(format!("blocks cannot be written: {failure}")));
        }
        self.keep_in_log(&group, amount)
    }

    fn keep_in_log(&mut self, group: &[Appended], amount: Amount) -> Result<(), StoreError> {
        self.log.append(group)?;
        self.next_sequence += group.len() as u64;
        self.waiting = self.waiting.and(amount);
        self.shared.live.lock().append(group);
        self.waiting_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Where everything goes into one file its commit is the only one; else the log makes it one.
    fn append_and_cut(&mut self, group: Vec<Appended>, amount: Amount) -> Result<(), StoreError> {
        let mut all = self.waiting();
        let had_waiting = !all.is_empty();
        all.extend_from_slice(&group);
        let pieces = F::encode(&all, &mut self.router());
        let partitions = Arc::clone(self.shared.live.lock().partitions());
        let planned = self.cutter.plan(pieces, &partitions);
        let Some(last) = all.last().map(|last| last.sequence) else { return Ok(()) };
        if planned.len() > 1 {
            self.keep_in_log(&group, amount)?;
            // What is in the log is kept; whether blocks can be made of it now is another matter.
            let cut = self.cutter.write(last, &planned, &partitions);
            self.finish(cut, last, true);
            return Ok(());
        }
        let cut = self.cutter.write(last, &planned, &partitions)?;
        self.next_sequence = last + 1;
        self.finish(Ok(cut), last, had_waiting);
        Ok(())
    }

    /// Lets readers see a cut, and takes it out of the log.
    fn finish(&mut self, cut: Result<Vec<Partition>, StoreError>, last: u64, is_in_log: bool) {
        let partitions = match cut {
            Ok(partitions) => partitions,
            Err(error) => {
                self.failure = Some(error.to_string());
                return;
            }
        };
        self.failure = None;
        self.shared.live.lock().cut(last, partitions);
        self.cutter.format.committed(last);
        self.waiting = Amount::default();
        self.waiting_since = None;
        self.shared.counters.cuts.fetch_add(1, Ordering::Relaxed);
        self.shared.counters.wal_bytes.store(self.cutter.wal_bytes(), Ordering::Relaxed);
        if is_in_log && let Err(error) = self.log.clear() {
            // The cut tells at the next start that what is there is done with.
            tracing::warn!(error = %error, "The store could not clear its log.");
        }
        if let Err(error) = self.cutter.tidy() {
            tracing::warn!(error = %error, "The store could not put a file in order.");
        }
        self.note_budget();
    }

    /// Removes partitions that are too old or too much.
    fn retain(&mut self) {
        let now = self.believed_clock.look((self.options.clock)(), Instant::now());
        let age_nano = |age: Duration| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        loop {
            let partitions = Arc::clone(self.shared.live.lock().partitions());
            let Some(oldest) = partitions.first() else { return };
            let end = oldest.key.start_unix_nano.saturating_add(age_nano(self.options.partition_duration));
            let is_old = self.options.max_age.is_some_and(|age| end.saturating_add(age_nano(age)) <= now);
            let is_too_much = partitions.len() > 1 && self.budget.oldest_must_go(F::SIGNAL);
            if !is_old && !is_too_much {
                return;
            }
            self.cutter.close(oldest.key);
            if let Err(error) = oldest.remove() {
                tracing::error!(file = %oldest.path.display(), error = %error, "The store could not remove a file.");
                return;
            }
            let rest = partitions.get(1..).unwrap_or_default().to_vec();
            self.shared.live.lock().set_partitions(rest);
            self.shared.connections.forget(&oldest.path);
            self.note_budget();
        }
    }

    fn note_budget(&mut self) {
        let partitions = Arc::clone(self.shared.live.lock().partitions());
        let bytes = partitions.iter().map(|partition| partition.bytes).sum();
        let oldest = partitions.first().filter(|_| partitions.len() > 1);
        self.budget.note(F::SIGNAL, bytes, oldest.map(|partition| partition.key.start_unix_nano));
    }

    fn waiting(&self) -> Vec<Appended> {
        self.shared.live.lock().appended().to_vec()
    }

    fn router(&self) -> Router {
        Router::new(self.options.partition_duration, self.options.max_age)
    }
}

impl Amount {
    fn of<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Self {
        let add =
            |amount: Self, batch: &Batch| amount.and(Self { items: batch.items(), bytes: batch.bytes() });
        batches.into_iter().fold(Self::default(), add)
    }

    const fn and(self, more: Self) -> Self {
        Self { items: self.items + more.items, bytes: self.bytes + more.bytes }
    }

    /// True where it is enough for that many cuts.
    const fn reaches(self, cut: CutRule, times: usize) -> bool {
        self.items >= cut.items.saturating_mul(times) || self.bytes >= cut.bytes.saturating_mul(times)
    }
}

/// The partition files in `directory` that were set aside, now because of `damaged` (names and reasons) or before.
fn aside(
    directory: &Path,
    partition_duration: Duration,
    damaged: &[(String, String)],
) -> Result<Vec<DamagedFile>, StoreError> {
    let files = list_aside(directory)
        .map_err(|error| StoreError::Engine(format!("{}: {error}", directory.display())))?;
    let duration_nano = u64::try_from(partition_duration.as_nanos()).unwrap_or(u64::MAX);
    let file = |(key, path): (PartitionKey, _)| {
        let reason =
            damaged.iter().find(|(name, _)| *name == key.file_name()).map(|(_, damage)| damage.as_str());
        DamagedFile {
            path,
            times: TimeRange {
                from_unix_nano: key.start_unix_nano,
                to_unix_nano: key.start_unix_nano.saturating_add(duration_nano),
            },
            damage: reason.unwrap_or("it was set aside at an earlier start").to_owned(),
        }
    };
    Ok(files.into_iter().map(file).collect())
}
