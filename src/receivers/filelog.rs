//! Receiver `file_log`: reads log files as they grow.
//!
//! Files are looked at once an interval, beside the workers, and what is new in them goes out in batches:
//! one is read while the one before is taken by the pipeline. A batch that cannot be taken now is offered
//! again, and nothing more is read meanwhile: the files are the queue. How far they were read is kept in
//! `storage` only once the pipeline took the batch, so that after any end nothing is missing.

mod checkpoints;
mod computed_values;
pub mod config;
mod delivery;
mod emission;
mod encoding;
mod file_attributes;
mod file_order;
mod finding;
mod fingerprint;
mod following;
pub(in crate::receivers) mod glob;
mod header;
mod polling;
mod reading;
mod records;
mod source;
mod splitting;
mod tail;
#[cfg(test)]
mod tests;
mod watch_counts;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use self::checkpoints::Checkpoints;
pub use self::config::FileLogConfig;
use self::delivery::Delivery;
use self::polling::Polling;
use self::reading::FileReader;
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, ComponentId, ComponentKind, Host, Outputs, ReceiverType, Settings,
    Stability, StartError, StorageOwner, TaskScope,
};

/// The type `file_log` among receivers.
pub struct FileLogReceiver {
    config: Arc<FileLogConfig>,
    settings: Settings,
    /// Ready to read, until it is started.
    reader: Mutex<Option<FileReader>>,
    delivery: Option<Arc<Delivery>>,
    scope: TaskScope,
}

impl ReceiverType for FileLogReceiver {
    const TYPE: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Logs, Stability::Beta)];
    type Config = FileLogConfig;

    fn create(
        config: Arc<FileLogConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let scope = TaskScope::new(settings.workers.clone());
        let stopping = scope.stopping();
        let reader = FileReader::new(Arc::clone(&config), &settings, stopping.clone())?;
        let waits = config.retry_on_failure.waits();
        let delivery = outputs
            .logs
            .map(|consumer| Arc::new(Delivery::new(&settings, consumer, waits, stopping.clone())));
        Ok(Box::new(Self { config, settings, reader: Mutex::new(Some(reader)), delivery, scope }))
    }
}

impl FileLogReceiver {
    async fn checkpoints(&self, host: &Host) -> Result<Option<Checkpoints>, StartError> {
        let Some(storage) = &self.config.storage else { return Ok(None) };
        let client = host.storage(storage)?.open(storage_owner(&self.settings.id)).await?;
        Ok(Some(Checkpoints::new(client)))
    }
}

/// The owner of what is stored: the same one under both names of the type.
fn storage_owner(id: &ComponentId) -> StorageOwner {
    let id = ComponentId { type_name: id.type_name.replace('_', ""), name: id.name.clone() };
    StorageOwner { kind: ComponentKind::Receiver, id, name: String::new() }
}

impl Component for FileLogReceiver {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let Some(delivery) = &self.delivery else { return Ok(()) };
            let mut checkpoints = self.checkpoints(host).await?;
            let loaded = match &mut checkpoints {
                None => Vec::new(),
                Some(checkpoints) => checkpoints.load().await?,
            };
            let Some(mut reader) = self.reader.lock().take() else { return Ok(()) };
            reader.resume(loaded, Instant::now());
            let polling = Polling::new(Arc::clone(delivery), checkpoints, self.settings.clock);
            let (interval, stopping) = (self.config.reading.poll_interval, self.scope.stopping().clone());
            let run = polling.run(reader, interval.to_std(), stopping);
            self.scope.spawn(run.in_current_span());
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(delivery) = &self.delivery {
                delivery.stop_at(deadline);
            }
            self.scope.join(deadline).await;
        })
    }
}
