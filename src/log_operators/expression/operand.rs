//! Values while an expression is evaluated: borrowed from the entry as long as that goes.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::log_operators::value::{Value, ValueMap};
use crate::telemetry::UtcTime;

/// A value, or a part of the entry that is none of its values.
#[derive(Debug, Clone)]
pub(super) enum Operand<'a> {
    Value(Cow<'a, Value>),
    Map(&'a ValueMap),
    Text(&'a str),
    /// Nanoseconds since 1970; none for the time of an entry that has none.
    Time(Option<u64>),
}

/// An operand to look at.
#[derive(Debug, Clone, Copy)]
pub(super) enum View<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'v str),
    Bytes(&'v [u8]),
    List(&'v [Value]),
    Map(&'v ValueMap),
    Time(Option<u64>),
}

impl<'a> Operand<'a> {
    pub const NIL: Self = Self::Value(Cow::Owned(Value::Empty));

    pub fn of(value: impl Into<Value>) -> Self {
        Self::Value(Cow::Owned(value.into()))
    }

    pub fn int(number: usize) -> Self {
        Self::of(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub fn view(&self) -> View<'_> {
        match self {
            Self::Value(value) => View::of(value),
            Self::Map(map) => View::Map(map),
            Self::Text(text) => View::Text(text),
            Self::Time(time) => View::Time(*time),
        }
    }

    pub fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value.into_owned(),
            Self::Map(map) => Value::Map(map.clone()),
            Self::Text(text) => text.into(),
            Self::Time(time) => shown_time(time).into(),
        }
    }

    /// The value under a key; nil where there is none.
    pub fn member(self, key: &str) -> Result<Self, String> {
        match self {
            Self::Map(map) => Ok(map.get(key).map_or(Self::NIL, |value| Self::Value(Cow::Borrowed(value)))),
            Self::Value(Cow::Borrowed(Value::Map(map))) => Self::Map(map).member(key),
            Self::Value(Cow::Owned(Value::Map(mut map))) => Ok(map.remove(key).map_or(Self::NIL, Self::of)),
            other => Err(format!("cannot fetch {key} from {}", other.view().go_type())),
        }
    }

    /// The element at an index, which counts from the end where it is negative; or a member.
    pub fn index(self, index: &Operand<'_>) -> Result<Self, String> {
        if let View::Text(key) = index.view() {
            return self.member(key);
        }
        let length = match self.view() {
            View::List(items) => items.len(),
            View::Text(text) => text.len(),
            View::Bytes(bytes) => bytes.len(),
            View::Map(_) => return Ok(Self::NIL),
            other => return Err(format!("cannot fetch {} from {}", shown(index.view()), other.go_type())),
        };
        let wanted = index.view().to_int()?;
        let length_as_int = i64::try_from(length).unwrap_or(i64::MAX);
        let at = if wanted < 0 { wanted.saturating_add(length_as_int) } else { wanted };
        let outside = || format!("index out of range: {at} (array length is {length})");
        let at = usize::try_from(at).map_err(|_| outside())?;
        match self {
            Self::Value(Cow::Borrowed(Value::Array(items))) => {
                items.get(at).map(|item| Self::Value(Cow::Borrowed(item))).ok_or_else(outside)
            }
            Self::Value(Cow::Owned(Value::Array(mut items))) if at < items.len() => {
                Ok(Self::of(items.swap_remove(at)))
            }
            other => {
                let byte = match other.view() {
                    View::Text(text) => text.as_bytes().get(at).copied(),
                    View::Bytes(bytes) => bytes.get(at).copied(),
                    _ => None,
                };
                byte.map(|byte| Self::of(i64::from(byte))).ok_or_else(outside)
            }
        }
    }

    /// The elements or bytes from one index up to another.
    pub fn slice(&self, from: Option<i64>, to: Option<i64>) -> Result<Self, String> {
        let bounds = |length: usize| {
            let length_as_int = i64::try_from(length).unwrap_or(i64::MAX);
            let place = |at: i64| {
                let at = if at < 0 { at.saturating_add(length_as_int).max(0) } else { at };
                usize::try_from(at).unwrap_or(usize::MAX).min(length)
            };
            let end = to.map_or(length, place);
            from.map_or(0, place).min(end)..end
        };
        match self.view() {
            View::List(items) => Ok(Self::of(items.get(bounds(items.len())).unwrap_or_default().to_vec())),
            View::Text(text) => {
                // Cut within a character, the rest of it is shown as what is no text.
                let bytes = text.as_bytes().get(bounds(text.len())).unwrap_or_default();
                Ok(Self::of(String::from_utf8_lossy(bytes).into_owned()))
            }
            other => Err(format!("cannot slice {}", shown(other))),
        }
    }
}

impl From<bool> for Operand<'_> {
    fn from(truth: bool) -> Self {
        Self::of(truth)
    }
}

impl<'v> View<'v> {
    pub fn of(value: &'v Value) -> Self {
        match value {
            Value::Empty => Self::Nil,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int(*number),
            Value::Double(number) => Self::Double(*number),
            Value::String(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Array(items) => Self::List(items),
            Value::Map(map) => Self::Map(map),
        }
    }

    /// Go's name of the type.
    pub const fn go_type(self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Double(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Time(_) => "time.Time",
        }
    }

    pub const fn is_nil(self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The number, which two of different kinds are compared by.
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::Double(number) => Some(number),
            _ => None,
        }
    }

    /// A number without its fraction.
    #[expect(clippy::cast_possible_truncation, reason = "the language cuts numbers off")]
    pub fn to_int(self) -> Result<i64, String> {
        match self {
            Self::Int(number) => Ok(number),
            Self::Double(number) => Ok(number as i64),
            other => Err(format!("invalid operation: int({})", other.go_type())),
        }
    }

    pub fn to_bool(self) -> Result<bool, String> {
        match self {
            Self::Bool(truth) => Ok(truth),
            other => Err(format!("expected bool, but got {}", other.go_type())),
        }
    }

    pub fn to_text(self) -> Result<&'v str, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("expected string, but got {}", other.go_type())),
        }
    }

    pub fn equals(self, other: View<'_>) -> bool {
        match (self, other) {
            (Self::Nil, View::Nil) => true,
            (Self::Bool(left), View::Bool(right)) => left == right,
            (Self::Int(left), View::Int(right)) => left == right,
            (Self::Text(left), View::Text(right)) => left == right,
            (Self::Bytes(left), View::Bytes(right)) => left == right,
            (Self::Time(left), View::Time(right)) => left == right,
            (Self::List(left), View::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| View::of(left).equals(View::of(right)))
            }
            (Self::Map(left), View::Map(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(key, value)| {
                        right.get(key).is_some_and(|other| View::of(value).equals(View::of(other)))
                    })
            }
            _ => self.number().is_some_and(|left| Some(left) == other.number()),
        }
    }

    /// The order of numbers, texts and times; an error for others. None where a number is none.
    pub fn order(self, other: View<'_>, sign: &str) -> Result<Option<Ordering>, String> {
        match (self, other) {
            (Self::Int(left), View::Int(right)) => Ok(Some(left.cmp(&right))),
            (Self::Text(left), View::Text(right)) => Ok(Some(left.cmp(right))),
            (Self::Time(left), View::Time(right)) => Ok(Some(left.cmp(&right))),
            _ => match (self.number(), other.number()) {
                (Some(left), Some(right)) => Ok(left.partial_cmp(&right)),
                _ => Err(format!("invalid operation: {} {sign} {}", self.go_type(), other.go_type())),
            },
        }
    }
}

