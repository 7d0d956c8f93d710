//! Operator `sanitize_utf8`: makes text of what is not quite UTF-8.

use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Makes text of what is not quite UTF-8: the replacement character comes in place of each run of bytes that
    /// is none. Needed only behind encodings that let bytes through unchecked.
    pub struct SanitizeUtf8Config {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field with the text.
        pub field: Field = Field::body(),
    }
}

struct SanitizeUtf8 {
    field: Field,
}

impl OperatorSection for SanitizeUtf8Config {
    const TYPE: &'static str = "sanitize_utf8";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.build(context, SanitizeUtf8 { field: self.field.clone() })
    }
}

impl EntryTransform for SanitizeUtf8 {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let text = match self.field.get(entry).as_deref() {
            // Texts are UTF-8 here; what was read as it came is bytes.
            None | Some(Value::String(_)) => return Ok(()),
            Some(Value::Bytes(bytes)) => with_replacements(bytes),
            Some(other) => {
                return Err(OperatorError::failed(format!(
                    "field '{}' is not a string, got {}",
                    self.field,
                    other.go_type()
                )));
            }
        };
        self.field.set(entry, text.into())
    }
}

/// The text, with one replacement character for each run of bytes that are none.
fn with_replacements(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut is_in_run = false;
    for chunk in bytes.utf8_chunks() {
        is_in_run &= chunk.valid().is_empty();
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() && !is_in_run {
            text.push(char::REPLACEMENT_CHARACTER);
            is_in_run = true;
        }
    }
    text
}
