//! A SQLite file of the store: how it is opened, and which files are not ours or not of our time.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::store::StoreError;

/// The version of the layout of every file, in its header. A change that older programs would misread raises it; files
/// of earlier versions are read.
///
/// 1: what is not yet cut are rows of a SQLite file. 2: it is in a plain file.
pub const FORMAT_VERSION: i32 = 2;

/// What SQLite keeps in a file's header for programs to know their own: `WEIR`.
pub const APPLICATION_ID: i32 = i32::from_be_bytes(*b"WEIR");

/// How long a statement waits for a lock. There is one writer, so only checkpoints and opening ever wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages are large because nearly all there is are blocks of many kilobytes.
const PAGE_SIZE: i32 = 8192;

/// When what was answered OK is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Through the end of the process, and through a power failure but for the last moments.
    #[default]
    Normal,
    /// Through a power failure too: the disk is waited for.
    Full,
}

/// Opens the file at `path` to write, and makes it with `tables` (SQL) where it is not there.
///
/// # Errors
///
/// Where the file is not the store's, is of a newer version, or cannot be opened.
pub fn open_for_writing(path: &Path, tables: &str, durability: Durability) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| engine_error(path, &error))?;
    prepare(&connection, path, tables, durability)?;
    Ok(connection)
}

/// Opens the file at `path` to read.
///
/// # Errors
///
/// As for [`open_for_writing`].
pub fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| engine_error(path, &error))?;
    let failed = |error| engine_error(path, &error);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    connection.pragma_update(None, "cache_size", -512).map_err(failed)?;
    let version: i32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    check_version(path, version)?;
    Ok(connection)
}

fn prepare(
    connection: &Connection,
    path: &Path,
    tables: &str,
    durability: Durability,
) -> Result<(), StoreError> {
    let failed = |error| engine_error(path, &error);
    let header = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let application_id = header("application_id").map_err(failed)?;
    let version = header("user_version").map_err(failed)?;
    let is_new = application_id == 0 && version == 0 && is_empty(connection).map_err(failed)?;
    if !is_new {
        if application_id != APPLICATION_ID {
            return Err(StoreError::Format(format!(
                "{} is a database of another program; give the store a directory of its own",
                path.display()
            )));
        }
        check_version(path, version)?;
        if version < FORMAT_VERSION {
            // What is written from now on is of this version.
            connection.pragma_update(None, "user_version", FORMAT_VERSION).map_err(failed)?;
        }
    }
    if is_new {
        connection.pragma_update(None, "page_size", PAGE_SIZE).map_err(failed)?;
    }
    // journal_mode answers with a row, which execute_batch takes in its stride.
    let synchronous = match durability {
        Durability::Normal => "NORMAL",
        Durability::Full => "FULL",
    };
    let settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -4096;
         PRAGMA journal_size_limit = 16777216;"
    );
    connection.execute_batch(&settings).map_err(failed)?;
    if is_new {
        let create = format!(
            "BEGIN IMMEDIATE; {tables}
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"
        );
        connection.execute_batch(&create).map_err(failed)?;
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// Refuses the file at `path` where its version is not known. None has no version: such a file was cut off.
pub fn check_version(path: &Path, version: i32) -> Result<(), StoreError> {
    if (1..=FORMAT_VERSION).contains(&version) {
        return Ok(());
    }
    if version == 0 {
        return Err(StoreError::Damaged(format!("{}: its header is not there", path.display())));
    }
    Err(StoreError::Format(format!(
        "{} has format version {version}, and this program knows those up to {FORMAT_VERSION}; use the program that \
         wrote it, or give the store another directory",
        path.display()
    )))
}

/// What SQLite finds damaged in the file at `path`, a sentence for each place.
pub fn damage_of(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = open_for_reading(path)?;
    let check = || {
        let mut statement = connection.prepare("PRAGMA integrity_check")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let found = check().map_err(|error| engine_error(path, &error))?;
    let damage = found.into_iter().filter(|sentence| sentence != "ok");
    Ok(damage.map(|sentence| format!("{}: {sentence}", path.display())).collect())
}

/// Says what SQLite could not do with the file at `path`.
pub fn engine_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let sentence = format!("{}: {error}", path.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(sentence),
        _ if is_damage(error) => StoreError::Damaged(sentence),
        _ => StoreError::Engine(sentence),
    }
}

/// What is answered where a file reads well and what is in it makes no sense.
pub fn damaged() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
}

/// True where a file is to blame and not the disk, the lack of room, or whoever has it locked.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        // Of a schema that lost something.
        rusqlite::Error::SqlInputError { .. } => true,
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => true,
        _ => matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "CREATE TABLE thing(id INTEGER PRIMARY KEY);";

    #[test]
    fn a_file_is_made_once_and_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        for _ in 0..2 {
            let connection = open_for_writing(&path, TABLES, Durability::Full).unwrap();
            connection.execute("INSERT INTO thing DEFAULT VALUES", []).unwrap();
        }
        let reader = open_for_reading(&path).unwrap();
        let things: i64 = reader.query_row("SELECT count(*) FROM thing", [], |row| row.get(0)).unwrap();
        assert_eq!(things, 2);
    }

    #[test]
    fn a_newer_file_is_refused_with_a_sentence() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = open_for_writing(&path, TABLES, Durability::Normal).unwrap();
        connection.pragma_update(None, "user_version", FORMAT_VERSION + 1).unwrap();
        drop(connection);
        let expected = format!(
            "{} has format version 3, and this program knows those up to 2; use the program that wrote it, or give the \
             store another directory",
            path.display()
        );
        let refused = open_for_writing(&path, TABLES, Durability::Normal).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        assert_eq!(open_for_reading(&path).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let (foreign, text) = (directory.path().join("b.db"), directory.path().join("c.db"));
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs(a);").unwrap();
        std::fs::write(&text, "not a database at all, but long enough to have a header of one".repeat(20))
            .unwrap();
        let refused = open_for_writing(&foreign, TABLES, Durability::Normal).unwrap_err();
        assert!(refused.to_string().contains("is a database of another program"), "{refused}");
        assert!(matches!(open_for_writing(&text, TABLES, Durability::Normal), Err(StoreError::Damaged(_))));
    }
}
