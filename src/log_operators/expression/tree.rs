//! A compiled expression as a tree.

use regex::bytes::Regex;

use super::functions::Function;
use super::predicates::PredicateFunction;
use crate::log_operators::value::Value;

/// A part of an expression.
#[derive(Debug)]
pub(super) struct Node {
    pub kind: Kind,
    /// The byte of the text at which it was written.
    pub offset: usize,
    /// How many nodes stand one within the other, this one counted.
    pub depth: usize,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A literal.
    Constant(Value),
    /// A part of the entry.
    Name(Name),
    /// What a `let` around it called so.
    Variable(Box<str>),
    /// In a predicate: the element, its index, or what was gathered until here.
    Element(ElementPart),
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Comparison(Comparison, Box<[Node; 2]>),
    /// Comparisons in a row: `1 < a < 5`. Each operand is evaluated for each comparison it is part of.
    Between(Vec<Node>, Vec<Comparison>),
    Text(TextTest, Box<[Node; 2]>),
    /// `matches` with a pattern that is known beforehand.
    MatchesPattern(Box<Node>, Box<Regex>),
    Matches(Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Range(Box<[Node; 2]>),
    Coalesce(Box<[Node; 2]>),
    Conditional(Box<[Node; 3]>),
    /// Members, elements and slices of a value, one of the other.
    Path(Box<Node>, Vec<Step>),
    Call(&'static Function, Vec<Node>),
    Predicate(PredicateFunction, Vec<Node>),
    /// A name for a value, and the expression that knows it.
    Let(Box<str>, Box<[Node; 2]>),
}

/// A part of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Body,
    Attributes,
    Resource,
    Timestamp,
    Severity,
    SeverityText,
    /// Any other: nil.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementPart {
    Itself,
    Index,
    Gathered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Arithmetic {
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// One step from a value to a part of it. With `is_optional` nil has nil for every part, and the steps
/// behind are not taken.
#[derive(Debug)]
pub(super) enum Step {
    Member {
        key: Box<str>,
        is_optional: bool,
    },
    Index {
        index: Node,
        is_optional: bool,
    },
    Slice {
        from: Option<Node>,
        to: Option<Node>,
    },
    /// A method; only times have some.
    Method {
        name: Box<str>,
        is_optional: bool,
    },
}

impl Step {
    pub const fn is_optional(&self) -> bool {
        match self {
            Self::Member { is_optional, .. }
            | Self::Index { is_optional, .. }
            | Self::Method { is_optional, .. } => *is_optional,
            Self::Slice { .. } => false,
        }
    }
}

impl Node {
    pub fn new(kind: Kind, offset: usize) -> Self {
        let mut deepest = 0;
        kind.for_each_child(|child| deepest = deepest.max(child.depth));
        Self { kind, offset, depth: deepest + 1 }
    }
}

impl Kind {
    fn for_each_child(&self, mut visit: impl FnMut(&Node)) {
        match self {
            Self::Constant(_) | Self::Name(_) | Self::Variable(_) | Self::Element(_) => {}
            Self::List(nodes)
            | Self::And(nodes)
            | Self::Or(nodes)
            | Self::Between(nodes, _)
            | Self::Call(_, nodes)
            | Self::Predicate(_, nodes) => nodes.iter().for_each(visit),
            Self::Mapping(pairs) => pairs.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Self::Not(node) | Self::Negate(node) | Self::MatchesPattern(node, _) => visit(node),
            Self::Arithmetic(_, nodes)
            | Self::Comparison(_, nodes)
            | Self::Text(_, nodes)
            | Self::Matches(nodes)
            | Self::In(nodes)
            | Self::Range(nodes)
            | Self::Coalesce(nodes)
            | Self::Let(_, nodes) => nodes.iter().for_each(visit),
            Self::Conditional(nodes) => nodes.iter().for_each(visit),
            Self::Path(base, steps) => {
                visit(base);
                for step in steps {
                    match step {
                        Step::Index { index, .. } => visit(index),
                        Step::Slice { from, to } => from.iter().chain(to).for_each(&mut visit),
                        Step::Member { .. } | Step::Method { .. } => {}
                    }
                }
            }
        }
    }
}
