//! The labels of series and of `target_info`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PrometheusExporterConfig;
use super::rejection::Rejection;
use super::resource_labels::{ResourceLabels, SERVICE_ATTRIBUTES};
use crate::otlp::{KeyValueView, List, ResourceGroup, ScopeGroup};
use crate::pipeline::BuildError;
use crate::prometheus::{FamilyKind, Label, Naming};

/// Makes labels of attributes.
pub(super) struct LabelRules {
    naming: Naming,
    const_labels: Vec<Label>,
    resource_labels: ResourceLabels,
    has_scope_labels: bool,
}

/// Who a resource is to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct TargetName {
    /// `service.namespace/service.name`, or the latter alone.
    pub job: Option<String>,
    /// `service.instance.id`.
    pub instance: Option<String>,
}

type Labels = BTreeMap<String, String>;

impl LabelRules {
    pub fn new(config: &PrometheusExporterConfig) -> Result<Self, BuildError> {
        let naming = config.naming();
        let const_labels = config
            .const_labels
            .iter()
            .filter_map(|(name, value)| Some(Label::new(naming.label(name)?, value)));
        Ok(Self {
            const_labels: const_labels.collect(),
            resource_labels: ResourceLabels::new(config.resource_labels())?,
            has_scope_labels: !config.without_scope_info,
            naming,
        })
    }

    pub const fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The labels of a series, in the order of their names.
    pub fn of_series(
        &self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        attributes: List<'_, KeyValueView<'_>>,
        kind: FamilyKind,
    ) -> Result<Arc<[Label]>, Rejection> {
        let resource = group.resource.attributes;
        let chosen =
            resource.iter().filter(|attribute| self.resource_labels.includes(&attribute.key.to_str()));
        // Sorted by key, as the order in which the values of equal label names are joined; of equal keys the
        // resource's wins.
        let attributes: BTreeMap<_, _> = attributes.iter().chain(chosen).map(text_pair).collect();
        let mut labels = Labels::new();
        for (key, value) in attributes {
            self.add(&mut labels, &key, value)?;
        }
        if self.has_scope_labels {
            self.add_scope(&mut labels, scope_group)?;
        }
        let target = TargetName::of(resource);
        for (name, value) in [("job", target.job), ("instance", target.instance)] {
            if let Some(value) = value {
                put_own(&mut labels, name, value);
            }
        }
        for label in &self.const_labels {
            put_own(&mut labels, &label.name, label.value.clone());
        }
        // The label that tells the samples of one series apart is the format's.
        if let Some(name) = kind.sample_label()
            && let Some(value) = labels.remove(name)
        {
            join(&mut labels, format!("exported_{name}"), value);
        }
        Ok(in_order(labels))
    }

    /// The labels of `target_info` of a resource: what is not in `job` and `instance`, and those.
    pub fn of_target(
        &self,
        job: &str,
        instance: &str,
        attributes: List<'_, KeyValueView<'_>>,
    ) -> Result<Arc<[Label]>, Rejection> {
        let attributes: BTreeMap<_, _> = attributes.iter().map(text_pair).collect();
        let mut labels = Labels::new();
        for (key, value) in attributes {
            if !SERVICE_ATTRIBUTES.contains(&key.as_str()) {
                self.add(&mut labels, &key, value)?;
            }
        }
        put_own(&mut labels, "job", job.to_owned());
        put_own(&mut labels, "instance", instance.to_owned());
        Ok(in_order(labels))
    }

    fn add_scope(&self, labels: &mut Labels, scope_group: &ScopeGroup<'_>) -> Result<(), Rejection> {
        let scope = &scope_group.scope;
        let attributes: BTreeMap<_, _> = scope.attributes.iter().map(text_pair).collect();
        for (key, value) in attributes {
            if !["name", "version", "schema_url"].contains(&key.as_str()) {
                self.add(labels, &format!("otel_scope_{key}"), value)?;
            }
        }
        put_own(labels, "otel_scope_name", scope.name.to_str().into_owned());
        put_own(labels, "otel_scope_version", scope.version.to_str().into_owned());
        put_own(labels, "otel_scope_schema_url", scope_group.schema_url.to_str().into_owned());
        Ok(())
    }

    /// Adds a label; where its name is taken, its value to that one's.
    fn add(&self, labels: &mut Labels, key: &str, value: String) -> Result<(), Rejection> {
        let name = self.naming.label(key).filter(|name| !name.starts_with("__"));
        let name = name.ok_or_else(|| Rejection::LabelName(key.to_owned()))?;
        join(labels, name, value);
        Ok(())
    }
}

impl TargetName {
    /// Who the resource with these attributes is.
    pub fn of(attributes: List<'_, KeyValueView<'_>>) -> Self {
        let text = |key| attributes.get(key).map(crate::otlp::AnyValueView::to_text);
        let name = text("service.name");
        let job = name.map(|name| match text("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        });
        Self { job, instance: text("service.instance.id") }
    }
}

/// Sets a label of the exporter's own. An attribute's label of that name is renamed as Prometheus does when
/// what it scrapes has labels that it gives itself.
fn put_own(labels: &mut Labels, name: &str, value: String) {
    if let Some(of_attribute) = labels.insert(name.to_owned(), value) {
        join(labels, format!("exported_{name}"), of_attribute);
    }
}

fn join(labels: &mut Labels, name: String, value: String) {
    match labels.get_mut(&name) {
        Some(joined) => {
            joined.push(';');
            joined.push_str(&value);
        }
        None => {
            labels.insert(name, value);
        }
    }
}

fn text_pair(attribute: KeyValueView<'_>) -> (String, String) {
    (attribute.key.to_str().into_owned(), attribute.value().to_text())
}

fn in_order(labels: Labels) -> Arc<[Label]> {
    labels.into_iter().map(|(name, value)| Label { name, value }).collect()
}
