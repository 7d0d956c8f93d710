//! A folder that is watched, polled by hand.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::otlp::{Batch, Signal};
use crate::pipeline::testing::settings;
use crate::receivers::filelog::checkpoints::{Checkpoint, Progress};
use crate::receivers::filelog::config::FileLogConfig;
use crate::receivers::filelog::following::TailId;
use crate::receivers::filelog::reading::{FileReader, PollTime};

/// The time of day of every poll.
pub const UNIX_NANO: u64 = 1_800_000_000_000_000_000;

/// A folder and a reader of the files `*.log*` in it.
pub struct Watched {
    folder: tempfile::TempDir,
    config: Arc<FileLogConfig>,
    reader: FileReader,
    now: Instant,
    /// What would be stored.
    checkpoints: BTreeMap<TailId, Checkpoint>,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub body: String,
    pub attributes: Vec<(String, String)>,
    pub resource: Vec<(String, String)>,
    pub observed_time_unix_nano: u64,
}

impl Watched {
    /// Watches an empty folder as `yaml` says; `FOLDER` in it is the folder.
    pub fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(config(yaml, &folder));
        let reader = reader(&config);
        Self { folder, config, reader, now: Instant::now(), checkpoints: BTreeMap::new() }
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

    /// Writes what is in one file into another one, compressed.
    pub fn gzip(&self, from: &str, to: &str) {
        let to = fs::File::create(self.path(to)).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(to, flate2::Compression::fast());
        encoder.write_all(&fs::read(self.path(from)).unwrap()).unwrap();
        encoder.finish().unwrap();
    }

    /// Cuts a file off to nothing.
    pub fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).truncate(true).open(self.path(name)).unwrap();
    }

    pub fn pass_milliseconds(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    /// Goes on as after a restart of the process; what operators hold back is read before.
    pub fn restart(&mut self) -> Vec<String> {
        let last = self.reader.last_turn();
        self.keep(last.progress);
        self.crash();
        last.batch.iter().flat_map(records_of).map(|record| record.body).collect()
    }

    /// Goes on as after a sudden end of the process.
    pub fn crash(&mut self) {
        self.reader = reader(&self.config);
        self.reader.resume(self.checkpoints.clone().into_iter().collect(), self.now);
    }

    /// Restarts with another section.
    pub fn reconfigure(&mut self, yaml: &str) {
        self.restart();
        self.config = Arc::new(config(yaml, &self.folder));
        self.crash();
    }

    fn keep(&mut self, progress: Vec<Progress>) {
        for step in progress {
            match step {
                Progress::Read(id, checkpoint) => drop(self.checkpoints.insert(id, checkpoint)),
                Progress::Forgotten(id) => drop(self.checkpoints.remove(&id)),
            }
        }
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
            self.keep(turn.progress);
            turn.finished.iter().for_each(|path| fs::remove_file(path).unwrap());
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
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    let settings = settings("file_log", Signal::Logs);
    FileReader::new(Arc::clone(config), &settings, CancellationToken::new()).unwrap()
}

/// The records of a batch.
pub fn records_of(batch: &Batch) -> Vec<Record> {
    let mut records = Vec::new();
    for part in batch.parts() {
        for resource_logs in ExportLogsServiceRequest::decode(part.clone()).unwrap().resource_logs {
            let resource = texts_of(resource_logs.resource.unwrap_or_default().attributes);
            for record in resource_logs.scope_logs.into_iter().flat_map(|scope_logs| scope_logs.log_records) {
                records.push(Record {
                    body: text_of(record.body.unwrap().value.unwrap()),
                    attributes: texts_of(record.attributes),
                    resource: resource.clone(),
                    observed_time_unix_nano: record.observed_time_unix_nano,
                });
            }
        }
    }
    assert_eq!(records.len(), batch.items());
    records
}

fn texts_of(attributes: Vec<KeyValue>) -> Vec<(String, String)> {
    let text = |attribute: KeyValue| (attribute.key, text_of(attribute.value.unwrap().value.unwrap()));
    attributes.into_iter().map(text).collect()
}

fn text_of(value: Value) -> String {
    match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
