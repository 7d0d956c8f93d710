//! Which metrics are converted.

use super::config::{CumulativeToDeltaConfig, MetricsMatchConfig};
use crate::otlp::{MetricData, MetricView};
use crate::pipeline::BuildError;
use crate::processors::record_filter::TextCondition;

/// The metrics that are included and not excluded.
#[derive(Debug)]
pub(super) struct Selection {
    include: Option<TextCondition>,
    include_types: Vec<String>,
    exclude: Option<TextCondition>,
    exclude_types: Vec<String>,
}

impl Selection {
    pub fn of(config: &CumulativeToDeltaConfig) -> Result<Self, BuildError> {
        Ok(Self {
            include: names_of(&config.include)?,
            include_types: lower_case(&config.include.metric_types),
            exclude: names_of(&config.exclude)?,
            exclude_types: lower_case(&config.exclude.metric_types),
        })
    }

    /// True where the metric is to be converted, if it can be.
    pub fn takes(&self, metric: &MetricView<'_>) -> bool {
        let name = metric.name.as_bytes();
        let is_of = |types: &[String]| types.iter().any(|word| word == type_word(&metric.data));
        self.include.as_ref().is_none_or(|names| names.matches(name))
            && (self.include_types.is_empty() || is_of(&self.include_types))
            && !self.exclude.as_ref().is_some_and(|names| names.matches(name))
            && !is_of(&self.exclude_types)
    }
}

fn names_of(config: &MetricsMatchConfig) -> Result<Option<TextCondition>, BuildError> {
    let is_any = config.metrics.is_empty();
    let names = (!is_any).then(|| TextCondition::compile(&config.match_type, &config.metrics));
    names.transpose().map_err(BuildError)
}

const fn type_word(data: &MetricData<'_>) -> &'static str {
    match data {
        MetricData::Sum { .. } => "sum",
        MetricData::Histogram { .. } => "histogram",
        MetricData::ExponentialHistogram { .. } => "exponentialhistogram",
        MetricData::Empty | MetricData::Gauge { .. } | MetricData::Summary { .. } => "",
    }
}

fn lower_case(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_lowercase()).collect()
}
