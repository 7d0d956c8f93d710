//! The way of a batch into requests: each data point becomes samples of one or more series.

mod point_labels;

use self::point_labels::{MetricNames, PointLabels};
use super::RemoteWriteExporterConfig;
use super::protocol::Protocol;
use super::rejection::{Rejected, Rejection};
use super::series::{Sample, SeriesTable, WriteRequests};
use crate::metric_streams::{MetricKind, Temporality};
use crate::otlp::{
    Batch, HistogramDataPointView, KeyValueView, List, MetricData, MetricView, NumberDataPointView,
    ResourceGroup, ScopeGroup, SummaryDataPointView,
};
use crate::pipeline::BuildError;
use crate::prometheus::{Destination, FamilyKind, LabelRules, NamedKind, SeriesLabels, TargetName};

/// Bit 0 of a data point's flags: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;
/// The NaN by which Prometheus knows that a series has ended.
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// How batches are translated.
pub(super) struct Translation {
    rules: LabelRules,
    protocol: Protocol,
    size_limit: usize,
    writes_target_info: bool,
}

/// A batch on its way.
struct Writing<'t> {
    translation: &'t Translation,
    table: SeriesTable,
    labels: SeriesLabels<'t>,
    point: PointLabels,
    rejected: Rejected,
}

/// Where a data point stands.
struct Place<'a> {
    group: &'a ResourceGroup<'a>,
    scope_group: &'a ScopeGroup<'a>,
    metric: &'a MetricView<'a>,
    kind: FamilyKind,
    names: MetricNames,
}

impl Translation {
    pub fn new(config: &RemoteWriteExporterConfig) -> Result<Self, BuildError> {
        let rules = LabelRules::new(
            config.naming(),
            Destination::RemoteWrite,
            &config.external_labels,
            config.resource_labels(),
            !config.disable_scope_info,
        )?;
        Ok(Self {
            rules,
            protocol: config.protocol(),
            size_limit: config.batch_size(),
            writes_target_info: config.target_info.enabled,
        })
    }

    /// The requests of a batch, and what of it is in none.
    pub fn of(&self, batch: &Batch) -> (WriteRequests, Rejected) {
        let mut writing = Writing {
            translation: self,
            table: SeriesTable::new(self.protocol),
            labels: SeriesLabels::new(&self.rules),
            point: PointLabels::default(),
            rejected: Rejected::default(),
        };
        for group in batch.resource_groups() {
            writing.write_resource_group(&group);
        }
        let Writing { table, rejected, .. } = writing;
        (table.into_requests(self.size_limit), rejected)
    }
}

