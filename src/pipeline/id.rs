//! Names of components and pipelines: `type` or `type/name`.

use std::fmt;

use crate::otlp::Signal;

/// The id of a component: its type as the user spelled it, and a name where there are several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    /// The type, in the spelling of the configuration.
    pub type_name: String,
    /// What tells it from others of its type; empty for the only one.
    pub name: String,
}

/// The id of a pipeline: its signal, and a name where there are several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId {
    /// What flows through it.
    pub signal: Signal,
    /// What tells it from others of its signal; empty for the only one.
    pub name: String,
}

/// The longest name the Collector takes, in bytes.
const LONGEST_NAME: usize = 1024;

impl ComponentId {
    /// Reads `type` or `type/name`, with the Collector's rules and error sentences.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (type_name, name) = split(text)?;
        check_type(type_name)?;
        Ok(Self { type_name: type_name.to_owned(), name: name.to_owned() })
    }
}

impl PipelineId {
    /// Reads `signal` or `signal/name`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (type_name, name) = split(text)?;
        if type_name == "profiles" {
            return Err(format!(
                "pipeline {text:?}: profiling signal support is at alpha level, gated under the \
                 \"service.profilesSupport\" feature gate"
            ));
        }
        let signal = Signal::from_name(type_name).ok_or_else(|| format!("unknown signal {type_name:?}"))?;
        Ok(Self { signal, name: name.to_owned() })
    }
}

/// Splits an id at its first slash and checks the name.
fn split(text: &str) -> Result<(&str, &str), String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("id must not be empty".to_owned());
    }
    let Some((type_name, name)) = text.split_once('/') else {
        return Ok((text, ""));
    };
    let (type_name, name) = (type_name.trim(), name.trim());
    if type_name.is_empty() {
        return Err(format!("in {text:?} id: the part before / should not be empty"));
    }
    if name.is_empty() {
        return Err(format!("in {text:?} id: the part after / should not be empty"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "name {name:?} is longer than {LONGEST_NAME} characters ({} characters)",
            name.len()
        ));
    }
    if name.chars().any(is_separator_control_or_symbol) {
        return Err(format!("invalid character(s) in name {name:?}"));
    }
    Ok((type_name, name))
}

fn check_type(type_name: &str) -> Result<(), String> {
    let starts_with_letter = type_name.starts_with(|character: char| character.is_ascii_alphabetic());
    let rest_is_word =
        type_name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if starts_with_letter && rest_is_word && type_name.len() <= 63 {
        return Ok(());
    }
    Err(format!("invalid character(s) in type {type_name:?}"))
}

/// The Unicode classes Z, C and S that a name must not hold; S outside ASCII is not told apart.
fn is_separator_control_or_symbol(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "$+<=>^`|~".contains(character)
}

impl fmt::Display for ComponentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(formatter, &self.type_name, &self.name)
    }
}

impl fmt::Display for PipelineId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(formatter, self.signal.name(), &self.name)
    }
}

fn display(formatter: &mut fmt::Formatter<'_>, type_name: &str, name: &str) -> fmt::Result {
    formatter.write_str(type_name)?;
    if name.is_empty() { Ok(()) } else { write!(formatter, "/{name}") }
}
