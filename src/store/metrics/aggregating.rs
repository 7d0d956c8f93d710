//! The answer to a question about a metric, from the points of its series: the one place that says what aggregations
//! mean, for every engine.

mod steps;

use std::collections::BTreeMap;

use self::steps::{Added, Amounts, StepsOfGroup};
use super::series_header::{PointShape, SeriesHeader};
use super::series_point::{PointValue, SeriesPoint};
use super::{Aggregation, ExemplarOfTime, MAX_EXEMPLARS, MetricKind, MetricQuery, MetricSeries};
use crate::store::answer::steps_of;
use crate::store::{Answer, Cut, Limits, StoreError};

/// Collects the series of a metric, and answers when all are there.
pub struct Aggregating<'q> {
    query: &'q MetricQuery,
    /// Where the steps begin.
    steps: Vec<u64>,
    /// By identity, so that sums are made in the same order whatever the order of arrival.
    series: BTreeMap<Vec<u8>, CollectedSeries>,
}

struct CollectedSeries {
    shape: PointShape,
    unit: String,
    group: Vec<Option<String>>,
    points: Vec<SeriesPoint>,
    exemplars: Vec<ExemplarOfTime>,
}

impl<'q> Aggregating<'q> {
    /// Begins to answer `query`.
    pub fn new(query: &'q MetricQuery) -> Result<Self, StoreError> {
        if let Aggregation::Quantile(quantile) = query.aggregation
            && !(0.0..=1.0).contains(&quantile)
        {
            return Err(StoreError::Question(format!("A quantile lies between 0 and 1, not at {quantile}.")));
        }
        let steps = steps_of(query.range, query.step_nano)?.collect();
        Ok(Self { query, steps, series: BTreeMap::new() })
    }

    /// True where a series is asked about.
    pub fn wants(&self, header: &SeriesHeader<'_>) -> bool {
        header.name == *self.query.name && self.query.filter.fits(header.placed())
    }

    /// Adds points of a series that is wanted, all in the range asked for, and the exemplars these came with. Exemplars
    /// out of range are left out.
    pub fn add(
        &mut self,
        header: &SeriesHeader<'_>,
        points: impl IntoIterator<Item = SeriesPoint>,
        exemplars: impl IntoIterator<Item = ExemplarOfTime>,
    ) {
        let range = self.query.range;
        let mut points = points.into_iter().peekable();
        if points.peek().is_none() {
            return;
        }
        let placed = header.placed();
        let series = self.series.entry(header.identity()).or_insert_with(|| {
            let value = |field| placed.value(field).map(|value| value.to_text().into_owned());
            CollectedSeries {
                shape: header.shape,
                unit: header.unit.to_str().into_owned(),
                group: self.query.group_by.iter().map(value).collect(),
                points: Vec::new(),
                exemplars: Vec::new(),
            }
        });
        series.points.extend(points);
        series.exemplars.extend(exemplars.into_iter().filter(|one| range.contains(one.unix_nano)));
    }

    /// The answer, series by kind, unit and group.
    pub fn answer(self, limits: &Limits, cut: Option<Cut>) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        let aggregation = self.query.aggregation;
        let mut refused = None;
        let mut groups = BTreeMap::<_, (StepsOfGroup, Vec<ExemplarOfTime>)>::new();
        for series in self.series.into_values() {
            let kind = series.shape.kind;
            if !can(aggregation, kind) {
                refused = Some(kind);
                continue;
            }
            let (steps, exemplars) = groups
                .entry((kind, series.unit, series.group))
                .or_insert_with(|| (StepsOfGroup::new(aggregation, kind, self.query), Vec::new()));
            steps.add(&amounts(series.shape, series.points, self.query));
            exemplars.extend(series.exemplars);
        }
        if let (Some(kind), true) = (refused, groups.is_empty()) {
            return Err(StoreError::Question(refusal(&self.query.name, aggregation, kind)));
        }
        let is_cut = groups.len() > limits.rows;
        let answered =
            groups.into_iter().take(limits.rows).map(|((kind, unit, group), (steps, exemplars))| {
                let (points, heatmap) = steps.values(&self.steps);
                MetricSeries { group, unit, kind, points, heatmap, exemplars: newest(exemplars) }
            });
        Ok(Answer { value: answered.collect(), cut: cut.or(is_cut.then_some(Cut::Rows)) })
    }
}

