//! Where targets come from: written in the configuration, or in files beside it.

use std::collections::BTreeMap;

use super::values::{PrometheusDuration, ScalarText};
use crate::config::{
    Checking, ConfigValue, Decoding, Node, Secrets, Section, SectionDocs, TypeDocs, update_section,
};
use crate::config_section;

config_section! {
    /// Targets with the labels they have in common.
    pub struct TargetGroupConfig {
        /// `host:port` of each target.
        pub targets: Vec<ScalarText> = Vec::new(),
        /// Labels of all of them.
        pub labels: BTreeMap<String, ScalarText> = BTreeMap::new(),
    }
}

config_section! {
    /// Files that list targets, read again when they change.
    pub struct FileDiscoveryConfig {
        /// Paths of JSON and YAML files; `*` in a file's name stands for any characters.
        pub files: Vec<ScalarText> = Vec::new(),
        /// How often the files are read even if they seem unchanged.
        pub refresh_interval: PrometheusDuration = PrometheusDuration::from_secs(300),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl FileDiscoveryConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.files.is_empty() {
            checking.error("file service discovery config must contain at least one path name");
        }
        for file in &self.files {
            let (folder, name) = file.0.rsplit_once('/').unwrap_or(("", &file.0));
            let has_extension = [".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"]
                .iter()
                .any(|extension| name.ends_with(extension));
            if !has_extension || folder.contains('*') {
                let message = format!("path name {:?} is not valid for file discovery", file.0);
                checking.error_at("files", message);
            }
        }
        if self.refresh_interval.is_zero() {
            checking.error_at("refresh_interval", "\"refresh_interval\": requires positive value");
        }
    }
}

/// Takes the keys of service discoveries that there are not, to say so.
#[derive(Debug, Clone, Default)]
pub struct UnsupportedDiscoveries;

/// The keys of Prometheus's other service discoveries.
const KEYS: [&str; 28] = [
    "aws_sd_configs",
    "azure_sd_configs",
    "consul_sd_configs",
    "digitalocean_sd_configs",
    "dns_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "http_sd_configs",
    "ionos_sd_configs",
    "kubernetes_sd_configs",
    "kuma_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "openstack_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
];

impl Section for UnsupportedDiscoveries {
    fn update_key(&mut self, key: &str, node: &Node, decoding: &mut Decoding) -> bool {
        let is_known = KEYS.contains(&key);
        if is_known {
            let message =
                format!("{key} is not supported: targets come from static_configs and file_sd_configs");
            decoding.error(&node.location, message, None);
        }
        is_known
    }

    fn keys() -> Vec<&'static str> {
        Vec::new()
    }

    fn append_yaml(&self, _secrets: Secrets, _mapping: &mut serde_yaml::Mapping) {}

    fn docs() -> SectionDocs {
        SectionDocs { text: "", fields: Vec::new() }
    }
}

impl ConfigValue for UnsupportedDiscoveries {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        update_section(self, node, decoding);
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Mapping(serde_yaml::Mapping::new())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Section(Self::docs())
    }
}
