//! Processor `resource`: changes the attributes of resources.

use std::sync::Arc;

use super::attribute_actions::{ActionConfig, ActionRun, AttributeActions, check_actions};
use crate::config_section;
use crate::otlp::{AttributesInPlace, Batch, Context, Editor, MessageKind, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorType, Refusal, Settings, Stability,
};

config_section! {
    /// Changes the attributes of resources: adds, updates, deletes, hashes, splits and converts them.
    pub struct ResourceConfig {
        /// What to do, in this order. At least one action is needed.
        pub attributes: Vec<ActionConfig> = Vec::new(),
    }
    check(section, checking) {
        check_actions("attributes", &section.attributes, checking);
    }
}

/// The type `resource` among processors.
pub struct ResourceProcessor {
    actions: AttributeActions,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for ResourceProcessor {
    const TYPE: &'static str = "resource";
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = ResourceConfig;

    fn create(
        config: Arc<ResourceConfig>,
        _: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let actions = AttributeActions::compile(&config.attributes).map_err(BuildError)?;
        Ok(Arc::new(Self { actions, next }))
    }
}

impl Component for ResourceProcessor {}

impl Consumer for ResourceProcessor {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        self.next.consume(with_resources_edited(batch, &self.actions))
    }
}

/// The batch with `actions` done to the attributes of each resource.
pub(super) fn with_resources_edited(batch: Batch, actions: &AttributeActions) -> Batch {
    let run = actions.run_for(&batch);
    batch.rewrite(&mut ResourceEditor { run })
}

struct ResourceEditor<'plan> {
    run: ActionRun<'plan>,
}

impl Editor for ResourceEditor<'_> {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup => Verdict::Enter,
            MessageKind::Resource => Verdict::EditAttributes,
            _ => Verdict::Keep,
        }
    }

    fn edit_attributes(&mut self, _: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        self.run.apply(attributes);
    }
}
