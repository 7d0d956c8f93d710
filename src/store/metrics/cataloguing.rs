//! The catalogue of metrics, from their series.

use std::collections::{BTreeMap, BTreeSet};

use super::series_header::SeriesHeader;
use super::{MetricCatalogueEntry, MetricKind};
use crate::store::{Answer, Cut, Field, Limits};

/// Collects series, and answers when all are there.
#[derive(Default)]
pub struct Cataloguing {
    /// By name, kind and unit.
    metrics: BTreeMap<(String, MetricKind, String), CollectedMetric>,
}

#[derive(Default)]
struct CollectedMetric {
    series: BTreeSet<Vec<u8>>,
    /// The newest point's time, and of the descriptions of that time the last one.
    newest: (u64, String),
    attributes: BTreeMap<String, BTreeSet<String>>,
    services: BTreeSet<String>,
}

impl Cataloguing {
    /// Adds a series that has points in the range, the newest of them at `newest_unix_nano`.
    pub fn add(&mut self, header: &SeriesHeader<'_>, description: &str, newest_unix_nano: u64) {
        let name = header.name.to_str().into_owned();
        let unit = header.unit.to_str().into_owned();
        let metric = self.metrics.entry((name, header.shape.kind, unit)).or_default();
        metric.newest = std::mem::take(&mut metric.newest).max((newest_unix_nano, description.to_owned()));
        if !metric.series.insert(header.identity()) {
            return;
        }
        let placed = header.placed();
        let text = |field: &Field| placed.value(field).map(|value| value.to_text().into_owned());
        metric.services.extend(text(&Field::Service));
        for attribute in
            [header.attributes, header.scope.attributes, header.resource.attributes].into_iter().flatten()
        {
            let key = attribute.key.to_str().into_owned();
            let value = text(&Field::Attribute(key.clone()));
            metric.attributes.entry(key).or_default().extend(value);
        }
    }

    /// The catalogue, by name, kind and unit.
    pub fn answer(self, limits: &Limits, cut: Option<Cut>) -> Answer<Vec<MetricCatalogueEntry>> {
        let is_cut = self.metrics.len() > limits.rows;
        let entry = |((name, kind, unit), metric): ((String, MetricKind, String), CollectedMetric)| {
            let attributes = metric.attributes.into_iter();
            let count =
                |(key, values): (String, BTreeSet<String>)| (Field::Attribute(key), values.len() as u64);
            MetricCatalogueEntry {
                name,
                description: metric.newest.1,
                unit,
                kind,
                series: metric.series.len() as u64,
                attributes: attributes.map(count).collect(),
                services: metric.services.into_iter().collect(),
                newest_unix_nano: metric.newest.0,
            }
        };
        let entries = self.metrics.into_iter().take(limits.rows).map(entry).collect();
        Answer { value: entries, cut: cut.or(is_cut.then_some(Cut::Rows)) }
    }
}
