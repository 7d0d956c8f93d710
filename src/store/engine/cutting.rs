//! Cuts: what was appended becomes rows of partition files, all of it or nothing.
//!
//! Each file commits for itself. A cut of several files is finished when all of them have its row; the log still has
//! everything until then, so an unfinished one is undone file by file and made again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::damaged_files::set_aside;
use super::database::{Durability, engine_error, open_for_writing};
use super::open_log::OpenLog;
use super::partition::{
    CUT_TABLE, CutRow, Partition, PartitionKey, beside, cut_rows, delete_cut_row, insert_cut_row, list,
};
use super::signal_format::{Routed, SignalFormat};
use crate::store::StoreError;

/// How many files are kept open to be written to.
const MOST_OPEN: usize = 4;

/// Pieces by the file they go to.
pub type Plan<P> = BTreeMap<PartitionKey, Vec<Routed<P>>>;

/// What was found at the start.
pub struct Recovered {
    /// The partition files that can be opened.
    pub partitions: Vec<Partition>,
    /// The newest finished cut.
    pub last_cut: u64,
    /// The names that files had which were set aside now, and why.
    pub damaged: Vec<(String, String)>,
}

/// Writes cuts.
pub struct Cutter<F> {
    /// How the signal is kept.
    pub format: F,
    directory: PathBuf,
    durability: Durability,
    max_partition_bytes: u64,
    /// Open files, the one used last at the end.
    open: Vec<(PartitionKey, Connection)>,
    /// A cut of which some files have their part and others failed, to be undone before the next.
    unfinished: Option<(u64, Vec<PartitionKey>)>,
    /// Files that could not be written because they are damaged: another one of their piece of time is.
    unwritable: BTreeSet<PartitionKey>,
}

impl<F: SignalFormat> Cutter<F> {
    /// A cutter for files in `directory`.
    pub fn new(directory: PathBuf, durability: Durability, format: F, max_partition_bytes: u64) -> Self {
        Self {
            format,
            directory,
            durability,
            max_partition_bytes,
            open: Vec::new(),
            unfinished: None,
            unwritable: BTreeSet::new(),
        }
    }

    /// Finds the files there are and the newest finished cut; damaged ones are set aside. A cut that a crash left
    /// unfinished is undone; of a finished one nothing is left in the log.
    pub fn recover(&mut self, log: &mut OpenLog) -> Result<Recovered, StoreError> {
        let (mut files, mut damaged) = (Vec::new(), Vec::new());
        let keys = list(&self.directory)
            .map_err(|error| StoreError::Engine(format!("{}: {error}", self.directory.display())))?;
        for key in keys {
            let path = self.directory.join(key.file_name());
            if fs::metadata(&path).is_ok_and(|found| found.len() == 0) {
                tracing::warn!(
                    file = %path.display(),
                    "A file of the store has no content: the program ended while it made it, or something cut it off. It begins anew."
                );
            }
            match self.connection(key).and_then(|connection| cut_rows(connection, &path)) {
                Err(StoreError::Damaged(damage)) => {
                    self.close(key);
                    set_aside(&path).map_err(|error| {
                        StoreError::Engine(format!("{damage}; it cannot be set aside: {error}"))
                    })?;
                    damaged.push((key.file_name(), damage));
                }
                rows => files.push((key, rows?)),
            }
        }
        let newest = files.iter().filter_map(|(_, rows)| rows.last()).max_by_key(|row| row.number).copied();
        if let Some(newest) = newest {
            let has_it = |rows: &[CutRow]| rows.last().is_some_and(|row| row.number == newest.number);
            let present = files.iter().filter(|(_, rows)| has_it(rows)).count();
            let first_in_log = log.read(F::SIGNAL)?.first().map(|appended| appended.sequence);
            // A cut is of everything in the log.
            let is_in_log = first_in_log.is_some_and(|first| first <= newest.number);
            if is_in_log && present < newest.files as usize {
                for (key, rows) in files.iter_mut().filter(|(_, rows)| has_it(rows)) {
                    self.undo(*key, newest.number)?;
                    rows.pop();
                }
            } else if is_in_log {
                log.clear()?;
            }
        }
        let last_cut =
            files.iter().filter_map(|(_, rows)| rows.last()).map(|row| row.number).max().unwrap_or(0);
        let partitions = files.into_iter().map(|(key, rows)| {
            let mut partition = Partition::empty(&self.directory, key);
            rows.iter().for_each(|row| partition.add(row));
            partition.measure();
            partition
        });
        Ok(Recovered { partitions: partitions.collect(), last_cut, damaged })
    }

    /// Finds the file of each piece: the newest of its piece of time, or the next where that is long enough or damaged.
    pub fn plan(&self, pieces: Vec<Routed<F::Piece>>, partitions: &[Partition]) -> Plan<F::Piece> {
        let mut plan = Plan::new();
        for piece in pieces {
            let start_unix_nano = piece.route.start_unix_nano;
            let of_start = |partition: &&Partition| partition.key.start_unix_nano == start_unix_nano;
            let newest = partitions.iter().rev().find(of_start);
            let number = newest.map_or(0, |newest| {
                let is_done =
                    newest.bytes >= self.max_partition_bytes || self.unwritable.contains(&newest.key);
                newest.key.number + u32::from(is_done)
            });
            plan.entry(PartitionKey { start_unix_nano, number }).or_default().push(piece);
        }
        plan
    }

