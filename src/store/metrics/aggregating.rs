//! The answer to a question about a metric, from the points of its series: the one place that says what aggregations
//! mean, for every engine.
//!
//! Points come from the newest to the oldest, more or less. Those that are in order become part of their group's steps at
//! once, so that little more is kept of a series than its earliest point so far.

mod added;
pub(in crate::store) mod fingerprint;
mod order_free_sum;
mod series;
mod steps;
mod totals;
mod values;
mod window;

use std::collections::BTreeMap;

use self::fingerprint::{ByFingerprint, Fingerprint, Fingerprinting};
use self::series::Series;
use self::steps::StepsOfGroup;
use self::window::Window;
use super::series_header::SeriesHeader;
use super::series_point::SeriesPoint;
use super::{Aggregation, ExemplarOfTime, MAX_EXEMPLARS, MetricKind, MetricQuery, MetricSeries};
use crate::store::{Answer, Cut, Limits, StoreError, TimeRange};

/// What is kept of series and steps while a question is answered takes so many bytes at most.
const MOST_HELD_BYTES: usize = 64 * 1024 * 1024;

/// What a series takes: itself, and twice where it is found, in lists and maps that are half empty at worst.
const HELD_BY_A_SERIES: usize = 2 * size_of::<Series>() + 4 * size_of::<(Fingerprint, SeriesPlace)>();

/// What a point that waits takes, about; distributions take more than themselves.
const HELD_BY_A_POINT: usize = 4 * size_of::<SeriesPoint>();

/// So many more points wait than did before those that need not wait any more are looked for.
const WAITING_BETWEEN_LOOKS: usize = 8_192;

/// Kind, unit, and the values of the fields grouped by.
type GroupKey = (MetricKind, String, Vec<Option<String>>);

/// Collects the series of a metric, and answers when all are there.
pub struct Aggregating<'q> {
    query: &'q MetricQuery,
    window: Window,
    /// How many groups are answered.
    rows: usize,
    most_held: usize,
    fingerprinting: Fingerprinting,
    /// Where series are, by their identity.
    places: ByFingerprint<SeriesPlace>,
    /// The first groups of the answer so far, each with its place in `groups`.
    places_of_groups: BTreeMap<GroupKey, u32>,
    /// Those that others pushed out of the answer are none.
    groups: Vec<Option<Box<Group>>>,
    /// How many bytes all this holds, about.
    held: usize,
    waiting: usize,
    waited_at_last_look: usize,
    refused: Option<MetricKind>,
    cut: Option<Cut>,
}

/// Where a series is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesPlace {
    group: u32,
    series: u32,
}

struct Group {
    steps: StepsOfGroup,
    series: Vec<Series>,
    exemplars: Vec<ExemplarOfTime>,
    newest_unix_nano: u64,
}

impl<'q> Aggregating<'q> {
    /// Begins to answer `query`.
    pub fn new(query: &'q MetricQuery, limits: &Limits) -> Result<Self, StoreError> {
        if let Aggregation::Quantile(quantile) = query.aggregation
            && !(0.0..=1.0).contains(&quantile)
        {
            return Err(StoreError::Question(format!("A quantile lies between 0 and 1, not at {quantile}.")));
        }
        Ok(Self {
            query,
            window: Window::of(query)?,
            rows: limits.rows,
            most_held: usize::try_from(limits.bytes).unwrap_or(usize::MAX).min(MOST_HELD_BYTES),
            fingerprinting: Fingerprinting::default(),
            places: ByFingerprint::default(),
            places_of_groups: BTreeMap::new(),
            groups: Vec::new(),
            held: 0,
            waiting: 0,
            waited_at_last_look: 0,
            refused: None,
            cut: None,
        })
    }

    /// What is to be read: the range asked for and a little around it.
    pub const fn read(&self) -> TimeRange {
        self.window.read()
    }

    /// Why no more should be read; none while there is room.
    pub fn is_full(&self) -> Option<Cut> {
        let held = self.held + self.waiting * HELD_BY_A_POINT;
        (held > self.most_held).then_some(Cut::Bytes)
    }

    /// Where points of a series are collected; none where it is not asked about, or not answered.
    pub fn place(&mut self, header: &SeriesHeader<'_>) -> Option<SeriesPlace> {
        if header.name != *self.query.name || !self.query.filter.fits(header.placed()) {
            return None;
        }
        let kind = header.shape.kind;
        if !can(self.query.aggregation, kind) {
            self.refused = self.refused.max(Some(kind));
            return None;
        }
        let identity = self.fingerprinting.of(&header.identity());
        if let Some(known) = self.places.get(&identity) {
            return Some(*known);
        }
        let group = self.place_of_group(header)?;
        // The first is answered whatever the limit.
        if !self.places.is_empty() && self.is_full().is_some() {
            self.cut = Some(Cut::Bytes);
            return None;
        }
        let series = &mut self.groups.get_mut(group as usize)?.as_mut()?.series;
        let place = SeriesPlace { group, series: u32::try_from(series.len()).ok()? };
        series.push(Series::new(header.shape, self.query.aggregation));
        self.held += HELD_BY_A_SERIES;
        self.places.insert(identity, place);
        Some(place)
    }

