//! Processor `attributes`: changes the attributes of spans, log records and data points.

use std::sync::Arc;

use super::attribute_actions::{ActionConfig, ActionRun, AttributeActions, check_actions};
use super::record_filter::{ChosenOfScopeGroup, MatchProperties, RecordFilter};
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
        /// The records to change; without it all. What matches `exclude` is left as it is all the same.
        pub include: Option<MatchProperties> = None,
        /// The records to leave as they are; without it none.
        pub exclude: Option<MatchProperties> = None,
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
    filter: RecordFilter,
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
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let signal = settings.signal.ok_or_else(|| BuildError("a processor needs a signal".to_owned()))?;
        let actions = AttributeActions::compile(&config.actions).map_err(BuildError)?;
        let (include, exclude) = (config.include.as_ref(), config.exclude.as_ref());
        let filter = RecordFilter::compile(signal, include, exclude).map_err(BuildError)?;
        Ok(Arc::new(Self { actions, filter, next }))
    }
}

impl Component for AttributesProcessor {}

impl Consumer for AttributesProcessor {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let run = self.actions.run_for(&batch);
        let of_group = ChosenOfScopeGroup::All;
        let mut editor = RecordEditor { run, filter: &self.filter, of_group };
        self.next.consume(batch.rewrite(&mut editor))
    }
}

struct RecordEditor<'a> {
    run: ActionRun<'a>,
    filter: &'a RecordFilter,
    of_group: ChosenOfScopeGroup,
}

impl Editor for RecordEditor<'_> {
    fn message(&mut self, kind: MessageKind, message: &[u8], context: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup => Verdict::Enter,
            MessageKind::ScopeGroup => {
                self.of_group = self.filter.scope_group(context.resource_group, message);
                if self.of_group == ChosenOfScopeGroup::None { Verdict::Keep } else { Verdict::Enter }
            }
            MessageKind::Resource | MessageKind::Scope => Verdict::Keep,
            MessageKind::Span | MessageKind::LogRecord | MessageKind::Metric
                if !self.filter.chooses(self.of_group, message) =>
            {
                Verdict::Keep
            }
            MessageKind::Metric => Verdict::Enter,
            _ => Verdict::EditAttributes,
        }
    }

    fn edit_attributes(&mut self, _: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        self.run.apply(attributes);
    }
}
