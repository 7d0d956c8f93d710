//! Operands: literals, names, calls, and the steps behind them.

use super::super::functions::{FUNCTIONS, function_names};
use super::super::lexer::Token;
use super::super::predicates::PredicateFunction;
use super::super::tree::{ElementPart, Kind, Name, Node, Step};
use super::{Parser, Result};
use crate::config::nearest;
use crate::log_operators::value::Value;

/// The words that are operators and no names.
const RESERVED: [&str; 12] =
    ["in", "or", "and", "not", "matches", "contains", "startsWith", "endsWith", "let", "if", "else", "nil"];

impl<'a> Parser<'a> {
    /// An operand with the operators before it and the steps behind it.
    pub(super) fn operand(&mut self) -> Result<Node> {
        let offset = self.offset();
        if self.is_word("not") || self.is_sign("!") {
            self.advance();
            let operand = self.expression(50)?;
            return self.node(Kind::Not(Box::new(operand)), offset);
        }
        if self.is_sign("-") {
            self.advance();
            let operand = self.expression(90)?;
            let kind = match operand.kind {
                Kind::Constant(Value::Int(number)) => Kind::Constant(Value::Int(number.wrapping_neg())),
                Kind::Constant(Value::Double(number)) => Kind::Constant(Value::Double(-number)),
                _ => Kind::Negate(Box::new(operand)),
            };
            return self.node(kind, offset);
        }
        if self.take("+") {
            return self.expression(90);
        }
        let base = self.base()?;
        self.steps(base)
    }

    fn base(&mut self) -> Result<Node> {
        let offset = self.offset();
        let kind = match self.current().clone() {
            Token::Int(number) => Kind::Constant(Value::Int(number)),
            Token::Double(number) => Kind::Constant(Value::Double(number)),
            Token::Text(text) => Kind::Constant(text.into()),
            Token::Word(word) => return self.word(word),
            Token::Sign("(") => {
                self.advance();
                let node = self.sequence()?;
                self.expect(")")?;
                return Ok(node);
            }
            Token::Sign("[") => return self.list(),
            Token::Sign("{") => return self.mapping(),
            // Taken by `steps`: the member of the element.
            Token::Sign(".") if self.predicates > 0 => {
                return self.node(Kind::Element(ElementPart::Itself), offset);
            }
            Token::Sign("#") if self.predicates > 0 => return self.element(),
            Token::Sign("::") => {
                self.advance();
                return self.call_of_next_word(None);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected()),
        };
        self.advance();
        self.node(kind, offset)
    }

    /// `#`, `#index` or `#acc`.
    fn element(&mut self) -> Result<Node> {
        let offset = self.offset();
        self.advance();
        let part = match *self.current() {
            Token::Word("index") => ElementPart::Index,
            Token::Word("acc") => ElementPart::Gathered,
            _ => return self.node(Kind::Element(ElementPart::Itself), offset),
        };
        self.advance();
        self.node(Kind::Element(part), offset)
    }

    fn word(&mut self, word: &'a str) -> Result<Node> {
        let offset = self.offset();
        if matches!(self.peek(), Token::Sign("(")) && !RESERVED.contains(&word) {
            return self.call_of_next_word(None);
        }
        let kind = match word {
            "true" => Kind::Constant(Value::Bool(true)),
            "false" => Kind::Constant(Value::Bool(false)),
            "nil" => Kind::Constant(Value::Empty),
            _ if self.variables.contains(&word) => Kind::Variable(word.into()),
            _ if RESERVED.contains(&word) => return Err(self.unexpected()),
            "body" | "$" => Kind::Name(Name::Body),
            "attributes" => Kind::Name(Name::Attributes),
            "resource" => Kind::Name(Name::Resource),
            "timestamp" => Kind::Name(Name::Timestamp),
            "severity" => Kind::Name(Name::Severity),
            "severity_text" => Kind::Name(Name::SeverityText),
            _ => Kind::Name(Name::Unknown),
        };
        self.advance();
        self.node(kind, offset)
    }

