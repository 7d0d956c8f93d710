//! Evaluating a tree for one entry.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use super::operand::{Operand, View};
use super::tree::{Arithmetic, Comparison, ElementPart, Kind, Name, Node, Step, TextTest};
use super::{functions, predicates, time_methods};
use crate::config::compile_go_regexp;
use crate::log_operators::entry::LogEntry;
use crate::log_operators::value::{Value, ValueMap};

/// How many elements an evaluation may make or go through.
const BUDGET: usize = 1_000_000;

/// What is known at a place of an expression.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    entry: &'a LogEntry,
    /// In a predicate: the element, its index, and what was gathered until here.
    element: Option<(&'a Value, usize)>,
    gathered: Option<&'a Value>,
    variables: Option<&'a Variable<'a>>,
    spent: &'a Budget,
}

/// What a `let` named.
struct Variable<'a> {
    name: &'a str,
    value: Value,
    outer: Option<&'a Variable<'a>>,
}

#[derive(Default)]
struct Budget(Cell<usize>);

impl Node {
    /// The value for an entry.
    pub fn evaluate_for<T>(
        &self,
        entry: &LogEntry,
        take: impl FnOnce(Operand<'_>) -> T,
    ) -> Result<T, String> {
        let scope =
            Scope { entry, element: None, gathered: None, variables: None, spent: &Budget::default() };
        self.evaluate(&scope).map(take)
    }
}

impl<'a> Scope<'a> {
    /// Counts elements against the budget.
    pub fn spend(&self, elements: usize) -> Result<(), String> {
        let spent = self.spent.0.get().saturating_add(elements);
        self.spent.0.set(spent);
        if spent > BUDGET { Err("memory budget exceeded".to_owned()) } else { Ok(()) }
    }

    /// Counts a value that was made, with all in it.
    pub fn spend_on(&self, made: &Operand<'_>) -> Result<(), String> {
        match made {
            Operand::Value(Cow::Owned(value)) => self.spend(weight(value)),
            _ => Ok(()),
        }
    }

    /// The scope of a predicate.
    pub fn within<'b>(&'b self, item: &'b Value, index: usize, gathered: Option<&'b Value>) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope { element: Some((item, index)), gathered, ..*self }
    }

    fn name(&self, name: Name) -> Operand<'a> {
        match name {
            Name::Body => Operand::Value(Cow::Borrowed(&self.entry.body)),
            Name::Attributes => Operand::Map(&self.entry.attributes),
            Name::Resource => Operand::Map(&self.entry.resource),
            Name::Timestamp => Operand::Time(self.entry.time_unix_nano),
            Name::Severity => Operand::of(i64::from(self.entry.severity)),
            Name::SeverityText => Operand::Text(&self.entry.severity_text),
            Name::Unknown => Operand::NIL,
        }
    }

    fn variable(&self, name: &str) -> Operand<'a> {
        let mut variables = std::iter::successors(self.variables, |variable| variable.outer);
        let variable = variables.find(|variable| variable.name == name);
        variable.map_or(Operand::NIL, |variable| Operand::Value(Cow::Borrowed(&variable.value)))
    }

    fn element(&self, part: ElementPart) -> Operand<'a> {
        match part {
            ElementPart::Itself => {
                self.element.map_or(Operand::NIL, |(value, _)| Operand::Value(Cow::Borrowed(value)))
            }
            ElementPart::Index => self.element.map_or(Operand::NIL, |(_, index)| Operand::int(index)),
            ElementPart::Gathered => {
                self.gathered.map_or(Operand::NIL, |value| Operand::Value(Cow::Borrowed(value)))
            }
        }
    }
}

/// What a value counts against the budget: one for itself and each value within, and one for every 64
/// bytes of text.
fn weight(value: &Value) -> usize {
    let within = match value {
        Value::String(text) => text.len() / 64,
        Value::Bytes(bytes) => bytes.len() / 64,
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.iter().map(|(key, value)| key.len() / 64 + weight(value)).sum(),
        Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) => 0,
    };
    within + 1
}

