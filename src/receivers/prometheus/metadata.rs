//! What the `# TYPE`, `# HELP` and `# UNIT` lines of a target say, by metric name.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::prometheus::exposition::MetricType;

/// What is said of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MetricMetadata {
    pub(super) metric_type: MetricType,
    pub(super) help: String,
    pub(super) unit: String,
}

/// A metric as the Collector takes a sample's name: the family it belongs to, and what is said of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvedFamily {
    /// The name of the metric in OTLP.
    pub(super) name: String,
    /// The name that the metadata stand under.
    pub(super) family: String,
    pub(super) metadata: MetricMetadata,
}

/// The metadata of one target.
#[derive(Debug, Default)]
pub(super) struct MetadataStore {
    by_name: HashMap<String, Entry>,
    /// Counts every change of what is said of a name.
    generation: u64,
}

#[derive(Debug, Default)]
struct Entry {
    metadata: MetricMetadata,
    last_scrape: u64,
}

/// For how many scrapes metadata are kept after the lines have gone.
const KEPT_SCRAPES: u64 = 10;

/// What the names of samples have behind the name of their family, in the order in which it is tried.
const SUFFIXES: [&str; 6] = ["_bucket", "_count", "_sum", "_total", "_info", "_created"];

impl MetadataStore {
    /// Takes a `# TYPE` line of scrape number `scrape`.
    pub(super) fn set_type(&mut self, name: &[u8], metric_type: MetricType, scrape: u64) {
        self.set(name, scrape, |metadata| {
            let has_changed = metadata.metric_type != metric_type;
            metadata.metric_type = metric_type;
            has_changed
        });
    }

    /// Takes a `# HELP` line.
    pub(super) fn set_help(&mut self, name: &[u8], help: &str, scrape: u64) {
        self.set(name, scrape, |metadata| replace(&mut metadata.help, help));
    }

    /// Takes a `# UNIT` line.
    pub(super) fn set_unit(&mut self, name: &[u8], unit: &str, scrape: u64) {
        self.set(name, scrape, |metadata| replace(&mut metadata.unit, unit));
    }

    /// A number that grows whenever something is said that was not said before.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Forgets what has not been said for ten scrapes.
    pub(super) fn forget_old(&mut self, scrape: u64) {
        let before = self.by_name.len();
        self.by_name.retain(|_, entry| scrape.saturating_sub(entry.last_scrape) <= KEPT_SCRAPES);
        self.generation += u64::from(self.by_name.len() < before);
    }

    /// The family of samples called `name`.
    pub(super) fn resolve(&self, name: &str) -> ResolvedFamily {
        let found = |name: &str, family: &str, metadata: &MetricMetadata| ResolvedFamily {
            name: name.to_owned(),
            family: family.to_owned(),
            metadata: metadata.clone(),
        };
        if let Some(metadata) = of_report(name) {
            return found(name, name, &metadata);
        }
        if let Some(entry) = self.by_name.get(name) {
            return found(name, name, &entry.metadata);
        }
        let family = without_suffix(name);
        match self.by_name.get(family) {
            // Counters keep their names; their time of creation belongs to the one with `_total`.
            Some(entry) if entry.metadata.metric_type == MetricType::Counter => {
                let name: Cow<'_, str> =
                    if name.ends_with("_created") { format!("{family}_total").into() } else { name.into() };
                found(&name, family, &entry.metadata)
            }
            Some(entry) => found(family, family, &entry.metadata),
            None => found(name, name, &MetricMetadata::default()),
        }
    }

    fn set(&mut self, name: &[u8], scrape: u64, change: impl FnOnce(&mut MetricMetadata) -> bool) {
        let name = String::from_utf8_lossy(name);
        let entry = match self.by_name.get_mut(name.as_ref()) {
            Some(entry) => entry,
            None => {
                self.generation += 1;
                self.by_name.entry(name.into_owned()).or_default()
            }
        };
        entry.last_scrape = scrape;
        self.generation += u64::from(change(&mut entry.metadata));
    }
}

fn replace(text: &mut String, with: &str) -> bool {
    let has_changed = text != with;
    if has_changed {
        with.clone_into(text);
    }
    has_changed
}

fn without_suffix(name: &str) -> &str {
    let stripped =
        SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix).filter(|rest| !rest.is_empty()));
    stripped.unwrap_or(name)
}

/// What there is to say of the metrics about the scrape itself.
fn of_report(name: &str) -> Option<MetricMetadata> {
    let (help, unit) = match name {
        "up" => ("The scraping was successful", ""),
        "scrape_duration_seconds" => ("Duration of the scrape", "seconds"),
        "scrape_samples_scraped" => ("The number of samples the target exposed", ""),
        "scrape_series_added" => ("The approximate number of new series in this scrape", ""),
        "scrape_samples_post_metric_relabeling" => {
            ("The number of samples remaining after metric relabeling was applied", "")
        }
        _ => return None,
    };
    Some(MetricMetadata { metric_type: MetricType::Gauge, help: help.to_owned(), unit: unit.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_find_their_family() {
        let mut store = MetadataStore::default();
        for (name, metric_type) in [
            ("latency", MetricType::Histogram),
            ("requests", MetricType::Counter),
            ("errors_total", MetricType::Counter),
            ("build", MetricType::Info),
        ] {
            store.set_type(name.as_bytes(), metric_type, 1);
        }
        for (name, metric, family, metric_type) in [
            ("latency_bucket", "latency", "latency", MetricType::Histogram),
            ("latency_created", "latency", "latency", MetricType::Histogram),
            ("requests_total", "requests_total", "requests", MetricType::Counter),
            ("requests_created", "requests_total", "requests", MetricType::Counter),
            ("errors_total", "errors_total", "errors_total", MetricType::Counter),
            ("errors_created", "errors_created", "errors_created", MetricType::Unknown),
            ("build_info", "build", "build", MetricType::Info),
            ("_sum", "_sum", "_sum", MetricType::Unknown),
            ("up", "up", "up", MetricType::Gauge),
        ] {
            let found = store.resolve(name);
            assert_eq!(
                (found.name.as_str(), found.family.as_str(), found.metadata.metric_type),
                (metric, family, metric_type),
                "{name}"
            );
        }
    }

    #[test]
    fn only_what_is_new_changes_the_generation() {
        let mut store = MetadataStore::default();
        store.set_help(b"a", "help", 1);
        let generation = store.generation();
        store.set_help(b"a", "help", 2);
        store.forget_old(11);
        assert_eq!(store.generation(), generation);
        store.set_unit(b"a", "s", 12);
        assert_ne!(store.generation(), generation);
        let generation = store.generation();
        store.forget_old(23);
        assert_ne!(store.generation(), generation);
        assert_eq!(store.resolve("a").metadata, MetricMetadata::default());
    }
}
