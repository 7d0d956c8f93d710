//! Processor `attributes`: changes the attributes of spans, log records and data points.

use std::sync::Arc;

use super::attribute_actions::{ActionConfig, ActionRun, AttributeActions, check_actions};
use crate::config_section;
use crate::otlp::{AttributesInPlace, Batch, Context, Editor, MessageKind, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorType, Refusal, Settings, Stability,
};

config_section! {
    /// Changes the attributes of spans, log records and data points: adds, updates, deletes, hashes, splits
    /// and converts them.
    ///
    /// Data points that become equal in all their attributes are not merged; `dimensions` does that.
    pub struct AttributesConfig {
        /// What to do, in this order. At least one action is needed.
        pub actions: Vec<ActionConfig> = Vec::new(),
    }
    check(section, checking) {
        check_actions("actions", &section.actions, checking);
    }
}

/// The type `attributes` among processors.
pub struct AttributesProcessor {
    actions: AttributeActions,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for AttributesProcessor {
    const TYPE: &'static str = "attributes";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = AttributesConfig;

    fn create(
        config: Arc<AttributesConfig>,
        _: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let actions = AttributeActions::compile(&config.actions).map_err(BuildError)?;
        Ok(Arc::new(Self { actions, next }))
    }
}

impl Component for AttributesProcessor {}

impl Consumer for AttributesProcessor {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let run = self.actions.run_for(&batch);
        self.next.consume(batch.rewrite(&mut RecordEditor { run }))
    }
}

struct RecordEditor<'plan> {
    run: ActionRun<'plan>,
}

impl Editor for RecordEditor<'_> {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Metric => Verdict::Enter,
            MessageKind::Resource | MessageKind::Scope => Verdict::Keep,
            _ => Verdict::EditAttributes,
        }
    }

    fn edit_attributes(&mut self, _: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        self.run.apply(attributes);
    }
}
