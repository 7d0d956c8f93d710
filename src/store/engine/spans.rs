//! Spans in files: blocks with their filter, the trace index, requests by minute, and the calls between services.

pub mod builder;
mod call_collector;
mod columns;
pub mod reading;
pub mod request_counts;
pub mod service_calls;
mod trace_index;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, params};

use self::builder::{SpanBlock, SpanBlockBuilder};
use self::service_calls::ServiceCalls;
use super::block::compression::Packer;
use super::block_tables;
use super::record_blocks::{RECORDS_PER_BLOCK, RecordBlockBuilder, RecordPlace, encode};
use super::routing::Router;
use super::signal_format::{Appended, CutRule, Routed, SignalFormat};
use crate::otlp::Signal;
use crate::otlp::wire::Fields;

pub use self::trace_index::{blocks_of, trace_hash};

/// Requests of each block by service and by operation, and calls of each cut.
const TABLES: &str = "
    CREATE TABLE requests(block INTEGER PRIMARY KEY, services BLOB NOT NULL, operations BLOB NOT NULL);
    CREATE TABLE calls(cut INTEGER PRIMARY KEY, calls BLOB NOT NULL);";

/// How spans are kept.
#[derive(Default)]
pub struct SpanFormat {
    /// The calls between services, which the spans of several cuts make together.
    pub calls: Arc<Mutex<ServiceCalls>>,
}

impl SignalFormat for SpanFormat {
    const SIGNAL: Signal = Signal::Traces;
    const TABLES: &'static [&'static str] = &[block_tables::TABLES, trace_index::TABLES, TABLES];
    const CUT: CutRule = CutRule { items: RECORDS_PER_BLOCK, bytes: 8 << 20, age: Duration::from_secs(60) };
    type Piece = SpanBlock;

    fn encode(appended: &[Appended], router: &mut Router) -> Vec<Routed<SpanBlock>> {
        encode::<SpanBlockBuilder>(appended, router)
    }

    fn write(&mut self, transaction: &Transaction<'_>, cut: u64, piece: &SpanBlock) -> rusqlite::Result<()> {
        let head = (piece.items, piece.first_unix_nano, piece.last_unix_nano);
        let block = block_tables::insert(transaction, cut, head, &piece.columns, &piece.bloom)?;
        trace_index::insert(transaction, block, &piece.traces)?;
        transaction.prepare_cached("INSERT INTO requests VALUES(?, ?, ?)")?.execute(params![
            block,
            piece.services,
            piece.operations
        ])?;
        if let Some(calls) = self.calls.lock().pack_once() {
            transaction
                .prepare_cached("INSERT INTO calls VALUES(?, ?)")?
                .execute(params![cut.cast_signed(), calls])?;
        }
        Ok(())
    }

    fn undo(transaction: &Transaction<'_>, cut: u64) -> rusqlite::Result<()> {
        transaction.execute("DELETE FROM calls WHERE cut = ?", [cut.cast_signed()])?;
        block_tables::undo(transaction, cut, &["block_traces", "requests"])
    }

    fn begin(&mut self, pieces: &[&SpanBlock]) {
        let mut calls = self.calls.lock();
        calls.take(pieces.iter().flat_map(|piece| &piece.calls));
        calls.begin();
    }

    fn committed(&mut self, cut: u64) {
        self.calls.lock().written(cut);
    }

    fn tidy(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        trace_index::merge(connection)
    }
}

impl RecordBlockBuilder for SpanBlockBuilder {
    type Block = SpanBlock;

    fn time_of(record: &[u8]) -> u64 {
        let start = Fields::of(record).find(|(number, _)| *number == 7);
        start.map_or(0, |(_, value)| value.number())
    }

    fn add(&mut self, place: &RecordPlace<'_>, record: &[u8]) {
        Self::add(self, place, record);
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn is_full(&self) -> bool {
        Self::is_full(self)
    }

    fn finish(self, packer: &mut Packer) -> (SpanBlock, u64, u64) {
        let block = Self::finish(self, packer);
        let (first, last) = (block.first_unix_nano, block.last_unix_nano);
        (block, first, last)
    }
}
