//! The extension as components and operators meet it.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config::GoDuration;
use crate::extensions::file_storage::{CompactionConfig, FileStorage, FileStorageConfig};
use crate::otlp::Signal;
use crate::pipeline::testing::settings;
use crate::pipeline::{
    ComponentId, ComponentKind, Extension, ExtensionType, Host, StorageClient, StorageOwner,
};

fn owner() -> StorageOwner {
    let id = ComponentId::parse("otlp").unwrap();
    StorageOwner { kind: ComponentKind::Exporter, id, name: "traces".to_owned() }
}

async fn started(config: FileStorageConfig) -> Arc<dyn Extension> {
    let extension = FileStorage::create(Arc::new(config), settings("file_storage", Signal::Traces)).unwrap();
    extension.start(&Host::default()).await.unwrap();
    extension
}

fn config(directory: &Path) -> FileStorageConfig {
    FileStorageConfig {
        directory: directory.join("made/here").to_str().unwrap().to_owned(),
        create_directory: true,
        timeout: GoDuration::from_millis(1),
        ..FileStorageConfig::default()
    }
}

async fn client_of(extension: &Arc<dyn Extension>) -> Result<Arc<dyn StorageClient>, StorageError> {
    extension.storage().unwrap().open(owner()).await
}

#[tokio::test]
async fn what_is_written_is_there_in_the_next_life() {
    let directory = tempfile::tempdir().unwrap();
    let extension = started(config(directory.path())).await;
    let client = client_of(&extension).await.unwrap();
    let writes = (0..50).map(|index| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.write(vec![set(&format!("{index:02}"), b"value")]).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    client.write(vec![delete("07")]).await.unwrap();
    assert!(matches!(client_of(&extension).await, Err(StorageError::InUse(_))));
    client.close().await;
    client.close().await;
    assert!(matches!(client.write(vec![delete("08")]).await, Err(StorageError::Closed)));
    assert!(matches!(client.keys().await, Err(StorageError::Closed)));

    let client = client_of(&extension).await.unwrap();
    assert_eq!(client.keys().await.unwrap().len(), 49);
    assert_eq!(client.get("49").await.unwrap(), Some(Bytes::from_static(b"value")));
    assert_eq!(client.get("07").await.unwrap(), None);
    let file = directory.path().join("made/here/exporter_otlp_grpc__traces.weir");
    assert!(file.try_exists().unwrap());
}

#[tokio::test]
async fn a_file_that_becomes_free_in_time_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let patient = FileStorageConfig { timeout: GoDuration::ZERO, ..config(directory.path()) };
    let extension = started(patient).await;
    let first = client_of(&extension).await.unwrap();
    let waiting = Arc::clone(&extension);
    let second = tokio::spawn(async move { client_of(&waiting).await.map(drop) });
    first.close().await;
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn unfinished_files_are_removed_at_the_start_where_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let scratch = directory.path().join("tempdb123");
    fs::write(&scratch, "unfinished").unwrap();
    let compaction = CompactionConfig {
        on_start: true,
        cleanup_on_start: true,
        directory: directory.path().to_str().unwrap().to_owned(),
        ..CompactionConfig::default()
    };
    let extension = started(FileStorageConfig { compaction, ..config(directory.path()) }).await;
    assert!(!scratch.try_exists().unwrap());
    let client = client_of(&extension).await.unwrap();
    client.write(vec![set("a", b"1")]).await.unwrap();
    client.close().await;
    let client = client_of(&extension).await.unwrap();
    assert_eq!(client.get("a").await.unwrap(), Some(Bytes::from_static(b"1")), "after compaction on start");
}

#[tokio::test]
async fn a_file_near_its_longest_makes_room_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let extension = started(FileStorageConfig { max_size: 100_000, ..config(directory.path()) }).await;
    let client = client_of(&extension).await.unwrap();
    for round in 0..200_u8 {
        // The file may be written anew just then; whoever is refused comes again.
        let mut written = Err(StorageError::Closed);
        for _attempt in 0..1000 {
            written = client.write(vec![set("offset", &[round; 10_000])]).await;
            if !matches!(written, Err(StorageError::Full(_))) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        written.unwrap();
    }
    assert_eq!(client.get("offset").await.unwrap().unwrap().as_ref(), &[199; 10_000]);
    client.close().await;
    let file = directory.path().join("made/here/exporter_otlp_grpc__traces.weir");
    assert!(fs::metadata(file).unwrap().len() <= 100_000);
}