    /// The group of a series; none where it is behind those that are answered.
    fn place_of_group(&mut self, header: &SeriesHeader<'_>) -> Option<u32> {
        let placed = header.placed();
        let value = |field| placed.value(field).map(|value| value.to_text().into_owned());
        let kind = header.shape.kind;
        let key: GroupKey =
            (kind, header.unit.to_str().into_owned(), self.query.group_by.iter().map(value).collect());
        if let Some(known) = self.places_of_groups.get(&key) {
            return Some(*known);
        }
        if self.places_of_groups.len() >= self.rows {
            self.cut = self.cut.or(Some(Cut::Rows));
            let last = self.places_of_groups.last_entry().filter(|last| *last.key() > key)?;
            let pushed_out = last.remove();
            if let Some(group) = self.groups.get_mut(pushed_out as usize).and_then(Option::take) {
                self.held = self.held.saturating_sub(group.held_bytes());
                self.waiting -= group.series.iter().map(Series::waiting).sum::<usize>();
            }
        }
        let place = u32::try_from(self.groups.len()).ok()?;
        let group = Group {
            steps: StepsOfGroup::new(kind),
            series: Vec::new(),
            exemplars: Vec::new(),
            newest_unix_nano: 0,
        };
        self.held += group.held_bytes();
        self.groups.push(Some(Box::new(group)));
        self.places_of_groups.insert(key, place);
        Some(place)
    }

    /// Takes points out of `points`, in any order, all in what is to be read, and those exemplars that are in the range asked
    /// for. No points of later moments than `settled_after` come any more.
    pub fn add(
        &mut self,
        place: SeriesPlace,
        points: &mut Vec<SeriesPoint>,
        exemplars: &mut Vec<ExemplarOfTime>,
        settled_after: u64,
    ) {
        let Some(group) = self.groups.get_mut(place.group as usize).and_then(Option::as_mut) else {
            points.clear();
            exemplars.clear();
            return;
        };
        let held_before = group.held_bytes();
        let newest = points.iter().map(|point| point.unix_nano).max().unwrap_or_default();
        group.newest_unix_nano = group.newest_unix_nano.max(newest);
        let range = self.query.range;
        group.exemplars.extend(exemplars.drain(..).filter(|one| range.contains(one.unix_nano)));
        if group.exemplars.len() > 4 * MAX_EXEMPLARS {
            keep_newest(&mut group.exemplars);
        }
        if let Some(series) = group.series.get_mut(place.series as usize) {
            let waited = series.waiting();
            series.take(&self.window, points, settled_after, &mut group.steps);
            self.waiting = (self.waiting + series.waiting()).saturating_sub(waited);
        }
        self.held = (self.held + group.held_bytes()).saturating_sub(held_before);
        if self.waiting > 2 * self.waited_at_last_look + WAITING_BETWEEN_LOOKS {
            self.settle(settled_after);
        }
    }

    /// Takes all points that were made after `settled_after`.
    fn settle(&mut self, settled_after: u64) {
        self.waiting = 0;
        for group in self.groups.iter_mut().flatten() {
            let held_before = group.held_bytes();
            for series in &mut group.series {
                series.settle(&self.window, settled_after, &mut group.steps);
                self.waiting += series.waiting();
            }
            self.held = (self.held + group.held_bytes()).saturating_sub(held_before);
        }
        self.waited_at_last_look = self.waiting;
    }

    /// The answer, series by kind, unit and group.
    pub fn answer(mut self, cut: Option<Cut>) -> Result<Answer<Vec<MetricSeries>>, StoreError> {
        if let (Some(kind), true) = (self.refused, self.places_of_groups.is_empty() && self.cut.is_none()) {
            return Err(StoreError::Question(refusal(&self.query.name, self.query.aggregation, kind)));
        }
        let groups = self.groups.iter().flatten();
        let newest_of_all = groups.map(|group| group.newest_unix_nano).max().unwrap_or_default();
        let mut answered = Vec::new();
        for ((kind, unit, group), place) in self.places_of_groups {
            let Some(collected) = self.groups.get_mut(place as usize).and_then(Option::take) else {
                continue;
            };
            let Group { mut steps, series, mut exemplars, .. } = *collected;
            for series in series {
                series.finish(&self.window, newest_of_all, &mut steps);
            }
            keep_newest(&mut exemplars);
            let (points, heatmap) = steps.values(&self.window);
            // Others have points around the range alone.
            if !(points.is_empty() && heatmap.is_empty() && exemplars.is_empty()) {
                answered.push(MetricSeries { group, unit, kind, points, heatmap, exemplars });
            }
        }
        Ok(Answer { value: answered, cut: cut.or(self.cut) })
    }
}

impl Group {
    /// How many bytes it holds, about.
    fn held_bytes(&self) -> usize {
        size_of::<Self>()
            + self.steps.held_bytes()
            + self.series.len() * HELD_BY_A_SERIES
            + self.exemplars.len() * size_of::<ExemplarOfTime>()
    }
}

/// Keeps the newest exemplars, in order of time.
fn keep_newest(exemplars: &mut Vec<ExemplarOfTime>) {
    exemplars.sort_by(|one, other| {
        let place = |exemplar: &ExemplarOfTime| (exemplar.unix_nano, exemplar.trace_id, exemplar.span_id);
        place(one).cmp(&place(other)).then(one.value.total_cmp(&other.value))
    });
    exemplars.drain(..exemplars.len().saturating_sub(MAX_EXEMPLARS));
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

#[cfg(test)]
mod tests;
