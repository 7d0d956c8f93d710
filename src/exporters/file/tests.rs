//! The file exporter on a real directory.

mod groups;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::time::Instant;

use super::codec::{Encoding, read_messages};
use super::{FileExporter, FileExporterConfig, GroupByConfig, RotationConfig};
use crate::config::{Checking, ConfigValue, Decoding, GoDuration, Node, NodeValue, Optional};
use crate::otlp::json::decode_json;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::testing::{settings, span_names, spans};
use crate::pipeline::{ExporterType, Host, Settings};

/// A directory, and a configuration that writes to `out.json` in it.
fn directory() -> (TempDir, FileExporterConfig) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.json").to_str().unwrap().to_owned();
    (directory, FileExporterConfig { path, ..FileExporterConfig::default() })
}

async fn started(config: FileExporterConfig) -> Consuming {
    let exporter = FileExporter::create(Arc::new(config), settings("file", Signal::Traces)).unwrap();
    exporter.start(&Host::default()).await.unwrap();
    exporter
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Writes each batch and stops.
async fn write(config: &FileExporterConfig, batches: &[Batch]) {
    let exporter = started(config.clone()).await;
    for batch in batches {
        exporter.consume(batch.clone()).await.unwrap();
    }
    exporter.shutdown(soon()).await;
}

/// The span names of each message in a file.
fn names_in(config: &FileExporterConfig, path: &Path) -> Vec<Vec<String>> {
    let encoding = Encoding::of(config);
    let messages = read_messages(encoding, fs::File::open(path).unwrap()).unwrap();
    let batch = |message: Vec<u8>| match encoding.is_json {
        true => decode_json(Signal::Traces, &message).unwrap(),
        false => Batch::from_untrusted_part(Signal::Traces, Bytes::from(message)).unwrap(),
    };
    messages.into_iter().map(|message| span_names(&batch(message))).collect()
}

#[tokio::test]
async fn json_is_one_document_a_line() {
    let (_directory, config) = directory();
    let mut merged = spans(&["a"]);
    merged.merge(spans(&["b"]));
    write(&config, &[merged, spans(&["c"])]).await;
    let text = fs::read_to_string(&config.path).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("{\"resourceSpans\":[{") && lines[0].ends_with("}]}\n"), "{}", lines[0]);
    assert_eq!(names_in(&config, Path::new(&config.path)), [vec!["a", "b"], vec!["c"]]);
    assert_eq!(fs::metadata(&config.path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn proto_and_compressed_files_hold_frames_that_can_be_read_back() {
    for (format, compression) in [("proto", ""), ("proto", "zstd"), ("json", "zstd")] {
        let (_directory, config) = directory();
        let config =
            FileExporterConfig { format: format.to_owned(), compression: compression.to_owned(), ..config };
        let batches = [spans(&["a", "b"]), spans(&["c"])];
        write(&config, &batches).await;
        assert_eq!(names_in(&config, Path::new(&config.path)), [vec!["a", "b"], vec!["c"]]);

        let bytes = fs::read(&config.path).unwrap();
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        if compression.is_empty() {
            assert_eq!(bytes[4..4 + length], *batches[0].parts()[0]);
        } else {
            assert_eq!(bytes[4..8], [0x28, 0xb5, 0x2f, 0xfd], "a zstd frame");
        }
        let cut = read_messages(Encoding::of(&config), &bytes[..bytes.len() - 1]);
        assert_eq!(cut.unwrap_err().to_string(), "the file ends within a message");
    }
}

#[tokio::test]
async fn an_ok_means_that_the_operating_system_has_it() {
    let (_directory, config) = directory();
    let exporter = started(config.clone()).await;
    exporter.consume(spans(&["a"])).await.unwrap();
    assert_eq!(names_in(&config, Path::new(&config.path)), [["a"]]);
    exporter.shutdown(soon()).await;
}

#[tokio::test]
async fn the_signals_of_one_exporter_share_its_file() {
    let (_directory, config) = directory();
    let config = Arc::new(config);
    let create = |signal| FileExporter::create(Arc::clone(&config), settings("file", signal)).unwrap();
    let (traces, logs) = (create(Signal::Traces), create(Signal::Logs));
    traces.start(&Host::default()).await.unwrap();
    logs.start(&Host::default()).await.unwrap();
    traces.consume(spans(&["a"])).await.unwrap();
    let log = Bytes::from_static(b"\x0a\x04\x12\x02\x12\x00");
    let log = Batch::from_untrusted_part(Signal::Logs, log).unwrap();
    logs.consume(log.clone()).await.unwrap();
    traces.shutdown(soon()).await;
    let refusal = traces.consume(spans(&["b"])).await.unwrap_err();
    assert_eq!(refusal.message, "the file exporter is not running");
    logs.consume(log).await.unwrap();
    logs.shutdown(soon()).await;
    logs.shutdown(soon()).await;
    let text = fs::read_to_string(&config.path).unwrap();
    let keys: Vec<_> = text.lines().map(|line| line.split('"').nth(1).unwrap()).collect();
    assert_eq!(keys, ["resourceSpans", "resourceLogs", "resourceLogs"]);
}

#[tokio::test]
async fn a_file_is_emptied_or_continued_as_configured() {
    let (_directory, config) = directory();
    write(&config, &[spans(&["a"])]).await;
    write(&config, &[spans(&["b"])]).await;
    assert_eq!(names_in(&config, Path::new(&config.path)), [["b"]]);
    let config = FileExporterConfig { append: true, ..config };
    write(&config, &[spans(&["c"])]).await;
    assert_eq!(names_in(&config, Path::new(&config.path)), [["b"], ["c"]]);
}

#[tokio::test]
async fn a_full_file_is_moved_aside_and_nothing_is_lost() {
    let (directory, config) = directory();
    let rotation = RotationConfig { max_megabytes: 1, max_backups: 2, ..RotationConfig::default() };
    let config = FileExporterConfig { rotation: Optional::on(rotation), ..config };
    // Two of these fill a MiB, three do not fit.
    let batch = |name: &str| spans(&[name.repeat(500_000)]);
    let names: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| batch(name)).collect();
    write(&config, &names[..5]).await;
    write(&config, &names[5..]).await;
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let first_letters = |path: &PathBuf| -> String {
        names_in(&config, path).concat().iter().map(|name| name.chars().next().unwrap()).collect()
    };
    assert_eq!(files.iter().map(first_letters).collect::<Vec<_>>(), ["ab", "cd", "ef"]);
    assert_eq!(files[2], Path::new(&config.path), "the old ones sort before: {files:?}");
}

#[tokio::test]
async fn a_disk_that_is_full_is_a_refusal_that_may_be_tried_again() {
    let config = FileExporterConfig { path: "/dev/full".to_owned(), ..FileExporterConfig::default() };
    let exporter = started(config).await;
    let refusal = exporter.consume(spans(&["a"])).await.unwrap_err();
    assert_eq!(refusal.message, "cannot write /dev/full: No space left on device (os error 28)");
    assert!(!refusal.is_permanent());
    exporter.shutdown(soon()).await;
}

#[tokio::test]
async fn the_directory_must_exist_or_is_created() {
    let (directory, config) = directory();
    let path = directory.path().join("a/b/out.json").to_str().unwrap().to_owned();
    let config = FileExporterConfig { path: path.clone(), ..config };
    let exporter = FileExporter::create(Arc::new(config.clone()), settings("file", Signal::Traces)).unwrap();
    let error = exporter.start(&Host::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open {path}: No such file or directory (os error 2)"));
    exporter.shutdown(soon()).await;

    let config =
        FileExporterConfig { create_directory: true, directory_permissions: "0700".to_owned(), ..config };
    write(&config, &[spans(&["a"])]).await;
    assert_eq!(names_in(&config, Path::new(&path)), [["a"]]);
    let mode = fs::metadata(directory.path().join("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

fn check_messages(config: &FileExporterConfig) -> Vec<String> {
    let mut checking = Checking::default();
    config.check(&mut checking);
    checking.into_errors().into_iter().map(|error| error.message).collect()
}

#[test]
fn checks_speak_as_the_collector_does() {
    assert_eq!(check_messages(&FileExporterConfig::default()), ["path must be non-empty"]);
    let bad = FileExporterConfig {
        path: "out".to_owned(),
        append: true,
        rotation: Optional::on(RotationConfig::default()),
        format: "xml".to_owned(),
        compression: "gzip".to_owned(),
        flush_interval: GoDuration::from_secs(-1),
        directory_permissions: "0755".to_owned(),
        ..FileExporterConfig::default()
    };
    assert_eq!(
        check_messages(&bad),
        [
            "append and compression enabled at the same time is not supported",
            "append and rotation enabled at the same time is not supported",
            "format type is not supported",
            "compression is not supported",
            "flush_interval must be larger than zero",
            "directory_permissions requires create_directory to be true",
        ]
    );
    let group_by =
        GroupByConfig { enabled: true, resource_attribute: String::new(), ..GroupByConfig::default() };
    let bad = FileExporterConfig {
        path: "*/*".to_owned(),
        group_by,
        create_directory: true,
        directory_permissions: "0999".to_owned(),
        ..FileExporterConfig::default()
    };
    assert_eq!(
        check_messages(&bad),
        [
            "path must contain exactly one * when group_by is enabled",
            "path must not start with * when group_by is enabled",
            "resource_attribute must not be empty when group_by is enabled",
            "directory_permissions value must be a valid octal representation",
        ]
    );
}

#[test]
fn a_rotation_key_with_nothing_under_it_turns_rotation_on() {
    let mut config = FileExporterConfig::default();
    assert!(!config.rotation.is_on());
    let mut decoding = Decoding::default();
    config.rotation.update(&Node::anonymous(NodeValue::Null), &mut decoding);
    assert_eq!(config.rotation.get().unwrap().max_backups, 100);
}
