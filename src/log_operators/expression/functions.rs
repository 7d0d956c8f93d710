//! The functions of expressions: texts, numbers, JSON. Those over lists are in `list_functions`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::evaluate::Scope;
use super::list_functions;
use super::operand::{Operand, View, shown};
use super::predicates::PREDICATE_NAMES;
use crate::log_operators::value::{JsonNumbers, Value};

/// A function and how many arguments it takes.
#[derive(Debug)]
pub(super) struct Function {
    pub name: &'static str,
    least: usize,
    most: usize,
    call: Call,
}

/// Calls a function with as many arguments as it takes.
pub(super) type Call = for<'a> fn(Vec<Operand<'a>>, &Scope<'a>) -> Result<Operand<'a>, String>;

/// Every function.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("len", 1, 1, length),
    Function::new("type", 1, 1, |arguments, _| Ok(Operand::Text(type_name(view(&arguments, 0))))),
    Function::new("env", 1, 1, environment),
    Function::new("int", 1, 1, |arguments, _| to_int(view(&arguments, 0)).map(Operand::of)),
    Function::new("float", 1, 1, |arguments, _| to_float(view(&arguments, 0)).map(Operand::of)),
    Function::new("string", 1, 1, |arguments, _| Ok(Operand::of(shown(view(&arguments, 0))))),
    Function::new("abs", 1, 1, absolute),
    Function::new("ceil", 1, 1, |arguments, _| Ok(Operand::of(number(&arguments, 0)?.ceil()))),
    Function::new("floor", 1, 1, |arguments, _| Ok(Operand::of(number(&arguments, 0)?.floor()))),
    Function::new("round", 1, 1, |arguments, _| Ok(Operand::of(number(&arguments, 0)?.round()))),
    Function::new("trim", 1, 2, |arguments, _| match arguments.len() {
        1 => Ok(Operand::of(text(&arguments, 0)?.trim())),
        _ => {
            let unwanted = text(&arguments, 1)?;
            Ok(Operand::of(text(&arguments, 0)?.trim_matches(|character| unwanted.contains(character))))
        }
    }),
    Function::new("trimPrefix", 1, 2, |arguments, _| {
        let (text, prefix) = (text(&arguments, 0)?, text_or(&arguments, 1, " ")?);
        Ok(Operand::of(text.strip_prefix(prefix).unwrap_or(text)))
    }),
    Function::new("trimSuffix", 1, 2, |arguments, _| {
        let (text, suffix) = (text(&arguments, 0)?, text_or(&arguments, 1, " ")?);
        Ok(Operand::of(text.strip_suffix(suffix).unwrap_or(text)))
    }),
    Function::new("upper", 1, 1, |arguments, _| Ok(Operand::of(text(&arguments, 0)?.to_uppercase()))),
    Function::new("lower", 1, 1, |arguments, _| Ok(Operand::of(text(&arguments, 0)?.to_lowercase()))),
    Function::new("split", 2, 3, |arguments, _| split(&arguments, false)),
    Function::new("splitAfter", 2, 3, |arguments, _| split(&arguments, true)),
    Function::new("replace", 3, 4, replace),
    Function::new("repeat", 2, 2, repeat),
    Function::new("indexOf", 2, 2, |arguments, _| {
        Ok(position(text(&arguments, 0)?.find(text(&arguments, 1)?)))
    }),
    Function::new("lastIndexOf", 2, 2, |arguments, _| {
        Ok(position(text(&arguments, 0)?.rfind(text(&arguments, 1)?)))
    }),
    Function::new("hasPrefix", 2, 2, |arguments, _| {
        Ok(text(&arguments, 0)?.starts_with(text(&arguments, 1)?).into())
    }),
    Function::new("hasSuffix", 2, 2, |arguments, _| {
        Ok(text(&arguments, 0)?.ends_with(text(&arguments, 1)?).into())
    }),
    Function::new("toJSON", 1, 1, to_json),
    Function::new("fromJSON", 1, 1, |arguments, _| {
        let value = Value::from_json(text(&arguments, 0)?, JsonNumbers::Doubles);
        value.map(Operand::of).map_err(|error| error.to_string())
    }),
    Function::new("toBase64", 1, 1, |arguments, _| Ok(Operand::of(STANDARD.encode(text(&arguments, 0)?)))),
    Function::new("fromBase64", 1, 1, |arguments, _| {
        let bytes = STANDARD.decode(text(&arguments, 0)?).map_err(|error| error.to_string())?;
        Ok(Operand::of(String::from_utf8_lossy(&bytes).into_owned()))
    }),
    Function::new("join", 1, 2, list_functions::join),
    Function::new("max", 1, usize::MAX, list_functions::max),
    Function::new("min", 1, usize::MAX, list_functions::min),
    Function::new("mean", 1, usize::MAX, list_functions::mean),
    Function::new("first", 1, 1, list_functions::first),
    Function::new("last", 1, 1, list_functions::last),
    Function::new("get", 2, 2, list_functions::get),
    Function::new("take", 2, 2, list_functions::take),
    Function::new("keys", 1, 1, list_functions::keys),
    Function::new("values", 1, 1, list_functions::values),
    Function::new("toPairs", 1, 1, list_functions::to_pairs),
    Function::new("fromPairs", 1, 1, list_functions::from_pairs),
    Function::new("reverse", 1, 1, list_functions::reverse),
    Function::new("uniq", 1, 1, list_functions::uniq),
    Function::new("concat", 1, usize::MAX, list_functions::concat),
    Function::new("flatten", 1, 1, list_functions::flatten),
    Function::new("sort", 1, 2, list_functions::sort),
];

