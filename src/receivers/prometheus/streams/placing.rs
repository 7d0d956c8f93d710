//! Which data point of which metric a series is a part of.

use super::family::{Family, FamilyKey, OtlpType, encoded_attribute};
use super::group::{Group, Part};
use super::resource::{Info, Resource, SCOPE_PREFIX, ScopeIdentity, ScopeMetrics};
use super::{Place, Streams};
use crate::receivers::prometheus::labels::{INSTANCE, JOB, LabelSet, NAME};
use crate::receivers::prometheus::metadata::{MetadataStore, ResolvedFamily};

/// Labels that stand in the resource, or have no meaning for others.
const LEFT_OUT: [&str; 5] = [NAME, INSTANCE, "__metrics_path__", "__scheme__", JOB];

impl Streams {
    /// The place of the series with these labels.
    ///
    /// # Errors
    ///
    /// A sentence where the series has none; its samples are left out.
    pub(in crate::receivers::prometheus) fn place(
        &mut self,
        labels: &LabelSet,
        metadata: &MetadataStore,
    ) -> Result<Place, String> {
        let name = labels.get(NAME);
        let resource = self.resource_of(labels);
        if name == "target_info" {
            let is_kept = |name: &str| ![NAME, JOB, INSTANCE].contains(&name);
            let kept = labels.iter().filter(|label| is_kept(&label.name));
            let labels = kept.map(|label| (label.name.clone(), label.value.clone())).collect();
            self.infos.push(Info { resource, labels });
            return Ok(Place::Info(self.infos.len() - 1));
        }
        let scope = self.scope_of(resource, ScopeIdentity::of(labels));
        let resolved = metadata.resolve(name);
        let key = FamilyKey::new(scope, &resolved, self.trims_suffixes);
        let metric_type = key.metric_type;
        let part = part(name, metric_type, &resolved, labels)?;
        let family = self.family_of(key);
        let attributes = attributes(labels, metric_type);
        Ok(Place::Point { group: self.group_of(family, attributes), part })
    }

    fn resource_of(&mut self, labels: &LabelSet) -> usize {
        let (job, instance) = (labels.get(JOB), labels.get(INSTANCE));
        let job = if job.is_empty() { &self.origin.job } else { job };
        let instance = if instance.is_empty() { &self.origin.instance } else { instance };
        let key = (job.to_owned(), instance.to_owned());
        if let Some(place) = self.resource_index.get(&key) {
            return *place;
        }
        self.resources.push(Resource::new(&key.0, &key.1, &self.origin));
        self.resource_index.insert(key, self.resources.len() - 1);
        self.resources.len() - 1
    }

    fn scope_of(&mut self, resource: usize, identity: ScopeIdentity) -> usize {
        *self.scope_index.entry((resource, identity)).or_insert_with_key(|(resource, identity)| {
            self.scopes.push(ScopeMetrics::new(*resource, identity));
            self.scopes.len() - 1
        })
    }

    fn family_of(&mut self, key: FamilyKey) -> usize {
        *self.family_index.entry(key).or_insert_with_key(|key| {
            self.families.push(Family::new(key));
            self.families.len() - 1
        })
    }

    fn group_of(&mut self, family: usize, attributes: Box<[u8]>) -> usize {
        *self.group_index.entry((family, attributes)).or_insert_with_key(|(family, attributes)| {
            self.groups.push(Group::new(*family, attributes.clone()));
            self.groups.len() - 1
        })
    }
}

/// Which part of a data point of its metric a sample called `name` is.
fn part(
    name: &str,
    metric_type: OtlpType,
    resolved: &ResolvedFamily,
    labels: &LabelSet,
) -> Result<Part, String> {
    let is_created = name.strip_suffix("_created") == Some(&resolved.family);
    match metric_type {
        OtlpType::Gauge => Ok(Part::Value),
        OtlpType::Counter | OtlpType::NonMonotonicSum if is_created => Ok(Part::Created),
        OtlpType::Counter | OtlpType::NonMonotonicSum => Ok(Part::Value),
        OtlpType::Histogram | OtlpType::Summary if name.ends_with("_sum") => Ok(Part::Sum),
        OtlpType::Histogram | OtlpType::Summary if name.ends_with("_count") => Ok(Part::Count),
        OtlpType::Histogram | OtlpType::Summary if is_created => Ok(Part::Created),
        OtlpType::Histogram | OtlpType::Summary => boundary(name, metric_type, labels).map(Part::Boundary),
    }
}

fn boundary(name: &str, metric_type: OtlpType, labels: &LabelSet) -> Result<f64, String> {
    let label = metric_type.sample_label();
    match labels.get(label) {
        "" => Err(format!("'{label}' label on {name:?} is missing or empty")),
        text => text.parse().map_err(|_| format!("'{label}' label on {name:?} is no number: {text:?}")),
    }
}

/// The labels that are attributes, as fields of a data point.
fn attributes(labels: &LabelSet, metric_type: OtlpType) -> Box<[u8]> {
    let mut encoded = Vec::new();
    for label in labels.iter() {
        let name = label.name.as_str();
        let is_left_out =
            LEFT_OUT.contains(&name) || name == metric_type.sample_label() || name.starts_with(SCOPE_PREFIX);
        if !is_left_out {
            encoded_attribute(&mut encoded, metric_type.attributes_field(), name, &label.value);
        }
    }
    encoded.into_boxed_slice()
}
