//! Questions about metrics, and what is the same for all engines in answering them.

pub mod aggregating;
pub mod cataloguing;
pub mod distribution;
pub mod series_header;
pub mod series_point;

use super::{Field, Filter, TimeRange};

/// How many exemplars a series of an answer has at most: the newest.
pub const MAX_EXEMPLARS: usize = 100;

/// What a metric is. Metrics of one name and different kind or unit are different metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// A value as it is.
    Gauge,
    /// A total that only grows, or what was added since the last point.
    Counter,
    /// A total that may go down too.
    UpDownCounter,
    /// A distribution in buckets, of either kind.
    Histogram,
    /// A distribution as quantiles.
    Summary,
}

/// A metric that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCatalogueEntry {
    /// Its name.
    pub name: String,
    /// What it says of itself with its newest point.
    pub description: String,
    /// Its unit.
    pub unit: String,
    /// What it is.
    pub kind: MetricKind,
    /// How many series it has in the range.
    pub series: u64,
    /// Its attribute keys, scopes' and resources' included, each with how many values it has, by key.
    pub attributes: Vec<(Field, u64)>,
    /// The services that send it, by name.
    pub services: Vec<String>,
    /// When its newest point was made.
    pub newest_unix_nano: u64,
}

/// One metric, over time.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricQuery {
    /// The name.
    pub name: String,
    /// When. Steps are counted from its beginning.
    pub range: TimeRange,
    /// The length of a step; not 0.
    pub step_nano: u64,
    /// Which series.
    pub filter: Filter,
    /// The fields whose values tell answered series apart; none for one series of all.
    pub group_by: Vec<Field>,
    /// What becomes of the points of a step.
    pub aggregation: Aggregation,
}

/// What becomes of the points of a step and of the series of a group. Points are read from five minutes before the range to
/// five minutes behind it.
///
/// A counter's points are first turned into what was added since the one before of the same total, which is told by its start:
/// processes that say the same of themselves may be interleaved. A total that has less began anew. The first point of a
/// total adds nothing, unless it started within what is read; where it started when it was made, it only says where its
/// total begins. What a point adds is taken as added evenly since the one before, or since it started, and what of
/// that lies in the range is answered, in the step of the point, or in the last one: ranges that follow each other add up.
///
/// Values as they are hold until the next point of their series, where that comes within five minutes: a step without a
/// point has the value that holds when it begins. A series' newest value holds until the newest of all points was made; where
/// that is more than twice as long as it came after the one before, or five minutes, the series has ended with it. What
/// was added since the last point, where points have that, does not hold.
///
/// Points without a finite value are passed over; one that says it has none ends its series. Answers have
/// the series by kind, unit and group; a question that means nothing for any kind of the metric is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregation {
    /// What was added, each second: counters, and histograms' and summaries' counts. Each step has its part of what points
    /// add, so that a rate is right however short the steps are. The first and the last step of a group are divided by the
    /// part of them of which anything is known. A total goes on rising as it did last where a value would hold.
    Rate,
    /// What was added: counters, and histograms' and summaries' counts.
    Increase,
    /// The sum over the series of each series' last value in the step: gauges and up-down counters.
    Sum,
    /// The mean: of all points, and values that hold, for gauges and up-down counters, sum by count for histograms and summaries.
    Average,
    /// The least value: gauges and up-down counters; for histograms the quantile 0.
    Minimum,
    /// The greatest value: gauges and up-down counters; for histograms the quantile 1.
    Maximum,
    /// The newest value of the step, the greatest of series that are equally new: all but histograms; counters as they
    /// are, summaries by their mean. The newest value of a series does not hold, so that the answer says when it came.
    Last,
    /// How many series have a point in the step, or a value that holds.
    Series,
    /// A quantile (0 to 1) of what histograms counted in the step, linear within a bucket. For summaries the greatest
    /// value at the quantile nearest to it.
    Quantile(f64),
    /// What histograms counted in the step, by bucket.
    Heatmap,
}

/// A series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSeries {
    /// The values of the fields grouped by, in their order; none where the series has no such field.
    pub group: Vec<Option<String>>,
    /// The unit of the metric.
    pub unit: String,
    /// The kind of the metric.
    pub kind: MetricKind,
    /// Steps that have a value, in order of time.
    pub points: Vec<PointOfTime>,
    /// For [`Aggregation::Heatmap`] the buckets in place of points.
    pub heatmap: Vec<HeatmapColumn>,
    /// Examples of the range that points of the range came with, by time.
    pub exemplars: Vec<ExemplarOfTime>,
}

/// The value of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointOfTime {
    /// The beginning of the step.
    pub unix_nano: u64,
    /// The value.
    pub value: f64,
    /// The least value among the points of the step, so that no trough is lost; for [`Aggregation::Sum`] the sum of the
    /// series' least. `value` where there is but one, and where points are not values of their own (rates, quantiles).
    pub minimum: f64,
    /// The greatest value, so that no peak is lost.
    pub maximum: f64,
}

/// The buckets of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatmapColumn {
    /// The beginning of the step.
    pub unix_nano: u64,
    /// Lower bound, upper bound, count, of buckets with a count, in ascending order. The first lower and the last upper
    /// bound may be infinite.
    pub buckets: Vec<(f64, f64, f64)>,
}

/// An example of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarOfTime {
    /// When it was measured.
    pub unix_nano: u64,
    /// What was measured.
    pub value: f64,
    /// The trace it belongs to, where it says.
    pub trace_id: [u8; 16],
    /// The span it belongs to.
    pub span_id: [u8; 8],
}
