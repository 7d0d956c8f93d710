//! The labels of series and of `target_info`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::resource_labels::{ResourceLabels, SERVICE_ATTRIBUTES};
use super::{FamilyKind, Label, Naming, ResourceLabelsConfig};
use crate::otlp::{KeyValueView, List, ResourceGroup, ScopeGroup, Text};
use crate::pipeline::BuildError;

/// Makes labels of attributes.
pub struct LabelRules {
    naming: Naming,
    destination: Destination,
    /// Of every series, in the order of their names.
    constant_labels: Vec<Label>,
    resource_labels: ResourceLabels,
    has_scope_labels: bool,
}

/// Where series go, which in the Collector have their own habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A page to scrape: a label may be empty, scopes show with schema and all that they leave empty, and a
    /// constant label takes the place of an attribute's.
    Page,
    /// Remote write: what is empty is left out, scopes show without schema, an attribute's label stays
    /// where a constant one has its name, and names within double underscores are taken.
    RemoteWrite,
}

/// An attribute has a key that no label may be named after.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no label name can be made of the attribute key {0:?}")]
pub struct InvalidLabelName(pub String);

/// Who a resource is to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TargetName {
    /// `service.namespace/service.name`, or the latter alone.
    pub job: Option<String>,
    /// `service.instance.id`.
    pub instance: Option<String>,
}

type Labels = BTreeMap<String, String>;

impl LabelRules {
    /// Rules with these names and labels.
    ///
    /// # Errors
    ///
    /// Where a pattern of `resource_labels` is none.
    pub fn new(
        naming: Naming,
        destination: Destination,
        constant_labels: &BTreeMap<String, String>,
        resource_labels: &ResourceLabelsConfig,
        has_scope_labels: bool,
    ) -> Result<Self, BuildError> {
        let constant = constant_labels
            .iter()
            .filter_map(|(name, value)| Some(Label::new(naming.label(name)?, value)))
            .collect();
        Ok(Self {
            naming,
            destination,
            constant_labels: constant,
            resource_labels: ResourceLabels::new(resource_labels)?,
            has_scope_labels,
        })
    }

    /// How names are translated.
    pub const fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The labels of a series, in the order of their names.
    ///
    /// # Errors
    ///
    /// Where an attribute's key cannot be the name of a label.
    pub fn of_series(
        &self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        attributes: List<'_, KeyValueView<'_>>,
        kind: FamilyKind,
    ) -> Result<Arc<[Label]>, InvalidLabelName> {
        // Sorted by key, as the order in which the values of equal label names are joined; of equal keys the
        // resource's wins.
        let attributes: BTreeMap<_, _> =
            attributes.iter().chain(self.chosen_of_resource(group)).map(text_pair).collect();
        let mut labels = Labels::new();
        for (key, value) in attributes {
            self.add(&mut labels, &key, value)?;
        }
        for (name, value) in self.own_labels(group, scope_group)? {
            put_own(&mut labels, &name, value);
        }
        self.put_constant(&mut labels);
        // The label that tells the samples of one series apart is the format's.
        if let Some(name) = kind.sample_label()
            && let Some(value) = labels.remove(name)
        {
            join(&mut labels, format!("exported_{name}"), value);
        }
        Ok(in_order(labels))
    }

    /// The labels of `target_info` of a resource: what is not in `job` and `instance`, and those.
    ///
    /// # Errors
    ///
    /// Where an attribute's key cannot be the name of a label.
    pub fn of_target(
        &self,
        target: &TargetName,
        attributes: List<'_, KeyValueView<'_>>,
    ) -> Result<Arc<[Label]>, InvalidLabelName> {
        let attributes: BTreeMap<_, _> = attributes.iter().map(text_pair).collect();
        let mut labels = Labels::new();
        for (key, value) in attributes {
            if !SERVICE_ATTRIBUTES.contains(&key.as_str()) {
                self.add(&mut labels, &key, value)?;
            }
        }
        for (name, value) in target.labels() {
            put_own(&mut labels, name, value.clone());
        }
        if self.destination == Destination::RemoteWrite {
            self.put_constant(&mut labels);
        }
        Ok(in_order(labels))
    }

    /// The resource's attributes that become labels of every series.
    pub(super) fn chosen_of_resource<'a>(
        &self,
        group: &ResourceGroup<'a>,
    ) -> impl Iterator<Item = KeyValueView<'a>> {
        let attributes = (!self.resource_labels.is_none()).then(|| group.resource.attributes.iter());
        let all = attributes.into_iter().flatten();
        all.filter(|attribute| self.resource_labels.includes(&attribute.key.to_str()))
    }

    /// The labels that come neither from attributes nor from the configuration: who the resource and the scope are.
    pub(super) fn own_labels(
        &self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
    ) -> Result<Labels, InvalidLabelName> {
        let mut labels = Labels::new();
        if self.has_scope_labels {
            self.add_scope(&mut labels, scope_group)?;
        }
        let target = TargetName::of(group.resource.attributes);
        for (name, value) in target.labels().filter(|(_, value)| self.shows(value)) {
            put_own(&mut labels, name, value.clone());
        }
        Ok(labels)
    }

    /// The labels that every series gets.
    pub(super) fn constant_labels(&self) -> &[Label] {
        &self.constant_labels
    }

    /// Whether a label with this value is written.
    pub(super) fn shows(&self, value: &str) -> bool {
        self.destination == Destination::Page || !value.is_empty()
    }

    /// Whether an attribute's label may have this name.
    pub(super) fn may_be_named(&self, name: &str) -> bool {
        self.destination == Destination::RemoteWrite || !name.starts_with("__")
    }

    fn put_constant(&self, labels: &mut Labels) {
        for Label { name, value } in &self.constant_labels {
            if self.destination == Destination::Page {
                put_own(labels, name, value.clone());
            } else {
                labels.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }

    fn add_scope(&self, labels: &mut Labels, scope_group: &ScopeGroup<'_>) -> Result<(), InvalidLabelName> {
        let scope = &scope_group.scope;
        let attributes: BTreeMap<_, _> = scope.attributes.iter().map(text_pair).collect();
        for (key, value) in attributes {
            if !["name", "version", "schema_url"].contains(&key.as_str()) {
                self.add(labels, &format!("otel_scope_{key}"), value)?;
            }
        }
        let mut put = |name, text: Text<'_>| {
            let value = text.to_str().into_owned();
            if self.shows(&value) {
                put_own(labels, name, value);
            }
        };
        put("otel_scope_name", scope.name);
        put("otel_scope_version", scope.version);
        if self.destination == Destination::Page {
            put("otel_scope_schema_url", scope_group.schema_url);
        }
        Ok(())
    }

    /// Adds a label; where its name is taken, its value to that one's.
    fn add(&self, labels: &mut Labels, key: &str, value: String) -> Result<(), InvalidLabelName> {
        if !self.shows(&value) {
            return Ok(());
        }
        let name = self.naming.label(key).filter(|name| self.may_be_named(name));
        let name = name.ok_or_else(|| InvalidLabelName(key.to_owned()))?;
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
            Some(namespace) if !name.is_empty() => format!("{namespace}/{name}"),
            _ => name,
        });
        Self { job, instance: text("service.instance.id") }
    }

    /// Whether a resource says more of itself than who it is.
    pub fn is_described(attributes: List<'_, KeyValueView<'_>>) -> bool {
        attributes.iter().any(|attribute| !SERVICE_ATTRIBUTES.contains(&&*attribute.key.to_str()))
    }

    /// The labels of what is known.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let labels = [("job", &self.job), ("instance", &self.instance)];
        labels.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
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
