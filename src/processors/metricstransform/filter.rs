//! Which metrics and data points a transform is for.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use regex::bytes::Regex;

use super::config::{MatchType, SubmatchCase, TransformConfig, Word};
use super::labels;
use crate::config::{InvalidRegexp, compile_go_regexp};
use crate::otlp::{AnyValueView, KeyValueView, List, MetricData, MetricView, View};

/// A condition on the name of a metric and on the labels of its data points.
#[derive(Debug)]
pub(super) struct MetricFilter {
    name: TextPattern,
    labels: Vec<(String, TextPattern)>,
}

/// How many of a metric's data points match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matched {
    /// None of those there are.
    Nothing,
    /// Some, but not all.
    Part,
    /// All; also where there are none.
    Whole,
}

#[derive(Debug)]
enum TextPattern {
    Exact(String),
    Regexp(Regex),
}

impl TextPattern {
    fn new(match_type: MatchType, text: &str) -> Result<Self, InvalidRegexp> {
        match match_type {
            MatchType::Strict => Ok(Self::Exact(text.to_owned())),
            MatchType::Regexp => compile_go_regexp(text).map(Self::Regexp),
        }
    }

    fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(expected) => expected.as_bytes() == text,
            Self::Regexp(regexp) => regexp.is_match(text),
        }
    }
}

impl MetricFilter {
    pub fn new(config: &TransformConfig) -> Result<Self, InvalidRegexp> {
        let match_type = MatchType::of(&config.match_type).unwrap_or(MatchType::Strict);
        let labels = config.experimental_match_labels.iter();
        Ok(Self {
            name: TextPattern::new(match_type, &config.include)?,
            labels: labels
                .map(|(label, value)| Ok((label.clone(), TextPattern::new(match_type, value)?)))
                .collect::<Result<_, InvalidRegexp>>()?,
        })
    }

    pub fn matches_name(&self, name: &[u8]) -> bool {
        self.name.is_match(name)
    }

    /// Whether a decoded data point with these attributes matches.
    pub fn matches_attributes(&self, attributes: &[KeyValue]) -> bool {
        self.matches_labels(|label| labels::get(attributes, label).map(str::as_bytes))
    }

    /// How many data points of an encoded metric match, looked at where they lie.
    pub fn matched_points_in(&self, metric: &[u8]) -> Matched {
        if self.labels.is_empty() {
            return Matched::Whole;
        }
        match MetricView::parse(metric).data {
            MetricData::Empty => Matched::Whole,
            MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
                self.matched_of(data_points.iter().map(|point| point.attributes))
            }
            MetricData::Histogram { data_points, .. } => {
                self.matched_of(data_points.iter().map(|point| point.attributes))
            }
            MetricData::ExponentialHistogram { data_points, .. } => {
                self.matched_of(data_points.iter().map(|point| point.attributes))
            }
            MetricData::Summary { data_points } => {
                self.matched_of(data_points.iter().map(|point| point.attributes))
            }
        }
    }

    fn matched_of<'a>(&self, points: impl Iterator<Item = List<'a, KeyValueView<'a>>>) -> Matched {
        Matched::of(points.map(|attributes| {
            self.matches_labels(|label| match attributes.get(label)? {
                AnyValueView::String(text) => Some(text.as_bytes()),
                _ => Some(&[]),
            })
        }))
    }

    /// Whether the labels match of which `value_of` knows the value: empty where it is no text, none where
    /// there is no such label. An absent label matches what the empty text matches.
    fn matches_labels<'a>(&self, value_of: impl Fn(&str) -> Option<&'a [u8]>) -> bool {
        self.labels.iter().all(|(label, pattern)| pattern.is_match(value_of(label).unwrap_or_default()))
    }

    /// The name `template` makes of a metric's name: with groups of the regular expression filled in where
    /// there is one that matches, unless that leaves nothing; else the template itself.
    pub fn expand(&self, template: &str, name: &[u8]) -> Vec<u8> {
        let mut expanded = Vec::new();
        if let TextPattern::Regexp(regexp) = &self.name
            && let Some(captures) = regexp.captures(name)
        {
            captures.expand(template.as_bytes(), &mut expanded);
        }
        if expanded.is_empty() { template.as_bytes().to_vec() } else { expanded }
    }

    /// The labels that the groups of the regular expression make of a metric's name: each is called as the
    /// group, or `$2` where the second group has no name. What matched nothing makes no label.
    pub fn labels_in_name(&self, name: &str, case: Option<SubmatchCase>) -> Vec<(String, String)> {
        let TextPattern::Regexp(regexp) = &self.name else { return Vec::new() };
        let Some(captures) = regexp.captures(name.as_bytes()) else { return Vec::new() };
        let groups = regexp.capture_names().zip(captures.iter()).enumerate().skip(1);
        let labels = groups.filter_map(|(index, (group, found))| {
            let text = String::from_utf8_lossy(found?.as_bytes());
            let value = match case {
                None => text.into_owned(),
                Some(SubmatchCase::Lower) => text.to_lowercase(),
                Some(SubmatchCase::Upper) => text.to_uppercase(),
            };
            let label = group.map_or_else(|| format!("${index}"), str::to_owned);
            (!value.is_empty()).then_some((label, value))
        });
        labels.collect()
    }
}

impl Matched {
    pub fn is_any(self) -> bool {
        self != Self::Nothing
    }

    pub fn of(points: impl Iterator<Item = bool>) -> Self {
        let (mut some, mut all) = (false, true);
        for matches in points {
            some |= matches;
            all &= matches;
        }
        match (all, some) {
            (true, _) => Self::Whole,
            (false, true) => Self::Part,
            (false, false) => Self::Nothing,
        }
    }
}
