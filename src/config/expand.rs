//! Expansion of `${...}` references in values, by the Collector's rules.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::sources::{Retrieved, Sources, Uri};
use super::yaml::{DEEPEST_NESTING, levels};
use super::{ConfigError, Location, Node, NodeValue};

/// How often one value is expanded before it is taken to be endless.
const MOST_ROUNDS: usize = 1000;

/// How many bytes references may bring in altogether.
const LARGEST_EXPANSION_BYTES: usize = 32 * 1024 * 1024;

/// What is counted for a reference besides its text, so that references to nothing end too.
const REFERENCE_WEIGHT_BYTES: usize = 128;

/// The result of an expansion besides the expanded tree.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// What could not be expanded.
    pub(super) errors: Vec<ConfigError>,
    /// Each variable that is not set, once.
    pub(super) warnings: Vec<String>,
}

/// Expands every value of `document` in place; keys are left as they are.
pub(super) fn expand(document: &mut Node, sources: &Sources) -> Expanded {
    let mut expansion = Expansion {
        sources,
        retrieved: BTreeMap::new(),
        budget: LARGEST_EXPANSION_BYTES,
        path: Vec::new(),
        result: Expanded::default(),
    };
    expansion.value(document, DEEPEST_NESTING, 0);
    unescape(document);
    expansion.result
}

struct Expansion<'a> {
    sources: &'a Sources,
    /// What each URI stood for: read once, so that a configuration agrees with itself.
    retrieved: BTreeMap<String, Result<Retrieved, String>>,
    /// Bytes that references may still bring in.
    budget: usize,
    path: Vec<String>,
    result: Expanded,
}

impl Expansion<'_> {
    fn value(&mut self, node: &mut Node, levels_left: usize, rounds: usize) {
        match &mut node.value {
            NodeValue::String(_) => self.string(node, levels_left, rounds),
            NodeValue::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.within(format!("[{index}]"), |this| this.value(item, levels_left - 1, rounds));
                }
                self.original(node, rounds);
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    self.within(entry.key.clone(), |this| {
                        this.value(&mut entry.value, levels_left - 1, rounds);
                    });
                }
                self.original(node, rounds);
            }
            _ => {}
        }
    }

    /// Expands a string until it holds no reference, or has become another kind of value.
    fn string(&mut self, node: &mut Node, levels_left: usize, mut rounds: usize) {
        while let NodeValue::String(text) = &node.value {
            let Some(reference) = find_reference(text) else {
                return;
            };
            rounds += 1;
            let is_whole = reference == (0..text.len());
            let expanded = if is_whole {
                self.retrieve(text, rounds, &node.location)
                    .map(|retrieved| retrieved.as_value(&node.location))
            } else {
                self.replace(text, reference, rounds, &node.location).map(|text| Node {
                    value: NodeValue::String(text),
                    location: node.location.clone(),
                    original: None,
                })
            };
            match expanded {
                Ok(expanded) if levels(&expanded) <= levels_left => *node = expanded,
                Ok(_) => return self.error(&node.location, endless()),
                Err(message) => return self.error(&node.location, message),
            }
        }
        self.value(node, levels_left, rounds);
    }

    /// The text that a collection was read from stands in for it where a string is wanted, so it is
    /// expanded too; where that fails, the collection alone counts.
    fn original(&mut self, node: &mut Node, mut rounds: usize) {
        let Some(original) = &node.original else {
            return;
        };
        let mut text = original.to_string();
        while let Some(reference) = find_reference(&text) {
            rounds += 1;
            match self.replace(&text, reference, rounds, &node.location) {
                Ok(replaced) => text = replaced,
                Err(_) => {
                    node.original = None;
                    return;
                }
            }
        }
        node.original = Some(Arc::from(text));
    }

    fn replace(
        &mut self,
        text: &str,
        reference: Range<usize>,
        rounds: usize,
        location: &Location,
    ) -> Result<String, String> {
        let reference = &text[reference];
        let retrieved = self.retrieve(reference, rounds, location)?;
        let replaced = replace_unescaped(text, reference, &retrieved.text);
        self.spend(replaced.len())?;
        Ok(replaced)
    }

    /// What `${uri}` stands for.
    fn retrieve(&mut self, reference: &str, rounds: usize, location: &Location) -> Result<Retrieved, String> {
        if rounds > MOST_ROUNDS {
            return Err(endless());
        }
        let inner = reference.get(2..reference.len() - 1).unwrap_or_default();
        if !self.retrieved.contains_key(inner) {
            let retrieved = Uri::of_reference(inner).and_then(|uri| self.sources.retrieve(&uri));
            if let Ok(Retrieved { unset_variable: Some(name), .. }) = &retrieved {
                self.result.warnings.push(format!(
                    "Configuration references unset environment variable {name:?} at {location}"
                ));
            }
            self.retrieved.insert(inner.to_owned(), retrieved);
        }
        let retrieved = match self.retrieved.get(inner) {
            Some(Ok(retrieved)) => retrieved.clone(),
            Some(Err(message)) => return Err(message.clone()),
            None => return Err(endless()),
        };
        self.spend(retrieved.text.len())?;
        Ok(retrieved)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        match self.budget.checked_sub(bytes + REFERENCE_WEIGHT_BYTES) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => {
                self.budget = 0;
                Err(endless())
            }
        }
    }

    fn within(&mut self, step: String, expand: impl FnOnce(&mut Self)) {
        self.path.push(step);
        expand(self);
        self.path.pop();
    }

    /// Notes an error; of values that are endless only the first, for there may be any number.
    fn error(&mut self, location: &Location, message: String) {
        let errors = &mut self.result.errors;
        if message == endless() && errors.iter().any(|error| error.message == message) {
            return;
        }
        errors.push(ConfigError {
            path: self.path.clone(),
            field: None,
            location: Some(location.clone()),
            message,
            hint: None,
        });
    }
}

fn endless() -> String {
    "too many recursive expansions".to_owned()
}

/// The first reference that is not escaped and holds no other reference.
fn find_reference(text: &str) -> Option<Range<usize>> {
    let mut searched = 0;
    while let Some(length) = text[searched..].find('}') {
        let end = searched + length + 1;
        if let Some(start) = text[searched..end].rfind("${").map(|start| searched + start)
            && !is_escaped(text, start)
        {
            return Some(start..end);
        }
        searched = end;
    }
    None
}

/// True where an odd number of `$` stands directly before the `${` at `start`.
fn is_escaped(text: &str, start: usize) -> bool {
    text[..start].bytes().rev().take_while(|byte| *byte == b'$').count() % 2 == 1
}

/// `text` with every occurrence of `reference` that is not escaped replaced.
fn replace_unescaped(text: &str, reference: &str, replacement: &str) -> String {
    let mut replaced = String::with_capacity(text.len() + replacement.len());
    let mut copied = 0;
    for (start, _) in text.match_indices(reference) {
        if !is_escaped(text, start) {
            replaced.push_str(&text[copied..start]);
            replaced.push_str(replacement);
            copied = start + reference.len();
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

/// Makes every `$$` a `$`, in values and in the texts kept for them.
fn unescape(node: &mut Node) {
    if let Some(original) = &node.original
        && original.contains("$$")
    {
        node.original = Some(Arc::from(original.replace("$$", "$")));
    }
    match &mut node.value {
        NodeValue::String(text) if text.contains("$$") => *text = text.replace("$$", "$"),
        NodeValue::List(items) => items.iter_mut().for_each(unescape),
        NodeValue::Map(entries) => entries.iter_mut().for_each(|entry| unescape(&mut entry.value)),
        _ => {}
    }
}
