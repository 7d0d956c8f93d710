//! What a transform does with the data points of a metric it is for.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};

use super::aggregate::aggregate;
use super::config::{Aggregation, OperationAction, OperationConfig, Word};
use super::data_points;
use super::filter::MetricFilter;
use super::labels;
use super::scale::scale;
use crate::build_info::VERSION;

/// An operation, ready to be applied.
#[derive(Debug)]
pub(super) enum Operation {
    AddLabel {
        label: String,
        value: String,
    },
    UpdateLabel {
        label: String,
        new_label: String,
        new_values: BTreeMap<String, String>,
    },
    DeleteLabelValue {
        label: String,
        value: String,
    },
    ToggleScalarDataType,
    Scale(f64),
    AggregateLabels {
        kept: BTreeSet<String>,
        aggregation: Option<Aggregation>,
    },
    AggregateLabelValues {
        label: String,
        aggregated: BTreeSet<String>,
        new_value: String,
        aggregation: Option<Aggregation>,
    },
}

/// Why an operation left a metric as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} is not supported for Summary metrics: {metric}")]
pub(super) struct Unsupported {
    operation: &'static str,
    metric: String,
}

impl Operation {
    /// None where `action` is no word that the check of the section lets through.
    pub fn new(config: &OperationConfig) -> Option<Self> {
        let with_version = |text: &str| text.replace("{{version}}", VERSION);
        let new_value = with_version(&config.new_value);
        let label = config.label.clone();
        let aggregation = Aggregation::of(&config.aggregation_type);
        Some(match OperationAction::of(&config.action)? {
            OperationAction::AddLabel => Self::AddLabel { label: config.new_label.clone(), value: new_value },
            OperationAction::UpdateLabel => {
                let actions = config.value_actions.iter();
                let new_values =
                    actions.map(|action| (action.value.clone(), with_version(&action.new_value))).collect();
                Self::UpdateLabel { label, new_label: config.new_label.clone(), new_values }
            }
            OperationAction::DeleteLabelValue => {
                Self::DeleteLabelValue { label, value: config.label_value.clone() }
            }
            OperationAction::ToggleScalarDataType => Self::ToggleScalarDataType,
            OperationAction::ScaleValue => Self::Scale(config.experimental_scale),
            OperationAction::AggregateLabels => {
                Self::AggregateLabels { kept: config.label_set.iter().cloned().collect(), aggregation }
            }
            OperationAction::AggregateLabelValues => {
                let aggregated = config.aggregated_values.iter().cloned().collect();
                Self::AggregateLabelValues { label, aggregated, new_value, aggregation }
            }
        })
    }

    /// True where the operation changes which points there are or what tells them apart, which is done
    /// only where all points of a metric match.
    pub const fn needs_every_point(&self) -> bool {
        match self {
            Self::AddLabel { .. }
            | Self::DeleteLabelValue { .. }
            | Self::AggregateLabels { .. }
            | Self::AggregateLabelValues { .. } => true,
            Self::UpdateLabel { .. } | Self::ToggleScalarDataType | Self::Scale(_) => false,
        }
    }

    /// Changes `metric`: all of it, or the points that `filter` is for.
    pub fn apply(&self, metric: &mut Metric, filter: &MetricFilter) -> Result<(), Unsupported> {
        match self {
            Self::AddLabel { label, value } => data_points::for_each(metric, |point| {
                if labels::get(point.attributes(), label).is_none() {
                    labels::put(point.attributes_mut(), label, value);
                }
            }),
            Self::UpdateLabel { label, new_label, new_values } => data_points::for_each(metric, |point| {
                if filter.matches_attributes(point.attributes()) {
                    update_label(point.attributes_mut(), label, new_label, new_values);
                }
            }),
            Self::DeleteLabelValue { label, value } => data_points::retain(metric, |point| {
                labels::get(point.attributes(), label) != Some(value.as_str())
            }),
            Self::ToggleScalarDataType => for_each_number(metric, filter, |point| {
                point.value = point.value.map(toggled);
            }),
            Self::Scale(factor) => scale(metric, filter, *factor),
            Self::AggregateLabels { kept, aggregation } => {
                refuse_summary(metric, "aggregate_labels")?;
                data_points::for_each(metric, |point| {
                    point.attributes_mut().retain(|attribute| kept.contains(&attribute.key));
                });
                aggregate(metric, *aggregation);
            }
            Self::AggregateLabelValues { label, aggregated, new_value, aggregation } => {
                refuse_summary(metric, "aggregate_label_values")?;
                data_points::for_each(metric, |point| {
                    let value = labels::get(point.attributes(), label);
                    if value.is_some_and(|value| aggregated.contains(value)) {
                        labels::put(point.attributes_mut(), label, new_value);
                    }
                });
                aggregate(metric, *aggregation);
            }
        }
        Ok(())
    }
}

fn refuse_summary(metric: &Metric, operation: &'static str) -> Result<(), Unsupported> {
    match metric.data {
        Some(Data::Summary(_)) => Err(Unsupported { operation, metric: metric.name.clone() }),
        _ => Ok(()),
    }
}

/// Renames the label `label`, where it is, and gives it a new value for its old one.
fn update_label(
    attributes: &mut Vec<KeyValue>,
    label: &str,
    new_label: &str,
    new_values: &BTreeMap<String, String>,
) {
    let Some(at) = attributes.iter().position(|attribute| attribute.key == label) else { return };
    let Some(attribute) = attributes.get(at) else { return };
    let new_value = new_values.get(labels::text_of(attribute)).cloned();
    let mut key = label;
    if !new_label.is_empty() && new_label != label {
        let renamed = attributes.remove(at);
        labels::put_value(attributes, new_label, renamed.value);
        key = new_label;
    }
    if let Some(new_value) = new_value {
        labels::put(attributes, key, &new_value);
    }
}

/// Calls `visit` with each point of a gauge or sum that `filter` is for.
pub(super) fn for_each_number(
    metric: &mut Metric,
    filter: &MetricFilter,
    mut visit: impl FnMut(&mut NumberDataPoint),
) {
    let points = match &mut metric.data {
        Some(Data::Gauge(gauge)) => &mut gauge.data_points,
        Some(Data::Sum(sum)) => &mut sum.data_points,
        _ => return,
    };
    points.iter_mut().filter(|point| filter.matches_attributes(&point.attributes)).for_each(&mut visit);
}

/// The same value as the other type; a double loses its fraction.
const fn toggled(value: Value) -> Value {
    match value {
        Value::AsInt(integer) => Value::AsDouble(integer as f64),
        Value::AsDouble(double) => Value::AsInt(double as i64),
    }
}
