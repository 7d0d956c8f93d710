//! Operator `remove`: takes a field out.

use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    RootableField, TransformerFields, WriterFields,
};

config_section! {
    /// Takes a field out.
    pub struct RemoveConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field; also `attributes` or `resource`, for all of them. Required.
        pub field: Option<RootableField> = None,
    }
}

struct Remove {
    field: Field,
}

impl OperatorSection for RemoveConfig {
    const TYPE: &'static str = "remove";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let Some(RootableField(field)) = self.field.clone() else {
            return Err(InvalidOperator::at("field", "remove: field is empty"));
        };
        self.transformer.build(context, Remove { field })
    }
}

impl EntryTransform for Remove {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        match self.field.remove(entry) {
            // Where there are no attributes at all, all of them are gone.
            None if !self.field.is_root() => {
                Err(OperatorError::failed(format!("remove: field does not exist: {}", self.field)))
            }
            _ => Ok(()),
        }
    }
}