impl Node {
    pub(super) fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Result<Operand<'a>, String> {
        match &self.kind {
            Kind::Constant(value) => Ok(Operand::Value(Cow::Borrowed(value))),
            Kind::Name(name) => Ok(scope.name(*name)),
            Kind::Variable(name) => Ok(scope.variable(name)),
            Kind::Element(part) => Ok(scope.element(*part)),
            Kind::List(nodes) => list(nodes, scope),
            Kind::Mapping(pairs) => mapping(pairs, scope),
            Kind::Not(node) => Ok((!node.evaluate(scope)?.view().to_bool()?).into()),
            Kind::Negate(node) => negate(&node.evaluate(scope)?),
            Kind::And(nodes) => connect(nodes, scope, false),
            Kind::Or(nodes) => connect(nodes, scope, true),
            Kind::Arithmetic(operator, nodes) => {
                let [left, right] = both(nodes, scope)?;
                let outcome = arithmetic(*operator, &left, &right)?;
                scope.spend_on(&outcome)?;
                Ok(outcome)
            }
            Kind::Comparison(comparison, nodes) => {
                let [left, right] = both(nodes, scope)?;
                Ok(compare(*comparison, left.view(), right.view())?.into())
            }
            Kind::Between(operands, comparisons) => between(operands, comparisons, scope),
            Kind::Text(test, nodes) => {
                let [left, right] = both(nodes, scope)?;
                text_test(*test, left.view(), right.view())
            }
            Kind::MatchesPattern(node, regex) => match node.evaluate(scope)?.view() {
                View::Nil => Ok(false.into()),
                view => Ok(regex.is_match(view.to_text()?.as_bytes()).into()),
            },
            Kind::Matches(nodes) => {
                let [left, right] = both(nodes, scope)?;
                if left.view().is_nil() || right.view().is_nil() {
                    return Ok(false.into());
                }
                let regex = compile_go_regexp(right.view().to_text()?).map_err(|error| error.to_string())?;
                Ok(regex.is_match(left.view().to_text()?.as_bytes()).into())
            }
            Kind::In(nodes) => {
                let [needle, list] = both(nodes, scope)?;
                Ok(is_in(needle.view(), list.view())?.into())
            }
            Kind::Range(nodes) => {
                let [from, to] = both(nodes, scope)?;
                range(from.view().to_int()?, to.view().to_int()?, scope)
            }
            Kind::Coalesce(nodes) => {
                let [left, right] = &**nodes;
                let left = left.evaluate(scope)?;
                if left.view().is_nil() { right.evaluate(scope) } else { Ok(left) }
            }
            Kind::Conditional(nodes) => {
                let [condition, then, otherwise] = &**nodes;
                let chosen = if condition.evaluate(scope)?.view().to_bool()? { then } else { otherwise };
                chosen.evaluate(scope)
            }
            Kind::Path(base, steps) => path(base.evaluate(scope)?, steps, scope),
            Kind::Call(function, nodes) => {
                let arguments: Result<Vec<_>, _> = nodes.iter().map(|node| node.evaluate(scope)).collect();
                let outcome = functions::call(function, arguments?, scope)?;
                scope.spend_on(&outcome)?;
                Ok(outcome)
            }
            Kind::Predicate(function, nodes) => {
                let outcome = predicates::call(*function, nodes, scope)?;
                scope.spend_on(&outcome)?;
                Ok(outcome)
            }
            Kind::Let(name, nodes) => {
                let [value, body] = &**nodes;
                let value = value.evaluate(scope)?.into_value();
                let variable = Variable { name, value, outer: scope.variables };
                let inner = Scope { variables: Some(&variable), ..*scope };
                body.evaluate(&inner).map(|operand| Operand::of(operand.into_value()))
            }
        }
    }
}

fn both<'a>(nodes: &'a [Node; 2], scope: &Scope<'a>) -> Result<[Operand<'a>; 2], String> {
    let [left, right] = nodes;
    Ok([left.evaluate(scope)?, right.evaluate(scope)?])
}

fn list<'a>(nodes: &'a [Node], scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let items: Result<Vec<Value>, String> =
        nodes.iter().map(|node| node.evaluate(scope).map(Operand::into_value)).collect();
    let list = Operand::of(items?);
    scope.spend_on(&list)?;
    Ok(list)
}

fn mapping<'a>(pairs: &'a [(Node, Node)], scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let mut map = ValueMap::with_capacity(pairs.len());
    for (key, value) in pairs {
        let key = key.evaluate(scope)?.view().to_text()?.to_owned();
        map.insert(key, value.evaluate(scope)?.into_value());
    }
    let map = Operand::of(map);
    scope.spend_on(&map)?;
    Ok(map)
}

/// `and` or `or`: the first operand that decides, or else the last one, whatever it is.
fn connect<'a>(nodes: &'a [Node], scope: &Scope<'a>, decides: bool) -> Result<Operand<'a>, String> {
    let Some((last, others)) = nodes.split_last() else { return Ok((!decides).into()) };
    for node in others {
        if node.evaluate(scope)?.view().to_bool()? == decides {
            return Ok(decides.into());
        }
    }
    last.evaluate(scope)
}

fn negate<'a>(operand: &Operand<'_>) -> Result<Operand<'a>, String> {
    match operand.view() {
        View::Int(number) => Ok(Operand::of(number.wrapping_neg())),
        View::Double(number) => Ok(Operand::of(-number)),
        other => Err(format!("invalid operation: - {}", other.go_type())),
    }
}

