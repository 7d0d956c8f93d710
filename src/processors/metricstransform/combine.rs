//! The action `combine`: several metrics become one.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;

use super::aggregate::aggregate;
use super::config::{Aggregation, SubmatchCase};
use super::data_points;
use super::filter::MetricFilter;
use super::labels;

/// Says why metrics cannot become one, if they cannot: their points would mean different things.
pub(super) fn check_combinable(metrics: &[&Metric]) -> Result<(), String> {
    if let Some(metric) = metrics.iter().find(|metric| matches!(metric.data, Some(Data::Summary(_)))) {
        return Err(format!("summary metrics cannot be combined: {}", metric.name));
    }
    let Some((first, others)) = metrics.split_first() else { return Ok(()) };
    let first_labels = label_names(first);
    for other in others {
        let differ = |what: &str, of_first: &str, of_other: &str| {
            Err(format!(
                "metrics cannot be combined as they {what}: {} ({of_first}) and {} ({of_other})",
                first.name, other.name
            ))
        };
        let (kind, other_kind) = (Kind::of(first), Kind::of(other));
        if kind.name != other_kind.name {
            return differ("are of different types", kind.name, other_kind.name);
        }
        if first.unit != other.unit {
            return differ("have different units", &first.unit, &other.unit);
        }
        let other_labels = label_names(other);
        if first_labels != other_labels {
            let list = |labels: &BTreeSet<&str>| labels.iter().copied().collect::<Vec<_>>().join(" ");
            return differ("have different attributes", &list(&first_labels), &list(&other_labels));
        }
        if kind.temporality != other_kind.temporality {
            let names = (temporality_name(kind.temporality), temporality_name(other_kind.temporality));
            return differ("have different aggregation temporalities", names.0, names.1);
        }
        if kind.is_monotonic != other_kind.is_monotonic {
            let names = (kind.is_monotonic.to_string(), other_kind.is_monotonic.to_string());
            return differ("have different monotonicity", &names.0, &names.1);
        }
    }
    Ok(())
}

/// Makes one metric called `new_name` of metrics that can become one. What groups of the filter's regular
/// expression matched in a metric's name becomes labels of its points; points with the same labels and
/// time are aggregated.
pub(super) fn combine(
    metrics: Vec<Metric>,
    new_name: &str,
    filter: &MetricFilter,
    case: Option<SubmatchCase>,
    aggregation: Option<Aggregation>,
) -> Option<Metric> {
    let labelled = metrics.into_iter().map(|mut metric| {
        let new_labels = filter.labels_in_name(&metric.name, case);
        data_points::for_each(&mut metric, |point| {
            for (label, value) in &new_labels {
                labels::put(point.attributes_mut(), label, value);
            }
        });
        metric
    });
    let mut combined = labelled.reduce(|mut combined, metric| {
        take_points(&mut combined, metric);
        combined
    })?;
    new_name.clone_into(&mut combined.name);
    aggregate(&mut combined, aggregation);
    Some(combined)
}

/// Moves the points of `from` behind those of `to`, which has the same kind of them.
fn take_points(to: &mut Metric, from: Metric) {
    match (&mut to.data, from.data) {
        (Some(Data::Gauge(to)), Some(Data::Gauge(from))) => to.data_points.extend(from.data_points),
        (Some(Data::Sum(to)), Some(Data::Sum(from))) => to.data_points.extend(from.data_points),
        (Some(Data::Histogram(to)), Some(Data::Histogram(from))) => to.data_points.extend(from.data_points),
        (Some(Data::ExponentialHistogram(to)), Some(Data::ExponentialHistogram(from))) => {
            to.data_points.extend(from.data_points);
        }
        _ => {}
    }
}

/// What two metrics must have in common.
struct Kind {
    name: &'static str,
    temporality: i32,
    is_monotonic: bool,
}

impl Kind {
    const fn of(metric: &Metric) -> Self {
        let (name, temporality, is_monotonic) = match &metric.data {
            None => ("Empty", 0, false),
            Some(Data::Gauge(_)) => ("Gauge", 0, false),
            Some(Data::Sum(sum)) => ("Sum", sum.aggregation_temporality, sum.is_monotonic),
            Some(Data::Histogram(histogram)) => ("Histogram", histogram.aggregation_temporality, false),
            Some(Data::ExponentialHistogram(histogram)) => {
                ("ExponentialHistogram", histogram.aggregation_temporality, false)
            }
            Some(Data::Summary(_)) => ("Summary", 0, false),
        };
        Self { name, temporality, is_monotonic }
    }
}

const fn temporality_name(temporality: i32) -> &'static str {
    match temporality {
        1 => "Delta",
        2 => "Cumulative",
        _ => "Unspecified",
    }
}

fn label_names(metric: &Metric) -> BTreeSet<&str> {
    let attributes = data_points::attributes(metric).into_iter().flatten();
    attributes.map(|attribute| attribute.key.as_str()).collect()
}
