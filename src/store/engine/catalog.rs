//! The small things of a store: values beside the telemetry, and the key-value spaces of components.

use std::path::PathBuf;

use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};

use super::damaged_files::set_aside;
use super::database::{Durability, engine_error, open_for_writing};
use crate::store::StoreError;

const TABLES: &str = "
    CREATE TABLE value(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE space(owner TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(owner, key))
        WITHOUT ROWID;";

/// The file with small things.
pub struct Catalog {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Catalog {
    /// Opens or makes the file at `path`. A damaged one is set aside, and another made.
    pub fn open(path: PathBuf, durability: Durability) -> Result<Self, StoreError> {
        let connection = match open_for_writing(&path, TABLES, durability) {
            Err(StoreError::Damaged(damage)) => {
                let aside = set_aside(&path).map_err(|error| {
                    StoreError::Engine(format!("{damage}; it cannot be set aside: {error}"))
                })?;
                tracing::warn!(
                    file = %aside.display(),
                    damage = %damage,
                    "What the store keeps for components, such as the states of alarms, is damaged. It was set aside, and they begin \
                     anew."
                );
                open_for_writing(&path, TABLES, durability)?
            }
            opened => opened?,
        };
        Ok(Self { path, connection: Mutex::new(connection) })
    }

    /// Sets a value; none deletes it.
    pub fn set_value(&self, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        self.on_connection(|connection| {
            match value {
                Some(value) => {
                    connection.execute("INSERT OR REPLACE INTO value VALUES(?, ?)", params![key, value])
                }
                None => connection.execute("DELETE FROM value WHERE key = ?", [key]),
            }
            .map(drop)
        })
    }

    /// A value set so.
    pub fn value(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.on_connection(|connection| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
            connection.query_row("SELECT value FROM value WHERE key = ?", [key], read).optional()
        })
        .map(|value| value.map(Bytes::from))
    }

    /// The value of a key in the space of `owner`.
    pub fn get(&self, owner: &str, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.on_connection(|connection| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
            let mut statement =
                connection.prepare_cached("SELECT value FROM space WHERE owner = ? AND key = ?")?;
            statement.query_row([owner, key], read).optional()
        })
        .map(|value| value.map(Bytes::from))
    }

    /// The keys in the space of `owner`, in ascending order.
    pub fn keys(&self, owner: &str) -> Result<Vec<String>, StoreError> {
        self.on_connection(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT key FROM space WHERE owner = ? ORDER BY key")?;
            statement.query_map([owner], |row| row.get(0))?.collect()
        })
    }

    /// Sets keys in the space of `owner`, or deletes them where there is no value: all or none.
    pub fn write(&self, owner: &str, changes: &[(String, Option<Bytes>)]) -> Result<(), StoreError> {
        self.on_connection(|connection| {
            let transaction = connection.transaction()?;
            for (key, value) in changes {
                match value {
                    Some(value) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO space VALUES(?, ?, ?)")?
                        .execute(params![owner, key, value.as_ref()])?,
                    None => transaction
                        .prepare_cached("DELETE FROM space WHERE owner = ? AND key = ?")?
                        .execute([owner, key])?,
                };
            }
            transaction.commit()
        })
    }

    fn on_connection<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&mut self.connection.lock()).map_err(|error| engine_error(&self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_apart_and_live_through_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Catalog::open(directory.path().join("catalog.db"), Durability::Full).unwrap();
        let catalog = open();
        let set = |key: &str, value: &'static [u8]| (key.to_owned(), Some(Bytes::from_static(value)));
        catalog.write("a", &[set("k", b"1"), set("l", b"2"), ("k".to_owned(), None)]).unwrap();
        catalog.write("b", &[set("k", b"3")]).unwrap();
        catalog.set_value("k", Some(b"4")).unwrap();
        drop(catalog);
        let catalog = open();
        assert_eq!(catalog.keys("a").unwrap(), ["l"]);
        assert_eq!(catalog.get("a", "k").unwrap(), None);
        assert_eq!(catalog.get("b", "k").unwrap().as_deref(), Some(&b"3"[..]));
        assert_eq!(catalog.value("k").unwrap().as_deref(), Some(&b"4"[..]));
        catalog.set_value("k", None).unwrap();
        assert_eq!(catalog.value("k").unwrap(), None);
    }
}
