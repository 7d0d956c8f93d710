//! The tables in which the blocks of spans and of log records are kept, and how columns are read from them.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::block::rows::Columns;
use crate::store::TimeRange;

/// The tables. A column's row is found by its block and number in one integer.
pub const TABLES: &str = "
    CREATE TABLE block(
        id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, items INTEGER NOT NULL,
        first_unix_nano INTEGER NOT NULL, last_unix_nano INTEGER NOT NULL);
    CREATE TABLE filter(block INTEGER PRIMARY KEY, bloom BLOB NOT NULL);
    CREATE TABLE packed_column(id INTEGER PRIMARY KEY, packed BLOB NOT NULL);";

/// How many columns a block can have.
const COLUMNS_PER_BLOCK: i64 = 1 << 13;

/// A block of a file, without its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRow {
    /// Its number in the file.
    pub id: i64,
    /// How many items it has.
    pub items: u64,
    /// The time of the oldest.
    pub first_unix_nano: u64,
    /// The time of the newest.
    pub last_unix_nano: u64,
}

impl BlockRow {
    /// True where it may have items of `range`.
    pub const fn overlaps(&self, range: TimeRange) -> bool {
        self.first_unix_nano < range.to_unix_nano && self.last_unix_nano >= range.from_unix_nano
    }
}

/// Writes a block, and answers with its number.
pub fn insert(
    transaction: &Transaction<'_>,
    cut: u64,
    (items, first_unix_nano, last_unix_nano): (u64, u64, u64),
    columns: &Columns,
    bloom: &[u8],
) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached("INSERT INTO block(cut, items, first_unix_nano, last_unix_nano) VALUES(?, ?, ?, ?)")?
        .execute(params![
            cut.cast_signed(),
            items.cast_signed(),
            first_unix_nano.cast_signed(),
            last_unix_nano.cast_signed()
        ])?;
    let block = transaction.last_insert_rowid();
    transaction.prepare_cached("INSERT INTO filter VALUES(?, ?)")?.execute(params![block, bloom])?;
    let mut insert = transaction.prepare_cached("INSERT INTO packed_column VALUES(?, ?)")?;
    let mut in_order: Vec<_> = columns.iter().collect();
    in_order.sort_unstable_by_key(|(number, _)| *number);
    for (number, packed) in in_order {
        insert.execute(params![column_id(block, *number), packed])?;
    }
    Ok(block)
}

/// Takes the blocks of a cut out again. `also` are further tables with a row for each block.
pub fn undo(transaction: &Transaction<'_>, cut: u64, also: &[&str]) -> rusqlite::Result<()> {
    let blocks: Vec<i64> = transaction
        .prepare("SELECT id FROM block WHERE cut = ?")?
        .query_map([cut.cast_signed()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for block in blocks {
        transaction.execute(
            "DELETE FROM packed_column WHERE id >= ? AND id < ?",
            [column_id(block, 0), column_id(block + 1, 0)],
        )?;
        for table in ["filter"].iter().chain(also) {
            transaction.execute(&format!("DELETE FROM {table} WHERE block = ?"), [block])?;
        }
        transaction.execute("DELETE FROM block WHERE id = ?", [block])?;
    }
    Ok(())
}

/// The blocks of a file up to a cut that may have items of `range`, in the order they were written.
pub fn blocks(connection: &Connection, last_cut: u64, range: TimeRange) -> rusqlite::Result<Vec<BlockRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, items, first_unix_nano, last_unix_nano FROM block WHERE cut <= ? ORDER BY id",
    )?;
    let rows = statement.query_map([last_cut.cast_signed()], read_block_row)?;
    let mut blocks = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    blocks.retain(|block| block.overlaps(range));
    Ok(blocks)
}

/// A block of a file by its number, where it is of a cut up to this one.
pub fn block_row(connection: &Connection, id: i64, last_cut: u64) -> rusqlite::Result<Option<BlockRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, items, first_unix_nano, last_unix_nano FROM block WHERE id = ? AND cut <= ?",
    )?;
    statement.query_row([id, last_cut.cast_signed()], read_block_row).optional()
}

fn read_block_row(row: &Row<'_>) -> rusqlite::Result<BlockRow> {
    Ok(BlockRow {
        id: row.get(0)?,
        items: row.get::<_, i64>(1)?.cast_unsigned(),
        first_unix_nano: row.get::<_, i64>(2)?.cast_unsigned(),
        last_unix_nano: row.get::<_, i64>(3)?.cast_unsigned(),
    })
}

/// What `look` makes of the Bloom filter of a block.
pub fn with_filter<T>(
    connection: &Connection,
    block: i64,
    look: impl FnOnce(&[u8]) -> T,
) -> rusqlite::Result<Option<T>> {
    let mut statement = connection.prepare_cached("SELECT bloom FROM filter WHERE block = ?")?;
    statement.query_row([block], |row| Ok(look(row.get_ref(0)?.as_blob()?))).optional()
}

/// A column as it is packed; none where the block has no such column.
pub fn column(connection: &Connection, block: i64, number: u16) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT packed FROM packed_column WHERE id = ?")?;
    statement.query_row([column_id(block, number)], |row| row.get(0)).optional()
}

/// A column of a block that is not written yet.
pub fn column_of(columns: &Columns, number: u16) -> Option<Cow<'_, [u8]>> {
    columns.iter().find(|(known, _)| *known == number).map(|(_, packed)| Cow::Borrowed(packed.as_slice()))
}

fn column_id(block: i64, number: u16) -> i64 {
    block * COLUMNS_PER_BLOCK + i64::from(number)
}
