//! Operator `noop`: nothing, at a place that others can name as their output.

use crate::config_section;
use crate::log_operators::{
    BuildContext, Fate, InvalidOperator, LogEntry, Operator, OperatorSection, Outlet, TransformerFields,
    WriterFields,
};

config_section! {
    /// Sends on what it is given, unchanged. A place for other operators to name as their `output`.
    pub struct NoopConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
    }
}

struct Noop;

impl OperatorSection for NoopConfig {
    const TYPE: &'static str = "noop";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.frame(context)?;
        Ok(Box::new(Noop))
    }
}

impl Operator for Noop {
    fn process(&mut self, _entry: &mut LogEntry, _outlet: &mut Outlet<'_>) -> Fate {
        Fate::GoesOn
    }
}
