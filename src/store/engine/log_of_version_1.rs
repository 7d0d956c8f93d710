//! The log of a signal as format version 1 had it, rows of a SQLite file: moved to where it is now.

use std::io;
use std::path::Path;

use bytes::Bytes;
use rusqlite::Connection;

use super::database::{Durability, engine_error, open_for_writing};
use super::open_log::OpenLog;
use super::partition::remove_database;
use super::signal_format::Appended;
use crate::otlp::{Batch, Signal, item_count};
use crate::store::StoreError;

/// Moves what the file at `path` has to `log`, which is still empty where there is such a file, and removes it.
pub fn take_over(
    path: &Path,
    signal: Signal,
    log: &mut OpenLog,
    durability: Durability,
) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::Engine(format!("{}: {error}", path.display()));
    if !path.try_exists().map_err(failed)? {
        return Ok(());
    }
    let connection = open_for_writing(path, "", durability)?;
    let appended = read(&connection, signal).map_err(|error| engine_error(path, &error))?;
    log.append(&appended)?;
    drop(connection);
    remove_database(path).map_err(failed)
}

fn read(connection: &Connection, signal: Signal) -> rusqlite::Result<Vec<Appended>> {
    let mut statement =
        connection.prepare("SELECT sequence, arrived, body FROM appended ORDER BY sequence")?;
    let rows = statement.query_map([], |row| {
        let body = Bytes::from(row.get::<_, Vec<u8>>(2)?);
        let items = item_count(signal, &body);
        Ok(Appended {
            sequence: row.get::<_, i64>(0)?.cast_unsigned(),
            arrived_unix_nano: row.get::<_, i64>(1)?.cast_unsigned(),
            batch: Batch::from_valid_part(signal, body, items),
        })
    })?;
    rows.collect()
}
