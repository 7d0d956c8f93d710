//! Connector `forward`: hands on what one pipeline ends with to another of the same signal.

use std::sync::Arc;

use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, ConnectorType, Consumer, Outputs, Refusal, Settings, Stability,
};

config_section! {
    /// Hands on everything unchanged, so that pipelines of one signal can be merged, or one split into several.
    pub struct ForwardConfig {}
}

/// The type `forward` among connectors.
pub struct Forward {
    next: Arc<dyn Consumer>,
}

impl ConnectorType for Forward {
    const TYPE: &'static str = "forward";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    const PAIRS: &'static [(Signal, Signal, Stability)] = &[
        (Signal::Traces, Signal::Traces, Stability::Beta),
        (Signal::Metrics, Signal::Metrics, Stability::Beta),
        (Signal::Logs, Signal::Logs, Stability::Beta),
    ];
    type Config = ForwardConfig;

    fn create(
        _config: Arc<ForwardConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Consuming, BuildError> {
        let taken = settings.signal.ok_or_else(|| BuildError("forward takes a signal".to_owned()))?;
        Ok(Arc::new(Self { next: outputs.required(taken)? }))
    }
}

impl Component for Forward {}

impl Consumer for Forward {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        self.next.consume(batch)
    }
}
