//! Exporter `store`: puts telemetry into the embedded store that an extension `store` keeps open.
//!
//! A batch is answered OK once the store has it as safe as the extension is told to keep it, and refused at once where it
//! cannot be kept, so that whoever sent it knows. So there is no queue and no second attempt unless they are asked for: a queue
//! in memory would answer OK before. Appending may wait for a disk, so it happens on threads for what blocks; batches that come
//! at once share one commit.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::config::{GoDuration, Optional};
use crate::config_section;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::{ExporterOptions, RetryConfig, Sender, SendingQueueConfig, build_exporter};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{BoxFuture, BuildError, ExporterType, Host, Refusal, Settings, Stability, StartError};
use crate::store::{StoreError, TelemetryStore};

config_section! {
    /// Puts telemetry into the store on this machine.
    pub struct StoreExporterConfig {
        /// The extension `store` that keeps it.
        pub store: String = "store".to_owned(),
        /// Tries again what could not be kept for a reason that may pass, such as a full disk; off unless asked for, since
        /// whoever sent it would have to wait.
        pub retry_on_failure: RetryConfig = RetryConfig { enabled: false, ..RetryConfig::default() },
        /// Keeps batches until the store has them. Off unless asked for: what is in a queue in memory is answered OK, and
        /// lost when the process is killed.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::off(SendingQueueConfig::default()),
    }
    check(section, checking) {
        if section.store.is_empty() {
            checking.error_at("store", "must name an extension `store`");
        }
    }
}

/// The type `store` among exporters.
pub struct StoreExporter;

impl ExporterType for StoreExporter {
    const TYPE: &'static str = "store";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Alpha),
        (Signal::Metrics, Stability::Alpha),
        (Signal::Logs, Stability::Alpha),
    ];
    type Config = StoreExporterConfig;

    fn create(config: Arc<StoreExporterConfig>, settings: Settings) -> Result<Consuming, BuildError> {
        let sender = StoreSender {
            store_id: config.store.clone(),
            control: settings.control.clone(),
            store: Mutex::new(None),
        };
        let options = ExporterOptions {
            timeout: GoDuration::ZERO,
            retry: Some(config.retry_on_failure.clone()),
            queue: config.sending_queue.clone(),
        };
        build_exporter(&settings, options, sender)
    }
}

struct StoreSender {
    store_id: String,
    /// Where threads for what blocks are.
    control: Handle,
    store: Mutex<Option<Arc<dyn TelemetryStore>>>,
}

impl Sender for StoreSender {
    fn start<'a>(&'a self, host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            *self.store.lock() = Some(host.telemetry_store(&self.store_id)?);
            Ok(())
        })
    }

    fn send(&self, batch: Batch) -> BoxFuture<'_, Result<ExportResponse, Refusal>> {
        Box::pin(async move {
            let ended = || Refusal::retryable("the store exporter is not running");
            let store = self.store.lock().clone().ok_or_else(ended)?;
            let appended = self.control.spawn_blocking(move || store.append(&batch)).await;
            appended.map_err(|_| ended())?.map_err(|error| refusal_for(&error))?;
            Ok(ExportResponse::default())
        })
    }

    fn shutdown(&self, _: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.store.lock().take();
        })
    }
}

/// A disk may have room again and a database may recover; telemetry that the store cannot read stays so.
fn refusal_for(error: &StoreError) -> Refusal {
    match error {
        StoreError::Full(_) | StoreError::Engine(_) | StoreError::Damaged(_) => {
            Refusal::retryable(error.to_string())
        }
        StoreError::Format(_) | StoreError::Question(_) => Refusal::permanent(error.to_string()),
    }
}
