//! The lines of Docker's `json-file`: `{"log":"text\n","stream":"stdout","time":"..."}`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};

use crate::log_operators::{JsonNumbers, OperatorError, ValueMap};

/// A line taken apart.
#[derive(Debug, Default, PartialEq)]
pub struct DockerLine<'t> {
    /// The text.
    pub log: Cow<'t, str>,
    /// `stdout` or `stderr`.
    pub stream: Cow<'t, str>,
    /// When it was written.
    pub time: Cow<'t, str>,
    /// Whatever else it has.
    pub others: ValueMap,
}

/// Takes a line apart; none where it lacks a part or has one of another type.
///
/// # Errors
///
/// It is no JSON.
pub fn parse(text: &str) -> Result<Option<DockerLine<'_>>, OperatorError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let line = deserializer.deserialize_map(LineVisitor);
    match line.and_then(|line| deserializer.end().map(|()| line)) {
        Ok(line) => Ok(line),
        // The long way finds out whether it is no JSON or only no object of texts.
        Err(error) if error.is_data() => Ok(None),
        Err(error) => Err(OperatorError::failed(format!("invalid JSON: {error}"))),
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Option<DockerLine<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a line of Docker's")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let (mut log, mut stream, mut time) = (None, None, None);
        let mut others = ValueMap::new();
        while let Some(MaybeBorrowed(key)) = entries.next_key()? {
            let part = match &*key {
                "log" => &mut log,
                "stream" => &mut stream,
                "time" => &mut time,
                _ => {
                    let value = entries.next_value_seed(JsonNumbers::Doubles)?;
                    others.insert(key.into_owned(), value);
                    continue;
                }
            };
            *part = Some(entries.next_value::<MaybeBorrowed<'de>>()?.0);
        }
        let texts = log.zip(stream).zip(time);
        Ok(texts.map(|((log, stream), time)| DockerLine { log, stream, time, others }))
    }
}

/// A text that is only copied where it has escapes.
struct MaybeBorrowed<'t>(Cow<'t, str>);

impl<'de> serde::Deserialize<'de> for MaybeBorrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
