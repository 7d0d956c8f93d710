//! Exporter `nop`: takes everything and keeps nothing.

use std::sync::Arc;

use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ExporterType, Refusal, Settings, Stability,
};

config_section! {
    /// Takes everything and keeps nothing. For measuring a pipeline without its back end.
    pub struct NopExporterConfig {}
}

/// The type `nop` among exporters.
pub struct NopExporter;

impl ExporterType for NopExporter {
    const TYPE: &'static str = "nop";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Stable),
        (Signal::Metrics, Stability::Stable),
        (Signal::Logs, Stability::Stable),
    ];
    type Config = NopExporterConfig;

    fn create(_config: Arc<NopExporterConfig>, _settings: Settings) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self))
    }
}

impl Component for NopExporter {}

impl Consumer for NopExporter {
    fn consume(&self, _batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }
}
