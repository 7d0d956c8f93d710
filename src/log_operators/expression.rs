//! The language of `if` and `EXPR(...)`: expressions of expr-lang over one entry.
//!
//! A text is compiled once and evaluated for each entry, without copying what it only looks at. Names are
//! `body` (or `$`), `attributes`, `resource`, `timestamp`, `severity` and `severity_text`; any other name
//! is nil, and `env("X")` is a variable of the environment. How deep an expression nests and how many
//! elements it makes are bounded, so that no entry can stop the process.

mod evaluate;
mod functions;
mod lexer;
mod list_functions;
mod operand;
mod parser;
mod predicates;
mod template;
mod time_methods;
mod tree;

#[cfg(test)]
mod tests;

use self::operand::{Operand, View};
use self::tree::{Kind, Node};
use super::entry::LogEntry;
use super::error::OperatorError;
use super::value::Value;

pub use self::template::Template;

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    root: Node,
}

/// A compiled expression whose value is true or false.
#[derive(Debug)]
pub struct Condition(Expression);

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} ({line}:{column})")]
pub struct InvalidExpression {
    /// The sentence.
    pub problem: String,
    /// Line within the expression, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl InvalidExpression {
    /// A problem at a byte of the text.
    fn at(text: &str, offset: usize, problem: impl Into<String>) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            problem: problem.into(),
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
        }
    }
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`]
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        Ok(Self { root: parser::parse(text)? })
    }

    /// The value for an entry. Times become text.
    ///
    /// # Errors
    ///
    /// Types that do not go together, such as a member of a number.
    pub fn evaluate(&self, entry: &LogEntry) -> Result<Value, OperatorError> {
        self.operand(entry, |operand| operand.into_value())
    }

    fn operand<T>(&self, entry: &LogEntry, take: impl FnOnce(Operand<'_>) -> T) -> Result<T, OperatorError> {
        self.root.evaluate_for(entry, take).map_err(OperatorError::Failed)
    }
}

impl Condition {
    /// Compiles an expression that must be true or false.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`], also where the value can be seen to be something else.
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        let expression = Expression::compile(text)?;
        match expression.root.surely_not_bool() {
            Some(found) => Err(InvalidExpression::at(
                text,
                expression.root.offset,
                format!("expected bool, but got {found}"),
            )),
            None => Ok(Self(expression)),
        }
    }

    /// Whether it holds for an entry.
    ///
    /// # Errors
    ///
    /// As [`Expression::evaluate`]; and where the value is neither true nor false.
    pub fn holds(&self, entry: &LogEntry) -> Result<bool, OperatorError> {
        self.0.operand(entry, |operand| match operand.view() {
            View::Bool(truth) => Ok(truth),
            other => Err(OperatorError::failed(format!("expected bool, but got {}", other.go_type()))),
        })?
    }
}

impl Node {
    /// The type, where it is not bool whatever the entry.
    fn surely_not_bool(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Constant(Value::Bool(_)) => None,
            Kind::Constant(Value::Int(_)) => Some("int"),
            Kind::Constant(value) => Some(match value {
                Value::Empty => "nil",
                other => other.go_type(),
            }),
            Kind::List(_) => Some("[]interface {}"),
            Kind::Mapping(_) => Some("map[string]interface {}"),
            Kind::Arithmetic(..) | Kind::Negate(_) => Some("a number or text"),
            Kind::Range(_) => Some("[]int"),
            _ => None,
        }
    }
}
