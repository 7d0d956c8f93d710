//! What becomes of the points of each step, over all series of a group.

use std::collections::BTreeMap;

use crate::store::metrics::distribution::{Distribution, Interval, merged, quantile};
use crate::store::metrics::series_point::{PointValue, SeriesPoint, SummaryValue};
use crate::store::{Aggregation, HeatmapColumn, MetricKind, MetricQuery, PointOfTime, TimeRange};

/// So many intervals are merged at once.
const LEAST_TO_MERGE: usize = 1_024;

/// What a point says, and of which time.
#[derive(Debug, Clone)]
pub(super) struct Added {
    /// From when on that was added: not after the point.
    pub since_unix_nano: u64,
    /// When the point was made.
    pub unix_nano: u64,
    pub amounts: Amounts,
}

impl Added {
    /// All that a point says, of the time since it started; of its moment where it does not say that.
    pub(super) fn since_its_start(point: &SeriesPoint) -> Self {
        let is_known = (1..=point.unix_nano).contains(&point.start_unix_nano);
        Self {
            since_unix_nano: if is_known { point.start_unix_nano } else { point.unix_nano },
            unix_nano: point.unix_nano,
            amounts: Amounts::of(point.value.clone()),
        }
    }
}

/// What a point says: a value as it is, or what was added.
#[derive(Debug, Clone)]
pub(super) enum Amounts {
    /// A number.
    Number(f64),
    /// A distribution.
    Distribution(Box<Distribution>),
    /// A summary.
    Summary(Box<SummaryValue>),
}

impl Amounts {
    /// A point's value as it is. Points without one were left out before.
    pub(super) fn of(value: PointValue) -> Self {
        match value {
            PointValue::Missing => Self::Number(0.0),
            PointValue::Number(number) => Self::Number(number),
            PointValue::Distribution(distribution) => Self::Distribution(distribution),
            PointValue::Summary(summary) => Self::Summary(summary),
        }
    }

    /// What a total has beyond the one before; none where it has less: it began anew.
    pub(super) fn since(value: &PointValue, before: &PointValue) -> Option<Self> {
        match (value, before) {
            (PointValue::Number(value), PointValue::Number(before)) => {
                (value >= before).then(|| Self::Number(value - before))
            }
            (PointValue::Distribution(value), PointValue::Distribution(before)) => {
                value.since(before).map(Box::new).map(Self::Distribution)
            }
            (PointValue::Summary(value), PointValue::Summary(before)) => {
                let count = value.count.checked_sub(before.count)?;
                let sum = value.sum - before.sum;
                let quantiles = value.quantiles.clone();
                Some(Self::Summary(Box::new(SummaryValue { count, sum, quantiles })))
            }
            _ => None,
        }
    }

    /// How many values were counted, and their sum.
    fn counted(&self) -> (u64, f64) {
        match self {
            Self::Number(number) => (1, *number),
            Self::Distribution(distribution) => (distribution.count, distribution.sum),
            Self::Summary(summary) => (summary.count, summary.sum),
        }
    }

    /// The number, the mean of a distribution or summary; none where nothing was counted.
    fn mean(&self) -> Option<f64> {
        let (count, sum) = self.counted();
        (count > 0).then(|| sum / count as f64)
    }

    /// The number, or how many values were counted.
    fn total(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Distribution(_) | Self::Summary(_) => self.counted().0 as f64,
        }
    }
}

/// The steps of a group so far.
pub(super) struct StepsOfGroup {
    aggregation: Aggregation,
    kind: MetricKind,
    range: TimeRange,
    step_nano: u64,
    steps: BTreeMap<usize, Step>,
}

/// What all series said in a step.
#[derive(Default)]
struct Step {
    /// The sum of whatever is added up, and how many values that were.
    sum: f64,
    count: f64,
    least: Option<f64>,
    greatest: Option<f64>,
    newest: Option<(u64, f64)>,
    intervals: Vec<Interval>,
    /// How many intervals there were when they were last merged.
    merged: usize,
}

/// What one series said in a step.
#[derive(Default)]
struct StepOfSeries {
    last: f64,
    least: Option<f64>,
    greatest: Option<f64>,
}

impl StepsOfGroup {
    pub(super) const fn new(aggregation: Aggregation, kind: MetricKind, query: &MetricQuery) -> Self {
        let steps = BTreeMap::new();
        Self { aggregation, kind, range: query.range, step_nano: query.step_nano, steps }
    }

    /// Adds a series, its amounts in order of time.
    pub(super) fn add(&mut self, added: &[Added]) {
        match self.aggregation {
            Aggregation::Sum | Aggregation::Series => self.add_series(added),
            Aggregation::Rate => added.iter().for_each(|one| self.spread(one)),
            _ => added.iter().for_each(|one| self.add_point(one.unix_nano, &one.amounts)),
        }
    }

    /// Adds to each step its part of what was added, evenly over the time since: points may come less often than steps.
    fn spread(&mut self, added: &Added) {
        let (total, whole) = (added.amounts.total(), added.unix_nano - added.since_unix_nano);
        let begin = added.since_unix_nano.max(self.range.from_unix_nano);
        let (first, last) = (self.step_at(begin), self.step_at(added.unix_nano));
        if whole == 0 {
            self.steps.entry(last).or_default().sum += total;
            return;
        }
        for at in first..=last {
            let step_begin = self.range.from_unix_nano.saturating_add(at as u64 * self.step_nano);
            let step_end = step_begin.saturating_add(self.step_nano);
            let covered = step_end.min(added.unix_nano) - step_begin.max(begin);
            if covered > 0 {
                self.steps.entry(at).or_default().sum += total * (covered as f64 / whole as f64);
            }
        }
    }