/// The newest exemplars, in order of time.
fn newest(mut exemplars: Vec<ExemplarOfTime>) -> Vec<ExemplarOfTime> {
    exemplars.sort_by(|one, other| {
        let place = |exemplar: &ExemplarOfTime| (exemplar.unix_nano, exemplar.trace_id, exemplar.span_id);
        place(one).cmp(&place(other)).then(one.value.total_cmp(&other.value))
    });
    exemplars.drain(..exemplars.len().saturating_sub(MAX_EXEMPLARS));
    exemplars
}

/// True where an aggregation means something for a kind.
const fn can(aggregation: Aggregation, kind: MetricKind) -> bool {
    match aggregation {
        Aggregation::Rate | Aggregation::Increase => {
            matches!(kind, MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary)
        }
        Aggregation::Sum => matches!(kind, MetricKind::Gauge | MetricKind::UpDownCounter),
        Aggregation::Average => !matches!(kind, MetricKind::Counter),
        Aggregation::Minimum | Aggregation::Maximum => {
            matches!(kind, MetricKind::Gauge | MetricKind::UpDownCounter | MetricKind::Histogram)
        }
        Aggregation::Last => !matches!(kind, MetricKind::Histogram),
        Aggregation::Series => true,
        Aggregation::Quantile(_) => matches!(kind, MetricKind::Histogram | MetricKind::Summary),
        Aggregation::Heatmap => matches!(kind, MetricKind::Histogram),
    }
}

fn refusal(name: &str, aggregation: Aggregation, kind: MetricKind) -> String {
    let aggregation = match aggregation {
        Aggregation::Rate => "rate",
        Aggregation::Increase => "increase",
        Aggregation::Sum => "sum",
        Aggregation::Average => "average",
        Aggregation::Minimum => "minimum",
        Aggregation::Maximum => "maximum",
        Aggregation::Last => "last value",
        Aggregation::Series => "number of series",
        Aggregation::Quantile(_) => "quantile",
        Aggregation::Heatmap => "heatmap",
    };
    let kind = match kind {
        MetricKind::Gauge => "gauges",
        MetricKind::Counter => "counters",
        MetricKind::UpDownCounter => "up-down counters",
        MetricKind::Histogram => "histograms",
        MetricKind::Summary => "summaries",
    };
    format!("`{name}` cannot be asked for its {aggregation}: {kind} have none.")
}

/// What the points of a series say: for totals what was added and since when, else what they are.
fn amounts(shape: PointShape, mut points: Vec<SeriesPoint>, query: &MetricQuery) -> Vec<Added> {
    // Points of one time have an order too, so that every engine takes the same for the newest.
    points.sort_by(|one, other| {
        let place = |point: &SeriesPoint| (point.unix_nano, point.start_unix_nano);
        let by_content = || format!("{:?}", one.value).cmp(&format!("{:?}", other.value));
        place(one)
            .cmp(&place(other))
            .then_with(|| weight(one).total_cmp(&weight(other)))
            .then_with(by_content)
    });
    points.retain(|point| weight(point).is_finite());
    let is_total = matches!(shape.kind, MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary)
        && !matches!(query.aggregation, Aggregation::Last | Aggregation::Series)
        && !(shape.kind == MetricKind::Summary && matches!(query.aggregation, Aggregation::Quantile(_)));
    if !is_total || shape.is_delta {
        return points.into_iter().map(|point| Added::since_its_start(&point)).collect();
    }
    let mut added = Vec::new();
    let mut before: Option<&SeriesPoint> = None;
    for point in &points {
        let began_anew = match before {
            None => query.range.contains(point.start_unix_nano),
            Some(before) => {
                point.start_unix_nano != before.start_unix_nano && point.start_unix_nano >= before.unix_nano
            }
        };
        // A point that began when it was measured only tells where its total begins.
        let is_beginning = point.start_unix_nano == point.unix_nano;
        let since = before.map(|before| (before.unix_nano, Amounts::since(&point.value, &before.value)));
        before = Some(point);
        let one = match since {
            _ if is_beginning => continue,
            _ if began_anew => Added::since_its_start(point),
            None => continue,
            Some((since_unix_nano, amounts)) => Added {
                since_unix_nano,
                unix_nano: point.unix_nano,
                amounts: amounts.unwrap_or_else(|| Amounts::of(point.value.clone())),
            },
        };
        added.push(one);
    }
    added
}

/// The size of a value, by which values are ordered and left out where they are no finite numbers or missing.
fn weight(point: &SeriesPoint) -> f64 {
    match &point.value {
        PointValue::Missing => f64::NAN,
        PointValue::Number(number) => *number,
        PointValue::Distribution(distribution) => distribution.count as f64,
        PointValue::Summary(summary) => summary.count as f64,
    }
}

#[cfg(test)]
mod tests;
