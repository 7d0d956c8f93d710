//! The log of a signal: batches that were appended and are not yet cut, as they came, so that what was answered OK is
//! there after a crash.

use std::path::PathBuf;

use bytes::Bytes;
use rusqlite::{Connection, params};

use super::database::{Durability, engine_error, open_for_writing};
use super::signal_format::Appended;
use crate::otlp::{Batch, Signal, item_count};
use crate::store::StoreError;

const TABLES: &str = "CREATE TABLE appended(
    sequence INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, body BLOB NOT NULL);";

/// The file with what is not yet cut. Used by the writer alone.
pub struct OpenLog {
    path: PathBuf,
    connection: Connection,
}

impl OpenLog {
    /// Opens or makes the file at `path`.
    pub fn open(path: PathBuf, durability: Durability) -> Result<Self, StoreError> {
        let connection = open_for_writing(&path, TABLES, durability)?;
        Ok(Self { path, connection })
    }

    /// Everything in it, in the order it was appended.
    pub fn read(&self, signal: Signal) -> Result<Vec<Appended>, StoreError> {
        self.read_rows(signal).map_err(|error| engine_error(&self.path, &error))
    }

    /// Adds batches: all of them or, on an error, none.
    pub fn append(&mut self, appended: &[Appended]) -> Result<(), StoreError> {
        self.insert(appended).map_err(|error| engine_error(&self.path, &error))
    }

    /// Removes what was appended up to `sequence`.
    pub fn remove_through(&mut self, sequence: u64) -> Result<(), StoreError> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM appended WHERE sequence <= ?")
            .and_then(|mut statement| statement.execute([sequence.cast_signed()]));
        removed.map(drop).map_err(|error| engine_error(&self.path, &error))
    }

    fn read_rows(&self, signal: Signal) -> rusqlite::Result<Vec<Appended>> {
        let mut statement =
            self.connection.prepare("SELECT sequence, arrived, body FROM appended ORDER BY sequence")?;
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

    fn insert(&mut self, appended: &[Appended]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO appended VALUES(?, ?, ?)")?;
            for Appended { sequence, arrived_unix_nano, batch } in appended {
                // The parts of a batch make one body when put together.
                let joined;
                let body = match batch.parts() {
                    [only] => only.as_ref(),
                    parts => {
                        joined = parts.concat();
                        joined.as_slice()
                    }
                };
                insert.execute(params![sequence.cast_signed(), arrived_unix_nano.cast_signed(), body])?;
            }
        }
        transaction.commit()
    }
}
