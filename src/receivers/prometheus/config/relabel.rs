//! One relabelling rule as it is written.

use super::values::ScalarText;
use crate::config::{Checking, ConfigValue, Decoding, Node, Secrets, TypeDocs, compile_go_regexp};
use crate::{config_section, config_word};

config_section! {
    /// A rule that changes labels, or drops what has them.
    pub struct RelabelConfig {
        /// The labels whose values are joined to what `regex` is matched with.
        pub source_labels: Vec<ScalarText> = Vec::new(),
        /// What stands between the joined values.
        pub separator: ScalarText = ScalarText::new(DEFAULT_SEPARATOR),
        /// What the whole of the joined values, or of a label's name, must match.
        pub regex: RelabelRegex = RelabelRegex::default(),
        /// How many values a hash may have, for `hashmod`.
        pub modulus: u64 = 0,
        /// The label that is written; `$1` stands for the first group of `regex`, with `replace`.
        pub target_label: ScalarText = ScalarText::default(),
        /// What is written; `$1` stands for the first group of `regex`.
        pub replacement: ScalarText = ScalarText::new(DEFAULT_REPLACEMENT),
        /// What is done.
        pub action: RelabelAction = RelabelAction::Replace,
    }
}

config_word! {
    /// What a rule does.
    #[derive(Default)]
    pub enum RelabelAction [fold_case] {
        /// Writes the replacement into a label.
        #[default]
        Replace = "replace",
        /// Drops what does not match.
        Keep = "keep",
        /// Drops what matches.
        Drop = "drop",
        /// Drops what differs from a label.
        KeepEqual = "keepequal",
        /// Drops what equals a label.
        DropEqual = "dropequal",
        /// Writes a hash.
        HashMod = "hashmod",
        /// Copies labels under other names.
        LabelMap = "labelmap",
        /// Removes labels that match.
        LabelDrop = "labeldrop",
        /// Removes labels that do not.
        LabelKeep = "labelkeep",
        /// Writes the values in small letters.
        Lowercase = "lowercase",
        /// Writes the values in capital letters.
        Uppercase = "uppercase",
    }
    refused(text) { format!("unknown relabel action {text:?}") }
}

/// A regular expression in Go's syntax, matched with a whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelabelRegex(pub String);

const DEFAULT_SEPARATOR: &str = ";";
const DEFAULT_REPLACEMENT: &str = "$1";
const DEFAULT_REGEX: &str = "(.*)";

impl RelabelConfig {
    /// Notes what Prometheus refuses, where label names may have any letters if `keeps_utf8`.
    pub(super) fn check_with(&self, keeps_utf8: bool, checking: &mut Checking) {
        use RelabelAction as Action;
        let action = self.action.word();
        let target = self.target_label.0.as_str();
        let needs_target = matches!(
            self.action,
            Action::Replace
                | Action::HashMod
                | Action::Lowercase
                | Action::Uppercase
                | Action::KeepEqual
                | Action::DropEqual
        );
        if self.action == Action::HashMod && self.modulus == 0 {
            checking.error("relabel configuration for hashmod requires non-zero modulus");
        }
        if needs_target && target.is_empty() {
            checking
                .error(format!("relabel configuration for {action} action requires 'target_label' value"));
            return;
        }
        let may_have_groups = self.action == Action::Replace && target.contains('$');
        if needs_target && !is_label_name(target, keeps_utf8, may_have_groups) {
            checking.error_at(
                "target_label",
                format!("{target:?} is invalid 'target_label' for {action} action"),
            );
        }
        let replacement = self.replacement.0.as_str();
        let has_replacement = replacement != DEFAULT_REPLACEMENT;
        let keeps_text = matches!(self.action, Action::Lowercase | Action::Uppercase);
        let compares = matches!(self.action, Action::KeepEqual | Action::DropEqual);
        if (keeps_text || compares) && has_replacement {
            checking.error_at("replacement", format!("'replacement' can not be set for {action} action"));
        }
        if self.action == Action::LabelMap && !is_label_name(replacement, keeps_utf8, true) {
            checking.error_at(
                "replacement",
                format!("{replacement:?} is invalid 'replacement' for {action} action"),
            );
        }
        let has_more = self.modulus != 0 || self.separator.0 != DEFAULT_SEPARATOR || has_replacement;
        if compares && (self.regex.0 != DEFAULT_REGEX || has_more) {
            checking.error(format!(
                "{action} action requires only 'source_labels' and `target_label`, and no other fields"
            ));
        }
        let selects_labels = matches!(self.action, Action::LabelDrop | Action::LabelKeep);
        if selects_labels && (!self.source_labels.is_empty() || !target.is_empty() || has_more) {
            checking.error(format!("{action} action requires only 'regex', and no other fields"));
        }
    }
}

/// Whether a label may be called `name`, in which `$1` and `${1}` stand for names where
/// `may_have_groups`.
pub fn is_label_name(name: &str, keeps_utf8: bool, may_have_groups: bool) -> bool {
    if keeps_utf8 {
        return !name.is_empty();
    }
    let is_letter = |character: char| {
        character.is_ascii_alphanumeric()
            || character == '_'
            || (may_have_groups && matches!(character, '$' | '{' | '}'))
    };
    name.chars().all(is_letter) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

impl RelabelRegex {
    /// The expression for whole texts.
    pub fn anchored(&self) -> String {
        format!("^(?s:{})$", self.0)
    }
}

impl Default for RelabelRegex {
    fn default() -> Self {
        Self(DEFAULT_REGEX.to_owned())
    }
}

impl ConfigValue for RelabelRegex {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let mut text = ScalarText::default();
        text.update(node, decoding);
        self.0 = text.0;
        if let Err(error) = compile_go_regexp(&self.anchored()) {
            decoding.error(&node.location, error.to_string(), None);
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.0.clone().into()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("string")
    }
}
