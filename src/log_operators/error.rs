//! What can go wrong with one entry in one operator.

use super::field::Field;

/// Why an operator could not do its work on an entry, in the Collector's words where it has some.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OperatorError {
    /// The entry has no such field.
    #[error("{message}: {{\"parse_from\":\"{field}\"}}")]
    MissingField {
        /// The sentence.
        message: &'static str,
        /// The field as written.
        field: String,
    },
    /// The value is of a type that the operator does nothing with.
    #[error("type {found} cannot be parsed as {wanted}")]
    WrongType {
        /// Go's name of the type, as [`Value::go_type`](super::Value::go_type) has it.
        found: &'static str,
        /// What it should have been.
        wanted: &'static str,
    },
    /// Anything else, as a sentence.
    #[error("{0}")]
    Failed(String),
}

impl OperatorError {
    /// The value under a parser's `parse_from` is not there.
    pub fn missing_parse_from(field: &Field) -> Self {
        let message = "Entry is missing the expected parse_from field.";
        Self::MissingField { message, field: field.to_string() }
    }

    /// A sentence.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// The same error with what was being done before it: `time parser: ...`.
    #[must_use]
    pub fn within(self, what: &str) -> Self {
        Self::Failed(format!("{what}: {self}"))
    }
}
