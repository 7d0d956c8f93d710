//! Exporter `file`: writes telemetry to a file, as lines of OTLP/JSON or as framed protobuf.
//!
//! All disk work and all encoding happen on one thread per exporter, in the order batches came. A batch
//! is answered OK when the operating system has it, so that what was answered OK survives the end of
//! this process, and an error of the disk is the answer of the very batch it hit: a retryable refusal.
//! A frame that was written in part is cut off again. Stopping writes what is left and syncs the disk.
//!
//! The signals of one exporter share its file, as in the Collector.

pub mod codec;
mod config;
mod grouping;
mod output_file;
mod rotation;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub use self::config::{FileExporterConfig, GroupByConfig, RotationConfig};
use self::writer::{Job, SharedWriter};
use crate::config::{GoDuration, Optional};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, Sender, SendingQueueConfig, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Host, Refusal, Settings, Stability, StartError};

/// The type `file` among exporters.
pub struct FileExporter;

impl ExporterType for FileExporter {
    const TYPE: &'static str = "file";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Alpha),
        (Signal::Metrics, Stability::Alpha),
        (Signal::Logs, Stability::Alpha),
    ];
    type Config = FileExporterConfig;

    fn create(config: Arc<FileExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let sender = FileSender { writer: SharedWriter::of(&config), jobs: Mutex::new(None) };
        let options = ExporterOptions {
            timeout: GoDuration::ZERO,
            retry: None,
            queue: Optional::off(SendingQueueConfig::default()),
        };
        build_exporter(&settings, options, sender)
    }
}

/// Hands batches of one signal to the exporter's writer.
struct FileSender {
    writer: Arc<SharedWriter>,
    /// The way to the writer, while this signal's exporter runs.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
}

impl Sender for FileSender {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            let jobs = self.writer.start().await.map_err(StartError)?;
            *self.jobs.lock() = Some(jobs);
            Ok(())
        })
    }

    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(async move {
            let ended = || Refusal::retryable("the file exporter is not running");
            let jobs = self.jobs.lock().clone().ok_or_else(ended)?;
            let (answer, answered) = oneshot::channel();
            jobs.send(Job { batch, answer }).await.map_err(|_| ended())?;
            let outcome = answered.await.map_err(|_| ended())?;
            let rejected = i64::try_from(outcome.unplaced_items).unwrap_or(i64::MAX);
            outcome.result.map(|()| ExportResponse { rejected, error_message: outcome.problem })
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let jobs = self.jobs.lock().take();
            if jobs.is_some() {
                drop(jobs);
                self.writer.stop(deadline).await;
            }
        })
    }
}
