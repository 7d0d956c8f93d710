//! Resources and scopes of a target's metrics.

use std::net::IpAddr;

use super::family::{encoded_attribute, put_attribute};
use crate::build_info;
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::receivers::prometheus::labels::LabelSet;
use crate::receivers::prometheus::target::Target;

/// What the resources of a target have in common.
#[derive(Debug, Clone)]
pub(in crate::receivers::prometheus) struct ResourceOrigin {
    /// Job and instance of series that have none.
    pub(super) job: String,
    pub(super) instance: String,
    scheme: String,
    /// Attributes from service discovery.
    discovered: Vec<(&'static str, String)>,
}

/// A resource: what a job and an instance are to the target.
#[derive(Debug)]
pub(super) struct Resource {
    attributes: Vec<(String, String)>,
    /// The scrape in which it has the scopes `filled` and the labels `infos`.
    pub(super) scrape: u64,
    pub(super) filled: Vec<usize>,
    pub(super) infos: Vec<usize>,
}

/// The labels of a `target_info`.
#[derive(Debug)]
pub(super) struct Info {
    pub(super) resource: usize,
    pub(super) labels: Vec<(String, String)>,
}

/// What the labels `otel_scope_*` say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct ScopeIdentity {
    name: String,
    version: String,
    schema_url: String,
    attributes: Vec<(String, String)>,
}

/// A scope of a resource.
#[derive(Debug)]
pub(super) struct ScopeMetrics {
    pub(super) resource: usize,
    /// The encoded `InstrumentationScope`.
    pub(super) header: Vec<u8>,
    pub(super) schema_url: Vec<u8>,
    /// The scrape in which it has the metrics `filled`.
    pub(super) scrape: u64,
    pub(super) filled: Vec<usize>,
}

/// The scope of metrics that say nothing of theirs.
const OWN_SCOPE: &str =
    "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver";

/// How the labels of a scope begin.
pub(super) const SCOPE_PREFIX: &str = "otel_scope_";

/// Labels of Kubernetes's service discovery with the attributes they become.
const DISCOVERED: [(&str, &str); 7] = [
    ("__meta_kubernetes_pod_name", "k8s.pod.name"),
    ("__meta_kubernetes_pod_uid", "k8s.pod.uid"),
    ("__meta_kubernetes_pod_container_name", "k8s.container.name"),
    ("__meta_kubernetes_namespace", "k8s.namespace.name"),
    ("__meta_kubernetes_pod_node_name", "k8s.node.name"),
    ("__meta_kubernetes_node_name", "k8s.node.name"),
    ("__meta_kubernetes_endpoint_node_name", "k8s.node.name"),
];

impl ResourceOrigin {
    /// Of the metrics of a target.
    pub(in crate::receivers::prometheus) fn of(target: &Target) -> Self {
        let labels = &target.discovered;
        let mut discovered: Vec<(&'static str, String)> = DISCOVERED
            .into_iter()
            .map(|(label, attribute)| (attribute, labels.get(label).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let controller = labels.get("__meta_kubernetes_pod_controller_name");
        let attribute = match labels.get("__meta_kubernetes_pod_controller_kind") {
            "ReplicaSet" => "k8s.replicaset.name",
            "DaemonSet" => "k8s.daemonset.name",
            "StatefulSet" => "k8s.statefulset.name",
            "Job" => "k8s.job.name",
            "CronJob" => "k8s.cronjob.name",
            _ => "",
        };
        if !attribute.is_empty() && !controller.is_empty() {
            discovered.push((attribute, controller.to_owned()));
        }
        Self {
            job: target.job.clone(),
            instance: target.instance.clone(),
            scheme: labels.get("__scheme__").to_owned(),
            discovered,
        }
    }
}

impl Resource {
    pub(super) fn new(job: &str, instance: &str, origin: &ResourceOrigin) -> Self {
        let (host, port) = split_host_port(instance);
        let mut attributes = vec![("service.name".to_owned(), job.to_owned())];
        if is_discernible(host) {
            attributes.push(("server.address".to_owned(), host.to_owned()));
        }
        attributes.push(("service.instance.id".to_owned(), instance.to_owned()));
        attributes.push(("server.port".to_owned(), port.to_owned()));
        attributes.push(("url.scheme".to_owned(), origin.scheme.clone()));
        for (key, value) in &origin.discovered {
            set(&mut attributes, key, value);
        }
        Self { attributes, scrape: 0, filled: Vec::new(), infos: Vec::new() }
    }

    pub(super) fn begin(&mut self, scrape: u64) {
        self.scrape = scrape;
        self.filled.clear();
        self.infos.clear();
    }

    /// The encoded `Resource`, with the labels of each `target_info` of the scrape.
    pub(super) fn header(&self, infos: &[Info]) -> Vec<u8> {
        let mut attributes = self.attributes.clone();
        for info in self.infos.iter().filter_map(|place| infos.get(*place)) {
            info.labels.iter().for_each(|(key, value)| set(&mut attributes, key, value));
        }
        let mut header = Vec::new();
        for (key, value) in &attributes {
            encoded_attribute(&mut header, 1, key, value);
        }
        header
    }
}

impl ScopeIdentity {
    /// What the labels of a series say of its scope.
    pub(super) fn of(labels: &LabelSet) -> Self {
        let mut scope = Self::default();
        for label in labels.iter() {
            let Some(key) = label.name.strip_prefix(SCOPE_PREFIX) else { continue };
            match key {
                "name" => scope.name.clone_from(&label.value),
                "version" => scope.version.clone_from(&label.value),
                "schema_url" => scope.schema_url.clone_from(&label.value),
                _ => scope.attributes.push((key.to_owned(), label.value.clone())),
            }
        }
        scope
    }

    /// The encoded `InstrumentationScope`; of nothing, the receiver's own.
    fn header(&self) -> Vec<u8> {
        let is_own = *self == Self::default();
        let (name, version) =
            if is_own { (OWN_SCOPE, build_info::VERSION) } else { (&*self.name, &*self.version) };
        let mut header = Vec::new();
        for (number, text) in [(1, name), (2, version)] {
            if !text.is_empty() {
                put_length_delimited(&mut header, number, text.as_bytes());
            }
        }
        for (key, value) in &self.attributes {
            put_message(&mut header, 3, |out| put_attribute(out, key, value));
        }
        header
    }
}

impl ScopeMetrics {
    pub(super) fn new(resource: usize, identity: &ScopeIdentity) -> Self {
        Self {
            resource,
            header: identity.header(),
            schema_url: identity.schema_url.clone().into_bytes(),
            scrape: 0,
            filled: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, scrape: u64) {
        self.scrape = scrape;
        self.filled.clear();
    }
}

fn set(attributes: &mut Vec<(String, String)>, key: &str, value: &str) {
    match attributes.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => value.clone_into(known),
        None => attributes.push((key.to_owned(), value.to_owned())),
    }
}

/// Host and port of `host:port` or `[host]:port`; where it is neither, all of it is the host.
fn split_host_port(instance: &str) -> (&str, &str) {
    let Some((host, port)) = instance.rsplit_once(':') else { return (instance, "") };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => (host, port),
        None if host.contains([':', '[', ']']) || port.contains(['[', ']']) => (instance, ""),
        None => (host, port),
    }
}

/// Whether the host tells machines apart: `localhost` and the like do not.
fn is_discernible(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => !address.is_loopback() && !address.is_unspecified(),
        Err(_) => host != "localhost",
    }
}
