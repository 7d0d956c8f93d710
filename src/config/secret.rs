//! Text that is never shown: passwords, tokens, header values.

use std::fmt;

use super::{ConfigValue, Decoding, Node, TypeDocs};

/// Whether secrets are written out when a configuration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// As `[REDACTED]`.
    Redacted,
    /// As `[REDACTED]`, and sections that are off as what they hold once they are written: for the
    /// reference.
    Documented,
    /// As they are; only where the user asked for it.
    Shown,
}

/// A text whose `Debug` form and printed configuration show `[REDACTED]`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

const REDACTED: &str = "[REDACTED]";

impl Secret {
    /// Marks `text` as secret.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for its use and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl ConfigValue for Secret {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        self.0.update(node, decoding);
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        match secrets {
            Secrets::Redacted | Secrets::Documented => serde_yaml::Value::String(REDACTED.to_owned()),
            Secrets::Shown => serde_yaml::Value::String(self.0.clone()),
        }
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("secret string")
    }
}
