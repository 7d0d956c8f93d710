//! Operator `retain`: keeps some fields and takes the others out.

use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, WriterFields,
};

config_section! {
    /// Keeps some fields and takes the others out. Of body, attributes and resource those that no field lies in
    /// stay as they are.
    pub struct RetainConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The fields to keep. Required.
        pub fields: Vec<Field> = Vec::new(),
    }
}

struct Retain {
    fields: Vec<Field>,
    /// The body, the attributes and the resource, each where something of it is kept.
    emptied: Vec<Field>,
}

impl OperatorSection for RetainConfig {
    const TYPE: &'static str = "retain";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        if self.fields.is_empty() {
            return Err(InvalidOperator::at("fields", "retain: 'fields' is empty"));
        }
        let mut emptied: Vec<Field> = Vec::new();
        for whole in self.fields.iter().map(Field::root) {
            if !emptied.contains(&whole) {
                emptied.push(whole);
            }
        }
        self.transformer.build(context, Retain { fields: self.fields.clone(), emptied })
    }
}

impl EntryTransform for Retain {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let kept: Vec<_> = self.fields.iter().map(|field| field.remove(entry)).collect();
        for whole in &self.emptied {
            whole.remove(entry);
        }
        for (field, value) in self.fields.iter().zip(kept) {
            if let Some(value) = value {
                field.set(entry, value)?;
            }
        }
        Ok(())
    }
}
