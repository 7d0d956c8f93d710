//! Operator `flatten`: puts what is in a map where the map was.

use super::required;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Puts what is in a map where the map was, one level up.
    pub struct FlattenConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field with the map. Required.
        pub field: Option<Field> = None,
    }
}

struct Flatten {
    field: Field,
}

impl OperatorSection for FlattenConfig {
    const TYPE: &'static str = "flatten";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let field = required(self.field.as_ref(), "field", "invalid field type: <nil>")?;
        self.transformer.build(context, Flatten { field })
    }
}

impl EntryTransform for Flatten {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        match self.field.remove(entry) {
            Some(Value::Map(map)) => self.field.parent().set(entry, Value::Map(map)),
            Some(other) => {
                self.field.set(entry, other)?;
                Err(OperatorError::failed(format!("apply flatten: field {} is not a map", self.field)))
            }
            None => Err(OperatorError::failed(format!(
                "apply flatten: field {} does not exist on entry",
                self.field
            ))),
        }
    }
}
