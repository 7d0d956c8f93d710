//! From the text of an expression to its tree, by precedence climbing.

mod operand;

use super::InvalidExpression;
use super::lexer::{Token, tokens};
use super::tree::{Arithmetic, Comparison, Kind, Node, TextTest};
use crate::config::compile_go_regexp;
use crate::log_operators::value::Value;

/// How many nodes may stand one within the other.
const DEEPEST: usize = 100;

/// Parses an expression.
pub(super) fn parse(text: &str) -> Result<Node, InvalidExpression> {
    let mut parser =
        Parser { text, tokens: tokens(text)?, at: 0, depth: 0, predicates: 0, variables: Vec::new() };
    let root = parser.sequence()?;
    match parser.current() {
        Token::End => Ok(root),
        _ => Err(parser.unexpected()),
    }
}

type Result<T, E = InvalidExpression> = std::result::Result<T, E>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token<'a>)>,
    at: usize,
    depth: usize,
    /// How many predicates stand around this place.
    predicates: usize,
    /// The names that a `let` around this place gave.
    variables: Vec<&'a str>,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Pipe,
    Or,
    And,
    Comparison(Comparison),
    In,
    Matches,
    Text(TextTest),
    Range,
    Arithmetic(Arithmetic),
    Coalesce,
}

impl Binary {
    fn of(token: &Token<'_>) -> Option<Self> {
        Some(match token {
            Token::Sign(sign) => match *sign {
                "|" => Self::Pipe,
                "||" => Self::Or,
                "&&" => Self::And,
                "==" => Self::Comparison(Comparison::Equal),
                "!=" => Self::Comparison(Comparison::NotEqual),
                "<" => Self::Comparison(Comparison::Less),
                "<=" => Self::Comparison(Comparison::LessOrEqual),
                ">" => Self::Comparison(Comparison::Greater),
                ">=" => Self::Comparison(Comparison::GreaterOrEqual),
                ".." => Self::Range,
                "+" => Self::Arithmetic(Arithmetic::Add),
                "-" => Self::Arithmetic(Arithmetic::Subtract),
                "*" => Self::Arithmetic(Arithmetic::Multiply),
                "/" => Self::Arithmetic(Arithmetic::Divide),
                "%" => Self::Arithmetic(Arithmetic::Remainder),
                "**" | "^" => Self::Arithmetic(Arithmetic::Power),
                "??" => Self::Coalesce,
                _ => return None,
            },
            Token::Word(word) => match *word {
                "or" => Self::Or,
                "and" => Self::And,
                "in" => Self::In,
                "matches" => Self::Matches,
                "contains" => Self::Text(TextTest::Contains),
                "startsWith" => Self::Text(TextTest::StartsWith),
                "endsWith" => Self::Text(TextTest::EndsWith),
                _ => return None,
            },
            _ => return None,
        })
    }

    const fn precedence(self) -> u16 {
        match self {
            Self::Pipe => 0,
            Self::Or => 10,
            Self::And => 15,
            Self::Comparison(_) | Self::In | Self::Matches | Self::Text(_) => 20,
            Self::Range => 25,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => 30,
            Self::Arithmetic(Arithmetic::Power) => 100,
            Self::Arithmetic(_) => 60,
            Self::Coalesce => 500,
        }
    }

    /// True where `not` may stand before it.
    const fn takes_not(self) -> bool {
        matches!(self, Self::In | Self::Matches | Self::Text(_))
    }

    const fn is_order(self) -> bool {
        matches!(
            self,
            Self::Comparison(
                Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
            )
        )
    }
}

impl<'a> Parser<'a> {
    fn current(&self) -> &Token<'a> {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    fn peek(&self) -> &Token<'a> {
        self.tokens.get(self.at + 1).map_or(&Token::End, |(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(offset, _)| *offset)
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.current(), Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.current(), Token::Word(found) if *found == word)
    }

