//! What becomes of the points of each step, over all series of a group.

use super::added::{Added, Amounts};
use super::order_free_sum::OrderFreeSum;
use super::window::Window;
use crate::store::metrics::distribution::{Interval, merged, quantile};
use crate::store::{Aggregation, HeatmapColumn, MetricKind, PointOfTime};

/// So many intervals, and as many as are merged, wait until they are.
const MOST_UNMERGED: usize = 64;

/// Shares of what histograms counted are multiples of this, so that sums of them are exact in any order.
const SMALLEST_SHARE: f64 = 1.0 / 1_048_576.0;

/// The steps of a group so far.
pub(super) struct StepsOfGroup {
    kind: MetricKind,
    /// By number, up to the last that has anything.
    steps: Vec<Option<Box<Step>>>,
    /// How many have anything.
    with_content: usize,
    /// From when to when anything is known of rates.
    known: Option<(u64, u64)>,
    /// The step of a rate that was added to last, and where it begins and ends: mostly the next is the same.
    recent: (usize, u64, u64),
}

/// What all series said in a step.
#[derive(Default)]
struct Step {
    /// The sum of whatever is added up, and how many values that were.
    sum: OrderFreeSum,
    count: OrderFreeSum,
    least: Option<f64>,
    greatest: Option<f64>,
    /// For sums the sums of the series' least and greatest.
    sum_of_least: OrderFreeSum,
    sum_of_greatest: OrderFreeSum,
    newest: Option<(u64, f64)>,
    intervals: Vec<Interval>,
    /// How many intervals there were when they were last merged.
    merged: usize,
}

/// What one series said in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepOfSeries {
    pub last: f64,
    pub least: f64,
    pub greatest: f64,
}

impl StepOfSeries {
    /// A step with one value.
    pub const fn of(value: f64) -> Self {
        Self { last: value, least: value, greatest: value }
    }

    /// Adds a value that came before the others.
    pub const fn add_earlier(&mut self, value: f64) {
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }
}

impl StepsOfGroup {
    pub const fn new(kind: MetricKind) -> Self {
        Self { kind, steps: Vec::new(), with_content: 0, known: None, recent: (0, 0, 0) }
    }

    /// How many bytes it holds, about.
    pub fn held_bytes(&self) -> usize {
        self.steps.capacity() * size_of::<Option<Box<Step>>>() + self.with_content * size_of::<Step>()
    }

    /// A step of the range.
    fn step(&mut self, at: usize) -> &mut Step {
        if at >= self.steps.len() {
            self.steps.resize_with(at + 1, || None);
        }
        let step = &mut self.steps[at];
        self.with_content += usize::from(step.is_none());
        step.get_or_insert_default()
    }

    /// Adds what a series said in a step, for aggregations that take series one by one.
    pub fn add_series(&mut self, at: usize, of_series: StepOfSeries) {
        let step = self.step(at);
        step.count.add(1.0);
        step.sum.add(of_series.last);
        step.sum_of_least.add(of_series.least);
        step.sum_of_greatest.add(of_series.greatest);
    }

    /// Adds a value of a step.
    pub fn add_value(&mut self, at: usize, unix_nano: u64, value: f64) {
        let step = self.step(at);
        step.sum.add(value);
        step.count.add(1.0);
        step.least = Some(step.least.map_or(value, |least| least.min(value)));
        step.greatest = Some(step.greatest.map_or(value, |greatest| greatest.max(value)));
        let is_newer =
            |(newest, greatest): (u64, f64)| unix_nano > newest || (unix_nano == newest && value > greatest);
        if step.newest.is_none_or(is_newer) {
            step.newest = Some((unix_nano, value));
        }
    }

    /// Adds what was added over a time.
    pub fn add_added(&mut self, window: &Window, added: &Added) {
        if window.aggregation == Aggregation::Rate {
            self.spread(window, added);
            return;
        }
        let Some(share) = share_of(window, added) else {
            return;
        };
        // What was told of after the range was added at its end.
        let at = window.step_of(added.unix_nano).unwrap_or(window.steps.saturating_sub(1));
        let step = self.step(at);
        match (window.aggregation, &added.amounts) {
            (Aggregation::Increase, amounts) => step.sum.add(amounts.total() * share),
            (Aggregation::Average, amounts) => {
                let (count, sum) = amounts.counted();
                step.sum.add(sum * share);
                step.count.add(count as f64 * share);
            }
            (_, Amounts::Distribution(distribution)) => {
                step.add_intervals(distribution.intervals().into_iter().map(|(low, high, count)| {
                    let count = (count * share / SMALLEST_SHARE).round() * SMALLEST_SHARE;
                    (low, high, count)
                }));
            }
            (_, Amounts::Number(_) | Amounts::Summary(_)) => {}
        }
    }

