//! What a storage file promises: after any cut or torn write the changes of a whole prefix of the writes,
//! after everything that was answered; damage is never passed over; files stay bounded.

mod damage;
mod extension;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;

use super::log::{Log, LogOptions};
use super::open::open;
use crate::pipeline::{StorageChange, StorageError};
use crate::telemetry::UtcTime;

/// What a file should hold.
type Values = BTreeMap<String, Bytes>;

fn options(directory: &Path) -> LogOptions {
    LogOptions {
        fsync: true,
        max_size: None,
        recreate: false,
        scratch_directory: directory.to_owned(),
        values_per_record: 2,
        rebound: None,
    }
}

fn open_log(path: &Path, options: LogOptions) -> Result<Log, StorageError> {
    open(path.to_owned(), options, UtcTime::from_unix_nano(0), &tracing::Span::none())
}

fn held(log: &Log) -> Values {
    let value = |key: String| log.get(&key).unwrap().map(|value| (key, value));
    log.keys().into_iter().filter_map(value).collect()
}

fn set(key: &str, value: &[u8]) -> StorageChange {
    StorageChange::Set { key: key.to_owned(), value: Bytes::copy_from_slice(value) }
}

fn delete(key: &str) -> StorageChange {
    StorageChange::Delete { key: key.to_owned() }
}

fn apply(values: &mut Values, changes: &[StorageChange]) {
    for change in changes {
        match change {
            StorageChange::Set { key, value } => values.insert(key.clone(), value.clone()),
            StorageChange::Delete { key } => values.remove(key),
        };
    }
}

/// The states after none, one, two, ... of the writes.
fn states(writes: &[Vec<StorageChange>]) -> Vec<Values> {
    let mut states = vec![Values::new()];
    for write in writes {
        let mut next = states.last().unwrap().clone();
        apply(&mut next, write);
        states.push(next);
    }
    states
}

fn any_change() -> impl Strategy<Value = StorageChange> {
    let key = prop::sample::select(vec!["a", "b", "queue/7", "ключ", ""]);
    // Values that look like records must not be taken for any.
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just([super::record::MARKER.as_slice(), &[0; 40]].concat()),
    ];
    prop_oneof![
        3 => (key.clone(), value).prop_map(|(key, value)| set(key, &value)),
        1 => key.prop_map(delete),
    ]
}

fn any_writes() -> impl Strategy<Value = Vec<Vec<StorageChange>>> {
    prop::collection::vec(prop::collection::vec(any_change(), 1..5), 1..8)
}

/// Appends `writes` one by one; the file's length before the first and after each.
fn write_all(path: &Path, writes: &[Vec<StorageChange>]) -> Vec<usize> {
    let log = open_log(path, options(path.parent().unwrap())).unwrap();
    let mut lengths = vec![fs::metadata(path).unwrap().len() as usize];
    for write in writes {
        log.append(std::slice::from_ref(write)).pop().unwrap().unwrap();
        lengths.push(fs::metadata(path).unwrap().len() as usize);
    }
    lengths
}

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("space.weir");
    (directory, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_cut_anywhere_holds_exactly_the_writes_that_are_whole(
        writes in any_writes(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (directory, path) = directory();
        let lengths = write_all(&path, &writes);
        let content = fs::read(&path).unwrap();
        let length = cut.index(content.len() + 1);
        fs::write(&path, &content[..length]).unwrap();
        let whole = lengths.iter().rposition(|end| *end <= length).unwrap_or(0);

        let log = open_log(&path, options(directory.path())).unwrap();
        prop_assert_eq!(held(&log), states(&writes)[whole].clone());
        // And it goes on from there.
        log.append(&[vec![set("next", b"1")]]).pop().unwrap().unwrap();
        drop(log);
        let mut expected = states(&writes)[whole].clone();
        apply(&mut expected, &[set("next", b"1")]);
        prop_assert_eq!(held(&open_log(&path, options(directory.path())).unwrap()), expected);
    }

    #[test]
    fn a_torn_last_group_leaves_everything_that_was_answered(
        answered in any_writes(),
        torn in any_writes(),
        (start, length) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        fill in prop::sample::select(vec![0_u8, 0xFF]),
    ) {
        let (directory, path) = directory();
        let promised = *write_all(&path, &answered).last().unwrap();
        let log = open_log(&path, options(directory.path())).unwrap();
        // One group, of which the disk has some pages, in any order, when the power fails.
        log.append(&torn).into_iter().for_each(|result| result.unwrap());
        drop(log);
        let mut content = fs::read(&path).unwrap();
        let start = promised + start.index(content.len() - promised);
        let length = 1 + length.index(content.len() - start);
        content[start..start + length].fill(fill);
        fs::write(&path, &content).unwrap();

        let all: Vec<_> = answered.iter().chain(&torn).cloned().collect();
        let found = held(&open_log(&path, options(directory.path())).unwrap());
        prop_assert!(states(&all)[answered.len()..].contains(&found));
    }

    #[test]
    fn what_is_written_anew_holds_the_same(writes in any_writes(), later in any_writes()) {
        let (directory, path) = directory();
        write_all(&path, &writes);
        let log = open_log(&path, options(directory.path())).unwrap();
        super::compaction::compact(&log).unwrap();
        prop_assert_eq!(held(&log), states(&writes).last().unwrap().clone());
        for write in &later {
            log.append(std::slice::from_ref(write)).pop().unwrap().unwrap();
        }
        let all: Vec<_> = writes.iter().chain(&later).cloned().collect();
        prop_assert_eq!(held(&log), states(&all).last().unwrap().clone());
        drop(log);
        let log = open_log(&path, options(directory.path())).unwrap();
        prop_assert_eq!(held(&log), states(&all).last().unwrap().clone());
        prop_assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside");
    }
}