impl Writing<'_> {
    fn write_resource_group(&mut self, group: &ResourceGroup<'_>) {
        let mut latest_unix_nano = 0;
        for scope_group in group.scope_groups.iter() {
            let entered = self.labels.enter(group, &scope_group);
            for metric in scope_group.metrics() {
                latest_unix_nano = latest_unix_nano.max(latest_time(&metric.data));
                if let Err(error) = &entered {
                    self.rejected.note(metric.data.data_point_count(), error.clone().into());
                } else if let Err(rejection) = self.write_metric(group, &scope_group, &metric) {
                    self.rejected.note(metric.data.data_point_count(), rejection);
                }
            }
        }
        if self.translation.writes_target_info && latest_unix_nano > 0 {
            self.write_target_info(group, latest_unix_nano);
        }
    }

    fn write_metric(
        &mut self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        metric: &MetricView<'_>,
    ) -> Result<(), Rejection> {
        let metric_kind = MetricKind::of(&metric.data);
        if matches!(metric_kind.temporality(), Some(Temporality::Delta | Temporality::Unspecified)) {
            return Err(Rejection::Temporality(metric.name.to_string()));
        }
        let named_kind = NamedKind::of(metric_kind);
        let naming = self.translation.rules.naming();
        let name = naming.metric(&metric.name.to_str(), &metric.unit.to_str(), named_kind);
        let name = name.ok_or_else(|| Rejection::MetricName(metric.name.to_string()))?;
        let kind = FamilyKind::of(metric);
        let names = MetricNames::new(&mut self.table.labels, &name, kind);
        let place = Place { group, scope_group, metric, kind, names };
        match metric.data {
            MetricData::Empty => {}
            MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
                self.write_each(&place, data_points, Self::write_number);
            }
            MetricData::Histogram { data_points, .. } => {
                self.write_each(&place, data_points, Self::write_histogram);
            }
            MetricData::ExponentialHistogram { .. } => {
                return Err(Rejection::Temporality(metric.name.to_string()));
            }
            MetricData::Summary { data_points } => {
                self.write_each(&place, data_points, Self::write_summary);
            }
        }
        Ok(())
    }

    fn write_each<'a, V: crate::otlp::View<'a>>(
        &mut self,
        place: &Place<'_>,
        data_points: List<'a, V>,
        write: impl Fn(&mut Self, &Place<'_>, &V) -> Result<(), Rejection>,
    ) {
        for point in data_points.iter() {
            if let Err(rejection) = write(self, place, &point) {
                self.rejected.note(1, rejection);
            }
        }
    }

    fn write_number(&mut self, place: &Place<'_>, point: &NumberDataPointView<'_>) -> Result<(), Rejection> {
        let value = match point.value {
            _ if point.flags & NO_RECORDED_VALUE != 0 => STALE,
            Some(value) => value.to_double(),
            None => return Err(Rejection::NoValue(place.metric.name.to_string())),
        };
        let starts = if place.kind == FamilyKind::Counter { point.start_time_unix_nano } else { 0 };
        let sample = sample(place, point.time_unix_nano, starts, value)?;
        self.read_labels(place, point.attributes)?;
        self.add(&place.names.plain, &[], sample);
        Ok(())
    }

    fn write_histogram(
        &mut self,
        place: &Place<'_>,
        point: &HistogramDataPointView<'_>,
    ) -> Result<(), Rejection> {
        let is_over = point.flags & NO_RECORDED_VALUE != 0;
        let value = |value| if is_over { STALE } else { value };
        let counted =
            sample(place, point.time_unix_nano, point.start_time_unix_nano, value(point.count as f64))?;
        self.read_labels(place, point.attributes)?;
        let part = counted.as_part();
        if let Some(sum) = point.sum {
            self.add(&place.names.sum, &[], part.with_value(value(sum)));
        }
        self.add(&place.names.count, &[], counted);
        let mut cumulative_count = 0_u64;
        let mut bounds = point.explicit_bounds.iter().peekable();
        for count in point.bucket_counts.iter() {
            cumulative_count = cumulative_count.saturating_add(count);
            let Some(bound) = bounds.next() else { break };
            // Of equal bounds the last has all; the infinite one is always there.
            if bound == f64::INFINITY || bounds.peek().is_some_and(|next| *next == bound) {
                continue;
            }
            let label = self.point.sample_label(&mut self.table.labels, "le", bound);
            self.add(&place.names.bucket, &label, part.with_value(value(cumulative_count as f64)));
        }
        // A bucket never holds more than all of them, whatever a client counted.
        let all = point.count.max(cumulative_count) as f64;
        let label = self.point.sample_label(&mut self.table.labels, "le", f64::INFINITY);
        self.add(&place.names.bucket, &label, part.with_value(value(all)));
        Ok(())
    }

    fn write_summary(
        &mut self,
        place: &Place<'_>,
        point: &SummaryDataPointView<'_>,
    ) -> Result<(), Rejection> {
        let is_over = point.flags & NO_RECORDED_VALUE != 0;
        let value = |value| if is_over { STALE } else { value };
        let counted =
            sample(place, point.time_unix_nano, point.start_time_unix_nano, value(point.count as f64))?;
        self.read_labels(place, point.attributes)?;
        let part = counted.as_part();
        self.add(&place.names.sum, &[], part.with_value(value(point.sum)));
        self.add(&place.names.count, &[], counted);
        for at in point.quantile_values.iter() {
            let label = self.point.sample_label(&mut self.table.labels, "quantile", at.quantile);
            self.add(&place.names.plain, &label, part.with_value(value(at.value)));
        }
        Ok(())
    }

    /// `target_info` of a resource that has more attributes than those that its series are known by.
    fn write_target_info(&mut self, group: &ResourceGroup<'_>, time_unix_nano: u64) {
        let attributes = group.resource.attributes;
        let target = TargetName::of(attributes);
        if target.labels().all(|(_, value)| value.is_empty()) || !TargetName::is_described(attributes) {
            return;
        }
        let labels = match self.translation.rules.of_target(&target, attributes) {
            Ok(labels) => labels,
            Err(error) => {
                // The points themselves are written.
                tracing::warn!(%error, "A resource is not written as target_info.");
                return;
            }
        };
        let name = self.translation.rules.naming().target_info();
        let names = MetricNames::new(&mut self.table.labels, &name, FamilyKind::Gauge);
        let labels = labels.iter().map(|label| (label.name.as_str(), label.value.as_str()));
        self.point.read(&mut self.table.labels, labels, None);
        let sample = Sample::new(milliseconds(time_unix_nano), 0, 1.0).as_part();
        self.add(&names.plain, &[], sample);
    }

    fn read_labels(
        &mut self,
        place: &Place<'_>,
        attributes: List<'_, KeyValueView<'_>>,
    ) -> Result<(), Rejection> {
        self.labels.read(place.group, place.scope_group, attributes, place.kind)?;
        self.point.read(&mut self.table.labels, self.labels.iter(), place.kind.sample_label());
        Ok(())
    }

    /// Adds a sample to the series of the point's labels with this name and the label of the sample.
    fn add(&mut self, name: &[u8], sample_label: &[u8], sample: Sample) {
        let [before_name, after_name, last] = self.point.parts();
        self.table.add(&[before_name, name, after_name, sample_label, last], sample);
    }
}

fn sample(
    place: &Place<'_>,
    time_unix_nano: u64,
    start_time_unix_nano: u64,
    value: f64,
) -> Result<Sample, Rejection> {
    if time_unix_nano == 0 {
        return Err(Rejection::NoTime(place.metric.name.to_string()));
    }
    Ok(Sample::new(milliseconds(time_unix_nano), milliseconds(start_time_unix_nano), value))
}

fn milliseconds(time_unix_nano: u64) -> i64 {
    i64::try_from(time_unix_nano / 1_000_000).unwrap_or(i64::MAX)
}

/// When the newest point was measured; 0 where there is none.
fn latest_time(data: &MetricData<'_>) -> u64 {
    match *data {
        MetricData::Empty => None,
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            data_points.iter().map(|point| point.time_unix_nano).max()
        }
        MetricData::Histogram { data_points, .. } => {
            data_points.iter().map(|point| point.time_unix_nano).max()
        }
        MetricData::ExponentialHistogram { data_points, .. } => {
            data_points.iter().map(|point| point.time_unix_nano).max()
        }
        MetricData::Summary { data_points } => data_points.iter().map(|point| point.time_unix_nano).max(),
    }
    .unwrap_or_default()
}
