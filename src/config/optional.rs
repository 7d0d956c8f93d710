//! Sections that may be off: the Collector's `configoptional`.

use super::{Checking, ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A section that is on or off, and the defaults it has once it is turned on.
///
/// `key:` with nothing under it turns a section on that is off, and off one that is on; `enabled:` in
/// its body says so outright.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Optional<T> {
    enabled: bool,
    section: T,
}

impl<T> Optional<T> {
    /// Off unless written; `defaults` hold as soon as the key is there.
    pub const fn off(defaults: T) -> Self {
        Self { enabled: false, section: defaults }
    }

    /// On unless it is turned off by `null` or `enabled: false`.
    pub const fn on(defaults: T) -> Self {
        Self { enabled: true, section: defaults }
    }

    /// The section, where it is on.
    pub const fn get(&self) -> Option<&T> {
        if self.enabled { Some(&self.section) } else { None }
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
                self.enabled = !self.enabled;
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
