//! Operator `regex_replace`: replaces what a regular expression finds in a text.

use regex::bytes::Regex;

use super::required;
use crate::config::compile_go_regexp;
use crate::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};

config_section! {
    /// Replaces everything that a regular expression finds in a text.
    pub struct RegexReplaceConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// An expression that has a name: `ansi_control_sequences`, which finds colours and other instructions to
        /// terminals. This or `regex` is required.
        pub regex_name: String = String::new(),
        /// The expression, in Go's syntax.
        pub regex: String = String::new(),
        /// What comes in place of each finding. `$1` or `${name}` is what a group found.
        pub replace_with: String = String::new(),
        /// The field with the text. Required.
        pub field: Option<Field> = None,
    }
}

/// Control sequence introducer, parameters, intermediates and the final byte (ECMA-48, 5.4).
const ANSI_CONTROL_SEQUENCES: &str = r"\x1B\[[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E]";

struct RegexReplace {
    field: Field,
    regex: Regex,
    replace_with: String,
}

impl OperatorSection for RegexReplaceConfig {
    const TYPE: &'static str = "regex_replace";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let pattern = match (self.regex_name.as_str(), self.regex.as_str()) {
            ("", "") => return Err(InvalidOperator::whole("either regex or regex_name must be set")),
            ("ansi_control_sequences", "") => ANSI_CONTROL_SEQUENCES,
            ("", regex) => regex,
            (name, "") => {
                return Err(InvalidOperator::at("regex_name", format!("regex_name {name} is unknown")));
            }
            _ => return Err(InvalidOperator::at("regex_name", "either regex or regex_name must be set")),
        };
        let regex =
            compile_go_regexp(pattern).map_err(|error| InvalidOperator::at("regex", error.to_string()))?;
        let field = required(self.field.as_ref(), "field", "regex_replace: missing required field 'field'")?;
        self.transformer
            .build(context, RegexReplace { field, regex, replace_with: self.replace_with.clone() })
    }
}

impl EntryTransform for RegexReplace {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let replaced = match self.field.get(entry).as_deref() {
            None => return Ok(()),
            Some(Value::String(text)) if !self.regex.is_match(text.as_bytes()) => return Ok(()),
            Some(Value::String(text)) => {
                self.regex.replace_all(text.as_bytes(), self.replace_with.as_bytes()).into_owned()
            }
            Some(other) => {
                return Err(OperatorError::failed(format!("type {} cannot be handled", other.go_type())));
            }
        };
        // An expression that finds nothing between two bytes of a character takes the character apart.
        self.field.set(entry, Value::String(String::from_utf8_lossy(&replaced).into()))
    }
}