    /// Takes the sign where it is there.
    fn take(&mut self, sign: &str) -> bool {
        let is_there = self.is_sign(sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn fail(&self, offset: usize, problem: impl Into<String>) -> InvalidExpression {
        InvalidExpression::at(self.text, offset, problem)
    }

    fn unexpected(&self) -> InvalidExpression {
        let token = match self.current() {
            Token::End => "EOF".to_owned(),
            Token::Word(word) => format!("Identifier({word:?})"),
            Token::Int(number) => format!("Number({number})"),
            Token::Double(number) => format!("Number({number})"),
            Token::Text(text) => format!("String({text:?})"),
            Token::Sign(sign) => format!("Operator({sign:?})"),
        };
        self.fail(self.offset(), format!("unexpected token {token}"))
    }

    /// A node, unless it nests too deep.
    fn node(&self, kind: Kind, offset: usize) -> Result<Node> {
        let node = Node::new(kind, offset);
        if node.depth > DEEPEST { Err(self.too_deep(offset)) } else { Ok(node) }
    }

    fn too_deep(&self, offset: usize) -> InvalidExpression {
        self.fail(offset, format!("expression is nested deeper than {DEEPEST} levels"))
    }

    /// Expressions between semicolons; the last one counts, since none of them does anything.
    fn sequence(&mut self) -> Result<Node> {
        let mut node = self.expression(0)?;
        while self.take(";") {
            if matches!(self.current(), Token::End) {
                break;
            }
            node = self.expression(0)?;
        }
        Ok(node)
    }

    fn expression(&mut self, least: u16) -> Result<Node> {
        if self.depth >= DEEPEST {
            return Err(self.too_deep(self.offset()));
        }
        self.depth += 1;
        let node = if least == 0 && self.is_word("let") {
            self.variable()
        } else if least == 0 && self.is_word("if") {
            self.branches()
        } else {
            self.operation(least)
        };
        self.depth -= 1;
        node
    }

    /// Operands with operators that bind at least as much as `least`.
    fn operation(&mut self, least: u16) -> Result<Node> {
        let mut left = self.operand()?;
        let mut previous = None;
        loop {
            let offset = self.offset();
            let is_negated = self.is_word("not") && Binary::of(self.peek()).is_some_and(Binary::takes_not);
            let token = if is_negated { self.peek() } else { self.current() };
            let Some(binary) = Binary::of(token).filter(|binary| binary.precedence() >= least) else { break };
            if previous == Some(Binary::Coalesce) && binary != Binary::Coalesce && binary != Binary::Pipe {
                return Err(self.fail(
                    offset,
                    "operators and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.",
                ));
            }
            self.at += if is_negated { 2 } else { 1 };
            left = match binary {
                Binary::Pipe => self.call_of_next_word(Some(left))?,
                _ if binary.is_order() => self.order(left, binary, offset)?,
                _ => self.binary(left, binary, offset)?,
            };
            if is_negated {
                left = self.node(Kind::Not(Box::new(left)), offset)?;
            }
            previous = Some(binary);
        }
        if least == 0 { self.conditional(left) } else { Ok(left) }
    }

    fn binary(&mut self, left: Node, binary: Binary, offset: usize) -> Result<Node> {
        // `**` is the one operator that reads from the right.
        let above = u16::from(binary != Binary::Arithmetic(Arithmetic::Power));
        let right = self.expression(binary.precedence() + above)?;
        let kind = match binary {
            Binary::Or => match left.kind {
                Kind::Or(mut nodes) => {
                    nodes.push(right);
                    Kind::Or(nodes)
                }
                _ => Kind::Or(vec![left, right]),
            },
            Binary::And => match left.kind {
                Kind::And(mut nodes) => {
                    nodes.push(right);
                    Kind::And(nodes)
                }
                _ => Kind::And(vec![left, right]),
            },
            Binary::Matches => match &right.kind {
                Kind::Constant(Value::String(pattern)) => {
                    let regex = compile_go_regexp(pattern)
                        .map_err(|error| self.fail(right.offset, error.to_string()))?;
                    Kind::MatchesPattern(Box::new(left), Box::new(regex))
                }
                _ => Kind::Matches(Box::new([left, right])),
            },
            Binary::Comparison(comparison) => Kind::Comparison(comparison, Box::new([left, right])),
            Binary::In => Kind::In(Box::new([left, right])),
            Binary::Text(test) => Kind::Text(test, Box::new([left, right])),
            Binary::Range => Kind::Range(Box::new([left, right])),
            Binary::Arithmetic(arithmetic) => Kind::Arithmetic(arithmetic, Box::new([left, right])),
            Binary::Coalesce | Binary::Pipe => Kind::Coalesce(Box::new([left, right])),
        };
        self.node(kind, offset)
    }

    /// Comparisons by order, which may stand in a row: `1 < a <= 5`.
    fn order(&mut self, first: Node, binary: Binary, offset: usize) -> Result<Node> {
        let mut operands = vec![first];
        let mut comparisons = Vec::new();
        let mut next = Some(binary);
        while let Some(Binary::Comparison(comparison)) = next {
            comparisons.push(comparison);
            operands.push(self.expression(binary.precedence() + 1)?);
            next = Binary::of(self.current()).filter(|binary| binary.is_order());
            self.at += usize::from(next.is_some());
        }
        match <[Node; 2]>::try_from(operands) {
            Ok(both) => self.node(Kind::Comparison(comparisons[0], Box::new(both)), offset),
            Err(operands) => self.node(Kind::Between(operands, comparisons), offset),
        }
    }

    /// `condition ? a : b`, or `a ?: b`.
    fn conditional(&mut self, condition: Node) -> Result<Node> {
        let offset = self.offset();
        if !self.take("?") {
            return Ok(condition);
        }
        if self.take(":") {
            let otherwise = self.expression(0)?;
            return self.node(Kind::Or(vec![condition, otherwise]), offset);
        }
        let then = self.expression(0)?;
        self.expect(":")?;
        let otherwise = self.expression(0)?;
        self.node(Kind::Conditional(Box::new([condition, then, otherwise])), offset)
    }

    /// `let name = value; expression`.
    fn variable(&mut self) -> Result<Node> {
        let offset = self.offset();
        self.advance();
        let Token::Word(name) = *self.current() else { return Err(self.unexpected()) };
        self.advance();
        self.expect("=")?;
        let value = self.expression(0)?;
        self.expect(";")?;
        self.variables.push(name);
        let body = self.sequence();
        self.variables.pop();
        self.node(Kind::Let(name.into(), Box::new([value, body?])), offset)
    }

    /// `if condition { a } else { b }`.
    fn branches(&mut self) -> Result<Node> {
        let offset = self.offset();
        self.advance();
        let condition = self.expression(0)?;
        let then = self.block()?;
        if !self.is_word("else") {
            return Err(self.unexpected());
        }
        self.advance();
        let otherwise = if self.is_word("if") { self.expression(0)? } else { self.block()? };
        self.node(Kind::Conditional(Box::new([condition, then, otherwise])), offset)
    }

    fn block(&mut self) -> Result<Node> {
        self.expect("{")?;
        let node = self.sequence()?;
        self.expect("}")?;
        Ok(node)
    }
}
