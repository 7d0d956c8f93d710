//! Operator `unquote`: takes a text out of its quotes.

use super::quoted::unquote;
use super::required;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Takes a text out of its double quotes or backquotes, or a character out of single quotes, and resolves
    /// escapes, as Go writes them.
    pub struct UnquoteConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field with the text. Required.
        pub field: Option<Field> = None,
    }
}

struct Unquote {
    field: Field,
}

impl OperatorSection for UnquoteConfig {
    const TYPE: &'static str = "unquote";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let field = required(self.field.as_ref(), "field", "unquote: missing required field 'field'")?;
        self.transformer.build(context, Unquote { field })
    }
}

impl EntryTransform for Unquote {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let unquoted = match self.field.get(entry).as_deref() {
            None => return Ok(()),
            Some(Value::String(text)) => {
                unquote(text).ok_or_else(|| OperatorError::failed("invalid syntax"))?
            }
            Some(other) => {
                return Err(OperatorError::failed(format!("type {} cannot be unquoted", other.go_type())));
            }
        };
        // A literal may hold bytes that are no text.
        self.field.set(entry, Value::String(String::from_utf8_lossy(&unquoted).into()))
    }
}
