//! The extension as components meet it: a store and key-value spaces that live through a restart.

use bytes::Bytes;

use super::*;
use crate::otlp::Batch;
use crate::pipeline::testing::settings;
use crate::pipeline::{ComponentId, ComponentKind, StorageChange, StorageError, StorageOwner};
use crate::store::TimeRange;

async fn started(config: StoreConfig) -> Arc<dyn Extension> {
    let extension = StoreExtension::create(Arc::new(config), settings("store", Signal::Traces)).unwrap();
    assert!(extension.telemetry_store().is_none());
    extension.start(&Host::default()).await.unwrap();
    extension
}

fn config(directory: &std::path::Path, in_memory: bool) -> StoreConfig {
    let directory = directory.join("made/here").to_str().unwrap().to_owned();
    StoreConfig { directory, in_memory, ..StoreConfig::default() }
}

fn owner() -> StorageOwner {
    let id = ComponentId::parse("alarms").unwrap();
    StorageOwner { kind: ComponentKind::Connector, id, name: String::new() }
}

fn span() -> Batch {
    let body = Bytes::from_static(b"\x0a\x09\x12\x07\x12\x05\x2a\x03GET");
    Batch::from_untrusted_part(Signal::Traces, body).unwrap()
}

fn kept_spans(extension: &Arc<dyn Extension>) -> usize {
    let mut spans = 0;
    let mut count = |batch: Batch| {
        spans += batch.items();
        Ok(())
    };
    extension.telemetry_store().unwrap().export(Signal::Traces, TimeRange::ALL, &mut count).unwrap();
    spans
}

async fn stopped(extension: Arc<dyn Extension>) {
    extension.shutdown(Instant::now()).await;
    assert!(extension.telemetry_store().is_none());
}

#[tokio::test]
async fn telemetry_and_spaces_are_there_in_the_next_life() {
    let directory = tempfile::tempdir().unwrap();
    let extension = started(config(directory.path(), false)).await;
    extension.telemetry_store().unwrap().append(&span()).unwrap();
    let space = extension.storage().unwrap().open(owner()).await.unwrap();
    let set = StorageChange::Set { key: "state".to_owned(), value: Bytes::from_static(b"ALARM") };
    space.write(vec![set]).await.unwrap();
    let second = extension.storage().unwrap().open(owner()).await;
    assert!(matches!(second.err(), Some(StorageError::InUse(_))));
    space.close().await;
    assert!(matches!(space.keys().await, Err(StorageError::Closed)));
    stopped(extension).await;

    let extension = started(config(directory.path(), false)).await;
    assert_eq!(kept_spans(&extension), 1);
    let space = extension.storage().unwrap().open(owner()).await.unwrap();
    assert_eq!(space.keys().await.unwrap(), ["state"]);
    assert_eq!(space.get("state").await.unwrap().as_deref(), Some(&b"ALARM"[..]));
    space.close().await;
    stopped(extension).await;
}

#[tokio::test]
async fn a_store_in_memory_writes_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let extension = started(config(directory.path(), true)).await;
    extension.telemetry_store().unwrap().append(&span()).unwrap();
    assert_eq!(kept_spans(&extension), 1);
    let space = extension.storage().unwrap().open(owner()).await.unwrap();
    space.write(vec![StorageChange::Set { key: "a".to_owned(), value: Bytes::new() }]).await.unwrap();
    assert_eq!(space.keys().await.unwrap(), ["a"]);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    stopped(extension).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("made"), "a file").unwrap();
    let config = Arc::new(config(directory.path(), false));
    let extension = StoreExtension::create(config, settings("store", Signal::Traces)).unwrap();
    let refused = extension.start(&Host::default()).await.unwrap_err();
    assert!(refused.to_string().contains("made/here"), "{refused}");
}
