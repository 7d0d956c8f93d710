//! The configured rules, compiled, and which of them a metric has.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::config::{DimensionsConfig, GaugeMerging, MetricRuleConfig, UnmergeablePolicy};
use super::key_plan::KeyPlan;
use crate::config::{InvalidRegexp, Pattern};
use crate::metric_streams::StreamHasher;
use crate::otlp::{AnyValueView, KeyValueView, List};

/// How many metric names, and how many combinations of keys a rule, are remembered.
const MEMORY: usize = 10_000;

/// All rules, in order, and one more for the metrics that none of them names.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    places: RwLock<HashMap<Box<[u8]>, usize>>,
}

/// What becomes of the dimensions of some metrics.
#[derive(Debug)]
pub(super) struct Rule {
    /// None for the metrics that no rule names.
    name: Option<Pattern>,
    keep: Vec<Pattern>,
    drop: Vec<Pattern>,
    drop_series: Vec<Vec<(Box<[u8]>, Pattern)>>,
    rename: Vec<(Box<[u8]>, Box<str>)>,
    priority: Vec<Pattern>,
    /// How many attributes a point has at most.
    pub max_dimensions: Option<usize>,
    /// How many series a metric has at most.
    pub cardinality_limit: Option<usize>,
    /// How the values of gauges that became one are made one.
    pub gauge: GaugeMerging,
    /// What becomes of points that cannot be merged.
    pub summary: UnmergeablePolicy,
    plans: RwLock<HashMap<Vec<u8>, Arc<KeyPlan>>>,
}

impl Rules {
    /// The rules of a checked configuration.
    ///
    /// # Errors
    ///
    /// [`InvalidRegexp`] where a pattern is none.
    pub fn new(config: &DimensionsConfig) -> Result<Self, InvalidRegexp> {
        let mut rules = Vec::new();
        for rule in &config.metrics {
            rules.push(Rule { name: Some(Pattern::parse(&rule.name)?), ..Rule::new(rule, config)? });
        }
        rules.push(Rule::new(&MetricRuleConfig::default(), config)?);
        Ok(Self { rules, places: RwLock::default() })
    }

    /// The place of the rule for a metric.
    pub fn place_of(&self, metric_name: &[u8]) -> usize {
        let last = self.rules.len().saturating_sub(1);
        if last == 0 {
            return last;
        }
        if let Some(place) = self.places.read().get(metric_name) {
            return *place;
        }
        let is_named = |rule: &Rule| rule.name.as_ref().is_none_or(|name| name.matches(metric_name));
        let place = self.rules.iter().position(is_named).unwrap_or(last);
        let mut places = self.places.write();
        if places.len() >= MEMORY {
            places.clear();
        }
        places.insert(metric_name.into(), place);
        place
    }

    /// The rule at a place.
    pub fn get(&self, place: usize) -> &Rule {
        #[expect(clippy::indexing_slicing, reason = "places come from place_of")]
        &self.rules[place]
    }
}

impl Rule {
    fn new(rule: &MetricRuleConfig, config: &DimensionsConfig) -> Result<Self, InvalidRegexp> {
        let limit = |most: u32| (most > 0).then_some(most as usize);
        let series = rule.drop_series.iter().map(|pairs| {
            pairs.iter().map(|(key, value)| Ok((key.as_bytes().into(), Pattern::parse(&value.0)?))).collect()
        });
        let rename = rule.rename.iter().map(|(old, new)| (old.as_bytes().into(), new.as_str().into()));
        Ok(Self {
            name: None,
            keep: patterns(&rule.keep)?,
            drop: patterns(&rule.drop)?,
            drop_series: series.collect::<Result<_, _>>()?,
            rename: rename.collect(),
            priority: patterns(rule.priority.as_ref().unwrap_or(&config.priority))?,
            max_dimensions: limit(rule.max_dimensions.unwrap_or(config.max_dimensions)),
            cardinality_limit: limit(rule.cardinality_limit.unwrap_or(config.cardinality_limit)),
            gauge: rule.gauge.unwrap_or(config.gauge),
            summary: rule.summary.unwrap_or(config.summary),
            plans: RwLock::default(),
        })
    }

    /// True where points may be changed because of the keys they have, not of how many.
    pub const fn has_key_rules(&self) -> bool {
        !self.keep.is_empty() || !self.drop.is_empty() || !self.rename.is_empty()
    }

    /// True where nothing ever happens to the points of the metric.
    pub const fn leaves_all_alone(&self) -> bool {
        let has_limits = self.max_dimensions.is_some() || self.cardinality_limit.is_some();
        !has_limits && !self.has_key_rules() && self.drop_series.is_empty()
    }

    /// True where a key stays.
    pub fn keeps(&self, key: &[u8]) -> bool {
        let is_kept = self.keep.is_empty() || self.keep.iter().any(|pattern| pattern.matches(key));
        is_kept && !self.drop.iter().any(|pattern| pattern.matches(key))
    }

    /// The key that takes the place of this one, where there is one.
    pub fn new_name(&self, key: &[u8]) -> Option<&str> {
        self.rename.iter().find(|(old, _)| **old == *key).map(|(_, new)| &**new)
    }

    /// How early a key is named among those to survive; lower survives.
    pub fn rank(&self, key: &[u8]) -> usize {
        let named = self.priority.iter().position(|pattern| pattern.matches(key));
        named.unwrap_or(self.priority.len())
    }

    /// True where points with these attributes are to be dropped.
    pub fn drops_series(&self, attributes: List<'_, KeyValueView<'_>>) -> bool {
        let has = |(key, pattern): &(Box<[u8]>, Pattern)| {
            attributes.iter().any(|attribute| {
                attribute.key.as_bytes() == &**key
                    && match attribute.value() {
                        AnyValueView::String(text) => pattern.matches(text.as_bytes()),
                        value => pattern.matches(value.to_text().as_bytes()),
                    }
            })
        };
        self.drop_series.iter().any(|pairs| pairs.iter().all(has))
    }

    /// The plan for points with the keys of these attributes.
    pub fn plan_for(&self, hasher: &StreamHasher, attributes: List<'_, KeyValueView<'_>>) -> Arc<KeyPlan> {
        let mut joined = Vec::new();
        for attribute in attributes {
            let key = attribute.key.as_bytes();
            joined.extend_from_slice(&key.len().to_le_bytes());
            joined.extend_from_slice(key);
        }
        if let Some(plan) = self.plans.read().get(&joined) {
            return Arc::clone(plan);
        }
        let keys: Vec<&[u8]> = attributes.iter().map(|attribute| attribute.key.as_bytes()).collect();
        let plan = Arc::new(KeyPlan::new(self, hasher, &keys));
        let mut plans = self.plans.write();
        if plans.len() >= MEMORY {
            plans.clear();
        }
        plans.insert(joined, Arc::clone(&plan));
        plan
    }
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, InvalidRegexp> {
    texts.iter().map(|text| Pattern::parse(text)).collect()
}
