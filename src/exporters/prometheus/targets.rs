//! `target_info`: a series for each resource, with the attributes that the other series do not have.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::rejection::Rejection;
use crate::metric_streams::StreamId;
use crate::otlp::ResourceGroup;
use crate::prometheus::{FamilyKind, Label, LabelRules, MetricFamily, SeriesValue, ShownSeries, TargetName};

/// The resources that are shown, by job and instance.
#[derive(Default)]
pub(super) struct Targets {
    by_name: Mutex<BTreeMap<TargetName, Target>>,
}

struct Target {
    /// The fingerprint of the resource the labels were made of.
    resource: StreamId,
    labels: Arc<[Label]>,
    seen_unix_nano: u64,
}

impl Targets {
    /// Shows a resource of which points came. One that lacks a service name or instance cannot be told from
    /// others and is not shown; of several with the same ones the last is.
    pub fn see(
        &self,
        group: &ResourceGroup<'_>,
        resource: StreamId,
        rules: &LabelRules,
        now_unix_nano: u64,
    ) -> Result<(), Rejection> {
        let attributes = group.resource.attributes;
        let name = TargetName::of(attributes);
        if name.labels().filter(|(_, value)| !value.is_empty()).count() < 2 {
            return Ok(());
        }
        let mut by_name = self.by_name.lock();
        if let Some(known) = by_name.get_mut(&name).filter(|known| known.resource == resource) {
            known.seen_unix_nano = now_unix_nano;
            return Ok(());
        }
        let labels = rules.of_target(&name, attributes)?;
        by_name.insert(name, Target { resource, labels, seen_unix_nano: now_unix_nano });
        Ok(())
    }

    /// Forgets the resources of which no points came since `cutoff_unix_nano`.
    pub fn forget_before(&self, cutoff_unix_nano: u64) {
        self.by_name.lock().retain(|_, target| target.seen_unix_nano >= cutoff_unix_nano);
    }

    /// The family, where there are resources.
    pub fn shown(&self, name: &str) -> Option<MetricFamily> {
        let by_name = self.by_name.lock();
        let series = by_name.values().map(|target| ShownSeries {
            labels: Arc::clone(&target.labels),
            value: SeriesValue::Number { value: 1.0, exemplar: None },
            timestamp_ms: None,
        });
        (!by_name.is_empty()).then(|| MetricFamily {
            name: name.to_owned(),
            help: "Target metadata".to_owned(),
            kind: FamilyKind::Gauge,
            series: series.collect(),
        })
    }
}
