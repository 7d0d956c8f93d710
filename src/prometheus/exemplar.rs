//! One measurement among those that a value stands for.

use super::{Label, Naming};
use crate::otlp::{ExemplarView, hexadecimal};

/// The most characters that the labels of an exemplar may have together, by OpenMetrics.
const EXEMPLAR_LABELS_LIMIT: usize = 128;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Where it was made, such as `trace_id` and `span_id`.
    pub labels: Vec<Label>,
    /// What was measured.
    pub value: f64,
    /// When, in nanoseconds since 1970; 0 where unknown.
    pub time_unix_nano: u64,
}

impl Exemplar {
    /// An exemplar with its trace and span, and with the attributes that the series does not have where they
    /// are few; none where it has no value.
    pub fn of(view: &ExemplarView<'_>) -> Option<Self> {
        let ids = [("trace_id", view.trace_id), ("span_id", view.span_id)];
        let mut labels: Vec<Label> = ids
            .into_iter()
            .filter(|(_, id)| id.iter().any(|byte| *byte != 0))
            .map(|(name, id)| Label::new(name, hexadecimal(id)))
            .collect();
        let naming = Naming::new("", false, false);
        let mut with_attributes = labels.clone();
        for attribute in view.filtered_attributes.iter() {
            let Some(name) = naming.label(&attribute.key.to_str()) else { continue };
            if !with_attributes.iter().any(|label| label.name == name) {
                with_attributes.push(Label::new(name, attribute.value().to_text()));
            }
        }
        let lengths =
            with_attributes.iter().map(|label| label.name.chars().count() + label.value.chars().count());
        if lengths.sum::<usize>() <= EXEMPLAR_LABELS_LIMIT {
            labels = with_attributes;
        }
        Some(Self { labels, value: view.value?.to_double(), time_unix_nano: view.time_unix_nano })
    }
}
