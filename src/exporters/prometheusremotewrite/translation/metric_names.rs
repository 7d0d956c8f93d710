//! What is said of a metric: the names of its series, its type, unit and description.

use super::super::native::put_number;
use super::super::protocol::LabelWriter;
use super::super::series::{Metadata, SeriesTable};
use crate::metric_streams::StreamId;
use crate::otlp::wire::put_length_delimited;
use crate::otlp::{MetricData, MetricView};
use crate::prometheus::FamilyKind;

/// The names that a metric's series have.
pub(super) struct MetricNames {
    pub plain: EncodedName,
    pub sum: EncodedName,
    pub count: EncodedName,
    pub bucket: EncodedName,
}

/// The label `__name__`, and the name's part in the fingerprint of a series.
#[derive(Default)]
pub(super) struct EncodedName {
    pub label: Vec<u8>,
    pub id: Option<StreamId>,
}

impl MetricNames {
    pub fn new(table: &mut SeriesTable, name: &str, kind: FamilyKind) -> Self {
        let mut encode = |suffix: &str| {
            if !suffix.is_empty() && !kind.sample_suffixes().contains(&suffix) {
                return EncodedName::default();
            }
            let mut label = Vec::with_capacity(name.len() + 20);
            let name = format!("{name}{suffix}");
            table.labels.put(&mut label, "__name__", &name);
            EncodedName { label, id: Some(table.hasher.own_key(name.as_bytes())) }
        };
        Self { plain: encode(""), sum: encode("_sum"), count: encode("_count"), bucket: encode("_bucket") }
    }
}

/// The `MetricType` of a metric. Scraped ones may say in their metadata what OpenTelemetry has no kind for.
pub(super) fn metric_type(metric: &MetricView<'_>, kind: FamilyKind) -> u8 {
    let scraped = || metric.metadata.get("prometheus.type").map(|kind| kind.to_text()).unwrap_or_default();
    let is_sum = matches!(metric.data, MetricData::Sum { .. });
    match kind {
        FamilyKind::Unknown => 0,
        FamilyKind::Counter => 1,
        FamilyKind::Gauge if is_sum && scraped() == "info" => 6,
        FamilyKind::Gauge if is_sum && scraped() == "stateset" => 7,
        FamilyKind::Gauge => 2,
        FamilyKind::Histogram => 3,
        FamilyKind::Summary => 5,
    }
}

/// What the second version says of `target_info`.
pub(super) fn of_target_info(writer: &mut LabelWriter) -> Metadata {
    Metadata { kind: 2, help: writer.number_of("Target metadata"), unit: 0 }
}

/// Adds the `MetricMetadata` of a metric unless it is there.
pub(super) fn note_metadata(
    metadata: &mut Vec<Vec<u8>>,
    metric: &MetricView<'_>,
    kind: FamilyKind,
    name: &str,
    unit: &str,
) {
    let mut message = Vec::new();
    put_number(&mut message, 1, u64::from(metric_type(metric, kind)));
    put_length_delimited(&mut message, 2, name.as_bytes());
    put_length_delimited(&mut message, 4, metric.description.to_str().as_bytes());
    put_length_delimited(&mut message, 5, unit.as_bytes());
    if !metadata.contains(&message) {
        metadata.push(message);
    }
}
