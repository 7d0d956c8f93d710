//! A folder that is watched, polled by hand.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::config::FileLogConfig;
use super::super::reading::{FileReader, PollTime};
use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::otlp::Batch;
use crate::pipeline::InFlightBytes;

/// The time of day of every poll.
pub const UNIX_NANO: u64 = 1_800_000_000_000_000_000;

/// A folder and a reader of the files `*.log*` in it.
pub struct Watched {
    folder: tempfile::TempDir,
    reader: FileReader,
    now: Instant,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub body: String,
    pub attributes: Vec<(String, String)>,
    pub observed_time_unix_nano: u64,
}

impl Watched {
    /// Watches an empty folder as `yaml` says; `FOLDER` in it is the folder.
    pub fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(config(yaml, &folder));
        let reader = reader(&config);
        Self { folder, reader, now: Instant::now() }
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Appends to a file, which is made where it is not there.
    pub fn append(&self, name: &str, text: &str) {
        self.append_bytes(name, text.as_bytes());
    }

    /// Appends bytes that may not be text.
    pub fn append_bytes(&self, name: &str, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub fn delete(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Cuts a file off to nothing.
    pub fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).truncate(true).open(self.path(name)).unwrap();
    }

    pub fn pass_milliseconds(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    /// Polls once; the bodies of what was read.
    pub fn poll(&mut self) -> Vec<String> {
        self.poll_records().into_iter().map(|record| record.body).collect()
    }

    /// Polls once; everything that was read.
    pub fn poll_records(&mut self) -> Vec<Record> {
        let time = PollTime { now: self.now, unix_nano: UNIX_NANO };
        self.reader.begin_poll(time);
        let mut records = Vec::new();
        loop {
            let turn = self.reader.next_turn(time);
            records.extend(turn.batch.iter().flat_map(records_of));
            if turn.is_last {
                return records;
            }
        }
    }
}

/// The section `yaml` for a folder.
fn config(yaml: &str, folder: &tempfile::TempDir) -> FileLogConfig {
    let folder = folder.path().to_str().unwrap();
    let mut config = FileLogConfig { include: vec![format!("{folder}/*.log*")], ..FileLogConfig::default() };
    let mut decoding = Decoding::default();
    let yaml = yaml.replace("FOLDER", folder);
    config.update(&parse_yaml(&yaml, &Arc::from("test")).unwrap(), &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    let mut checking = Checking::default();
    config.check(&mut checking);
    assert_eq!(checking.into_errors(), []);
    config
}

fn reader(config: &Arc<FileLogConfig>) -> FileReader {
    FileReader::new(Arc::clone(config), InFlightBytes::default(), CancellationToken::new()).unwrap()
}

/// The records of a batch.
pub fn records_of(batch: &Batch) -> Vec<Record> {
    let requests = batch.parts().iter().map(|part| ExportLogsServiceRequest::decode(part.clone()).unwrap());
    let resource_logs = requests.flat_map(|request| request.resource_logs);
    let scope_logs = resource_logs.flat_map(|resource_logs| resource_logs.scope_logs);
    let records: Vec<_> = scope_logs
        .flat_map(|scope_logs| scope_logs.log_records)
        .map(|record| Record {
            body: text_of(record.body.unwrap().value.unwrap()),
            attributes: record
                .attributes
                .into_iter()
                .map(|attribute| (attribute.key, text_of(attribute.value.unwrap().value.unwrap())))
                .collect(),
            observed_time_unix_nano: record.observed_time_unix_nano,
        })
        .collect();
    assert_eq!(records.len(), batch.items());
    records
}

fn text_of(value: Value) -> String {
    match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