    /// The values of the steps that have one, which begin at `begins`.
    pub(super) fn values(&self, begins: &[u64]) -> (Vec<PointOfTime>, Vec<HeatmapColumn>) {
        let (mut points, mut heatmap) = (Vec::new(), Vec::new());
        for (at, step) in &self.steps {
            let Some(unix_nano) = begins.get(*at).copied() else {
                continue;
            };
            if self.aggregation == Aggregation::Heatmap {
                let buckets = merged(step.intervals.clone());
                if !buckets.is_empty() {
                    heatmap.push(HeatmapColumn { unix_nano, buckets });
                }
                continue;
            }
            if let Some(value) = self.value(step, unix_nano) {
                let (minimum, maximum) = (step.least.unwrap_or(value), step.greatest.unwrap_or(value));
                points.push(PointOfTime { unix_nano, value, minimum, maximum });
            }
        }
        (points, heatmap)
    }

    fn value(&self, step: &Step, unix_nano: u64) -> Option<f64> {
        let of_intervals = |share| quantile(&merged(step.intervals.clone()), share);
        match self.aggregation {
            Aggregation::Rate => {
                let length = self.step_nano.min(self.range.to_unix_nano.saturating_sub(unix_nano));
                Some(step.sum / (length as f64 / 1e9))
            }
            Aggregation::Increase | Aggregation::Sum => Some(step.sum),
            Aggregation::Average => (step.count > 0.0).then(|| step.sum / step.count),
            Aggregation::Minimum if self.kind == MetricKind::Histogram => of_intervals(0.0),
            Aggregation::Maximum if self.kind == MetricKind::Histogram => of_intervals(1.0),
            Aggregation::Minimum => step.least,
            Aggregation::Maximum => step.greatest,
            Aggregation::Last => step.newest.map(|(_, value)| value),
            Aggregation::Series => Some(step.count),
            Aggregation::Quantile(_) if self.kind == MetricKind::Summary => step.greatest,
            Aggregation::Quantile(share) => of_intervals(share),
            Aggregation::Heatmap => None,
        }
    }

    fn add_series(&mut self, added: &[Added]) {
        let mut of_series = BTreeMap::<usize, StepOfSeries>::new();
        for one in added {
            let step = of_series.entry(self.step_at(one.unix_nano)).or_default();
            step.last = one.amounts.total();
            step.least = least(step.least, step.last);
            step.greatest = greatest(step.greatest, step.last);
        }
        for (at, series) in of_series {
            let step = self.steps.entry(at).or_default();
            step.count += 1.0;
            step.sum += series.last;
            if self.aggregation == Aggregation::Sum {
                let add = |sum: &mut Option<f64>, one: Option<f64>| {
                    *sum = Some(sum.unwrap_or_default() + one.unwrap_or_default());
                };
                add(&mut step.least, series.least);
                add(&mut step.greatest, series.greatest);
            }
        }
    }

    fn add_point(&mut self, unix_nano: u64, amounts: &Amounts) {
        let (aggregation, kind) = (self.aggregation, self.kind);
        let at = self.step_at(unix_nano);
        let step = self.steps.entry(at).or_default();
        match (aggregation, amounts) {
            (Aggregation::Increase, amounts) => step.sum += amounts.total(),
            (Aggregation::Average, Amounts::Distribution(_) | Amounts::Summary(_)) => {
                let (count, sum) = amounts.counted();
                step.sum += sum;
                step.count += count as f64;
            }
            (_, Amounts::Distribution(distribution)) => step.add_intervals(distribution.intervals()),
            (Aggregation::Quantile(share), Amounts::Summary(summary)) if kind == MetricKind::Summary => {
                if let Some(value) = summary.nearest(share) {
                    step.add_value(unix_nano, value);
                }
            }
            (_, amounts) => {
                if let Some(value) = amounts.mean() {
                    step.add_value(unix_nano, value);
                }
            }
        }
    }

    fn step_at(&self, unix_nano: u64) -> usize {
        let from_beginning = unix_nano.saturating_sub(self.range.from_unix_nano);
        usize::try_from(from_beginning / self.step_nano).unwrap_or(usize::MAX)
    }
}

impl Step {
    fn add_intervals(&mut self, intervals: Vec<Interval>) {
        self.intervals.extend(intervals);
        // Most points have the same buckets, so that few are left.
        if self.intervals.len() > 2 * self.merged + LEAST_TO_MERGE {
            self.intervals = merged(std::mem::take(&mut self.intervals));
            self.merged = self.intervals.len();
        }
    }

    fn add_value(&mut self, unix_nano: u64, value: f64) {
        self.sum += value;
        self.count += 1.0;
        self.least = least(self.least, value);
        self.greatest = greatest(self.greatest, value);
        let is_newer =
            |(newest, greatest): (u64, f64)| unix_nano > newest || (unix_nano == newest && value > greatest);
        if self.newest.is_none_or(is_newer) {
            self.newest = Some((unix_nano, value));
        }
    }
}

fn least(one: Option<f64>, other: f64) -> Option<f64> {
    Some(one.map_or(other, |one| one.min(other)))
}

fn greatest(one: Option<f64>, other: f64) -> Option<f64> {
    Some(one.map_or(other, |one| one.max(other)))
}
