//! A metric with what is said of it.

use crate::metric_streams::wire::{MessageList, MetricHeader};
use crate::metric_streams::{MetricKind, Temporality};
use crate::otlp::wire::{put_length_delimited, put_message};
use crate::prometheus::exposition::MetricType;
use crate::prometheus::{trimmed_name, unit_of_words};
use crate::receivers::prometheus::metadata::ResolvedFamily;

/// What tells the metrics of a target apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FamilyKey {
    pub(super) scope: usize,
    pub(super) name: String,
    pub(super) metric_type: OtlpType,
    pub(super) description: String,
    pub(super) unit: String,
    pub(super) prometheus_type: &'static str,
}

/// What a metric is in OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum OtlpType {
    Gauge,
    Counter,
    /// An info or a state set.
    NonMonotonicSum,
    Histogram,
    Summary,
}

/// A metric.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) scope: usize,
    pub(super) metric_type: OtlpType,
    name: Vec<u8>,
    description: Vec<u8>,
    unit: Vec<u8>,
    metadata: MessageList,
    /// The scrape in which it has the data points `filled`.
    pub(super) scrape: u64,
    pub(super) filled: Vec<usize>,
}

impl OtlpType {
    pub(super) const fn of(metric_type: MetricType) -> Self {
        match metric_type {
            MetricType::Counter => Self::Counter,
            MetricType::Gauge | MetricType::Unknown | MetricType::GaugeHistogram => Self::Gauge,
            MetricType::Histogram => Self::Histogram,
            MetricType::Summary => Self::Summary,
            MetricType::Info | MetricType::StateSet => Self::NonMonotonicSum,
        }
    }

    pub(super) const fn is_sum(self) -> bool {
        matches!(self, Self::Counter | Self::NonMonotonicSum)
    }

    /// The field of a data point in which its attributes are.
    pub(super) const fn attributes_field(self) -> u32 {
        match self {
            Self::Histogram => 9,
            _ => 7,
        }
    }

    /// The label by which the samples of one data point differ.
    pub(super) const fn sample_label(self) -> &'static str {
        match self {
            Self::Histogram => "le",
            Self::Summary => "quantile",
            _ => "",
        }
    }

    const fn kind(self) -> MetricKind {
        let temporality = Temporality::Cumulative;
        match self {
            Self::Gauge => MetricKind::Gauge,
            Self::Counter => MetricKind::Sum { temporality, is_monotonic: true },
            Self::NonMonotonicSum => MetricKind::Sum { temporality, is_monotonic: false },
            Self::Histogram => MetricKind::Histogram { temporality },
            Self::Summary => MetricKind::Summary,
        }
    }
}

impl Family {
    pub(super) fn new(key: &FamilyKey) -> Self {
        let mut metadata = MessageList::default();
        metadata.push_with(|out| put_attribute(out, "prometheus.type", key.prometheus_type));
        Self {
            scope: key.scope,
            metric_type: key.metric_type,
            name: key.name.clone().into_bytes(),
            description: key.description.clone().into_bytes(),
            unit: key.unit.clone().into_bytes(),
            metadata,
            scrape: 0,
            filled: Vec::new(),
        }
    }

    /// What stands above the data points.
    pub(super) fn header(&self) -> MetricHeader<'_> {
        MetricHeader {
            name: &self.name,
            description: &self.description,
            unit: &self.unit,
            kind: self.metric_type.kind(),
            metadata: self.metadata.as_attributes(),
        }
    }

    pub(super) const fn has_exemplars(&self) -> bool {
        !matches!(self.metric_type, OtlpType::Summary)
    }
}

impl FamilyKey {
    pub(super) fn new(scope: usize, resolved: &ResolvedFamily, trims_suffixes: bool) -> Self {
        let metric_type = OtlpType::of(resolved.metadata.metric_type);
        let unit = &resolved.metadata.unit;
        let name = if trims_suffixes {
            trimmed_name(&resolved.name, metric_type.is_sum(), unit)
        } else {
            resolved.name.clone()
        };
        Self {
            scope,
            name,
            metric_type,
            description: resolved.metadata.help.clone(),
            unit: unit_of_words(unit),
            prometheus_type: resolved.metadata.metric_type.name(),
        }
    }
}

/// Writes the content of a `KeyValue` with a text.
pub(super) fn put_attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    put_length_delimited(out, 1, key.as_bytes());
    put_message(out, 2, |out| put_length_delimited(out, 1, value.as_bytes()));
}

/// Appends an attribute as field `number`.
pub(in crate::receivers::prometheus) fn encoded_attribute(
    out: &mut Vec<u8>,
    number: u32,
    key: &str,
    value: &str,
) {
    put_message(out, number, |out| put_attribute(out, key, value));
}
