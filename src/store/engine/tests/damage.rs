//! A file that is damaged takes nothing from what is in others, is kept, and is told of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::recovery::{bodies, logs};
use super::{NOW, open};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message};
use crate::otlp::{Batch, Signal};
use crate::store::engine::SqliteStore;
use crate::store::engine::partition::beside;
use crate::store::{Cut, Limits, TelemetryStore, TimeRange};

const HOUR: u64 = 3_600_000_000_000;

/// The hours of [`NOW`] and before, which have a partition each.
const THIS_HOUR: TimeRange = TimeRange { from_unix_nano: NOW, to_unix_nano: NOW + HOUR };
const HOUR_BEFORE: TimeRange = TimeRange { from_unix_nano: NOW - HOUR, to_unix_nano: NOW };

fn put_time(out: &mut Vec<u8>, field: u32, unix_nano: u64) {
    put_key(out, field, WireType::Fixed64);
    out.extend_from_slice(&unix_nano.to_le_bytes());
}

/// So many items with an attribute, each a nanosecond after the one before.
fn batch(signal: Signal, from_unix_nano: u64, items: u64) -> Batch {
    let attribute = |out: &mut Vec<u8>, field: u32, number: u64| {
        put_message(out, field, |attribute| {
            put_length_delimited(attribute, 1, b"number");
            put_message(attribute, 2, |value| {
                put_length_delimited(
                    value,
                    1,
                    format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_bytes(),
                );
            });
        });
    };
    let mut body = Vec::new();
    put_message(&mut body, 1, |resource_group| {
        put_message(resource_group, 2, |scope_group| {
            for number in 0..items {
                let time = from_unix_nano + number;
                put_message(scope_group, 2, |item| match signal {
                    Signal::Traces => {
                        put_length_delimited(item, 1, &u128::from(time).to_be_bytes());
                        put_length_delimited(item, 2, &time.to_be_bytes());
                        put_time(item, 7, time);
                        put_time(item, 8, time + 1);
                        attribute(item, 9, number);
                    }
                    Signal::Logs => {
                        put_time(item, 1, time);
                        attribute(item, 6, number);
                    }
                    Signal::Metrics => {
                        put_length_delimited(item, 1, format!("metric.{}", number % 50).as_bytes());
                        put_message(item, 5, |gauge| {
                            put_message(gauge, 1, |point| {
                                put_time(point, 3, time);
                                put_time(point, 4, number);
                                attribute(point, 7, number);
                            });
                        });
                    }
                });
            }
        });
    });
    Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap()
}

fn count(store: &SqliteStore, signal: Signal, range: TimeRange) -> usize {
    let mut items = 0;
    let take = &mut |batch: Batch| {
        items += batch.items();
        Ok(())
    };
    store.export(signal, range, take).unwrap();
    items
}

fn cut(store: &SqliteStore, signal: Signal, range: TimeRange) -> Option<Cut> {
    store.attribute_keys(signal, range, &Limits::NONE).unwrap().cut
}

fn found_damaged(store: &SqliteStore, signal: Signal) -> u64 {
    store.counters(signal).damaged_files.load(Ordering::Relaxed)
}

/// A store that was closed with two partitions of `items` each; the file of this hour.
fn two_partitions(directory: &Path, signal: Signal, items: u64) -> PathBuf {
    let store = open(directory);
    for hour in [NOW - HOUR, NOW] {
        store.append(&batch(signal, hour, items)).unwrap();
    }
    store.cut().unwrap();
    drop(store);
    directory.join(signal.name()).join(format!("{}-0.db", NOW / 1_000_000_000))
}

#[test]
fn a_partition_that_cannot_be_opened_is_set_aside_and_told_of() {
    for signal in Signal::ALL {
        let garbage = |bytes: &[u8]| vec![0xa5_u8; bytes.len()];
        let truncated = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
        let flipped = |bytes: &[u8]| {
            let mut flipped = bytes.to_vec();
            // The type of the page that says what tables there are.
            flipped[100] ^= 0x40;
            flipped
        };
        for damage in [&garbage as &dyn Fn(&[u8]) -> Vec<u8>, &truncated, &flipped] {
            let directory = tempfile::tempdir().unwrap();
            let path = two_partitions(directory.path(), signal, 100);
            let damaged = damage(&fs::read(&path).unwrap());
            fs::write(&path, &damaged).unwrap();
            for start in 0..2 {
                let store = open(directory.path());
                assert_eq!(count(&store, signal, TimeRange::ALL), 100 + start * 7, "{signal:?}");
                assert_eq!(cut(&store, signal, TimeRange::ALL), Some(Cut::Damage));
                assert_eq!(cut(&store, signal, THIS_HOUR), Some(Cut::Damage));
                assert_eq!(cut(&store, signal, HOUR_BEFORE), None);
                assert_eq!(found_damaged(&store, signal), 1);
                // What comes of the same time is kept as ever.
                store.append(&batch(signal, NOW + 1_000 + start as u64 * 1_000, 7)).unwrap();
                store.cut().unwrap();
                assert_eq!(count(&store, signal, THIS_HOUR), 7 + start * 7);
            }
            assert_eq!(fs::read(path.with_extension("db.damaged")).unwrap(), damaged);
        }
    }
}

