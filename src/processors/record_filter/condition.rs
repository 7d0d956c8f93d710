//! Single conditions: texts against a list, attributes against a key and a value.

use std::borrow::Cow;
use std::collections::HashSet;

use regex::bytes::Regex;

use super::config::AttributeCondition;
use crate::config::compile_go_regexp;
use crate::otlp::{AnyValueView, KeyValueView, List, View};
use crate::processors::written_value::encoded_value;

/// Texts of which one has to match.
#[derive(Debug)]
pub enum TextCondition {
    /// One is the same.
    Equal(HashSet<Box<[u8]>>),
    /// One is found anywhere in it.
    Found(Vec<Regex>),
}

impl TextCondition {
    /// Compiles texts (`match_type` is `strict`) or patterns (`regexp`).
    ///
    /// # Errors
    /// What is wrong with them, in the Collector's words.
    pub fn compile(match_type: &str, texts: &[impl AsRef<str>]) -> Result<Self, String> {
        match match_type {
            "strict" => {
                Ok(Self::Equal(texts.iter().map(|text| Box::from(text.as_ref().as_bytes())).collect()))
            }
            "regexp" => {
                let patterns = texts.iter().map(|text| compile_go_regexp(text.as_ref()));
                patterns.collect::<Result<_, _>>().map(Self::Found).map_err(|invalid| invalid.to_string())
            }
            _ => Err(unrecognized_match_type(match_type)),
        }
    }

    /// True where one of them matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Equal(texts) => texts.contains(text),
            Self::Found(patterns) => patterns.iter().any(|pattern| pattern.is_match(text)),
        }
    }
}

fn unrecognized_match_type(match_type: &str) -> String {
    format!("unrecognized match_type: '{match_type}', valid types are: [regexp strict]")
}

/// An attribute that has to be there.
#[derive(Debug)]
pub(super) struct AttributeTest {
    key: Box<str>,
    value: ValueTest,
}

#[derive(Debug)]
enum ValueTest {
    Any,
    Text(TextCondition),
    /// An encoded `AnyValue`.
    Equal(Vec<u8>),
}

impl AttributeTest {
    pub(super) fn compile(match_type: &str, condition: &AttributeCondition) -> Result<Self, String> {
        let key = &condition.key;
        if key.is_empty() {
            return Err("can't have empty key in the list of attributes".to_owned());
        }
        let written = &condition.value.0;
        let value = match match_type {
            _ if written.is_null() => ValueTest::Any,
            "strict" => ValueTest::Equal(encoded_value(written)),
            "regexp" => {
                let text = written.as_str().ok_or_else(|| {
                    let encoded = encoded_value(written);
                    let type_name = AnyValueView::parse(&encoded).type_name();
                    format!("match_type=regexp for \"{key}\" only supports Str, but found {type_name}")
                })?;
                ValueTest::Text(TextCondition::compile(match_type, &[text])?)
            }
            _ => return Err(unrecognized_match_type(match_type)),
        };
        Ok(Self { key: Box::from(key.as_str()), value })
    }

    pub(super) fn matches(&self, attributes: List<'_, KeyValueView<'_>>) -> bool {
        let Some(value) = attributes.get(&self.key) else { return false };
        match &self.value {
            ValueTest::Any => true,
            ValueTest::Text(condition) => scalar_text(value).is_some_and(|text| condition.matches(&text)),
            ValueTest::Equal(expected) => value.is_equal_to(AnyValueView::parse(expected)),
        }
    }
}

/// The text a regular expression sees; none for bytes, lists, maps and nothing.
fn scalar_text(value: AnyValueView<'_>) -> Option<Cow<'_, [u8]>> {
    match value {
        AnyValueView::String(text) => Some(Cow::Borrowed(text.as_bytes())),
        AnyValueView::Bool(_) | AnyValueView::Int(_) => Some(Cow::Owned(value.to_text().into_bytes())),
        AnyValueView::Double(number) if number.is_infinite() => {
            Some(Cow::Borrowed(if number > 0.0 { b"+Inf" } else { b"-Inf" }))
        }
        // Digits without an exponent, however many it takes.
        AnyValueView::Double(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        _ => None,
    }
}
