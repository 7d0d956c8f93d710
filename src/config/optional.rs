//! Sections that may be off: the Collector's `configoptional`.

use super::{Checking, ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A section that is on or off, and the defaults it has once it is turned on.
///
/// `enabled:` in its body says outright whether it is on. What `key:` with nothing under it makes of it
/// differs by section, as in the Collector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Optional<T> {
    enabled: bool,
    /// Whether the section is on after `key:` with nothing under it.
    on_after_null: bool,
    section: T,
}

impl<T> Optional<T> {
    /// Off unless written; `defaults` hold as soon as the key is there, even with nothing under it.
    pub const fn off(defaults: T) -> Self {
        Self { enabled: false, on_after_null: true, section: defaults }
    }

    /// Off unless written with something under it, like a pointer: `tls:` alone asks for no TLS.
    pub const fn absent(defaults: T) -> Self {
        Self { enabled: false, on_after_null: false, section: defaults }
    }

    /// On unless its body says `enabled: false`.
    pub const fn on(defaults: T) -> Self {
        Self { enabled: true, on_after_null: true, section: defaults }
    }

    /// On unless its body says `enabled: false` or there is nothing under the key.
    pub const fn on_unless_null(defaults: T) -> Self {
        Self { enabled: true, on_after_null: false, section: defaults }
    }

    /// The section, where it is on.
    pub const fn get(&self) -> Option<&T> {
        if self.enabled { Some(&self.section) } else { None }
    }

    /// The section, where it is on, to be changed.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        if self.enabled { Some(&mut self.section) } else { None }
    }

    /// True where the section is on.
    pub const fn is_on(&self) -> bool {
        self.enabled
    }
}

impl<T: ConfigValue> ConfigValue for Optional<T> {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let NodeValue::Map(entries) = &node.value else {
            if node.is_null() {
                self.enabled = self.on_after_null;
            } else {
                self.section.update(node, decoding);
            }
            return;
        };
        self.enabled = true;
        let mut body = node.clone();
        if let Some(entry) = entries.iter().find(|entry| entry.key == "enabled") {
            decoding.within("enabled", |decoding| self.enabled.update(&entry.value, decoding));
            if let NodeValue::Map(entries) = &mut body.value {
                entries.retain(|entry| entry.key != "enabled");
            }
        }
        self.section.update(&body, decoding);
    }

    fn check(&self, checking: &mut Checking) {
        if self.enabled {
            self.section.check(checking);
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let mut mapping =
            match (self.enabled || secrets == Secrets::Documented, self.section.to_yaml(secrets)) {
                (true, serde_yaml::Value::Mapping(mapping)) => mapping,
                (true, scalar) => return scalar,
                (false, _) => serde_yaml::Mapping::new(),
            };
        // `null` would turn on what is off unless written.
        if !self.enabled || secrets == Secrets::Documented {
            mapping.insert("enabled".into(), self.enabled.into());
        }
        serde_yaml::Value::Mapping(mapping)
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Optional(Box::new(T::type_docs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Node;

    #[test]
    fn a_key_with_nothing_under_it_does_what_it_does_in_the_collector() {
        let after_null = |mut section: Optional<u32>| {
            section.update(&Node::anonymous(NodeValue::Null), &mut Decoding::default());
            section.is_on()
        };
        assert!(after_null(Optional::off(7)));
        assert!(!after_null(Optional::absent(7)));
        assert!(after_null(Optional::on(7)));
        assert!(!after_null(Optional::on_unless_null(7)));
    }
}