#[test]
fn damage_that_a_question_meets_takes_only_what_it_hit() {
    const ITEMS: usize = 5_000;
    const PAGE: usize = 8_192;
    for signal in Signal::ALL {
        let directory = tempfile::tempdir().unwrap();
        let path = two_partitions(directory.path(), signal, ITEMS as u64);
        let next = path.with_file_name(format!("{}-1.db", NOW / 1_000_000_000));
        let sound = fs::read(&path).unwrap();
        let mut told = 0;
        // The first pages say what tables there are and what cuts; without them nothing is known of the file.
        let pages = 3..sound.len() / PAGE;
        for page in pages.clone() {
            for is_one_bit in [false, true] {
                let mut damaged = sound.clone();
                match is_one_bit {
                    true => damaged[page * PAGE + PAGE / 2] ^= 1,
                    false => damaged[page * PAGE..(page + 1) * PAGE].fill(0xa5),
                }
                fs::write(&path, &damaged).unwrap();
                let store = open(directory.path());
                let found = count(&store, signal, THIS_HOUR);
                let is_told = found_damaged(&store, signal) == 1;
                // Only what is compressed has a checksum: of ids, say, damage may go unnoticed.
                assert!(is_told || found == ITEMS, "{signal:?} {page} {is_one_bit}: {found}");
                told += usize::from(is_told);
                let expected = is_told.then_some(Cut::Damage);
                assert_eq!(cut(&store, signal, THIS_HOUR), expected, "{signal:?} {page} {is_one_bit}");
                assert_eq!(
                    (count(&store, signal, HOUR_BEFORE), cut(&store, signal, HOUR_BEFORE)),
                    (ITEMS, None)
                );
                // What cannot be written to a damaged file goes to another.
                store.append(&batch(signal, NOW + HOUR / 2, 7)).unwrap();
                let _ = store.cut();
                store.cut().unwrap();
                drop(store);
                for suffix in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(beside(&next, suffix));
                    let _ = fs::remove_file(beside(&path, suffix));
                }
                fs::write(&path, &sound).unwrap();
            }
        }
        assert!(told > pages.len() / 2, "{signal:?}: {told} of {}", pages.len());
    }
}

#[test]
fn a_partition_that_is_cut_off_while_the_store_is_open_is_left_out() {
    for signal in Signal::ALL {
        let directory = tempfile::tempdir().unwrap();
        let path = two_partitions(directory.path(), signal, 100);
        let store = open(directory.path());
        fs::write(&path, b"").unwrap();
        assert_eq!(cut(&store, signal, THIS_HOUR), Some(Cut::Damage), "{signal:?}");
        assert_eq!(count(&store, signal, TimeRange::ALL), 100, "{signal:?}");
        assert_eq!(found_damaged(&store, signal), 1);
    }
}

#[test]
fn a_catalog_that_is_damaged_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.db");
    let store = open(directory.path());
    store.catalog().set_value("key", Some(b"value")).unwrap();
    store.append(&logs(&[(NOW, "a")])).unwrap();
    drop(store);
    fs::write(&path, [0xa5; 20_000]).unwrap();
    let store = open(directory.path());
    assert_eq!(bodies(&store), ["a"]);
    assert_eq!(store.catalog().value("key").unwrap(), None);
    store.catalog().set_value("key", Some(b"new")).unwrap();
    assert_eq!(fs::read(beside(&path, ".damaged")).unwrap(), [0xa5; 20_000]);
}

#[test]
fn a_damaged_log_loses_only_the_batch_that_was_hit() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for name in ["a", "b", "c"] {
        store.append(&logs(&[(NOW, name)])).unwrap();
    }
    drop(store);
    let path = directory.path().join("logs/open.log");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.iter().position(|byte| *byte == b'b').unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let store = open(directory.path());
    assert_eq!(bodies(&store), ["c", "a"]);
    assert_eq!(cut(&store, Signal::Logs, TimeRange::ALL), Some(Cut::Damage));
    assert_eq!(cut(&store, Signal::Metrics, TimeRange::ALL), None);
    assert_eq!(found_damaged(&store, Signal::Logs), 1);
    assert_eq!(fs::read(directory.path().join("logs/open.log.damaged")).unwrap(), bytes);
    store.cut().unwrap();
    assert_eq!(bodies(&store), ["c", "a"]);
}

#[test]
fn a_log_of_garbage_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let path = directory.path().join("logs/open.log");
    fs::write(&path, "garbage".repeat(100)).unwrap();
    let store = open(directory.path());
    assert_eq!(found_damaged(&store, Signal::Logs), 1);
    store.append(&logs(&[(NOW, "a")])).unwrap();
    drop(store);
    assert_eq!(bodies(&open(directory.path())), ["a"]);
    assert_eq!(
        fs::read(directory.path().join("logs/open.log.damaged")).unwrap(),
        "garbage".repeat(100).as_bytes()
    );
}
