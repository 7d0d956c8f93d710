//! What is too old or too much goes as whole files, the oldest first.

use std::sync::Arc;
use std::time::Duration;

use super::recovery::{bodies, logs};
use super::{NOW, options};
use crate::store::TelemetryStore;
use crate::store::engine::SqliteStore;

const HOUR: u64 = 3_600_000_000_000;

/// Waits for the housekeeping of a second, some times over, until so many records are left.
fn wait_for(store: &SqliteStore, expected: &[&str]) {
    for _ in 0..200 {
        if bodies(store) == expected {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(bodies(store), expected);
}

#[test]
fn a_piece_of_time_goes_when_all_in_it_is_too_old() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path());
    options.max_age = Some(Duration::from_secs(4 * 3600));
    let store = SqliteStore::open(&options).unwrap();
    store.append(&logs(&[(NOW, "now"), (NOW - HOUR, "an hour ago"), (NOW - 3 * HOUR, "long ago")])).unwrap();
    store.cut().unwrap();
    drop(store);
    // Four hours before this the piece of time of the oldest had ended; that of the next goes on.
    options.clock = Arc::new(|| NOW + 2 * HOUR);
    let store = SqliteStore::open(&options).unwrap();
    wait_for(&store, &["now", "an hour ago"]);
    assert_eq!(store.statistics().unwrap().signals[2].partitions, 2);
}

#[test]
fn the_oldest_pieces_of_time_go_when_there_is_too_much() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path());
    let store = SqliteStore::open(&options).unwrap();
    for (hours, name) in [(2, "first"), (1, "second"), (0, "third")] {
        store.append(&logs(&[(NOW - hours * HOUR, name)])).unwrap();
        store.cut().unwrap();
    }
    drop(store);
    // While files are written to they have write-ahead logs beside them.
    let one = SqliteStore::open(&options).unwrap().statistics().unwrap().signals[2].bytes / 3;
    options.max_bytes = Some(one + one / 2);
    let store = SqliteStore::open(&options).unwrap();
    wait_for(&store, &["third"]);
    assert_eq!(store.statistics().unwrap().signals[2].partitions, 1);
}
