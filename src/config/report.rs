//! Where decoding and checking of a configuration write down what is wrong, all of it at once.

use std::fmt;

use super::{Location, Node};

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigError {
    /// Keys from the root, or from the component's section before the loader prefixes it.
    pub path: Vec<String>,
    /// The key under `path` whose value gives the position, where that is not the section's own.
    pub field: Option<Box<str>>,
    /// Where it was written; filled in by the loader from the path where decoding did not know.
    pub location: Option<Location>,
    /// The sentence, in the Collector's words where it has one.
    pub message: String,
    /// What to do: valid values, the nearest known word.
    pub hint: Option<String>,
}

impl ConfigError {
    /// An error that is not about a place in a configuration.
    pub fn unplaced(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), field: None, location: None, message: message.into(), hint: None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(formatter, "{location}: ")?;
        }
        if !self.path.is_empty() {
            let steps: Vec<&str> = self.path.iter().map(|step| bare_step(step)).collect();
            write!(formatter, "{}: ", steps.join("::"))?;
        }
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A step of a path without the brackets that mark map keys and list indices.
pub(super) fn bare_step(step: &str) -> &str {
    step.strip_prefix('[').and_then(|step| step.strip_suffix(']')).unwrap_or(step)
}

/// The state of one decoding: where we are, and what was wrong so far.
#[derive(Debug, Default)]
pub struct Decoding {
    path: Vec<String>,
    errors: Vec<ConfigError>,
}

impl Decoding {
    /// Runs `decode` one step down the path.
    pub fn within<T>(&mut self, step: impl Into<String>, decode: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.into());
        let result = decode(self);
        self.path.pop();
        result
    }

    /// The path in the form of the Collector's messages: `protocols.grpc`, map keys and list indices in brackets.
    pub fn dotted_path(&self) -> String {
        let mut dotted = String::new();
        for step in &self.path {
            if !dotted.is_empty() && !step.starts_with('[') {
                dotted.push('.');
            }
            dotted.push_str(step);
        }
        dotted
    }

    /// Notes an error at `location`.
    pub fn error(&mut self, location: &Location, message: impl Into<String>, hint: Option<String>) {
        self.errors.push(ConfigError {
            path: self.path.clone(),
            field: None,
            location: Some(location.clone()),
            message: message.into(),
            hint,
        });
    }

    /// Notes that `node` is not of the type wanted, in the Collector's words.
    pub fn wrong_type(&mut self, node: &Node, wanted: &str, hint: Option<String>) {
        let message = format!(
            "'{}' expected type '{wanted}', got unconvertible type '{}', value: {}",
            self.dotted_path(),
            node.go_type(),
            node.value
        );
        self.error(&node.location, message, hint);
    }

    /// Everything noted.
    pub fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }
}

/// The state of one validation of decoded sections: messages by path; the loader finds the positions.
#[derive(Debug, Default)]
pub struct Checking {
    path: Vec<String>,
    errors: Vec<ConfigError>,
}

impl Checking {
    /// Runs `check` one step down the path.
    pub fn within<T>(&mut self, step: impl Into<String>, check: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.into());
        let result = check(self);
        self.path.pop();
        result
    }

    /// Notes an error about this section as a whole.
    pub fn error(&mut self, message: impl Into<String>) {
        self.note(None, message.into());
    }

    /// Notes an error whose position is the value of `field`; the path shown stays the section's, as
    /// in the Collector.
    pub fn error_at(&mut self, field: &str, message: impl Into<String>) {
        self.note(Some(Box::from(field)), message.into());
    }

    fn note(&mut self, field: Option<Box<str>>, message: String) {
        let path = self.path.clone();
        self.errors.push(ConfigError { path, field, location: None, message, hint: None });
    }

    /// Everything noted.
    pub fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }
}
