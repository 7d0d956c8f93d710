//! What differs between signals: how appended batches become rows of a partition file. Everything else (threads,
//! commits, recovery, retention) is the same for all and lives around it.

use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::routing::{Route, Router};
use crate::otlp::{Batch, Signal};

/// How one signal is kept in partition files.
///
/// What is appended is first kept as it came, in a log (the file `open.log`), and *cut* from there when
/// there is enough of it: [`encode`](Self::encode) turns everything appended since the last cut into pieces, one or
/// more for each route, and [`write`](Self::write) puts each into the file of its partition. Rows carry the number of
/// their cut: readers look at cuts up to the one their [`View`](super::view::View) is of, and a cut that a crash left
/// unfinished is undone by that number.
pub trait SignalFormat: Send + 'static {
    /// What it keeps.
    const SIGNAL: Signal;
    /// The SQLs that make the tables of a partition file.
    const TABLES: &'static [&'static str];
    /// When there is enough to cut.
    const CUT: CutRule;

    /// What goes into one partition at once. Readers make pieces too, of what was appended and not yet cut.
    type Piece: Send + Sync + 'static;

    /// Turns batches, in the order they were appended, into pieces.
    fn encode(appended: &[Appended], router: &mut Router) -> Vec<Routed<Self::Piece>>;

    /// Puts a piece into the file of its partition.
    fn write(&mut self, transaction: &Transaction<'_>, cut: u64, piece: &Self::Piece)
    -> rusqlite::Result<()>;

    /// Takes everything of a cut out of a file again.
    fn undo(transaction: &Transaction<'_>, cut: u64) -> rusqlite::Result<()>;

    /// A cut begins; its pieces, which are these, are written next. One that failed is begun anew.
    fn begin(&mut self, _pieces: &[&Self::Piece]) {}

    /// All files have their part of a cut, or, at the start, had it: it is the newest that readers see.
    fn committed(&mut self, _cut: u64) {}

    /// Puts a partition file in order after a cut, in transactions of its own. Readers may look at the same time.
    fn tidy(&mut self, _connection: &mut Connection) -> rusqlite::Result<()> {
        Ok(())
    }
}

/// When what was appended is cut: as soon as one of these is reached.
#[derive(Debug, Clone, Copy)]
pub struct CutRule {
    /// Spans, data points or log records.
    pub items: usize,
    /// Bytes as they came.
    pub bytes: usize,
    /// How long the oldest of it has waited.
    pub age: Duration,
}

/// A batch as it was appended.
#[derive(Debug, Clone)]
pub struct Appended {
    /// Its number; those appended later have higher ones.
    pub sequence: u64,
    /// When it was appended, in nanoseconds since 1970.
    pub arrived_unix_nano: u64,
    /// The telemetry.
    pub batch: Batch,
}

/// A piece, and what the partition it goes to must know of it.
#[derive(Debug)]
pub struct Routed<P> {
    /// Where it goes.
    pub route: Route,
    /// How many items it has.
    pub items: u64,
    /// The time of its oldest item.
    pub first_unix_nano: u64,
    /// The time of its newest item.
    pub last_unix_nano: u64,
    /// Itself.
    pub piece: P,
}