fn arithmetic<'a>(
    operator: Arithmetic,
    left: &Operand<'_>,
    right: &Operand<'_>,
) -> Result<Operand<'a>, String> {
    let (left, right) = (left.view(), right.view());
    if let (View::Text(left), View::Text(right), Arithmetic::Add) = (left, right, operator) {
        return Ok(Operand::of([left, right].concat()));
    }
    if let (View::Int(left), View::Int(right)) = (left, right)
        && let Some(number) = whole_arithmetic(operator, left, right)?
    {
        return Ok(Operand::of(number));
    }
    let (Some(left_number), Some(right_number)) = (left.number(), right.number()) else {
        let sign = operator.sign();
        return Err(format!("invalid operation: {} {sign} {}", left.go_type(), right.go_type()));
    };
    Ok(Operand::of(match operator {
        Arithmetic::Add => left_number + right_number,
        Arithmetic::Subtract => left_number - right_number,
        Arithmetic::Multiply => left_number * right_number,
        Arithmetic::Divide => left_number / right_number,
        Arithmetic::Power => left_number.powf(right_number),
        Arithmetic::Remainder => {
            return Err(format!("invalid operation: {} % {}", left.go_type(), right.go_type()));
        }
    }))
}

/// Arithmetic that stays whole; none for division and powers, which do not.
fn whole_arithmetic(operator: Arithmetic, left: i64, right: i64) -> Result<Option<i64>, String> {
    Ok(match operator {
        Arithmetic::Add => Some(left.wrapping_add(right)),
        Arithmetic::Subtract => Some(left.wrapping_sub(right)),
        Arithmetic::Multiply => Some(left.wrapping_mul(right)),
        Arithmetic::Remainder if right == 0 => return Err("integer divide by zero".to_owned()),
        Arithmetic::Remainder => Some(left.wrapping_rem(right)),
        Arithmetic::Divide | Arithmetic::Power => None,
    })
}

fn compare(comparison: Comparison, left: View<'_>, right: View<'_>) -> Result<bool, String> {
    let order = || left.order(right, comparison.sign());
    Ok(match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => !left.equals(right),
        Comparison::Less => order()? == Some(Ordering::Less),
        Comparison::LessOrEqual => order()?.is_some_and(Ordering::is_le),
        Comparison::Greater => order()? == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order()?.is_some_and(Ordering::is_ge),
    })
}

fn between<'a>(
    operands: &'a [Node],
    comparisons: &[Comparison],
    scope: &Scope<'a>,
) -> Result<Operand<'a>, String> {
    for (pair, comparison) in operands.windows(2).zip(comparisons) {
        let [left, right] = pair else { continue };
        let (left, right) = (left.evaluate(scope)?, right.evaluate(scope)?);
        if !compare(*comparison, left.view(), right.view())? {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

fn text_test<'a>(test: TextTest, left: View<'_>, right: View<'_>) -> Result<Operand<'a>, String> {
    if left.is_nil() || right.is_nil() {
        return Ok(false.into());
    }
    let (text, part) = (left.to_text()?, right.to_text()?);
    Ok(match test {
        TextTest::Contains => text.contains(part),
        TextTest::StartsWith => text.starts_with(part),
        TextTest::EndsWith => text.ends_with(part),
    }
    .into())
}

fn is_in(needle: View<'_>, list: View<'_>) -> Result<bool, String> {
    match list {
        View::Nil => Ok(false),
        View::List(items) => Ok(items.iter().any(|item| View::of(item).equals(needle))),
        View::Map(map) => Ok(matches!(needle, View::Text(key) if map.get(key).is_some())),
        other => Err(format!("operator \"in\" not defined on {}", other.go_type())),
    }
}

fn range<'a>(from: i64, to: i64, scope: &Scope<'_>) -> Result<Operand<'a>, String> {
    let size = to.saturating_sub(from).saturating_add(1).max(0);
    scope.spend(usize::try_from(size).unwrap_or(usize::MAX))?;
    Ok(Operand::of((from..=to).map(Value::Int).collect::<Vec<_>>()))
}

fn path<'a>(base: Operand<'a>, steps: &'a [Step], scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let mut operand = base;
    for step in steps {
        if step.is_optional() && operand.view().is_nil() {
            return Ok(Operand::NIL);
        }
        operand = match step {
            Step::Member { key, .. } => operand.member(key)?,
            Step::Index { index, .. } => operand.index(&index.evaluate(scope)?)?,
            Step::Slice { from, to } => {
                let bound = |node: &'a Option<Node>| {
                    node.as_ref().map(|node| node.evaluate(scope)?.view().to_int()).transpose()
                };
                operand.slice(bound(from)?, bound(to)?)?
            }
            Step::Method { name, .. } => time_methods::call(name, operand.view())?,
        };
    }
    Ok(operand)
}
