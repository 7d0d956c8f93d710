//! Metric math: one value out of the values of several metrics.
//!
//! Numbers, the ids of metrics, `+ - * /` and parentheses, with the usual precedence. A value that is missing,
//! and a division by zero, make the whole missing.

use std::collections::BTreeSet;

/// How deep parentheses and signs may be nested.
const DEEPEST: usize = 50;

/// An expression over the metrics of a rule, by their places in its list.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Constant(f64),
    /// The value of the metric at this place.
    Metric(usize),
    /// The other way round.
    Negated(Box<Expression>),
    /// Two values become one.
    Operation(Operator, Box<[Expression; 2]>),
}

/// What becomes of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What is wrong with an expression, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{problem} at character {position} of {text:?}")]
pub struct InvalidExpression {
    text: String,
    problem: String,
    /// From 1.
    position: usize,
}

impl Expression {
    /// Reads an expression over metrics with these ids.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`] for anything that is none.
    pub fn parse(text: &str, ids: &[&str]) -> Result<Self, InvalidExpression> {
        let mut parser = Parser { text, position: 0, ids, depth: 0 };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(_) => Err(parser.error("an operator is missing")),
        }
    }

    /// The value, with those of the metrics in their places.
    pub fn value(&self, metrics: &[Option<f64>]) -> Option<f64> {
        let value = match self {
            Self::Constant(number) => *number,
            Self::Metric(place) => metrics.get(*place).copied().flatten()?,
            Self::Negated(of) => -of.value(metrics)?,
            Self::Operation(operator, operands) => {
                let [left, right] = operands.as_ref();
                let (left, right) = (left.value(metrics)?, right.value(metrics)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                }
            }
        };
        value.is_finite().then_some(value)
    }

    /// The places of the metrics it reads.
    pub fn reads(&self) -> BTreeSet<usize> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::Metric(place) => BTreeSet::from([*place]),
            Self::Negated(of) => of.reads(),
            Self::Operation(_, operands) => operands.iter().flat_map(Self::reads).collect(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    position: usize,
    ids: &'a [&'a str],
    depth: usize,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Expression, InvalidExpression> {
        self.operations(Self::product, |sign| match sign {
            '+' => Some(Operator::Add),
            '-' => Some(Operator::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Expression, InvalidExpression> {
        self.operations(Self::operand, |sign| match sign {
            '*' => Some(Operator::Multiply),
            '/' => Some(Operator::Divide),
            _ => None,
        })
    }

    /// Operands with operators of one precedence between them, from left to right.
    fn operations(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression, InvalidExpression>,
        operator_of: fn(char) -> Option<Operator>,
    ) -> Result<Expression, InvalidExpression> {
        let mut left = operand(self)?;
        while let Some(operator) = self.peek().and_then(operator_of) {
            self.position += 1;
            let right = operand(self)?;
            left = Expression::Operation(operator, Box::new([left, right]));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, InvalidExpression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("too deeply nested"));
        }
        let operand = match self.peek() {
            Some('-') => {
                self.position += 1;
                Expression::Negated(Box::new(self.operand()?))
            }
            Some('(') => {
                self.position += 1;
                let inner = self.sum()?;
                if self.peek() != Some(')') {
                    return Err(self.error("a closing parenthesis is missing"));
                }
                self.position += 1;
                inner
            }
            Some(character) if character.is_ascii_digit() || character == '.' => self.number()?,
            Some(character) if character.is_ascii_alphabetic() => self.metric()?,
            _ => return Err(self.error("a number, the id of a metric or a parenthesis is missing")),
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn number(&mut self) -> Result<Expression, InvalidExpression> {
        let begin = self.position;
        let digits = self.word(|character| character.is_ascii_digit() || character == '.');
        digits.parse().map(Expression::Constant).map_err(|_| {
            self.position = begin;
            self.error("a number is not one")
        })
    }

    fn metric(&mut self) -> Result<Expression, InvalidExpression> {
        let begin = self.position;
        let id = self.word(|character| character.is_ascii_alphanumeric() || character == '_');
        match self.ids.iter().position(|known| *known == id) {
            Some(place) => Ok(Expression::Metric(place)),
            None => {
                self.position = begin;
                Err(self.error(&format!("no metric has the id {id:?}")))
            }
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let length = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The next character that is not a space; what is before it is passed.
    fn peek(&mut self) -> Option<char> {
        let _ = self.word(char::is_whitespace);
        self.text.get(self.position..)?.chars().next()
    }

    fn error(&self, problem: &str) -> InvalidExpression {
        let before = self.text.get(..self.position).unwrap_or(self.text);
        InvalidExpression {
            text: self.text.to_owned(),
            problem: problem.to_owned(),
            position: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, metrics: [Option<f64>; 2]) -> Option<f64> {
        Expression::parse(text, &["m1", "m2"]).unwrap().value(&metrics)
    }

    #[test]
    fn the_usual_precedence_holds() {
        let metrics = [Some(8.0), Some(2.0)];
        assert_eq!(value("100 * m1 / (m1 + m2)", metrics), Some(80.0));
        assert_eq!(value("1+2*3", metrics), Some(7.0));
        assert_eq!(value("10 - 4 - 3", metrics), Some(3.0));
        assert_eq!(value("-m1 * -.5", metrics), Some(4.0));
    }

    #[test]
    fn what_is_missing_makes_all_missing() {
        assert_eq!(value("m1 + m2", [Some(1.0), None]), None);
        assert_eq!(value("m1 / m2", [Some(1.0), Some(0.0)]), None);
        assert_eq!(value("m1", [Some(1.0), None]), Some(1.0));
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        let error = |text: &str| Expression::parse(text, &["m1"]).unwrap_err().to_string();
        assert_eq!(error("m1 + m3"), "no metric has the id \"m3\" at character 6 of \"m1 + m3\"");
        assert_eq!(error("(m1"), "a closing parenthesis is missing at character 4 of \"(m1\"");
        assert_eq!(error("m1 m1"), "an operator is missing at character 4 of \"m1 m1\"");
        assert_eq!(error("1.2.3"), "a number is not one at character 1 of \"1.2.3\"");
        let missing = "a number, the id of a metric or a parenthesis is missing";
        assert_eq!(error("é"), format!("{missing} at character 1 of \"é\""));
        assert_eq!(error(""), format!("{missing} at character 1 of \"\""));
        assert!(error(&"(".repeat(100_000)).starts_with("too deeply nested at character 51 of"));
    }
}
