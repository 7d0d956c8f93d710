//! Which metrics are converted.

use std::collections::HashSet;

use regex::bytes::Regex;

use super::config::{CumulativeToDeltaConfig, MetricsMatchConfig};
use crate::config::compile_go_regexp;
use crate::otlp::{MetricData, MetricView};
use crate::pipeline::BuildError;

/// The metrics that are included and not excluded.
#[derive(Debug)]
pub(super) struct Selection {
    include: Option<Names>,
    include_types: Vec<String>,
    exclude: Option<Names>,
    exclude_types: Vec<String>,
}

#[derive(Debug)]
enum Names {
    Exact(HashSet<Vec<u8>>),
    Patterns(Vec<Regex>),
}

impl Selection {
    pub fn of(config: &CumulativeToDeltaConfig) -> Result<Self, BuildError> {
        Ok(Self {
            include: Names::of(&config.include)?,
            include_types: lower_case(&config.include.metric_types),
            exclude: Names::of(&config.exclude)?,
            exclude_types: lower_case(&config.exclude.metric_types),
        })
    }

    /// True where the metric is to be converted, if it can be.
    pub fn takes(&self, metric: &MetricView<'_>) -> bool {
        let name = metric.name.as_bytes();
        let is_of = |types: &[String]| types.iter().any(|word| word == type_word(&metric.data));
        self.include.as_ref().is_none_or(|names| names.contain(name))
            && (self.include_types.is_empty() || is_of(&self.include_types))
            && !self.exclude.as_ref().is_some_and(|names| names.contain(name))
            && !is_of(&self.exclude_types)
    }
}

impl Names {
    fn of(config: &MetricsMatchConfig) -> Result<Option<Self>, BuildError> {
        if config.metrics.is_empty() {
            return Ok(None);
        }
        if config.match_type == "strict" {
            let names = config.metrics.iter().map(|name| name.clone().into_bytes());
            return Ok(Some(Self::Exact(names.collect())));
        }
        let patterns = config.metrics.iter().map(|pattern| compile_go_regexp(pattern));
        let patterns: Result<_, _> = patterns.collect();
        patterns.map(|patterns| Some(Self::Patterns(patterns))).map_err(|error| BuildError(error.to_string()))
    }

    fn contain(&self, name: &[u8]) -> bool {
        match self {
            Self::Exact(names) => names.contains(name),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.is_match(name)),
        }
    }
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
