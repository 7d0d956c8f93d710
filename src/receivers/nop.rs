//! Receiver `nop`: brings nothing in.

use std::sync::Arc;

use crate::config_section;
use crate::otlp::Signal;
use crate::pipeline::{BuildError, Component, Outputs, ReceiverType, Settings, Stability};

config_section! {
    /// Brings nothing in. For pipelines that are only fed by connectors, and for trying a configuration.
    pub struct NopReceiverConfig {}
}

/// The type `nop` among receivers.
pub struct NopReceiver;

impl ReceiverType for NopReceiver {
    const TYPE: &'static str = "nop";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Stable),
        (Signal::Metrics, Stability::Stable),
        (Signal::Logs, Stability::Stable),
    ];
    type Config = NopReceiverConfig;

    fn create(
        _config: Arc<NopReceiverConfig>,
        _settings: Settings,
        _outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        Ok(Box::new(Self))
    }
}

impl Component for NopReceiver {}
