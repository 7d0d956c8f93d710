//! Operator `move`: takes the value of one field to another.

use super::required;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, WriterFields,
};

config_section! {
    /// Takes the value of one field to another.
    pub struct MoveConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field that loses the value. Required.
        pub from: Option<Field> = None,
        /// The field that gets it. Required.
        pub to: Option<Field> = None,
    }
}

struct Move {
    from: Field,
    to: Field,
}

impl OperatorSection for MoveConfig {
    const TYPE: &'static str = "move";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        // The Collector says "copy" here, too.
        let from = required(self.from.as_ref(), "from", "copy: missing from field")?;
        let to = required(self.to.as_ref(), "to", "copy: missing to field")?;
        self.transformer.build(context, Move { from, to })
    }
}

impl EntryTransform for Move {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = self
            .from
            .remove(entry)
            .ok_or_else(|| OperatorError::failed(format!("move: field does not exist: {}", self.from)))?;
        self.to.set(entry, value)
    }
}
