//! Files of every format version are read. A new version gets a directory of its own under `tests/testdata/store`, which
//! `cargo test -- --ignored the_files_of_this_version_are_written` writes.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{NOW, open};
use crate::otlp::wire::{WireType, put_key, put_length_delimited, put_message};
use crate::otlp::{Batch, Signal};
use crate::store::engine::FORMAT_VERSION;
use crate::store::tests::lines::sorted_lines;
use crate::store::{TelemetryStore, TimeRange};

/// Two items of a signal, the second an hour after the first; which field of them is the time differs.
fn telemetry(signal: Signal) -> Batch {
    let (time, name) = match signal {
        Signal::Traces => (7, 5),
        Signal::Metrics => (3, 0),
        Signal::Logs => (1, 12),
    };
    let mut body = Vec::new();
    put_message(&mut body, 1, |resource_group| {
        put_message(resource_group, 1, |resource| attribute(resource, 1, "service.name", "shop"));
        put_message(resource_group, 2, |scope_group| {
            for hour in 0..2_u64 {
                let item = |item: &mut Vec<u8>| {
                    if name > 0 {
                        put_length_delimited(item, name, format!("item {hour}").as_bytes());
                        attribute(item, if signal == Signal::Traces { 9 } else { 6 }, "key", "value");
                    }
                    put_key(item, time, WireType::Fixed64);
                    item.extend_from_slice(&(NOW - hour * 3_600_000_000_000).to_le_bytes());
                };
                put_message(scope_group, 2, |record| match signal {
                    Signal::Metrics => {
                        put_length_delimited(record, 1, b"requests");
                        put_message(record, 5, |gauge| put_message(gauge, 1, item));
                    }
                    _ => item(record),
                });
            }
        });
    });
    Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap()
}

/// What the files of a version have; from version 2 on the same once more in the log, not cut.
fn telemetry_in(version: i32, signal: Signal) -> Vec<Batch> {
    vec![telemetry(signal); if version == 1 { 1 } else { 2 }]
}

fn attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &str) {
    put_message(out, number, |attribute| {
        put_length_delimited(attribute, 1, key.as_bytes());
        put_message(attribute, 2, |any_value| put_length_delimited(any_value, 1, value.as_bytes()));
    });
}

fn directory_of(version: i32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/testdata/store/version-{version}"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn files_of_every_version_are_read() {
    for version in 1..=FORMAT_VERSION {
        let directory = tempfile::tempdir().unwrap();
        copy(&directory_of(version), directory.path());
        let store = open(directory.path());
        for signal in Signal::ALL {
            let mut found = Vec::new();
            store
                .export(signal, TimeRange::ALL, &mut |batch| {
                    found.push(batch);
                    Ok(())
                })
                .unwrap();
            assert_eq!(
                sorted_lines(&found),
                sorted_lines(&telemetry_in(version, signal)),
                "{version} {signal}"
            );
        }
        assert_eq!(store.value("kept").unwrap().as_deref(), Some(&b"value"[..]));
        assert_eq!(store.damage().unwrap(), [""; 0]);
    }
}

#[test]
#[ignore = "writes the files of a new format version, once"]
fn the_files_of_this_version_are_written() {
    let directory = directory_of(FORMAT_VERSION);
    let store = open(&directory);
    for signal in Signal::ALL {
        store.append(&telemetry(signal)).unwrap();
    }
    store.set_value("kept", Some(Bytes::from_static(b"value"))).unwrap();
    store.cut().unwrap();
    for signal in Signal::ALL {
        store.append(&telemetry(signal)).unwrap();
    }
    drop(store);
    fs::remove_file(directory.join("lock")).unwrap();
}
