//! Functions over lists and maps.

use std::cmp::Ordering;

use super::evaluate::Scope;
use super::functions::{text_or, view};
use super::operand::{Operand, View};
use crate::log_operators::value::{Value, ValueMap};

type Result<T, E = String> = std::result::Result<T, E>;

/// The elements of a list, owned.
fn items(operand: Operand<'_>, what: &str) -> Result<Vec<Value>> {
    match operand.into_value() {
        Value::Array(items) => Ok(items),
        other => Err(format!("cannot {what} {}", other.go_type())),
    }
}

fn only(arguments: Vec<Operand<'_>>) -> Operand<'_> {
    arguments.into_iter().next().unwrap_or(Operand::NIL)
}

pub(super) fn join<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let glue = text_or(&arguments, 1, "")?;
    let View::List(items) = view(&arguments, 0) else {
        return Err(format!("invalid argument for join (type {})", view(&arguments, 0).go_type()));
    };
    let texts: Result<Vec<&str>> = items.iter().map(|item| View::of(item).to_text()).collect();
    Ok(Operand::of(texts?.join(glue)))
}

/// The numbers that arguments are or contain.
fn numbers(name: &str, arguments: Vec<Operand<'_>>) -> Result<Vec<Value>> {
    let mut numbers = Vec::new();
    let mut waiting: Vec<Value> = arguments.into_iter().rev().map(Operand::into_value).collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Int(_) | Value::Double(_) => numbers.push(value),
            Value::Array(items) => waiting.extend(items.into_iter().rev()),
            other => return Err(format!("invalid argument for {name} (type {})", other.go_type())),
        }
    }
    Ok(numbers)
}

fn best(name: &str, arguments: Vec<Operand<'_>>, wanted: Ordering) -> Result<Value> {
    let mut best = Value::Empty;
    for number in numbers(name, arguments)? {
        let is_better =
            View::of(&best).is_nil() || View::of(&number).order(View::of(&best), "<")? == Some(wanted);
        if is_better {
            best = number;
        }
    }
    Ok(best)
}

pub(super) fn max<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    best("max", arguments, Ordering::Greater).map(Operand::of)
}

pub(super) fn min<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    best("min", arguments, Ordering::Less).map(Operand::of)
}

pub(super) fn mean<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let numbers = numbers("mean", arguments)?;
    let sum: f64 = numbers.iter().filter_map(|number| View::of(number).number()).sum();
    Ok(Operand::of(if numbers.is_empty() { 0.0 } else { sum / numbers.len() as f64 }))
}

pub(super) fn first<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    Ok(items(only(arguments), "get first element from")?.into_iter().next().map_or(Operand::NIL, Operand::of))
}

pub(super) fn last<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    Ok(items(only(arguments), "get last element from")?.pop().map_or(Operand::NIL, Operand::of))
}

/// A member or element; nil where there is none.
pub(super) fn get<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    match <[Operand<'a>; 2]>::try_from(arguments) {
        Ok([from, key]) => Ok(from.index(&key).unwrap_or(Operand::NIL)),
        Err(_) => Ok(Operand::NIL),
    }
}

pub(super) fn take<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let most = view(&arguments, 1).to_int()?;
    let most = usize::try_from(most).map_err(|_| format!("cannot take {most} elements"))?;
    let mut items = items(only(arguments), "take from")?;
    items.truncate(most);
    Ok(Operand::of(items))
}

/// The map, and room for a list of its entries.
fn entries<'v>(arguments: &'v [Operand<'_>], scope: &Scope<'_>, what: &str) -> Result<&'v ValueMap> {
    match view(arguments, 0) {
        View::Map(map) => {
            scope.spend(map.len())?;
            Ok(map)
        }
        other => Err(format!("cannot {what} {}", other.go_type())),
    }
}

pub(super) fn keys<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>> {
    let map = entries(&arguments, scope, "get keys from")?;
    Ok(Operand::of(map.iter().map(|(key, _)| Value::from(key)).collect::<Vec<_>>()))
}

pub(super) fn values<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>> {
    let map = entries(&arguments, scope, "get values from")?;
    Ok(Operand::of(map.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>()))
}

pub(super) fn to_pairs<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>> {
    let map = entries(&arguments, scope, "transform to pairs")?;
    let pair = |(key, value): (&str, &Value)| Value::Array(vec![key.into(), value.clone()]);
    Ok(Operand::of(map.iter().map(pair).collect::<Vec<_>>()))
}

pub(super) fn from_pairs<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let mut map = ValueMap::new();
    for pair in items(only(arguments), "transform from pairs")? {
        let Value::Array(pair) = pair else { return Err("invalid pair".to_owned()) };
        let Ok([key, value]) = <[Value; 2]>::try_from(pair) else {
            return Err("invalid pair length".to_owned());
        };
        map.insert(View::of(&key).to_text()?, value);
    }
    Ok(Operand::of(map))
}

pub(super) fn reverse<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let mut items = items(only(arguments), "reverse")?;
    items.reverse();
    Ok(Operand::of(items))
}

pub(super) fn uniq<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(only(arguments), "uniq")? {
        // Each is compared with all kept so far.
        scope.spend(kept.len())?;
        if !kept.iter().any(|known| View::of(known).equals(View::of(&item))) {
            kept.push(item);
        }
    }
    Ok(Operand::of(kept))
}

pub(super) fn concat<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>> {
    let mut all = Vec::new();
    for argument in arguments {
        all.extend(items(argument, "concat")?);
        scope.spend(all.len())?;
    }
    Ok(Operand::of(all))
}

pub(super) fn flatten<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let mut flat = Vec::new();
    let mut waiting = items(only(arguments), "flatten")?;
    waiting.reverse();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items.into_iter().rev()),
            other => flat.push(other),
        }
    }
    Ok(Operand::of(flat))
}

pub(super) fn sort<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>> {
    let is_descending = match text_or(&arguments, 1, "asc")? {
        "asc" => false,
        "desc" => true,
        other => return Err(format!("invalid order {other}, expected asc or desc")),
    };
    let mut items = items(only(arguments), "sort")?;
    sort_by(&mut items, is_descending, |item| item)?;
    Ok(Operand::of(items))
}

/// Sorts elements by a part of each; parts that do not compare are an error.
pub(super) fn sort_by<T>(items: &mut [T], is_descending: bool, key: impl Fn(&T) -> &Value) -> Result<()> {
    let mut problem = None;
    items.sort_by(|left, right| {
        let order = View::of(key(left)).order(View::of(key(right)), "<").unwrap_or_else(|error| {
            problem.get_or_insert(error);
            None
        });
        // Numbers that are none stay where they are, before all others.
        let order = order.unwrap_or_else(|| rank(key(left)).cmp(&rank(key(right))));
        if is_descending { order.reverse() } else { order }
    });
    problem.map_or(Ok(()), Err)
}

/// Whether a number is one.
const fn rank(value: &Value) -> bool {
    match value {
        Value::Double(number) => !number.is_nan(),
        _ => true,
    }
}
