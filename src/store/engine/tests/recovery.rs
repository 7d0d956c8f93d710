//! What was answered OK is there again, once, whatever a crash left behind.

use std::fs;

use bytes::Bytes;
use rusqlite::Connection;

use super::{NOW, open, options};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message};
use crate::otlp::{Batch, Signal};
use crate::store::engine::{FORMAT_VERSION, SqliteStore};
use crate::store::{Filter, Limits, LogSearch, StoreError, TelemetryStore, TimeRange};

const HOUR: u64 = 3_600_000_000_000;

/// Log records whose bodies are `names`, each at its time.
pub(super) fn logs(records: &[(u64, &str)]) -> Batch {
    let mut body = Vec::new();
    put_message(&mut body, 1, |resource_group| {
        put_message(resource_group, 2, |scope_group| {
            for (time, name) in records {
                put_message(scope_group, 2, |record| {
                    put_key(record, 1, WireType::Fixed64);
                    record.extend_from_slice(&time.to_le_bytes());
                    put_message(record, 5, |value| put_length_delimited(value, 1, name.as_bytes()));
                });
            }
        });
    });
    Batch::from_untrusted_part(Signal::Logs, Bytes::from(body)).unwrap()
}

/// The bodies kept, newest first.
pub(super) fn bodies(store: &SqliteStore) -> Vec<String> {
    let search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    bodies_of(&store.search_logs(&search, &Limits::NONE).unwrap().value.records)
}

/// The bodies of records in their order.
pub(super) fn bodies_of(records: &Batch) -> Vec<String> {
    let scope_groups =
        records.resource_groups().flat_map(|group| group.scope_groups.iter().collect::<Vec<_>>());
    scope_groups
        .flat_map(|scope_group| {
            scope_group.log_records().map(|record| record.body.to_text()).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn what_is_not_cut_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "b")])).unwrap();
    store.append(&logs(&[(NOW - HOUR, "a")])).unwrap();
    drop(store);
    let store = open(directory.path());
    assert_eq!(bodies(&store), ["b", "a"]);
    store.cut().unwrap();
    store.append(&logs(&[(NOW, "c")])).unwrap();
    assert_eq!(bodies(&store), ["c", "b", "a"]);
    drop(store);
    assert_eq!(bodies(&open(directory.path())), ["c", "b", "a"]);
}

#[test]
fn a_cut_of_two_files_that_ended_after_the_first_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "old")])).unwrap();
    store.cut().unwrap();
    store.append(&logs(&[(NOW, "b"), (NOW - HOUR, "a")])).unwrap();
    drop(store);
    let log = directory.path().join("logs/open.log");
    let saved = directory.path().join("saved");
    fs::copy(&log, &saved).unwrap();
    let store = open(directory.path());
    store.cut().unwrap();
    drop(store);
    // As if the process had ended between the commits of the two files: the log is whole, the second file lacks it.
    fs::copy(&saved, &log).unwrap();
    let hour_of = |time: u64| (time - time % HOUR) / 1_000_000_000;
    fs::remove_file(directory.path().join(format!("logs/{}-0.db", hour_of(NOW - HOUR)))).unwrap();
    let store = open(directory.path());
    assert_eq!(bodies(&store), ["b", "old", "a"]);
    store.cut().unwrap();
    assert_eq!(bodies(&store), ["b", "old", "a"]);
}

#[test]
fn a_finished_cut_that_is_still_in_the_log_is_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "b"), (NOW - HOUR, "a")])).unwrap();
    drop(store);
    let log = directory.path().join("logs/open.log");
    let saved = directory.path().join("saved");
    fs::copy(&log, &saved).unwrap();
    let store = open(directory.path());
    store.cut().unwrap();
    drop(store);
    fs::copy(&saved, &log).unwrap();
    assert_eq!(bodies(&open(directory.path())), ["b", "a"]);
}

#[test]
fn what_the_log_of_version_1_has_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (log, database) = (directory.path().join("logs/open.log"), directory.path().join("logs/open.db"));
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "cut")])).unwrap();
    store.cut().unwrap();
    drop(store);
    fs::remove_file(&log).unwrap();
    let connection = Connection::open(&database).unwrap();
    let tables =
        "CREATE TABLE appended(sequence INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, body BLOB NOT NULL);
        PRAGMA journal_mode = WAL; PRAGMA user_version = 1;";
    connection.execute_batch(tables).unwrap();
    connection.pragma_update(None, "application_id", i32::from_be_bytes(*b"WEIR")).unwrap();
    for (sequence, name) in [(2, "a"), (3, "b")] {
        let body = logs(&[(NOW - sequence * HOUR, name)]).parts()[0].to_vec();
        let sequence = sequence.cast_signed();
        connection
            .execute("INSERT INTO appended VALUES(?, ?, ?)", (sequence, NOW.cast_signed(), body))
            .unwrap();
    }
    drop(connection);
    for _ in 0..2 {
        assert_eq!(bodies(&open(directory.path())), ["cut", "a", "b"]);
        assert!(!fs::exists(&database).unwrap());
    }
}

#[test]
fn one_process_has_a_store_open() {
    let directory = tempfile::tempdir().unwrap();
    let _store = open(directory.path());
    let refused = SqliteStore::open(&options(directory.path())).err().unwrap();
    assert!(
        refused.to_string().ends_with("is in use by another process; a store belongs to one"),
        "{refused}"
    );
}

#[test]
fn a_full_disk_refuses_and_keeps_what_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "kept")])).unwrap();
    drop(store);
    let mut full = options(directory.path());
    full.min_free_bytes = u64::MAX;
    let store = SqliteStore::open(&full).unwrap();
    assert!(matches!(store.append(&logs(&[(NOW, "refused")])), Err(StoreError::Full(_))));
    assert_eq!(bodies(&store), ["kept"]);
}

#[test]
fn a_newer_partition_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append(&logs(&[(NOW, "a")])).unwrap();
    store.cut().unwrap();
    drop(store);
    let file = directory.path().join(format!("logs/{}-0.db", (NOW - NOW % HOUR) / 1_000_000_000));
    Connection::open(&file).unwrap().pragma_update(None, "user_version", FORMAT_VERSION + 1).unwrap();
    assert!(matches!(SqliteStore::open(&options(directory.path())), Err(StoreError::Format(_))));
}
