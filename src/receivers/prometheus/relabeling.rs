//! Relabelling rules at work.

use md5::{Digest, Md5};
use regex::bytes::Regex;

use super::config::{RelabelAction, RelabelConfig, is_label_name};
use super::labels::LabelSet;
use crate::config::compile_go_regexp;

/// Rules in the order in which they are applied.
#[derive(Debug, Default)]
pub(super) struct RelabelRules {
    rules: Vec<Rule>,
    keeps_utf8: bool,
}

#[derive(Debug)]
struct Rule {
    config: RelabelConfig,
    regex: Regex,
}

impl RelabelRules {
    /// The rules as they are written; labels may have any letters where `keeps_utf8`.
    ///
    /// # Errors
    ///
    /// A sentence where a regular expression is none.
    pub(super) fn new(configs: &[RelabelConfig], keeps_utf8: bool) -> Result<Self, String> {
        let compiled = configs.iter().map(|config| {
            let regex = compile_go_regexp(&config.regex.anchored()).map_err(|error| error.to_string())?;
            Ok(Rule { config: config.clone(), regex })
        });
        Ok(Self { rules: compiled.collect::<Result<_, String>>()?, keeps_utf8 })
    }

    /// Applies every rule; false where one drops what has these labels.
    pub(super) fn apply(&self, labels: &mut LabelSet) -> bool {
        self.rules.iter().all(|rule| rule.apply(labels, self.keeps_utf8))
    }
}

impl Rule {
    fn apply(&self, labels: &mut LabelSet, keeps_utf8: bool) -> bool {
        let values: Vec<&str> = self.config.source_labels.iter().map(|name| labels.get(&name.0)).collect();
        let value = values.join(&self.config.separator.0);
        let target = self.config.target_label.0.as_str();
        match self.config.action {
            RelabelAction::Drop => return !self.is_match(&value),
            RelabelAction::Keep => return self.is_match(&value),
            RelabelAction::DropEqual => return labels.get(target) != value,
            RelabelAction::KeepEqual => return labels.get(target) == value,
            RelabelAction::Replace => self.replace(labels, &value, keeps_utf8),
            RelabelAction::Lowercase => labels.set(target, &value.to_lowercase()),
            RelabelAction::Uppercase => labels.set(target, &value.to_uppercase()),
            RelabelAction::HashMod => labels.set(target, &self.hash(&value).to_string()),
            RelabelAction::LabelMap => {
                for label in labels.clone().iter() {
                    if let Some(name) = self.expand(&label.name, &self.config.replacement.0) {
                        labels.set(&name, &label.value);
                    }
                }
            }
            RelabelAction::LabelDrop => labels.retain(|label| !self.is_match(&label.name)),
            RelabelAction::LabelKeep => labels.retain(|label| self.is_match(&label.name)),
        }
        true
    }

    fn replace(&self, labels: &mut LabelSet, value: &str, keeps_utf8: bool) {
        let Some(target) = self.expand(value, &self.config.target_label.0) else { return };
        if !is_label_name(&target, keeps_utf8, false) {
            return;
        }
        if let Some(replacement) = self.expand(value, &self.config.replacement.0) {
            labels.set(&target, &replacement);
        }
    }

    fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// The template with the groups found in `text`; none where that does not match.
    fn expand(&self, text: &str, template: &str) -> Option<String> {
        let captures = self.regex.captures(text.as_bytes())?;
        let mut expanded = Vec::new();
        captures.expand(template.as_bytes(), &mut expanded);
        Some(String::from_utf8_lossy(&expanded).into_owned())
    }

    /// The last eight bytes of the MD5 sum, modulo `modulus`.
    fn hash(&self, value: &str) -> u64 {
        let sum = Md5::digest(value.as_bytes());
        let number = sum.iter().skip(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number.checked_rem(self.config.modulus).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
