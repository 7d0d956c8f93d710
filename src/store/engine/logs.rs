//! Log records in files: blocks with a filter over values and one over parts of bodies.

pub mod builder;
mod columns;
pub mod reading;
pub mod text_grams;

use std::time::Duration;

use rusqlite::{Transaction, params};

use self::builder::{LogBlock, LogBlockBuilder};
use super::block::compression::Packer;
use super::block_tables;
use super::record_blocks::{RECORDS_PER_BLOCK, RecordBlockBuilder, RecordPlace, encode};
use super::routing::Router;
use super::signal_format::{Appended, CutRule, Routed, SignalFormat};
use crate::otlp::Signal;
use crate::otlp::wire::Fields;

const TABLES: &str = "CREATE TABLE text_filter(block INTEGER PRIMARY KEY, grams BLOB NOT NULL);";

/// How log records are kept.
#[derive(Debug, Default)]
pub struct LogFormat;

impl SignalFormat for LogFormat {
    const SIGNAL: Signal = Signal::Logs;
    const TABLES: &'static [&'static str] = &[block_tables::TABLES, TABLES];
    const CUT: CutRule = CutRule { items: RECORDS_PER_BLOCK, bytes: 8 << 20, age: Duration::from_secs(60) };
    type Piece = LogBlock;

    fn encode(appended: &[Appended], router: &mut Router) -> Vec<Routed<LogBlock>> {
        encode::<LogBlockBuilder>(appended, router)
    }

    fn write(&mut self, transaction: &Transaction<'_>, cut: u64, piece: &LogBlock) -> rusqlite::Result<()> {
        let head = (piece.items, piece.first_unix_nano, piece.last_unix_nano);
        let block = block_tables::insert(transaction, cut, head, &piece.columns, &piece.bloom)?;
        transaction
            .prepare_cached("INSERT INTO text_filter VALUES(?, ?)")?
            .execute(params![block, piece.grams])?;
        Ok(())
    }

    fn undo(transaction: &Transaction<'_>, cut: u64) -> rusqlite::Result<()> {
        block_tables::undo(transaction, cut, &["text_filter"])
    }
}

impl RecordBlockBuilder for LogBlockBuilder {
    type Block = LogBlock;

    fn time_of(record: &[u8]) -> u64 {
        let mut observed = 0;
        for (number, value) in Fields::of(record) {
            match number {
                1 if value.number() != 0 => return value.number(),
                11 => observed = value.number(),
                _ => {}
            }
        }
        observed
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

    fn finish(self, packer: &mut Packer) -> (LogBlock, u64, u64) {
        let block = Self::finish(self, packer);
        let (first, last) = (block.first_unix_nano, block.last_unix_nano);
        (block, first, last)
    }
}
