//! One transform of the list, ready to be applied to the metrics of a scope group.

use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::{DecodeError, Message};

use super::combine::{check_combinable, combine};
use super::config::{Action, Aggregation, SubmatchCase, TransformConfig, Word};
use super::data_points::{self, DataPoint};
use super::filter::{Matched, MetricFilter};
use super::labels;
use super::operation::{Operation, Unsupported};
use super::scope_metric::ScopeMetric;
use crate::config::InvalidRegexp;

/// Which metrics are transformed, and how.
#[derive(Debug)]
pub(super) struct Transform {
    filter: MetricFilter,
    action: TransformAction,
    /// Empty where the name stays.
    new_name: String,
    operations: Vec<Operation>,
}

#[derive(Debug)]
enum TransformAction {
    Insert,
    Update,
    Combine {
        aggregation: Option<Aggregation>,
        case: Option<SubmatchCase>,
    },
    /// With the labels of the new resource, each encoded as a `KeyValue`.
    Group(Vec<(String, Vec<u8>)>),
}

/// The metrics of a scope group while transforms work on them.
#[derive(Debug)]
pub(super) struct ScopeMetrics<'a> {
    pub metrics: Vec<ScopeMetric<'a>>,
    /// True where they are not what they were.
    pub changed: bool,
}

/// Metrics that a transform takes out for a resource of their own.
#[derive(Debug)]
pub(super) struct Grouped<'t, 'a> {
    /// The labels of the resource beside those it has, each encoded as a `KeyValue`.
    pub labels: &'t [(String, Vec<u8>)],
    pub metrics: Vec<ScopeMetric<'a>>,
}