/// A value as Go's `%v` writes it.
pub(super) fn shown(view: View<'_>) -> String {
    match view {
        View::Nil => "<nil>".to_owned(),
        View::Bool(truth) => truth.to_string(),
        View::Int(number) => number.to_string(),
        View::Double(number) => shown_double(number),
        View::Text(text) => text.to_owned(),
        View::Bytes(bytes) => {
            let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("[{}]", numbers.join(" "))
        }
        View::List(items) => {
            let items: Vec<String> = items.iter().map(|item| shown(View::of(item))).collect();
            format!("[{}]", items.join(" "))
        }
        View::Map(map) => {
            let mut entries: Vec<(&str, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries: Vec<String> =
                entries.into_iter().map(|(key, value)| format!("{key}:{}", shown(View::of(value)))).collect();
            format!("map[{}]", entries.join(" "))
        }
        View::Time(time) => shown_time(time),
    }
}

/// The shortest digits; with an exponent of two digits at least below 1e-4 and from 1e21 on.
fn shown_double(number: f64) -> String {
    if let Some(special) = crate::otlp::special_number(number, "+Inf") {
        return special;
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return number.to_string();
    }
    let (mantissa, exponent) = crate::otlp::scientific_digits(number);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// A time as Go shows it: `2024-05-01 10:00:00.5 +0000 UTC`.
fn shown_time(time: Option<u64>) -> String {
    match time {
        Some(unix_nano) => UtcTime::from_unix_nano(unix_nano).to_string(),
        None => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
    }
}
