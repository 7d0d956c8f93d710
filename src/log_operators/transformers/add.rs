//! Operator `add`: puts a value into a field.

use super::required;
use crate::config::Anything;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Expression, Field, InvalidOperator, LogEntry, Operator, OperatorError,
    OperatorSection, TransformerFields, Value, WriterFields,
};

config_section! {
    /// Puts a value into a field.
    pub struct AddConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field. Required.
        pub field: Option<Field> = None,
        /// The value, of any type. A text `EXPR(...)` is an expression over the entry, whose value is put there.
        /// Required.
        pub value: Anything = Anything::default(),
    }
}

struct Add {
    field: Field,
    value: AddedValue,
}

enum AddedValue {
    Constant(Value),
    Expression(Expression),
}

impl OperatorSection for AddConfig {
    const TYPE: &'static str = "add";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let field = required(self.field.as_ref(), "field", "add: missing required field 'field'")?;
        let written = self.value.0.as_str().unwrap_or_default();
        let value = match written.strip_prefix("EXPR(").and_then(|behind| behind.strip_suffix(')')) {
            Some(expression) => AddedValue::Expression(Expression::compile(expression).map_err(|error| {
                InvalidOperator::at("value", format!("failed to compile expression '{expression}': {error}"))
            })?),
            None => AddedValue::Constant(Value::from_yaml(&self.value.0)),
        };
        if matches!(value, AddedValue::Constant(Value::Empty)) {
            return Err(InvalidOperator::at("value", "add: missing required field 'value'"));
        }
        self.transformer.build(context, Add { field, value })
    }
}

impl EntryTransform for Add {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = match &self.value {
            AddedValue::Constant(value) => value.clone(),
            AddedValue::Expression(expression) => {
                expression.evaluate(entry).map_err(|error| error.within("evaluate value_expr"))?
            }
        };
        self.field.set(entry, value)
    }
}
