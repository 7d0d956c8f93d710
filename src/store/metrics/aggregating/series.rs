//! A series while its points come: those that are in order go into its group's steps at once, the others wait.

use super::added::Added;
use super::steps::StepsOfGroup;
use super::totals::Totals;
use super::values::Values;
use super::window::Window;
use crate::store::Aggregation;
use crate::store::metrics::MetricKind;
use crate::store::metrics::series_header::PointShape;
use crate::store::metrics::series_point::{PointValue, SeriesPoint};

/// A series of a group.
#[derive(Debug)]
pub(super) struct Series {
    /// Points that earlier ones, or later ones, may yet come before.
    waiting: Vec<SeriesPoint>,
    taking: Taking,
}

/// What becomes of its points.
#[derive(Debug)]
enum Taking {
    /// They are taken as they are; `true` where they hold until the next.
    Values(Values, bool),
    /// Each has what was added since the one before.
    Deltas,
    /// They are totals.
    Totals(Totals),
}

impl Series {
    pub fn new(shape: PointShape, aggregation: Aggregation) -> Self {
        let is_added_up = match shape.kind {
            MetricKind::Gauge | MetricKind::UpDownCounter => false,
            MetricKind::Counter | MetricKind::Histogram => true,
            MetricKind::Summary => !matches!(aggregation, Aggregation::Quantile(_)),
        };
        let taking = if !is_added_up || matches!(aggregation, Aggregation::Last | Aggregation::Series) {
            Taking::Values(Values::default(), !shape.is_delta)
        } else if shape.is_delta {
            Taking::Deltas
        } else {
            Taking::Totals(Totals::default())
        };
        Self { waiting: Vec::new(), taking }
    }

    /// How many points wait.
    pub const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes points out of `points`, in any order. No points of later moments than `settled_after` come any more.
    pub fn take(
        &mut self,
        window: &Window,
        points: &mut Vec<SeriesPoint>,
        settled_after: u64,
        group: &mut StepsOfGroup,
    ) {
        if self.waiting.is_empty() {
            self.taking.settle(window, points, settled_after, group);
            self.waiting.append(points);
        } else {
            self.waiting.append(points);
            self.settle(window, settled_after, group);
        }
    }

    /// Takes those that wait and were made after `settled_after`.
    pub fn settle(&mut self, window: &Window, settled_after: u64, group: &mut StepsOfGroup) {
        self.taking.settle(window, &mut self.waiting, settled_after, group);
        self.waiting.shrink_to(self.waiting.len() * 2);
    }

    /// Takes all that wait, and answers for what follows from the last of the series.
    pub fn finish(mut self, window: &Window, newest_of_all: u64, group: &mut StepsOfGroup) {
        self.settle(window, 0, group);
        // What is left has the time 0.
        while let Some(point) = self.waiting.pop() {
            self.taking.take(window, point, group);
        }
        match self.taking {
            Taking::Values(values, _) => values.finish(window, newest_of_all, group),
            Taking::Totals(totals) => totals.finish(window, newest_of_all, group),
            Taking::Deltas => {}
        }
    }
}

impl Taking {
    /// Takes those of `points` that were made after `settled_after`, the newest first.
    fn settle(
        &mut self,
        window: &Window,
        points: &mut Vec<SeriesPoint>,
        settled_after: u64,
        group: &mut StepsOfGroup,
    ) {
        // The newest last, so that they can be taken from the end.
        if !points.is_sorted_by(|one, other| one.unix_nano < other.unix_nano) {
            points.sort_by(SeriesPoint::in_order);
        }
        while let Some(point) = points.pop_if(|point| point.unix_nano > settled_after) {
            self.take(window, point, group);
        }
    }

    fn take(&mut self, window: &Window, point: SeriesPoint, group: &mut StepsOfGroup) {
        if !point.is_finite_or_missing() {
            return;
        }
        match self {
            Self::Values(values, may_hold) => values.take(window, &point, *may_hold, group),
            Self::Totals(totals) => totals.take(window, point, group),
            Self::Deltas if point.value == PointValue::Missing => {}
            Self::Deltas => group.add_added(window, &Added::since_its_start(point)),
        }
    }
}
