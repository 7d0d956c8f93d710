//! The way of batches into the series that are shown.

use std::time::Duration;

use super::PrometheusExporterConfig;
use super::measurement::{MeasuredValue, Measurement};
use super::rejection::Rejection;
use super::series::{Identity, SeriesStore};
use super::targets::Targets;
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{MetricKind, PointValue, StreamHasher, StreamId, Temporality};
use crate::otlp::export_response::ExportResponse;
use crate::otlp::{
    Batch, ExemplarView, KeyValueView, List, MetricData, MetricView, ResourceGroup, ScopeGroup,
};
use crate::pipeline::BuildError;
use crate::prometheus::{Destination, FamilyKind, LabelRules, MetricFamily, NamedKind};

/// Bit 0 of a data point's flags: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;

/// Takes batches and lists what they left.
pub(super) struct Intake {
    hasher: StreamHasher,
    rules: LabelRules,
    series: SeriesStore,
    targets: Targets,
    expiration: Duration,
}

/// One data point with all that it belongs to.
struct PointPlace<'a> {
    group: &'a ResourceGroup<'a>,
    scope_group: &'a ScopeGroup<'a>,
    metric: &'a MetricView<'a>,
    kind: FamilyKind,
    metric_id: StreamId,
    is_delta: bool,
    now_unix_nano: u64,
}

/// What the four shapes of data points have in common.
struct PointParts<'a> {
    attributes: List<'a, KeyValueView<'a>>,
    time_unix_nano: u64,
    flags: u32,
    value: Option<MeasuredValue>,
    exemplars: List<'a, ExemplarView<'a>>,
}

/// How many points were refused, and why the last one was.
#[derive(Default)]
struct Refused {
    points: usize,
    reason: Option<Rejection>,
}

impl Intake {
    pub fn new(config: &PrometheusExporterConfig) -> Result<Self, BuildError> {
        let rules = LabelRules::new(
            config.naming(),
            Destination::Page,
            &config.const_labels,
            config.resource_labels(),
            !config.without_scope_info,
        )?;
        Ok(Self {
            hasher: StreamHasher::new(),
            series: SeriesStore::new(&rules.naming().target_info()),
            targets: Targets::default(),
            expiration: config.metric_expiration.to_std(),
            rules,
        })
    }

    /// Takes the points of a batch and says how many could not be shown.
    pub fn take(&self, batch: &Batch, now_unix_nano: u64) -> ExportResponse {
        let mut refused = Refused::default();
        for group in batch.resource_groups() {
            let resource_id = self.hasher.resource(&group);
            for scope_group in group.scope_groups.iter() {
                let scope_id = self.hasher.scope(&scope_group);
                for metric in scope_group.metrics() {
                    let metric_id = self.hasher.metric(resource_id, scope_id, &metric);
                    self.take_metric(&group, &scope_group, &metric, metric_id, now_unix_nano, &mut refused);
                }
            }
            if let Err(rejection) = self.targets.see(&group, resource_id, &self.rules, now_unix_nano) {
                // The points themselves are shown.
                tracing::warn!(error = %rejection, "A resource is not shown in target_info.");
            }
        }
        ExportResponse {
            rejected: i64::try_from(refused.points).unwrap_or(i64::MAX),
            error_message: refused.reason.map(|reason| reason.to_string()).unwrap_or_default(),
        }
    }

    /// Forgets what had no point for as long as series are shown without.
    pub fn forget_expired(&self, now_unix_nano: u64) {
        let expiration = u64::try_from(self.expiration.as_nanos()).unwrap_or(u64::MAX);
        let cutoff_unix_nano = now_unix_nano.saturating_sub(expiration);
        self.series.forget_before(cutoff_unix_nano);
        self.targets.forget_before(cutoff_unix_nano);
    }

    /// All that is shown, `target_info` among it, in the order of names.
    pub fn shown(&self, with_timestamps: bool) -> Vec<MetricFamily> {
        let mut families = self.series.shown(with_timestamps);
        if let Some(targets) = self.targets.shown(&self.rules.naming().target_info()) {
            let place = families.partition_point(|family| family.name < targets.name);
            families.insert(place, targets);
        }
        families
    }

    /// Whether names may have letters that not every scraper takes.
    pub const fn keeps_utf8(&self) -> bool {
        self.rules.naming().keeps_utf8()
    }

