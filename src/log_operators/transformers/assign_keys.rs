//! Operator `assign_keys`: makes a map of a list by giving each element a key.

use super::required;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, ValueMap, WriterFields,
};

config_section! {
    /// Makes a map of a list by giving each element a key.
    pub struct AssignKeysConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field with the list. Required.
        pub field: Option<Field> = None,
        /// The keys, as many as there are elements. Required.
        pub keys: Vec<String> = Vec::new(),
    }
}

struct AssignKeys {
    field: Field,
    keys: Vec<String>,
}

impl OperatorSection for AssignKeysConfig {
    const TYPE: &'static str = "assign_keys";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        if self.keys.is_empty() {
            return Err(InvalidOperator::at("keys", "assign_keys missing required field keys"));
        }
        let field = required(self.field.as_ref(), "field", "invalid field type: <nil>")?;
        self.transformer.build(context, AssignKeys { field, keys: self.keys.clone() })
    }
}

impl EntryTransform for AssignKeys {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let (field, keys) = (&self.field, &self.keys);
        let problem = match field.get(entry).as_deref() {
            None => format!("field {field} does not exist on entry"),
            Some(Value::Array(items)) if items.len() == keys.len() => {
                let map: ValueMap = keys.iter().map(String::as_str).zip(items.iter().cloned()).collect();
                return field.set(entry, Value::Map(map));
            }
            Some(Value::Array(items)) => format!(
                "field {field} contains {} values while expected keys are [{}] contain {} keys",
                items.len(),
                keys.join(" "),
                keys.len()
            ),
            Some(_) => format!("couldn't convert field {field} to []any"),
        };
        Err(OperatorError::failed(format!("apply assign_keys: {problem}")))
    }
}
