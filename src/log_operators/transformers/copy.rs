//! Operator `copy`: puts the value of one field into another, too.

use super::required;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, WriterFields,
};

config_section! {
    /// Puts the value of one field into another, too.
    pub struct CopyConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field that has the value. Required.
        pub from: Option<Field> = None,
        /// The field that gets it. Required.
        pub to: Option<Field> = None,
    }
}

struct Copy {
    from: Field,
    to: Field,
}

impl OperatorSection for CopyConfig {
    const TYPE: &'static str = "copy";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let from = required(self.from.as_ref(), "from", "copy: missing from field")?;
        let to = required(self.to.as_ref(), "to", "copy: missing to field")?;
        self.transformer.build(context, Copy { from, to })
    }
}

impl EntryTransform for Copy {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = self.from.get(entry).ok_or_else(|| {
            OperatorError::failed(format!("copy: from field does not exist in this entry: {}", self.from))
        })?;
        let value = value.into_owned();
        self.to.set(entry, value)
    }
}