/// The names of all functions, those with a predicate included.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name).chain(PREDICATE_NAMES)
}

/// Calls a function; the parser saw that it takes so many arguments.
pub(super) fn call<'a>(
    function: &Function,
    arguments: Vec<Operand<'a>>,
    scope: &Scope<'a>,
) -> Result<Operand<'a>, String> {
    (function.call)(arguments, scope)
}

impl Function {
    const fn new(name: &'static str, least: usize, most: usize, call: Call) -> Self {
        Self { name, least, most, call }
    }

    pub const fn takes(&self, arguments: usize) -> bool {
        arguments >= self.least && arguments <= self.most
    }

    /// How many it takes, in a message about so many.
    pub fn expected(&self, arguments: usize) -> String {
        let expected = match (self.least, self.most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} or {most}"),
        };
        format!("expected {expected}, got {arguments}")
    }
}

pub(super) fn view<'v>(arguments: &'v [Operand<'_>], index: usize) -> View<'v> {
    arguments.get(index).map_or(View::Nil, Operand::view)
}

pub(super) fn text<'v>(arguments: &'v [Operand<'_>], index: usize) -> Result<&'v str, String> {
    view(arguments, index).to_text()
}

pub(super) fn text_or<'v>(
    arguments: &'v [Operand<'_>],
    index: usize,
    default: &'v str,
) -> Result<&'v str, String> {
    if arguments.len() > index { text(arguments, index) } else { Ok(default) }
}

fn number(arguments: &[Operand<'_>], index: usize) -> Result<f64, String> {
    let view = view(arguments, index);
    view.number().ok_or_else(|| format!("expected number, but got {}", view.go_type()))
}

fn position<'a>(found: Option<usize>) -> Operand<'a> {
    found.map_or_else(|| Operand::of(-1), Operand::int)
}

/// How many elements, keys, bytes or characters there are.
fn length<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    Ok(Operand::int(match view(&arguments, 0) {
        View::Text(text) => text.chars().count(),
        View::Bytes(bytes) => bytes.len(),
        View::List(items) => items.len(),
        View::Map(map) => map.len(),
        other => return Err(format!("invalid argument for len (type {})", other.go_type())),
    }))
}

