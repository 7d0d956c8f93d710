//! The way of a batch into requests: each data point becomes samples of one or more series.

mod metric_names;
mod point_labels;
mod points;

use self::metric_names::MetricNames;
use self::point_labels::{PointLabels, SampleLabels};
use super::RemoteWriteExporterConfig;
use super::protocol::Protocol;
use super::rejection::{Rejected, Rejection};
use super::requests::WriteRequests;
use super::series::{Metadata, Sample, SeriesTable};
use crate::metric_streams::{MetricKind, Temporality};
use crate::otlp::{Batch, MetricData, MetricView, ResourceGroup, ScopeGroup};
use crate::pipeline::BuildError;
use crate::prometheus::{Destination, FamilyKind, LabelRules, NamedKind, SeriesLabels, TargetName};

/// How batches are translated.
pub(super) struct Translation {
    rules: LabelRules,
    protocol: Protocol,
    size_limit: usize,
    writes_target_info: bool,
    writes_metadata: bool,
    histograms: HistogramShape,
}

/// What histograms with explicit bounds are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HistogramShape {
    Classic,
    Native,
    Both,
}

/// A batch on its way.
struct Writing<'t> {
    translation: &'t Translation,
    table: SeriesTable,
    labels: SeriesLabels<'t>,
    point: PointLabels,
    sample_labels: SampleLabels,
    rejected: Rejected,
}

/// Where a data point stands.
struct Place<'a> {
    group: &'a ResourceGroup<'a>,
    scope_group: &'a ScopeGroup<'a>,
    metric: &'a MetricView<'a>,
    kind: FamilyKind,
    names: MetricNames,
    metadata: Metadata,
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
        let histograms = match (config.convert_explicit_histograms_to_nhcb, config.keep_classic_histograms) {
            (false, _) => HistogramShape::Classic,
            (true, false) => HistogramShape::Native,
            (true, true) => HistogramShape::Both,
        };
        Ok(Self {
            rules,
            protocol: config.protocol(),
            size_limit: config.batch_size(),
            writes_target_info: config.target_info.enabled,
            writes_metadata: config.send_metadata && config.protocol() == Protocol::V1,
            histograms,
        })
    }

    /// The requests of a batch, and what of it is in none.
    pub fn of(&self, batch: &Batch) -> (WriteRequests, Rejected) {
        let mut writing = Writing {
            translation: self,
            table: SeriesTable::new(self.protocol),
            labels: SeriesLabels::new(&self.rules),
            point: PointLabels::default(),
            sample_labels: SampleLabels::default(),
            rejected: Rejected::default(),
        };
        for group in batch.resource_groups() {
            writing.write_resource_group(&group);
        }
        let Writing { table, mut rejected, .. } = writing;
        let requests = WriteRequests::of(&table, self.size_limit);
        rejected.note(requests.overwritten, Rejection::Overwritten);
        (requests, rejected)
    }
}

impl Writing<'_> {
    fn write_resource_group(&mut self, group: &ResourceGroup<'_>) {
        let mut latest_unix_nano = 0;
        for scope_group in group.scope_groups.iter() {
            let entered = self.labels.enter(group, &scope_group);
            for metric in scope_group.metrics() {
                latest_unix_nano = latest_unix_nano.max(latest_time(&metric.data));
                let written = match &entered {
                    Ok(()) => self.write_metric(group, &scope_group, &metric),
                    Err(error) => Err(error.clone().into()),
                };
                if let Err(rejection) = written {
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
        let naming = self.translation.rules.naming();
        let unit = metric.unit.to_str();
        let name = naming.metric(&metric.name.to_str(), &unit, NamedKind::of(metric_kind));
        let name = name.ok_or_else(|| Rejection::MetricName(metric.name.to_string()))?;
        let kind = FamilyKind::of(metric);
        let metadata = match self.translation.protocol {
            Protocol::V1 => Metadata::default(),
            Protocol::V2 => Metadata {
                kind: metric_names::metric_type(metric, kind),
                help: self.table.labels.number_of(&metric.description.to_str()),
                unit: self.table.labels.number_of(&naming.unit(&unit)),
            },
        };
        if self.translation.writes_metadata {
            let unit = naming.unit(&unit);
            metric_names::note_metadata(&mut self.table.metadata, metric, kind, &name, &unit);
        }
        let names = MetricNames::new(&mut self.table, &name, kind);
        let place = Place { group, scope_group, metric, kind, names, metadata };
        self.write_points(&place);
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
        let names = MetricNames::new(&mut self.table, &name, FamilyKind::Gauge);
        let labels = labels.iter().map(|label| (label.name.as_str(), label.value.as_str()));
        self.point.read(&mut self.table, labels, None);
        let metadata = match self.translation.protocol {
            Protocol::V1 => Metadata::default(),
            Protocol::V2 => metric_names::of_target_info(&mut self.table.labels),
        };
        let sample = Sample::new(milliseconds(time_unix_nano), 0, 1.0).as_part();
        self.point.add(&mut self.table, &names.plain, None, metadata, sample);
    }
}

fn milliseconds(time_unix_nano: u64) -> i64 {
    i64::try_from(time_unix_nano / 1_000_000).unwrap_or(i64::MAX)
}

/// When the newest point was measured; 0 where there is none.
fn latest_time(data: &MetricData<'_>) -> u64 {
    // The views are alike and have no type in common.
    macro_rules! latest {
        ($data_points:expr) => {
            $data_points.iter().map(|point| point.time_unix_nano).max()
        };
    }
    let latest = match *data {
        MetricData::Empty => None,
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => latest!(data_points),
        MetricData::Histogram { data_points, .. } => latest!(data_points),
        MetricData::ExponentialHistogram { data_points, .. } => latest!(data_points),
        MetricData::Summary { data_points } => latest!(data_points),
    };
    latest.unwrap_or_default()
}
