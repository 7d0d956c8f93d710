//! The catalogue of metrics, and one metric over time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::console::answer::{ApiError, CutShape, cut_shape, first_cut, milliseconds, with_cut};
use crate::console::asked::Asked;
use crate::otlp::{Signal, hexadecimal};
use crate::store::filter::query_text::field_text;
use crate::store::{Aggregation, HeatmapColumn, MetricCatalogueEntry, MetricKind, MetricQuery, MetricSeries};

/// The parameters of `/metrics/query`.
pub const PARAMETERS: &[&str] = &["name", "from", "to", "step_ms", "q", "group_by", "aggregation", "limit"];

/// Answer of `/metrics`.
#[derive(Debug, Serialize)]
pub struct Metrics {
    metrics: Vec<Metric>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct Metric {
    name: String,
    description: String,
    unit: String,
    kind: &'static str,
    series: u64,
    attributes: Vec<MetricAttribute>,
    services: Vec<String>,
    newest_ms: f64,
}

#[derive(Debug, Serialize)]
struct MetricAttribute {
    key: String,
    values: u64,
}

/// Answer of `/metrics/query`.
#[derive(Debug, Serialize)]
pub struct MetricOverTime {
    name: String,
    unit: String,
    kind: &'static str,
    aggregation: &'static str,
    step_ms: f64,
    series: Vec<SeriesOverTime>,
    heatmap: Option<Heatmap>,
    exemplars: Vec<Exemplar>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct SeriesOverTime {
    group: BTreeMap<String, Option<String>>,
    times_ms: Vec<f64>,
    values: Vec<f64>,
    minimum: Vec<f64>,
    maximum: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Heatmap {
    times_ms: Vec<f64>,
    /// For each time its buckets: lower bound, upper bound, count; bounds without end are null.
    columns: Vec<Vec<(f64, f64, f64)>>,
}

#[derive(Debug, Serialize)]
struct Exemplar {
    time_ms: f64,
    value: f64,
    trace_id: String,
    span_id: String,
}

/// The words for aggregations.
const AGGREGATIONS: [(&str, Aggregation); 12] = [
    ("rate", Aggregation::Rate),
    ("increase", Aggregation::Increase),
    ("sum", Aggregation::Sum),
    ("average", Aggregation::Average),
    ("minimum", Aggregation::Minimum),
    ("maximum", Aggregation::Maximum),
    ("last", Aggregation::Last),
    ("series", Aggregation::Series),
    ("p50", Aggregation::Quantile(0.5)),
    ("p90", Aggregation::Quantile(0.9)),
    ("p95", Aggregation::Quantile(0.95)),
    ("p99", Aggregation::Quantile(0.99)),
];

const HEATMAP: &str = "heatmap";
const MOST_METRICS: usize = 50_000;
const DEFAULT_SERIES: usize = 50;
const MOST_SERIES: usize = 1_000;
const STEPS: u64 = 240;

/// What metrics there are.
pub fn metrics(asked: &Asked<'_>) -> Result<Metrics, ApiError> {
    let found = asked.store().metric_catalogue(asked.range()?, None, &asked.limits(MOST_METRICS))?;
    let (entries, cut) = with_cut(found, "metrics");
    Ok(Metrics { metrics: entries.into_iter().map(Metric::from).collect(), cut })
}

/// One metric over time.
pub fn query(asked: &Asked<'_>) -> Result<MetricOverTime, ApiError> {
    let Some(name) = asked.text("name") else {
        return Err(ApiError::bad_request("name must say which metric is meant; /metrics lists them."));
    };
    let range = asked.range()?;
    let group_by = asked.fields("group_by")?;
    let catalogue = asked.store().metric_catalogue(range, Some(name), &asked.limits(MOST_METRICS))?;
    let entry = catalogue.value.into_iter().next();
    let kind = entry.as_ref().map_or(MetricKind::Gauge, |entry| entry.kind);
    let word = asked.word("aggregation", &aggregation_words())?.unwrap_or_else(|| default_aggregation(kind));
    let step_nano = asked.step_nano(range, STEPS)?;
    let question = MetricQuery {
        name: name.to_owned(),
        range,
        step_nano,
        filter: asked.filter(Signal::Metrics)?,
        group_by: group_by.iter().map(|(_, field)| field.clone()).collect(),
        aggregation: aggregation(word),
    };
    let limits = asked.limits(asked.rows("limit", DEFAULT_SERIES, MOST_SERIES)?);
    let found = asked.store().query_metric(&question, &limits)?;
    let cut = first_cut([found.cut, catalogue.cut]);
    let mut series = found.value;
    let first = series.first();
    let exemplars = series.iter().flat_map(|series| &series.exemplars).map(|exemplar| Exemplar {
        time_ms: milliseconds(exemplar.unix_nano),
        value: exemplar.value,
        trace_id: hexadecimal(&exemplar.trace_id),
        span_id: hexadecimal(&exemplar.span_id),
    });
    let exemplars = exemplars.collect();
    let unit = first.map(|series| series.unit.clone()).or(entry.map(|entry| entry.unit)).unwrap_or_default();
    let kind = first.map_or(kind, |series| series.kind);
    let heatmap =
        (word == HEATMAP).then(|| Heatmap::of(series.iter_mut().flat_map(|series| series.heatmap.drain(..))));
    let keys: Vec<String> = group_by.into_iter().map(|(text, _)| text).collect();
    Ok(MetricOverTime {
        name: name.to_owned(),
        unit,
        kind: kind_word(kind),
        aggregation: word,
        step_ms: milliseconds(step_nano),
        series: series.iter().map(|series| SeriesOverTime::of(series, &keys)).collect(),
        heatmap,
        exemplars,
        cut: cut_shape(cut, "series"),
    })
}

/// Every word for an aggregation.
pub fn aggregation_words() -> Vec<&'static str> {
    AGGREGATIONS.iter().map(|(word, _)| *word).chain([HEATMAP]).collect()
}

/// The aggregation a word stands for.
fn aggregation(word: &str) -> Aggregation {
    let known = AGGREGATIONS.iter().find(|(known, _)| *known == word);
    known.map_or(Aggregation::Heatmap, |(_, aggregation)| *aggregation)
}

/// What is drawn of a metric where nothing is said.
const fn default_aggregation(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Gauge => "average",
        MetricKind::Counter => "rate",
        MetricKind::UpDownCounter => "sum",
        MetricKind::Histogram => "p95",
        MetricKind::Summary => "last",
    }
}

const fn kind_word(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Gauge => "gauge",
        MetricKind::Counter => "counter",
        MetricKind::UpDownCounter => "up_down_counter",
        MetricKind::Histogram => "histogram",
        MetricKind::Summary => "summary",
    }
}

