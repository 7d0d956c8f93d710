//! Text that is never shown: passwords, tokens, header values.

use std::fmt;

use super::{ConfigValue, Decoding, Node, TypeDocs};

/// Whether secrets are written out when a configuration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// As `[REDACTED]`.
    Redacted,
    /// As they are, for the reference, which shows defaults. What a section that is off holds once it is
    /// written is shown too, and every section that can be off says in `enabled` whether it is on.
    Documented,
    /// As they are; only where the user asked for it.
    Shown,
}

/// A text whose `Debug` form and printed configuration show `[REDACTED]`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

/// What is shown in place of a secret.
pub const REDACTED: &str = "[REDACTED]";

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
            Secrets::Redacted => serde_yaml::Value::String(REDACTED.to_owned()),
            Secrets::Shown | Secrets::Documented => serde_yaml::Value::String(self.0.clone()),
        }
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("secret string")
    }
}
