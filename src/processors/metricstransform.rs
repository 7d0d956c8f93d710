//! Processor `metrics_transform`: renames, copies, combines and regroups metrics, and changes the labels
//! and values of their data points.
//!
//! Behaves as the Collector's, within one batch. Metrics that no transform is for stay the bytes they
//! are; a metric is decoded only where an operation needs its points, so that a mere rename splices the
//! name. Where the Collector's loses or falsifies data, this one does not:
//!
//! * of a metric of which only some points match, `combine` and `group` leave the others in place;
//! * points that have no value, and integers among doubles, do not spoil an aggregation; `count` of one
//!   point is 1;
//! * histograms with other bounds or another scale are merged, not emitted twice under one identity;
//! * a negative scale reverses the buckets of histograms;
//! * metadata of metrics, exemplars of numbers and schema URLs survive.

mod aggregate;
mod combine;
mod config;
mod data_points;
mod filter;
mod labels;
mod operation;
mod regroup;
mod scale;
mod scope_metric;
mod transform;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tracing::Span;

pub use self::config::{MetricsTransformConfig, OperationConfig, TransformConfig, ValueActionConfig};
use self::regroup::RegroupedMetrics;
use self::scope_metric::ScopeMetric;
use self::transform::{LeftAlone, ScopeMetrics, Transform};
use crate::otlp::wire::{Fields, put_fields, put_length_delimited};
use crate::otlp::{Batch, Context, Editor, MessageKind, Signal, Verdict};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorType, Refusal, Settings, Stability,
};
use crate::telemetry::component_span;

/// The number of the field of a `ScopeMetrics` that holds metrics.
const METRICS: u32 = 2;

/// The type `metrics_transform` among processors.
pub struct MetricsTransform {
    transforms: Vec<Transform>,
    next: Arc<dyn Consumer>,
    span: Span,
}

impl ProcessorType for MetricsTransform {
    const TYPE: &'static str = "metrics_transform";
    const ALIASES: &'static [&'static str] = &["metricstransform"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = MetricsTransformConfig;

    fn create(
        config: Arc<MetricsTransformConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let transforms = config.transforms.iter().map(Transform::new).collect::<Result<_, _>>();
        Ok(Arc::new(Self {
            transforms: transforms.map_err(|error| BuildError(error.to_string()))?,
            next,
            span: component_span(&settings, "processor"),
        }))
    }
}

impl MetricsTransform {
    fn transform(&self, batch: Batch) -> Batch {
        let client = batch.client().cloned();
        let regrouped = RegroupedMetrics::default();
        let mut editor = TransformMetrics { transforms: &self.transforms, regrouped, span: &self.span };
        let mut transformed = batch.rewrite(&mut editor);
        if let Some(regrouped) = editor.regrouped.into_batch() {
            transformed.merge(regrouped.with_client(client));
        }
        transformed
    }
}

impl Component for MetricsTransform {}

impl Consumer for MetricsTransform {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let transformed = self.transform(batch);
        if transformed.parts().is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.next.consume(transformed)
    }
}

/// Applies the transforms to each scope group of a batch.
struct TransformMetrics<'t> {
    transforms: &'t [Transform],
    regrouped: RegroupedMetrics,
    span: &'t Span,
}

impl Editor for TransformMetrics<'_> {
    fn message(&mut self, kind: MessageKind, message: &[u8], context: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup => Verdict::Enter,
            MessageKind::ScopeGroup => self.scope_group(message, context),
            _ => Verdict::Keep,
        }
    }

    fn removes_empty_parents(&self) -> bool {
        true
    }
}

impl TransformMetrics<'_> {
    fn scope_group(&mut self, scope_group: &[u8], context: &Context<'_>) -> Verdict {
        let fields = Fields::of(scope_group).filter(|(number, _)| *number == METRICS);
        let metrics = fields.map(|(_, metric)| ScopeMetric::new(metric.bytes())).collect();
        let mut scope = ScopeMetrics { metrics, changed: false };
        let span = self.span;
        let mut warn = |reason: LeftAlone| tracing::warn!(parent: span, "{reason}");
        for transform in self.transforms {
            if let Some(grouped) = transform.apply(&mut scope, &mut warn) {
                self.regrouped.put(&grouped, scope_group, context);
            }
        }
        if scope.metrics.is_empty() {
            return Verdict::Drop;
        }
        if !scope.changed {
            return Verdict::Keep;
        }
        let mut replacement = Vec::with_capacity(scope_group.len());
        put_scope_group(&mut replacement, scope_group, &scope.metrics);
        Verdict::Replace(replacement)
    }
}

/// Appends the fields of the scope group `source` with other metrics.
fn put_scope_group(out: &mut Vec<u8>, source: &[u8], metrics: &[ScopeMetric<'_>]) {
    put_fields(out, source, |number, _| number != METRICS);
    for metric in metrics {
        put_length_delimited(out, METRICS, &metric.encoded());
    }
}