impl From<MetricCatalogueEntry> for Metric {
    fn from(entry: MetricCatalogueEntry) -> Self {
        let attribute =
            |(field, values): &(_, u64)| MetricAttribute { key: field_text(field), values: *values };
        Self {
            attributes: entry.attributes.iter().map(attribute).collect(),
            name: entry.name,
            description: entry.description,
            unit: entry.unit,
            kind: kind_word(entry.kind),
            series: entry.series,
            services: entry.services,
            newest_ms: milliseconds(entry.newest_unix_nano),
        }
    }
}

impl SeriesOverTime {
    fn of(series: &MetricSeries, keys: &[String]) -> Self {
        let points = &series.points;
        Self {
            group: keys.iter().cloned().zip(series.group.iter().cloned()).collect(),
            times_ms: points.iter().map(|point| milliseconds(point.unix_nano)).collect(),
            values: points.iter().map(|point| point.value).collect(),
            minimum: points.iter().map(|point| point.minimum).collect(),
            maximum: points.iter().map(|point| point.maximum).collect(),
        }
    }
}

impl Heatmap {
    fn of(columns: impl Iterator<Item = HeatmapColumn>) -> Self {
        let (times_ms, columns) =
            columns.map(|column| (milliseconds(column.unix_nano), column.buckets)).unzip();
        Self { times_ms, columns }
    }
}
