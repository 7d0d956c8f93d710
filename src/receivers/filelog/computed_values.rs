//! `attributes` and `resource` of a section: texts, some of which are computed for each entry.

use std::collections::BTreeMap;

use super::config::FileLogConfig;
use crate::log_operators::{LogEntry, Template, Value, ValueMap};
use crate::pipeline::BuildError;

/// What makes a text a computed one.
const EXPRESSION: &str = "EXPR(";

/// The texts with expressions in them.
pub struct ComputedValues {
    attributes: Vec<(String, Template)>,
    resource: Vec<(String, Template)>,
    /// An expression that fails does so for every entry; it is told of once.
    has_failed: bool,
}

impl ComputedValues {
    /// Those of a section.
    pub fn new(config: &FileLogConfig) -> Result<Self, BuildError> {
        let templates = |texts: &BTreeMap<String, String>| {
            let computed = texts.iter().filter(|(_, text)| text.contains(EXPRESSION));
            computed
                .map(|(key, text)| Ok((key.clone(), Template::compile(text)?)))
                .collect::<Result<Vec<_>, crate::log_operators::InvalidExpression>>()
                .map_err(|error| BuildError(error.to_string()))
        };
        let (attributes, resource) = (templates(&config.attributes)?, templates(&config.resource)?);
        Ok(Self { attributes, resource, has_failed: false })
    }

    /// True where no text is computed.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.resource.is_empty()
    }

    /// Adds the values to an entry. One that cannot be computed is left out.
    pub fn add_to(&mut self, entry: &mut LogEntry) {
        for (key, template) in &self.attributes {
            match template.render(entry) {
                Ok(text) => drop(entry.attributes.insert(key, text.into())),
                Err(error) => note(&mut self.has_failed, key, &error.to_string()),
            }
        }
        for (key, template) in &self.resource {
            match template.render(entry) {
                Ok(text) => drop(entry.resource.insert(key, text.into())),
                Err(error) => note(&mut self.has_failed, key, &error.to_string()),
            }
        }
    }
}

fn note(has_failed: &mut bool, key: &str, error: &str) {
    if !std::mem::replace(has_failed, true) {
        tracing::error!(attribute = key, error, "An attribute cannot be computed; it is left out");
    }
}

/// The texts that are the same for every entry, as values.
pub fn fixed_values(texts: &BTreeMap<String, String>) -> ValueMap {
    let fixed = texts.iter().filter(|(_, text)| !text.contains(EXPRESSION));
    fixed.map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect()
}
