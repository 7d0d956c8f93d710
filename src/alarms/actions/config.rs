//! What users write under `actions`.

use std::collections::BTreeMap;

use super::{AlertmanagerConfig, ExecConfig, WebhookConfig};
use crate::config::{
    Checking, ConfigValue, Decoding, Node, NodeValue, REDACTED, Secrets, Section, SectionDocs, TypeDocs,
    origin_of, typed_section,
};

/// One action; `type` says which kind.
#[derive(Debug, Clone)]
pub enum ActionConfig {
    /// `webhook`
    Webhook(Box<WebhookConfig>),
    /// `alertmanager`
    Alertmanager(Box<AlertmanagerConfig>),
    /// `exec`
    Exec(Box<ExecConfig>),
}

/// Actions by the names rules call them.
#[derive(Debug, Clone, Default)]
pub struct Actions(pub BTreeMap<String, ActionConfig>);

const TYPES: [&str; 3] = ["alertmanager", "exec", "webhook"];

impl ActionConfig {
    fn decode(node: &Node, decoding: &mut Decoding) -> Option<Self> {
        let (type_name, body) =
            typed_section(node, decoding, &TYPES, "an action, such as `{type: webhook, endpoint: ...}`")?;
        Some(match type_name {
            "alertmanager" => Self::Alertmanager(decode(&body, decoding)),
            "exec" => Self::Exec(decode(&body, decoding)),
            _ => Self::Webhook(decode(&body, decoding)),
        })
    }

    /// The reference of each type's section.
    pub fn reference() -> [(&'static str, SectionDocs); 3] {
        let [alertmanager, exec, webhook] = TYPES;
        [
            (alertmanager, AlertmanagerConfig::docs()),
            (exec, ExecConfig::docs()),
            (webhook, WebhookConfig::docs()),
        ]
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Alertmanager(_) => "alertmanager",
            Self::Exec(_) => "exec",
        }
    }

    fn section(&self) -> &dyn ConfigValue {
        match self {
            Self::Webhook(section) => &**section,
            Self::Alertmanager(section) => &**section,
            Self::Exec(section) => &**section,
        }
    }
}

fn decode<T: ConfigValue + Default>(body: &Node, decoding: &mut Decoding) -> Box<T> {
    let mut section = T::default();
    section.update(body, decoding);
    Box::new(section)
}

impl ConfigValue for Actions {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let entries = match &node.value {
            NodeValue::Null => return,
            NodeValue::Map(entries) => entries,
            _ => return decoding.wrong_type(node, "map", Some("write actions by name".to_owned())),
        };
        for entry in entries {
            let step = format!("[{}]", entry.key);
            let action = decoding.within(step, |decoding| ActionConfig::decode(&entry.value, decoding));
            self.0.extend(action.map(|action| (entry.key.clone(), action)));
        }
    }

    fn check(&self, checking: &mut Checking) {
        for (name, action) in &self.0 {
            checking.within(format!("[{name}]"), |checking| action.section().check(checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let action = |(name, action): (&String, &ActionConfig)| {
            let mut mapping = serde_yaml::Mapping::new();
            mapping.insert("type".into(), action.type_name().into());
            if let serde_yaml::Value::Mapping(section) = action.section().to_yaml(secrets) {
                mapping.extend(section);
            }
            if let (ActionConfig::Webhook(webhook), Secrets::Redacted) = (action, secrets) {
                // Who knows the path of a webhook may post to it.
                let shown = format!("{}/{REDACTED}", origin_of(&webhook.client.endpoint));
                mapping.insert("endpoint".into(), shown.into());
            }
            (name.as_str().into(), serde_yaml::Value::Mapping(mapping))
        };
        serde_yaml::Value::Mapping(self.0.iter().map(action).collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Map(Box::new(TypeDocs::Scalar("action")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_webhook_only_the_host_is_shown() {
        let mut webhook = WebhookConfig::default();
        webhook.client.endpoint = "https://hooks.example.com/services/T0/B0/s3cret".to_owned();
        let action = ActionConfig::Webhook(Box::new(webhook));
        let actions = Actions(BTreeMap::from([("hook".to_owned(), action)]));
        let shown = |secrets| actions.to_yaml(secrets)["hook"]["endpoint"].clone();
        assert_eq!(shown(Secrets::Redacted), "https://hooks.example.com/[REDACTED]");
        assert_eq!(shown(Secrets::Shown), "https://hooks.example.com/services/T0/B0/s3cret");
    }
}