const fn type_name(view: View<'_>) -> &'static str {
    match view {
        View::Nil => "nil",
        View::Bool(_) => "bool",
        View::Int(_) => "int",
        View::Double(_) => "float",
        View::Text(_) => "string",
        View::Bytes(_) | View::List(_) => "array",
        View::Map(_) => "map",
        View::Time(_) => "time.Time",
    }
}

/// A variable of the environment; empty where there is none.
fn environment<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let name = text(&arguments, 0)?;
    let value = if name.is_empty() || name.contains(['=', '\0']) { None } else { std::env::var_os(name) };
    Ok(Operand::of(value.unwrap_or_default().to_string_lossy().into_owned()))
}

fn to_int(view: View<'_>) -> Result<i64, String> {
    match view {
        View::Text(text) => {
            text.parse().map_err(|_| format!("invalid operation: int({text:?}) is no whole number"))
        }
        other => other.to_int(),
    }
}

fn to_float(view: View<'_>) -> Result<f64, String> {
    match view {
        View::Text(text) => {
            text.parse().map_err(|_| format!("invalid operation: float({text:?}) is no number"))
        }
        other => other.number().ok_or_else(|| format!("invalid operation: float({})", other.go_type())),
    }
}

fn absolute<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    match view(&arguments, 0) {
        View::Int(number) => Ok(Operand::of(number.wrapping_abs())),
        View::Double(number) => Ok(Operand::of(number.abs())),
        other => Err(format!("invalid argument for abs (type {})", other.go_type())),
    }
}

/// The parts of a text, each with the separator behind it where `keeps_separator`. A third argument is
/// the most parts there may be: the last one is the rest.
fn split<'a>(arguments: &[Operand<'a>], keeps_separator: bool) -> Result<Operand<'a>, String> {
    let (whole, separator) = (text(arguments, 0)?, text(arguments, 1)?);
    let most = match arguments.get(2) {
        Some(most) => usize::try_from(most.view().to_int()?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let mut parts: Vec<Value> = Vec::new();
    let mut rest = whole;
    while parts.len() + 1 < most {
        // An empty separator parts the characters.
        let cut = match separator.is_empty() {
            true => rest.chars().next().map(char::len_utf8).filter(|length| *length < rest.len()),
            false => rest.find(separator),
        };
        let Some(at) = cut else { break };
        let behind = at + separator.len();
        let part = rest.get(..if keeps_separator { behind } else { at });
        parts.push(part.unwrap_or_default().into());
        rest = rest.get(behind..).unwrap_or_default();
    }
    if most > 0 && !(separator.is_empty() && whole.is_empty()) {
        parts.push(rest.into());
    }
    Ok(Operand::of(parts))
}

/// With a fourth argument only so many are replaced.
fn replace<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let (whole, old, new) = (text(&arguments, 0)?, text(&arguments, 1)?, text(&arguments, 2)?);
    let most = match arguments.get(3) {
        Some(most) => usize::try_from(most.view().to_int()?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    // Before it is made: a text could grow by its own length at each turn of a predicate.
    let occurrences = if old.is_empty() { whole.len() + 1 } else { whole.len() / old.len() };
    scope.spend(occurrences.min(most).saturating_mul(new.len()) / 64)?;
    Ok(Operand::of(whole.replacen(old, new, most)))
}

fn repeat<'a>(arguments: Vec<Operand<'a>>, scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let (part, times) = (text(&arguments, 0)?, view(&arguments, 1).to_int()?);
    let Ok(times) = usize::try_from(times) else {
        return Err(format!("invalid argument for repeat (expected positive integer, got {times})"));
    };
    scope.spend(part.len().saturating_mul(times) / 64)?;
    Ok(Operand::of(part.repeat(times)))
}

/// JSON with two blanks for each level.
fn to_json<'a>(arguments: Vec<Operand<'a>>, _scope: &Scope<'a>) -> Result<Operand<'a>, String> {
    let value = arguments.into_iter().next().unwrap_or(Operand::NIL).into_value();
    serde_json::to_string_pretty(&value).map(Operand::of).map_err(|error| error.to_string())
}