/// Why a metric that matches was left as it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeftAlone {
    #[error("{0}")]
    Unsupported(#[from] Unsupported),
    #[error("{0}")]
    NotCombinable(String),
    #[error("a metric that is to be transformed has text that is not UTF-8: {0}")]
    NotText(#[from] DecodeError),
}

impl Transform {
    pub fn new(config: &TransformConfig) -> Result<Self, InvalidRegexp> {
        let action = match Action::of(&config.action) {
            Some(Action::Insert) => TransformAction::Insert,
            Some(Action::Combine) => TransformAction::Combine {
                aggregation: Aggregation::of(&config.aggregation_type),
                case: SubmatchCase::of(&config.submatch_case),
            },
            Some(Action::Group) => {
                let encoded = |(label, value): (&String, &String)| {
                    (label.clone(), labels::text_attribute(label, value).encode_to_vec())
                };
                TransformAction::Group(config.group_resource_labels.iter().flatten().map(encoded).collect())
            }
            Some(Action::Update) | None => TransformAction::Update,
        };
        Ok(Self {
            filter: MetricFilter::new(config)?,
            action,
            new_name: config.new_name.clone(),
            operations: config.operations.iter().filter_map(Operation::new).collect(),
        })
    }

    /// Transforms the metrics of a scope group. What is taken out of it is returned; why a metric is left
    /// as it was is told to `warn`.
    pub fn apply<'a>(
        &self,
        scope: &mut ScopeMetrics<'a>,
        warn: &mut dyn FnMut(LeftAlone),
    ) -> Option<Grouped<'_, 'a>> {
        match &self.action {
            TransformAction::Update => self.update(scope, warn),
            TransformAction::Insert => self.insert(scope, warn),
            TransformAction::Combine { aggregation, case } => {
                if let Err(reason) = self.combine(scope, *aggregation, *case, warn) {
                    warn(reason);
                }
            }
            TransformAction::Group(labels) => {
                let metrics = self.take_out(scope, warn);
                return (!metrics.is_empty()).then_some(Grouped { labels, metrics });
            }
        }
        None
    }

    fn update(&self, scope: &mut ScopeMetrics<'_>, warn: &mut dyn FnMut(LeftAlone)) {
        let ScopeMetrics { metrics, changed } = scope;
        metrics.retain_mut(|metric| {
            let matched = metric.matched(&self.filter);
            if matched == Matched::Nothing {
                return true;
            }
            *changed = true;
            self.transform(metric, matched == Matched::Whole, warn)
        });
    }

    fn insert(&self, scope: &mut ScopeMetrics<'_>, warn: &mut dyn FnMut(LeftAlone)) {
        let mut inserted = Vec::new();
        for metric in &scope.metrics {
            let copy = match metric.matched(&self.filter) {
                Matched::Nothing => continue,
                Matched::Whole => Ok(metric.clone()),
                Matched::Part => metric.part(|point| self.is_for(point)),
            };
            match copy {
                Err(reason) => warn(reason.into()),
                Ok(mut copy) => {
                    if self.transform(&mut copy, true, warn) {
                        inserted.push(copy);
                    }
                }
            }
        }
        scope.changed |= !inserted.is_empty();
        scope.metrics.append(&mut inserted);
    }

    fn combine(
        &self,
        scope: &mut ScopeMetrics<'_>,
        aggregation: Option<Aggregation>,
        case: Option<SubmatchCase>,
        warn: &mut dyn FnMut(LeftAlone),
    ) -> Result<(), LeftAlone> {
        let matching = scope.metrics.iter_mut().filter(|metric| metric.matched(&self.filter).is_any());
        let decoded: Result<Vec<&mut Metric>, DecodeError> = matching.map(ScopeMetric::decode).collect();
        let decoded: Vec<&Metric> = decoded?.into_iter().map(|metric| &*metric).collect();
        check_combinable(&decoded).map_err(LeftAlone::NotCombinable)?;
        let taken: Result<Vec<Metric>, DecodeError> =
            self.take_out(scope, warn).into_iter().map(ScopeMetric::into_decoded).collect();
        if let Some(combined) = combine(taken?, &self.new_name, &self.filter, case, aggregation) {
            let mut combined = ScopeMetric::of_decoded(combined);
            if self.transform(&mut combined, true, warn) {
                scope.metrics.push(combined);
            }
        }
        Ok(())
    }

    /// Takes out the metrics that match. Of one of which only some points do, the others stay.
    fn take_out<'a>(
        &self,
        scope: &mut ScopeMetrics<'a>,
        warn: &mut dyn FnMut(LeftAlone),
    ) -> Vec<ScopeMetric<'a>> {
        let mut taken = Vec::new();
        let mut staying = Vec::new();
        for metric in scope.metrics.drain(..) {
            match metric.matched(&self.filter) {
                Matched::Nothing => staying.push(metric),
                Matched::Whole => taken.push(metric),
                Matched::Part => {
                    let parts = metric
                        .part(|point| self.is_for(point))
                        .and_then(|taken| Ok((taken, metric.part(|point| !self.is_for(point))?)));
                    match parts {
                        Ok((matching, remaining)) => {
                            taken.push(matching);
                            staying.push(remaining);
                        }
                        Err(reason) => {
                            warn(reason.into());
                            staying.push(metric);
                        }
                    }
                }
            }
        }
        scope.metrics = staying;
        scope.changed |= !taken.is_empty();
        taken
    }

    fn is_for(&self, point: &dyn DataPoint) -> bool {
        self.filter.matches_attributes(point.attributes())
    }

    /// Renames a metric and does the operations with it; `is_whole` where all its points match. Returns
    /// false where that leaves no point, so that the metric goes.
    fn transform(
        &self,
        metric: &mut ScopeMetric<'_>,
        is_whole: bool,
        warn: &mut dyn FnMut(LeftAlone),
    ) -> bool {
        if !self.new_name.is_empty() && is_whole {
            metric.rename(self.filter.expand(&self.new_name, metric.name()));
        }
        let mut operations =
            self.operations.iter().filter(|operation| is_whole || !operation.needs_every_point()).peekable();
        if operations.peek().is_none() {
            return true;
        }
        let metric = match metric.decode() {
            Ok(metric) => metric,
            Err(reason) => {
                warn(reason.into());
                return true;
            }
        };
        let had_points = data_points::count(metric) > 0;
        for operation in operations {
            if let Err(reason) = operation.apply(metric, &self.filter) {
                // As in the Collector, the operations behind one that cannot be done are not done either.
                warn(reason.into());
                return true;
            }
        }
        !had_points || data_points::count(metric) > 0
    }
}
