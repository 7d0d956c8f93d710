//! Extension `store`: opens the embedded store, which exporters `store` write to and the console reads.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::config::StoreConfig;
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Extension, ExtensionType, Host, Settings, Stability, StartError,
};
use crate::store::TelemetryStore;
use crate::store::memory::MemoryStore;

/// The type `store` among extensions.
pub struct StoreExtension {
    config: Arc<StoreConfig>,
    /// The store, from the start until the end.
    open: Mutex<Option<Arc<dyn TelemetryStore>>>,
}

impl ExtensionType for StoreExtension {
    const TYPE: &'static str = "store";
    const SIGNALS: &'static [(Signal, Stability)] = &[];
    type Config = StoreConfig;

    fn create(config: Arc<StoreConfig>, _: Settings) -> Result<Arc<dyn Extension>, BuildError> {
        Ok(Arc::new(Self { config, open: Mutex::new(None) }))
    }
}

impl Component for StoreExtension {
    fn start<'a>(&'a self, _: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            *self.open.lock() = Some(Arc::new(MemoryStore::new(self.config.memory_limit.0)));
            Ok(())
        })
    }

    fn shutdown(&self, _: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.open.lock().take();
        })
    }
}

impl Extension for StoreExtension {
    fn telemetry_store(&self) -> Option<Arc<dyn TelemetryStore>> {
        self.open.lock().clone()
    }
}