    /// Writes a cut, and answers with the files there are then.
    pub fn write(
        &mut self,
        cut: u64,
        plan: &Plan<F::Piece>,
        partitions: &[Partition],
    ) -> Result<Vec<Partition>, StoreError> {
        self.undo_unfinished()?;
        let pieces: Vec<&F::Piece> = plan.values().flatten().map(|routed| &routed.piece).collect();
        self.format.begin(&pieces);
        let mut partitions = partitions.to_vec();
        let mut written = Vec::new();
        for (key, pieces) in plan {
            let row = CutRow {
                number: cut,
                files: u32::try_from(plan.len()).unwrap_or(u32::MAX),
                items: pieces.iter().map(|piece| piece.items).sum(),
                first_unix_nano: pieces.iter().map(|piece| piece.first_unix_nano).min().unwrap_or(u64::MAX),
                last_unix_nano: pieces.iter().map(|piece| piece.last_unix_nano).max().unwrap_or(0),
            };
            if let Err(error) = self.write_file(*key, &row, pieces) {
                if matches!(error, StoreError::Damaged(_)) {
                    self.unwritable.insert(*key);
                }
                self.unfinished = Some((cut, written));
                // Where this fails too the next cut tries again.
                let _ = self.undo_unfinished();
                return Err(error);
            }
            written.push(*key);
            let at = partitions.binary_search_by_key(key, |partition| partition.key);
            let at = at.unwrap_or_else(|at| {
                partitions.insert(at, Partition::empty(&self.directory, *key));
                at
            });
            if let Some(partition) = partitions.get_mut(at) {
                partition.add(&row);
                partition.measure();
            }
        }
        Ok(partitions)
    }

    /// Puts the file written last in order.
    pub fn tidy(&mut self) -> Result<(), StoreError> {
        let Some((key, connection)) = self.open.last_mut() else { return Ok(()) };
        let path = self.directory.join(key.file_name());
        self.format.tidy(connection).map_err(|error| engine_error(&path, &error))
    }

    /// How long the write-ahead log of the file written last is.
    pub fn wal_bytes(&self) -> u64 {
        let path = self.open.last().map(|(key, _)| self.directory.join(key.file_name()));
        let metadata = path.and_then(|path| std::fs::metadata(beside(&path, "-wal")).ok());
        metadata.map_or(0, |metadata| metadata.len())
    }

    /// Closes a file that is about to be removed.
    pub fn close(&mut self, key: PartitionKey) {
        self.open.retain(|(open, _)| *open != key);
    }

    fn write_file(
        &mut self,
        key: PartitionKey,
        row: &CutRow,
        pieces: &[Routed<F::Piece>],
    ) -> Result<(), StoreError> {
        let path = self.directory.join(key.file_name());
        self.make_open(key)?;
        let Some((_, connection)) = self.open.last_mut() else { return Ok(()) };
        let mut write = || {
            let transaction = connection.transaction()?;
            for piece in pieces {
                self.format.write(&transaction, row.number, &piece.piece)?;
            }
            insert_cut_row(&transaction, row)?;
            transaction.commit()
        };
        write().map_err(|error| engine_error(&path, &error))
    }

    fn undo_unfinished(&mut self) -> Result<(), StoreError> {
        let Some((cut, keys)) = self.unfinished.clone() else { return Ok(()) };
        for key in keys {
            self.undo(key, cut)?;
        }
        self.unfinished = None;
        Ok(())
    }

    fn undo(&mut self, key: PartitionKey, cut: u64) -> Result<(), StoreError> {
        let path = self.directory.join(key.file_name());
        let connection = self.connection(key)?;
        let mut undo = || {
            let transaction = connection.transaction()?;
            F::undo(&transaction, cut)?;
            delete_cut_row(&transaction, cut)?;
            transaction.commit()
        };
        undo().map_err(|error| engine_error(&path, &error))
    }

    fn connection(&mut self, key: PartitionKey) -> Result<&mut Connection, StoreError> {
        self.make_open(key)?;
        let open = self.open.last_mut().map(|(_, connection)| connection);
        open.ok_or_else(|| StoreError::Engine("no file is open".to_owned()))
    }

    /// Opens a file, or moves it to the end of those open.
    fn make_open(&mut self, key: PartitionKey) -> Result<(), StoreError> {
        if let Some(at) = self.open.iter().position(|(open, _)| *open == key) {
            let entry = self.open.remove(at);
            self.open.push(entry);
            return Ok(());
        }
        if self.open.len() >= MOST_OPEN {
            let (_, connection) = self.open.remove(0);
            // Readers may keep it from being emptied; then a later closing does it.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        let path = self.directory.join(key.file_name());
        let tables = format!("{CUT_TABLE} {}", F::TABLES.concat());
        self.open.push((key, open_for_writing(&path, &tables, self.durability)?));
        Ok(())
    }
}
