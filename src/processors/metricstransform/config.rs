//! The section of `metricstransform` and what is wrong with one, in the Collector's words.

use std::collections::BTreeMap;

use crate::config::{Checking, compile_go_regexp};
use crate::config_section;

config_section! {
    /// Renames, copies, combines and regroups metrics, and changes the labels and values of their data
    /// points. It works within one batch: points of different batches are never aggregated.
    pub struct MetricsTransformConfig {
        /// The transforms, applied to each metric in this order: a later one meets what an earlier one left.
        pub transforms: Vec<TransformConfig> = Vec::new(),
    }
}

config_section! {
    /// Which metrics are transformed, and how.
    pub struct TransformConfig {
        /// The name of the metrics to transform, or a pattern found in it. Required.
        pub include: String = String::new(),
        /// How `include` and `experimental_match_labels` are meant: `strict` as the whole text, `regexp` as
        /// regular expressions in Go's syntax.
        pub match_type: String = "strict".to_owned(),
        /// Labels a data point must have with these values. A value that matches the empty text also
        /// matches where the label is absent.
        pub experimental_match_labels: BTreeMap<String, String> = BTreeMap::new(),
        /// What to do: `update` the metrics in place, `insert` transformed copies, `combine` all that match
        /// into one new metric, or `group` them under a resource of their own. Required.
        pub action: String = String::new(),
        /// The new name. With `match_type: regexp`, `$1`, `${1}` and `${name}` stand for what a group of
        /// `include` matched (in a file, `$$` is written for `$`). Required for `insert` and `combine`.
        pub new_name: String = String::new(),
        /// The labels `group` gives the new resource.
        pub group_resource_labels: Option<BTreeMap<String, String>> = None,
        /// How `combine` aggregates points that have the same labels: `sum`, `mean`, `min`, `max`, `median`
        /// or `count`. Histograms are always summed.
        pub aggregation_type: String = String::new(),
        /// `lower` or `upper`: the case `combine` gives what a group of `include` matched when it becomes the
        /// value of a label; empty to keep it.
        pub submatch_case: String = String::new(),
        /// What is done with the resulting metrics, in this order.
        pub operations: Vec<OperationConfig> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A change of the labels or values of a metric's data points.
    pub struct OperationConfig {
        /// `add_label`, `update_label`, `delete_label_value`, `toggle_scalar_data_type`,
        /// `experimental_scale_value`, `aggregate_labels` or `aggregate_label_values`. Required.
        pub action: String = String::new(),
        /// The label to change. Required for `update_label`.
        pub label: String = String::new(),
        /// The name of the label `add_label` adds, or that `update_label` gives to `label`.
        pub new_label: String = String::new(),
        /// `aggregate_labels` aggregates all labels away but these.
        pub label_set: Vec<String> = Vec::new(),
        /// How points are aggregated: `sum`, `mean`, `min`, `max`, `median` or `count`; without it the first
        /// value stays. Histograms are always summed.
        pub aggregation_type: String = String::new(),
        /// The values of `label` that `aggregate_label_values` aggregates into `new_value`.
        pub aggregated_values: Vec<String> = Vec::new(),
        /// The value of the label added, or of the aggregated values; `{{version}}` stands for Weir's version.
        pub new_value: String = String::new(),
        /// New values `update_label` gives to values of `label`.
        pub value_actions: Vec<ValueActionConfig> = Vec::new(),
        /// What `experimental_scale_value` multiplies values with; not 0.
        pub experimental_scale: f64 = 0.0,
        /// `delete_label_value` deletes the points on which `label` has this value.
        pub label_value: String = String::new(),
    }
}

config_section! {
    /// A new value for a label's value.
    pub struct ValueActionConfig {
        /// The value as it is.
        pub value: String = String::new(),
        /// The value instead; `{{version}}` stands for Weir's version.
        pub new_value: String = String::new(),
    }
}

/// A closed list of words, which the configuration is checked against.
pub(super) trait Word: Copy + 'static {
    /// Every word with its meaning, in the order of the Collector's messages.
    const WORDS: &'static [(&'static str, Self)];

    /// What `text` means, if it is one of the words.
    fn of(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
    }

    /// The Collector's sentence about a word in `field` that is not one of these.
    fn unknown(field: &str) -> String {
        let words: Vec<String> = Self::WORDS.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("{field:?} must be in [{}]", words.join(" "))
    }
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchType {
    Strict,
    Regexp,
}

impl Word for MatchType {
    const WORDS: &'static [(&'static str, Self)] = &[("strict", Self::Strict), ("regexp", Self::Regexp)];
}

