//! What a scrape shows, whatever the format.

use std::sync::Arc;

use crate::metric_streams::MetricKind;
use crate::otlp::MetricView;

use super::Exemplar;

/// All series of one name, with what is said of them together.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFamily {
    /// The name of the metric; that of a counter with `_total` where it has that.
    pub name: String,
    /// What it is, in a sentence; may be empty.
    pub help: String,
    /// What its values are.
    pub kind: FamilyKind,
    /// The series, no two with the same labels.
    pub series: Vec<ShownSeries>,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Never decreases but to begin anew.
    Counter,
    /// A value at a moment.
    Gauge,
    /// A distribution over buckets.
    Histogram,
    /// Quantiles.
    Summary,
    /// Not known.
    Unknown,
}

/// One series at the moment of the scrape.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownSeries {
    /// The labels, in the order of their names, which differ.
    pub labels: Arc<[Label]>,
    /// The value.
    pub value: SeriesValue,
    /// When it was measured, in milliseconds since 1970, where that is shown.
    pub timestamp_ms: Option<i64>,
}

/// A label of a series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The value of a series, of its family's kind.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// Of a counter, a gauge or a metric of unknown kind.
    Number {
        /// The value.
        value: f64,
        /// A measurement that was counted; of counters only.
        exemplar: Option<Exemplar>,
    },
    /// Of a histogram.
    Histogram(HistogramValue),
    /// Of a summary.
    Summary(SummaryValue),
}

/// A distribution over buckets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramValue {
    /// How many values were counted.
    pub count: u64,
    /// Their sum, where it is known.
    pub sum: Option<f64>,
    /// The buckets by rising upper bound, the last one's being infinite and its count `count`.
    pub buckets: Vec<Bucket>,
}

/// A bucket and all below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The largest value counted here.
    pub upper_bound: f64,
    /// How many values are at most that.
    pub cumulative_count: u64,
    /// A measurement that was counted in this bucket.
    pub exemplar: Option<Exemplar>,
}

/// Quantiles.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SummaryValue {
    /// How many values were counted.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Each quantile, 0 to 1, with the value at it; rising.
    pub quantiles: Vec<(f64, f64)>,
}

impl Label {
    /// A label.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl FamilyKind {
    /// The type of a metric, which a scrape that Prometheus's metrics came by may have left in its metadata.
    pub fn of(metric: &MetricView<'_>) -> Self {
        let kind = MetricKind::of(&metric.data);
        match kind {
            MetricKind::Sum { is_monotonic: true, .. } => Self::Counter,
            MetricKind::Histogram { .. } | MetricKind::ExponentialHistogram { .. } => Self::Histogram,
            MetricKind::Summary => Self::Summary,
            MetricKind::Gauge | MetricKind::Sum { .. } | MetricKind::Empty => {
                let scraped = metric.metadata.get("prometheus.type");
                let is_unknown = kind == MetricKind::Gauge
                    && scraped.is_some_and(|scraped| scraped.to_text() == "unknown");
                if is_unknown { Self::Unknown } else { Self::Gauge }
            }
        }
    }

    /// The word for it in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "untyped",
        }
    }

    /// The label by which the samples of one series differ, which no series may have itself.
    pub const fn sample_label(self) -> Option<&'static str> {
        match self {
            Self::Histogram => Some("le"),
            Self::Summary => Some("quantile"),
            Self::Counter | Self::Gauge | Self::Unknown => None,
        }
    }

    /// What stands behind the family's name in the names of its samples.
    pub const fn sample_suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter | Self::Gauge | Self::Unknown => &[""],
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["", "_sum", "_count"],
        }
    }
}