    /// A call of the function named here; `first` is its first argument where one was piped in.
    pub(super) fn call_of_next_word(&mut self, first: Option<Node>) -> Result<Node> {
        let offset = self.offset();
        let Token::Word(name) = *self.current() else { return Err(self.unexpected()) };
        self.advance();
        self.expect("(")?;
        if let Some(function) = PredicateFunction::of(name) {
            return self.predicate_call(function, name, first, offset);
        }
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            let names: Vec<&str> = function_names().collect();
            let hint =
                nearest(name, &names).map_or_else(String::new, |near| format!(", did you mean {near}?"));
            return Err(self.fail(offset, format!("unknown function {name}{hint}")));
        };
        let mut arguments: Vec<Node> = first.into_iter().collect();
        while !self.is_sign(")") {
            arguments.push(self.expression(0)?);
            if !self.take(",") {
                break;
            }
        }
        self.expect(")")?;
        if !function.takes(arguments.len()) {
            let problem =
                format!("invalid number of arguments for {name} ({})", function.expected(arguments.len()));
            return Err(self.fail(offset, problem));
        }
        let call = self.node(Kind::Call(function, arguments), offset)?;
        self.steps(call)
    }

    fn predicate_call(
        &mut self,
        function: PredicateFunction,
        name: &str,
        first: Option<Node>,
        offset: usize,
    ) -> Result<Node> {
        let mut arguments = Vec::new();
        match first {
            Some(node) => arguments.push(node),
            None => {
                arguments.push(self.expression(0)?);
                self.take(",");
            }
        }
        if !self.is_sign(")") {
            arguments.push(self.predicate()?);
        }
        while self.take(",") && !self.is_sign(")") {
            arguments.push(self.expression(0)?);
        }
        self.expect(")")?;
        if !function.takes(arguments.len()) {
            let expected = function.fewest_arguments();
            return Err(self.fail(offset, format!("{name} expected at least {expected} arguments")));
        }
        let call = self.node(Kind::Predicate(function, arguments), offset)?;
        self.steps(call)
    }

    fn predicate(&mut self) -> Result<Node> {
        self.predicates += 1;
        let node = if self.is_sign("{") { self.block() } else { self.expression(0) };
        self.predicates -= 1;
        node
    }

    fn list(&mut self) -> Result<Node> {
        let offset = self.offset();
        self.advance();
        let mut items = Vec::new();
        while !self.is_sign("]") {
            items.push(self.expression(0)?);
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        self.node(Kind::List(items), offset)
    }

    fn mapping(&mut self) -> Result<Node> {
        let offset = self.offset();
        self.advance();
        let mut pairs = Vec::new();
        while !self.is_sign("}") {
            let key_offset = self.offset();
            let key = match self.current().clone() {
                Token::Sign("(") => self.expression(0)?,
                token => {
                    let key = match token {
                        Token::Word(word) => word.to_owned(),
                        Token::Text(text) => text,
                        Token::Int(number) => number.to_string(),
                        Token::Double(number) => number.to_string(),
                        Token::Sign(_) | Token::End => {
                            return Err(self.fail(
                                key_offset,
                                "a map key must be a quoted string, a number, a identifier, or an expression \
                                 enclosed in parentheses",
                            ));
                        }
                    };
                    self.advance();
                    self.node(Kind::Constant(key.into()), key_offset)?
                }
            };
            self.expect(":")?;
            pairs.push((key, self.expression(0)?));
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        self.node(Kind::Mapping(pairs), offset)
    }

    /// Members, elements, slices and methods behind an operand.
    fn steps(&mut self, base: Node) -> Result<Node> {
        let mut steps = Vec::new();
        loop {
            let is_optional = self.is_sign("?.");
            if is_optional || self.is_sign(".") {
                self.advance();
                if is_optional && self.take("[") {
                    steps.push(self.index(true)?);
                } else {
                    steps.push(self.member(is_optional)?);
                }
            } else if self.take("[") {
                steps.push(self.index(false)?);
            } else {
                break;
            }
        }
        if steps.is_empty() {
            return Ok(base);
        }
        match base {
            Node { kind: Kind::Path(inner, mut path), offset, .. } if !path.iter().any(Step::is_optional) => {
                path.extend(steps);
                self.node(Kind::Path(inner, path), offset)
            }
            base => {
                let offset = base.offset;
                self.node(Kind::Path(Box::new(base), steps), offset)
            }
        }
    }

    fn member(&mut self, is_optional: bool) -> Result<Step> {
        let Token::Word(name) = *self.current() else {
            return Err(self.fail(self.offset(), "expected name"));
        };
        self.advance();
        if !self.take("(") {
            return Ok(Step::Member { key: name.into(), is_optional });
        }
        self.expect(")")?;
        Ok(Step::Method { name: name.into(), is_optional })
    }

    /// What stands in brackets whose `[` is taken.
    fn index(&mut self, is_optional: bool) -> Result<Step> {
        let from = if self.is_sign(":") { None } else { Some(self.expression(0)?) };
        if !self.take(":") {
            self.expect("]")?;
            return from.map(|index| Step::Index { index, is_optional }).ok_or_else(|| self.unexpected());
        }
        let to = if self.is_sign("]") { None } else { Some(self.expression(0)?) };
        self.expect("]")?;
        Ok(Step::Slice { from, to })
    }
}
