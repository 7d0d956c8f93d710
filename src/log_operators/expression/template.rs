//! Texts with expressions in them: `host-EXPR(env("HOST"))`.

use super::operand::{View, shown};
use super::{Expression, InvalidExpression};
use crate::log_operators::entry::LogEntry;
use crate::log_operators::error::OperatorError;

/// A text in which each `EXPR(...)` stands for the text that the expression is.
#[derive(Debug)]
pub struct Template {
    /// Each expression with the text before it.
    parts: Vec<(String, Expression)>,
    rest: String,
}

const START: &str = "EXPR(";

impl Template {
    /// Compiles a text. An `EXPR(` without a `)` is text.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`], with positions within that expression.
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(START) {
            // The expression goes up to the last bracket before the next one begins.
            let reach = behind.split_once(START).map_or(behind, |(inside, _)| inside);
            let Some(end) = reach.rfind(')') else { break };
            let (expression, after) = behind.split_at(end);
            parts.push((before.to_owned(), Expression::compile(expression)?));
            rest = after.strip_prefix(')').unwrap_or(after);
        }
        Ok(Self { parts, rest: rest.to_owned() })
    }

    /// The text for an entry.
    ///
    /// # Errors
    ///
    /// An expression fails, or is no text.
    pub fn render(&self, entry: &LogEntry) -> Result<String, OperatorError> {
        let mut text = String::new();
        for (before, expression) in &self.parts {
            text.push_str(before);
            expression
                .operand(entry, |operand| match operand.view() {
                    View::Text(part) => {
                        text.push_str(part);
                        Ok(())
                    }
                    other => Err(OperatorError::failed(format!(
                        "embedded expression returned non-string {}",
                        shown(other)
                    ))),
                })
                .map_err(|error| error.within("render embedded expression"))??;
        }
        text.push_str(&self.rest);
        Ok(text)
    }
}