/// What happens to the metrics that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Insert,
    Update,
    Combine,
    Group,
}

impl Word for Action {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("insert", Self::Insert),
        ("update", Self::Update),
        ("combine", Self::Combine),
        ("group", Self::Group),
    ];
}

/// What becomes of the values of points that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Mean,
    Min,
    Max,
    Median,
    Count,
}

impl Word for Aggregation {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("median", Self::Median),
        ("count", Self::Count),
    ];
}

/// The case of what a group matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubmatchCase {
    Lower,
    Upper,
}

impl Word for SubmatchCase {
    const WORDS: &'static [(&'static str, Self)] = &[("lower", Self::Lower), ("upper", Self::Upper)];
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OperationAction {
    AddLabel,
    UpdateLabel,
    DeleteLabelValue,
    ToggleScalarDataType,
    ScaleValue,
    AggregateLabels,
    AggregateLabelValues,
}

impl Word for OperationAction {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("add_label", Self::AddLabel),
        ("update_label", Self::UpdateLabel),
        ("delete_label_value", Self::DeleteLabelValue),
        ("toggle_scalar_data_type", Self::ToggleScalarDataType),
        ("experimental_scale_value", Self::ScaleValue),
        ("aggregate_labels", Self::AggregateLabels),
        ("aggregate_label_values", Self::AggregateLabelValues),
    ];
}

impl TransformConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.include.is_empty() {
            checking.error_at("include", "missing required field \"include\"");
        }
        self.check_match(checking);
        let Some(action) = Action::of(&self.action) else {
            checking.error_at("action", Action::unknown("action"));
            return self.check_operations(checking);
        };
        let missing =
            |field: &str| format!("missing required field {field:?} while \"action\" is {}", self.action);
        if matches!(action, Action::Insert | Action::Combine) && self.new_name.is_empty() {
            checking.error_at("new_name", missing("new_name"));
        }
        if action == Action::Combine && self.aggregation_type.is_empty() {
            checking.error_at("aggregation_type", missing("aggregation_type"));
        }
        if action == Action::Group && self.group_resource_labels.is_none() {
            checking.error_at("group_resource_labels", missing("group_resource_labels"));
        }
        check_word::<Aggregation>("aggregation_type", &self.aggregation_type, "", checking);
        check_word::<SubmatchCase>("submatch_case", &self.submatch_case, "", checking);
        self.check_operations(checking);
    }

    fn check_match(&self, checking: &mut Checking) {
        check_word::<MatchType>("match_type", &self.match_type, "", checking);
        if MatchType::of(&self.match_type) != Some(MatchType::Regexp) {
            return;
        }
        if let Err(error) = compile_go_regexp(&self.include) {
            checking.error_at("include", format!("\"include\", {error}"));
        }
        checking.within("experimental_match_labels", |checking| {
            for (label, pattern) in &self.experimental_match_labels {
                if let Err(error) = compile_go_regexp(pattern) {
                    checking.error_at(label, error.to_string());
                }
            }
        });
    }

    fn check_operations(&self, checking: &mut Checking) {
        checking.within("operations", |checking| {
            for (index, operation) in self.operations.iter().enumerate() {
                checking.within(format!("[{index}]"), |checking| {
                    operation.check_values(&format!("operation {}: ", index + 1), checking);
                });
            }
        });
    }
}

impl OperationConfig {
    /// Notes what is wrong; each sentence begins with `prefix`.
    fn check_values(&self, prefix: &str, checking: &mut Checking) {
        let Some(action) = OperationAction::of(&self.action) else {
            return checking.error_at("action", format!("{prefix}{}", OperationAction::unknown("action")));
        };
        let is_missing = match action {
            OperationAction::UpdateLabel => vec![("label", self.label.is_empty())],
            OperationAction::AddLabel => {
                vec![("new_label", self.new_label.is_empty()), ("new_value", self.new_value.is_empty())]
            }
            OperationAction::ScaleValue => vec![("experimental_scale", self.experimental_scale == 0.0)],
            _ => Vec::new(),
        };
        for (field, _) in is_missing.into_iter().filter(|(_, is_missing)| *is_missing) {
            let message =
                format!("{prefix}missing required field {field:?} while \"action\" is {}", self.action);
            checking.error_at(field, message);
        }
        check_word::<Aggregation>("aggregation_type", &self.aggregation_type, prefix, checking);
    }
}

/// Notes a word that is neither empty nor known.
fn check_word<W: Word>(field: &str, text: &str, prefix: &str, checking: &mut Checking) {
    if !text.is_empty() && W::of(text).is_none() {
        checking.error_at(field, format!("{prefix}{}", W::unknown(field)));
    }
}
