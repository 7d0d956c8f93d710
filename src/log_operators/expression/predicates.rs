//! Functions that ask something of each element of a list: `filter(body.items, .price > 10)`.

use super::evaluate::Scope;
use super::list_functions::sort_by;
use super::operand::{Operand, View, shown};
use super::tree::Node;
use crate::log_operators::value::{Value, ValueMap};

/// The names of the functions.
pub(super) const PREDICATE_NAMES: [&str; 15] = [
    "all",
    "any",
    "none",
    "one",
    "filter",
    "map",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "count",
    "sum",
    "groupBy",
    "sortBy",
    "reduce",
];

/// A function with a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PredicateFunction {
    All,
    Any,
    None,
    One,
    Filter,
    Map,
    Find { is_index: bool, is_last: bool },
    Count,
    Sum,
    GroupBy,
    SortBy,
    Reduce,
}

impl PredicateFunction {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "any" => Self::Any,
            "none" => Self::None,
            "one" => Self::One,
            "filter" => Self::Filter,
            "map" => Self::Map,
            "find" => Self::Find { is_index: false, is_last: false },
            "findIndex" => Self::Find { is_index: true, is_last: false },
            "findLast" => Self::Find { is_index: false, is_last: true },
            "findLastIndex" => Self::Find { is_index: true, is_last: true },
            "count" => Self::Count,
            "sum" => Self::Sum,
            "groupBy" => Self::GroupBy,
            "sortBy" => Self::SortBy,
            "reduce" => Self::Reduce,
            _ => return None,
        })
    }

    pub const fn fewest_arguments(self) -> usize {
        if matches!(self, Self::Count | Self::Sum) { 1 } else { 2 }
    }

    pub const fn takes(self, arguments: usize) -> bool {
        let most = if matches!(self, Self::SortBy | Self::Reduce) { 3 } else { 2 };
        arguments >= self.fewest_arguments() && arguments <= most
    }
}

/// The list, and the predicate that is asked for each of its elements.
struct Asking<'n, 's> {
    items: &'s [Value],
    predicate: Option<&'n Node>,
    scope: &'s Scope<'s>,
}

impl<'n: 's, 's> Asking<'n, 's> {
    /// What the predicate says of the element at an index; the element itself without one.
    fn ask<T>(
        &self,
        index: usize,
        item: &Value,
        gathered: Option<&Value>,
        take: impl FnOnce(Operand<'_>) -> T,
    ) -> Result<T, String> {
        self.scope.spend(1)?;
        let Some(predicate) = self.predicate else { return Ok(take(Operand::of(item.clone()))) };
        let inner = self.scope.within(item, index, gathered);
        predicate.evaluate(&inner).map(take)
    }

    fn holds(&self, index: usize, item: &Value) -> Result<bool, String> {
        self.ask(index, item, None, |operand| operand.view().to_bool())?
    }

    /// The elements for which the predicate holds, until there are so many.
    fn holding(&self, most: usize) -> Result<Vec<(usize, &'s Value)>, String> {
        self.holding_of(self.items.iter().enumerate(), most)
    }

    fn holding_of(
        &self,
        items: impl Iterator<Item = (usize, &'s Value)>,
        most: usize,
    ) -> Result<Vec<(usize, &'s Value)>, String> {
        let mut found = Vec::new();
        for (index, item) in items {
            if self.holds(index, item)? {
                found.push((index, item));
                if found.len() >= most {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// What the predicate says of every element.
    fn each(&self) -> Result<Vec<Value>, String> {
        let ask = |(index, item)| self.ask(index, item, None, |operand| operand.into_value());
        self.items.iter().enumerate().map(ask).collect()
    }
}

/// Calls a function; the parser saw that it takes so many arguments.
pub(super) fn call<'a>(
    function: PredicateFunction,
    arguments: &'a [Node],
    scope: &Scope<'a>,
) -> Result<Operand<'a>, String> {
    let Some(list) = arguments.first() else { return Ok(Operand::NIL) };
    let list = list.evaluate(scope)?;
    let items = match list.view() {
        View::List(items) => items,
        other => return Err(format!("invalid argument for a predicate (type {})", other.go_type())),
    };
    let asking = Asking { items, predicate: arguments.get(1), scope };
    Ok(match function {
        PredicateFunction::All => (asking.holding(usize::MAX)?.len() == items.len()).into(),
        PredicateFunction::Any => (!asking.holding(1)?.is_empty()).into(),
        PredicateFunction::None => asking.holding(1)?.is_empty().into(),
        PredicateFunction::One => (asking.holding(2)?.len() == 1).into(),
        PredicateFunction::Filter => {
            let kept = asking.holding(usize::MAX)?.into_iter();
            Operand::of(kept.map(|(_, item)| item.clone()).collect::<Vec<_>>())
        }
        PredicateFunction::Map => Operand::of(asking.each()?),
        PredicateFunction::Find { is_index, is_last } => {
            let all = items.iter().enumerate();
            let found = if is_last { asking.holding_of(all.rev(), 1)? } else { asking.holding_of(all, 1)? };
            match found.first() {
                Some((index, _)) if is_index => Operand::int(*index),
                Some((_, item)) => Operand::of((*item).clone()),
                None => Operand::NIL,
            }
        }
        PredicateFunction::Count => Operand::int(asking.holding(usize::MAX)?.len()),
        PredicateFunction::Sum => sum(&asking.each()?)?,
        PredicateFunction::GroupBy => group_by(items, asking.each()?),
        PredicateFunction::SortBy => {
            let order = arguments.get(2).map(|order| order.evaluate(scope)).transpose()?;
            let is_descending = match &order {
                Some(order) => order.view().to_text()? == "desc",
                None => false,
            };
            let mut keyed: Vec<(Value, Value)> =
                asking.each()?.into_iter().zip(items.iter().cloned()).collect();
            sort_by(&mut keyed, is_descending, |(key, _)| key)?;
            Operand::of(keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>())
        }
        PredicateFunction::Reduce => {
            let start = arguments.get(2).map(|start| start.evaluate(scope)).transpose()?;
            reduce(&asking, start.map(Operand::into_value))?
        }
    })
}

fn sum<'a>(numbers: &[Value]) -> Result<Operand<'a>, String> {
    let mut whole = Some(0_i64);
    let mut sum = 0.0;
    for number in numbers {
        let view = View::of(number);
        sum += view.number().ok_or_else(|| format!("invalid operation: int + {}", view.go_type()))?;
        whole = match (whole, view) {
            (Some(whole), View::Int(number)) => Some(whole.wrapping_add(number)),
            _ => None,
        };
    }
    Ok(whole.map_or_else(|| Operand::of(sum), Operand::of))
}

fn group_by<'a>(items: &[Value], keys: Vec<Value>) -> Operand<'a> {
    let mut groups = ValueMap::new();
    for (item, key) in items.iter().zip(keys) {
        let group = groups.get_or_insert_with(&shown(View::of(&key)), || Value::Array(Vec::new()));
        if let Value::Array(group) = group {
            group.push(item.clone());
        }
    }
    Operand::of(groups)
}

/// Without a start the first element is it.
fn reduce<'a>(asking: &Asking<'_, '_>, start: Option<Value>) -> Result<Operand<'a>, String> {
    let mut items = asking.items.iter().enumerate();
    let start = start.or_else(|| items.next().map(|(_, item)| item.clone()));
    let mut gathered = start.ok_or_else(|| "reduce of empty array with no initial value".to_owned())?;
    for (index, item) in items {
        gathered = asking.ask(index, item, Some(&gathered), |operand| operand.into_value())?;
    }
    Ok(Operand::of(gathered))
}