    fn take_metric(
        &self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        metric: &MetricView<'_>,
        metric_id: StreamId,
        now_unix_nano: u64,
        refused: &mut Refused,
    ) {
        let kind = MetricKind::of(&metric.data);
        let has_meaning = match kind {
            MetricKind::Empty => return,
            MetricKind::Sum { temporality: Temporality::Delta, is_monotonic } => is_monotonic,
            _ => kind.temporality() != Some(Temporality::Unspecified),
        };
        if !has_meaning {
            let rejection = Rejection::Temporality(metric.name.to_string());
            return refused.note(metric.data.data_point_count(), rejection);
        }
        let place = PointPlace {
            group,
            scope_group,
            metric,
            kind: FamilyKind::of(metric),
            metric_id,
            is_delta: kind.temporality() == Some(Temporality::Delta),
            now_unix_nano,
        };
        for_each_point(&metric.data, |parts| {
            if let Err(rejection) = self.take_point(&place, parts) {
                refused.note(1, rejection);
            }
        });
    }

    fn take_point(&self, place: &PointPlace<'_>, parts: PointParts<'_>) -> Result<(), Rejection> {
        let stream = self.hasher.stream(place.metric_id, parts.attributes);
        if parts.flags & NO_RECORDED_VALUE != 0 {
            self.series.end(stream);
            return Ok(());
        }
        let value = parts.value.ok_or_else(|| Rejection::NoValue(place.metric.name.to_string()))?;
        // Of a gauge no exemplar is shown.
        let exemplars = match place.kind {
            FamilyKind::Counter | FamilyKind::Histogram => MessageList::of(parts.exemplars),
            _ => MessageList::default(),
        };
        let time_unix_nano = parts.time_unix_nano;
        let measurement = Measurement { time_unix_nano, is_delta: place.is_delta, value, exemplars };
        self.series.take(stream, measurement, place.now_unix_nano, || self.identify(place, parts.attributes))
    }

    fn identify(
        &self,
        place: &PointPlace<'_>,
        attributes: List<'_, KeyValueView<'_>>,
    ) -> Result<Identity, Rejection> {
        let metric = place.metric;
        let named_kind = NamedKind::of(MetricKind::of(&metric.data));
        let name = self.rules.naming().metric(&metric.name.to_str(), &metric.unit.to_str(), named_kind);
        Ok(Identity {
            name: name.ok_or_else(|| Rejection::MetricName(metric.name.to_string()))?,
            help: metric.description.to_string(),
            kind: place.kind,
            labels: self.rules.of_series(place.group, place.scope_group, attributes, place.kind)?,
        })
    }
}

impl Refused {
    fn note(&mut self, points: usize, reason: Rejection) {
        self.points += points;
        self.reason = Some(reason);
    }
}

fn for_each_point<'a>(data: &MetricData<'a>, mut take: impl FnMut(PointParts<'a>)) {
    match *data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            for point in data_points.iter() {
                take(PointParts {
                    attributes: point.attributes,
                    time_unix_nano: point.time_unix_nano,
                    flags: point.flags,
                    value: PointValue::of_number(&point).map(MeasuredValue::Point),
                    exemplars: point.exemplars,
                });
            }
        }
        MetricData::Histogram { data_points, .. } => {
            for point in data_points.iter() {
                take(PointParts {
                    attributes: point.attributes,
                    time_unix_nano: point.time_unix_nano,
                    flags: point.flags,
                    value: PointValue::of_histogram(&point).map(MeasuredValue::Point),
                    exemplars: point.exemplars,
                });
            }
        }
        MetricData::ExponentialHistogram { data_points, .. } => {
            for point in data_points.iter() {
                take(PointParts {
                    attributes: point.attributes,
                    time_unix_nano: point.time_unix_nano,
                    flags: point.flags,
                    value: PointValue::of_exponential_histogram(&point).map(MeasuredValue::Point),
                    exemplars: point.exemplars,
                });
            }
        }
        MetricData::Summary { data_points } => {
            for point in data_points.iter() {
                take(PointParts {
                    attributes: point.attributes,
                    time_unix_nano: point.time_unix_nano,
                    flags: point.flags,
                    value: Some(MeasuredValue::of_summary(&point)),
                    exemplars: List::default(),
                });
            }
        }
    }
}