    /// Adds to each step its part of what was added, evenly over the time since: points may come less often than steps.
    fn spread(&mut self, window: &Window, added: &Added) {
        let (since, until) = (added.since_unix_nano, added.unix_nano);
        let total = added.amounts.total();
        if since == until {
            // Of a moment it is not known how long it took: as long as the step.
            if let Some(at) = window.step_of(until) {
                let (begin, end) = window.ends_of(at);
                self.know(begin, end);
                self.step(at).sum.add(total);
            }
            return;
        }
        self.know(since, until);
        if since >= self.recent.1 && until <= self.recent.2 {
            self.step(self.recent.0).sum.add(total);
            return;
        }
        let Some((begin, end)) = window.part_of(since, until) else {
            return;
        };
        let first = window.step_of(begin).unwrap_or_default();
        for at in first..window.steps {
            let (step_begin, step_end) = window.ends_of(at);
            if step_begin >= end {
                break;
            }
            self.recent = (at, step_begin, step_end);
            let covered = step_end.min(end) - step_begin.max(begin);
            let share = covered as f64 / (until - since) as f64;
            self.step(at).sum.add(total * share);
        }
    }

    fn know(&mut self, since: u64, until: u64) {
        let (first, last) = self.known.unwrap_or((since, until));
        self.known = Some((first.min(since), last.max(until)));
    }

    /// The values of the steps that have one.
    pub fn values(self, window: &Window) -> (Vec<PointOfTime>, Vec<HeatmapColumn>) {
        let Self { kind, steps, known, .. } = self;
        let (mut points, mut heatmap) = (Vec::new(), Vec::new());
        for (at, step) in steps.into_iter().enumerate() {
            let Some(step) = step else {
                continue;
            };
            let (unix_nano, end) = window.ends_of(at);
            if window.aggregation == Aggregation::Heatmap {
                let buckets = merged(step.intervals);
                if !buckets.is_empty() {
                    heatmap.push(HeatmapColumn { unix_nano, buckets });
                }
                continue;
            }
            let (mut minimum, mut maximum) = (step.least, step.greatest);
            if window.aggregation == Aggregation::Sum {
                (minimum, maximum) = (Some(step.sum_of_least.value()), Some(step.sum_of_greatest.value()));
            }
            let seconds = seconds_known(known, unix_nano, end);
            if let Some(value) = step.value(window.aggregation, kind, seconds) {
                let (minimum, maximum) = (minimum.unwrap_or(value), maximum.unwrap_or(value));
                points.push(PointOfTime { unix_nano, value, minimum, maximum });
            }
        }
        (points, heatmap)
    }
}

/// The seconds of a step of which rates are known: all but of the first and of the last step.
fn seconds_known(known: Option<(u64, u64)>, begin: u64, end: u64) -> f64 {
    let (since, until) = known.unwrap_or((begin, end));
    let nano = until.min(end).saturating_sub(since.max(begin));
    nano as f64 / 1e9
}

/// The part of what was added that was added within the range; none where nothing was.
fn share_of(window: &Window, added: &Added) -> Option<f64> {
    let whole = added.unix_nano - added.since_unix_nano;
    if whole == 0 {
        return window.range.contains(added.unix_nano).then_some(1.0);
    }
    let (begin, end) = window.part_of(added.since_unix_nano, added.unix_nano)?;
    Some(if end - begin == whole { 1.0 } else { (end - begin) as f64 / whole as f64 })
}

impl Step {
    fn value(self, aggregation: Aggregation, kind: MetricKind, seconds: f64) -> Option<f64> {
        let (sum, count) = (self.sum.value(), self.count.value());
        let of_intervals = |share| quantile(&merged(self.intervals), share);
        match aggregation {
            Aggregation::Rate => (seconds > 0.0).then(|| sum / seconds),
            Aggregation::Increase | Aggregation::Sum => Some(sum),
            Aggregation::Average => (count > 0.0).then(|| sum / count),
            Aggregation::Minimum if kind == MetricKind::Histogram => of_intervals(0.0),
            Aggregation::Maximum if kind == MetricKind::Histogram => of_intervals(1.0),
            Aggregation::Minimum => self.least,
            Aggregation::Maximum => self.greatest,
            Aggregation::Last => self.newest.map(|(_, value)| value),
            Aggregation::Series => Some(count),
            Aggregation::Quantile(_) if kind == MetricKind::Summary => self.greatest,
            Aggregation::Quantile(share) => of_intervals(share),
            Aggregation::Heatmap => None,
        }
    }

    fn add_intervals(&mut self, intervals: impl Iterator<Item = Interval>) {
        let mut at = 0;
        for interval in intervals {
            // Those that were merged are in ascending order, and most points have the same buckets.
            let known = self.intervals.get(at..self.merged).unwrap_or_default();
            match known.iter().position(|known| is_same_interval(known, &interval)) {
                Some(place) => {
                    at += place;
                    self.intervals[at].2 += interval.2;
                }
                None => self.intervals.push(interval),
            }
        }
        if self.intervals.len() > 2 * self.merged + MOST_UNMERGED {
            self.intervals = merged(std::mem::take(&mut self.intervals));
            self.merged = self.intervals.len();
        }
    }
}

fn is_same_interval(one: &Interval, other: &Interval) -> bool {
    one.0.to_bits() == other.0.to_bits() && one.1.to_bits() == other.1.to_bits()
}
