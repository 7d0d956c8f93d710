//! The operator `scope_name_parser` and the block `scope_name` of parsers: the name of the instrumentation scope
//! read out of a field.

use super::timestamp::missing_field;
use crate::config::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Reads the name of the instrumentation scope out of a field.
    pub struct ScopeNameConfig {
        /// The field with the name.
        pub parse_from: Field = Field::body(),
    }
}

config_section! {
    /// Reads the name of the instrumentation scope out of a field.
    pub struct ScopeNameParserConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// What is read, and from where.
        pub [flatten] scope_name: ScopeNameConfig = ScopeNameConfig::default(),
    }
}

impl OperatorSection for ScopeNameParserConfig {
    const TYPE: &'static str = "scope_name_parser";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.build(context, self.scope_name.clone())
    }
}

impl EntryTransform for ScopeNameConfig {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = self.parse_from.get(entry).ok_or_else(|| missing_field(&self.parse_from))?;
        let Value::String(name) = &*value else {
            let message = "parse_from field does not contain a string";
            return Err(OperatorError::MissingField { message, field: self.parse_from.to_string() });
        };
        entry.scope_name = name.to_string();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_operators::JsonNumbers::Doubles;

    #[test]
    fn the_name_is_read_and_the_field_kept() {
        let mut parser = ScopeNameConfig { parse_from: Field::of_body("logger") };
        let mut entry = LogEntry::new(1, Value::from_json(r#"{"logger":"a.b"}"#, Doubles).unwrap());
        parser.transform(&mut entry).unwrap();
        assert_eq!(entry.scope_name, "a.b");
        assert_eq!(entry.body.to_json(), r#"{"logger":"a.b"}"#);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut parser = ScopeNameConfig::default();
        for (body, expected) in [
            (Value::Int(3), r#"parse_from field does not contain a string: {"parse_from":"body"}"#),
            (Value::Empty, r#"parse_from field does not contain a string: {"parse_from":"body"}"#),
        ] {
            let error = parser.transform(&mut LogEntry::new(1, body)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
