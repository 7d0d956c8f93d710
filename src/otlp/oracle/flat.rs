//! A batch as a flat list of items, each with everything above it: equal lists mean equal telemetry,
//! however it is grouped.

use std::fmt::Debug;

use crate::otlp::{Batch, List, MetricData, MetricView, Signal, View};

/// One line per span, data point or log record: its headers, as shown by the views, and its own bytes.
pub(super) fn flat_items(batch: &Batch) -> Vec<String> {
    let mut items = Vec::new();
    for resource_group in batch.resource_groups() {
        for scope_group in resource_group.scope_groups {
            let above = format!(
                "{:?} {} {:?} {}",
                resource_group.resource, resource_group.schema_url, scope_group.scope, scope_group.schema_url
            );
            if batch.signal() == Signal::Metrics {
                scope_group.metrics().for_each(|metric| flat_points(&above, metric, &mut items));
            } else {
                items.extend(scope_group.records().iter().map(|record| format!("{above} {record:?}")));
            }
        }
    }
    items
}

fn flat_points(above: &str, metric: MetricView<'_>, items: &mut Vec<String>) {
    let above =
        format!("{above} {} {} {} {:?}", metric.name, metric.description, metric.unit, metric.metadata);
    match metric.data {
        MetricData::Empty => {}
        MetricData::Gauge { data_points } => points(&above, "gauge", data_points, items),
        MetricData::Sum { data_points, aggregation_temporality, is_monotonic } => {
            points(&above, ("sum", aggregation_temporality, is_monotonic), data_points, items);
        }
        MetricData::Histogram { data_points, aggregation_temporality } => {
            points(&above, ("histogram", aggregation_temporality), data_points, items);
        }
        MetricData::ExponentialHistogram { data_points, aggregation_temporality } => {
            points(&above, ("exponential", aggregation_temporality), data_points, items);
        }
        MetricData::Summary { data_points } => points(&above, "summary", data_points, items),
    }
}

fn points<'a, V: View<'a>>(above: &str, kind: impl Debug, points: List<'a, V>, items: &mut Vec<String>) {
    items.extend(points.raw().map(|point| format!("{above} {kind:?} {point:?}")));
}
