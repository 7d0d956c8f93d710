//! Extension `store`: keeps telemetry on this machine, for exporter `store` to write and the console to read, and offers
//! other components key-value spaces in the same directory.

mod config;
mod gauges;
mod spaces;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::config::{RetentionConfig, StoreConfig};
use self::gauges::gauges_of;
use self::spaces::Spaces;
use crate::config::GoDuration;
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Extension, ExtensionType, Host, Settings, Stability, StartError,
    Storage,
};
use crate::store::engine::{Catalog, Durability, EngineOptions, SqliteStore};
use crate::store::{MemoryStore, StoreError, TelemetryStore};
use crate::telemetry::GaugeGuard;

/// The type `store` among extensions.
pub struct StoreExtension {
    config: Arc<StoreConfig>,
    settings: Settings,
    open: Mutex<Option<OpenStore>>,
    spaces: Spaces,
}

/// A store that is open, with the gauges over it.
struct OpenStore {
    store: Arc<dyn TelemetryStore>,
    /// The engine, where the store is on disk.
    engine: Option<Arc<SqliteStore>>,
    _gauges: Vec<GaugeGuard>,
}

/// The store, the engine where it is on disk, and the catalog with the key-value spaces.
type Opened = (Arc<dyn TelemetryStore>, Option<Arc<SqliteStore>>, Arc<Catalog>);

impl ExtensionType for StoreExtension {
    const TYPE: &'static str = "store";
    const SIGNALS: &'static [(Signal, Stability)] = &[];
    type Config = StoreConfig;

    fn create(config: Arc<StoreConfig>, settings: Settings) -> Result<Arc<dyn Extension>, BuildError> {
        let spaces = Spaces::new(settings.control.clone());
        Ok(Arc::new(Self { config, settings, open: Mutex::new(None), spaces }))
    }
}

impl Component for StoreExtension {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let options = self.options();
            let memory_limit = self.config.in_memory.then_some(self.config.memory_limit.0);
            let opening = self.settings.control.spawn_blocking(move || open(&options, memory_limit));
            let stopping = |_| StartError("the process is stopping".to_owned());
            let opened = opening.await.map_err(stopping)?;
            let (store, engine, catalog) = opened.map_err(|error| StartError(error.to_string()))?;
            self.spaces.open(catalog);
            let gauges = engine.as_ref().map_or_else(Vec::new, |engine| gauges_of(engine, &self.settings));
            *self.open.lock() = Some(OpenStore { store, engine, _gauges: gauges });
            Ok(())
        })
    }

    fn shutdown(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.spaces.close();
            let open = self.open.lock().take();
            if let Some(OpenStore { engine: Some(engine), .. }) = open {
                // Closing waits for what the writers are at. A process that stops joins this anyway.
                let _ = self.settings.control.spawn_blocking(move || engine.close()).await;
            }
        })
    }
}

impl Extension for StoreExtension {
    fn storage(&self) -> Option<&dyn Storage> {
        Some(&self.spaces)
    }

    fn telemetry_store(&self) -> Option<Arc<dyn TelemetryStore>> {
        self.open.lock().as_ref().map(|open| Arc::clone(&open.store))
    }
}

impl StoreExtension {
    fn options(&self) -> EngineOptions {
        let config = &self.config;
        let clock = self.settings.clock;
        let limit = |duration: GoDuration| duration.limit();
        EngineOptions {
            directory: config.directory.clone().into(),
            durability: config.durability.into(),
            partition_duration: limit(config.partition_duration).unwrap_or(Duration::from_secs(6 * 3600)),
            max_age: limit(config.retention.max_age),
            max_bytes: config.max_bytes(),
            min_free_bytes: config.min_free_bytes.0,
            clock: Arc::new(move || clock.now_unix_nano()),
        }
    }
}

/// Opens the store on disk, or one in memory of so many bytes.
fn open(options: &EngineOptions, memory_limit: Option<u64>) -> Result<Opened, StoreError> {
    if let Some(memory_limit) = memory_limit {
        let catalog = Arc::new(Catalog::open(":memory:".into(), Durability::Normal)?);
        return Ok((Arc::new(MemoryStore::new(memory_limit)), None, catalog));
    }
    let engine = Arc::new(SqliteStore::open(options)?);
    let catalog = Arc::clone(engine.catalog());
    Ok((Arc::clone(&engine) as Arc<dyn TelemetryStore>, Some(engine), catalog))
}
