//! Reads the samples of watched metrics out of a batch.

use std::collections::HashMap;
use std::sync::Arc;

use crate::alarms::Rule;
use crate::alarms::selector::{Attributes, dimension};
use crate::metric_streams::{
    Advances, CumulativeStreams, FirstPoints, MetricKind, Overtaken, PointValue, StreamHasher, Temporality,
    WirePoint,
};
use crate::otlp::{AnyValueView, Batch, MetricView};

/// One measurement for one metric of one rule.
pub struct Sample<'a> {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// The metric, by its place in the rule.
    pub term: usize,
    /// The values of the attributes the rule splits by.
    pub key: Vec<String>,
    /// When it was measured, in nanoseconds since 1970.
    pub time_unix_nano: u64,
    /// What was measured; of counters and histograms what came since the point before.
    pub value: &'a PointValue,
}

/// Knows which metrics are watched, and the counters behind them.
pub struct SampleReader {
    /// The rules and their metrics, by the metric's name.
    watched: HashMap<Vec<u8>, Vec<(usize, usize)>>,
    hasher: StreamHasher,
    /// The counters that are watched, each with its last point.
    pub counters: Arc<CumulativeStreams>,
}

/// Where a metric stands.
struct Place<'a, 'b> {
    rules: &'b [Rule],
    /// Those of its rules that may take it.
    takers: &'b [(usize, usize)],
    resource: Attributes<'a>,
}

impl SampleReader {
    /// A reader for these rules, which takes counters as counting from `now_unix_nano` on.
    pub fn new(rules: &[Rule], now_unix_nano: u64) -> Self {
        let mut watched: HashMap<Vec<u8>, Vec<(usize, usize)>> = HashMap::new();
        for (rule_index, rule) in rules.iter().enumerate() {
            for (term_index, term) in rule.terms.iter().enumerate() {
                let name = term.selector.name.clone().into_bytes();
                watched.entry(name).or_default().push((rule_index, term_index));
            }
        }
        let counters = CumulativeStreams::new(FirstPoints::AddedIfNew, Overtaken::GivenUp, now_unix_nano);
        Self { watched, hasher: StreamHasher::new(), counters: Arc::new(counters) }
    }

    /// Calls `take` with every sample of the batch. A data point that is watched twice is two samples.
    pub fn read(&self, batch: &Batch, rules: &[Rule], mut take: impl FnMut(Sample<'_>)) {
        let mut advances = Advances::of(&self.counters);
        for resource_group in batch.resource_groups() {
            for scope_group in resource_group.scope_groups.iter() {
                for metric in scope_group.metrics() {
                    let Some(watching) = self.watched.get(metric.name.as_bytes()) else { continue };
                    let resource = resource_group.resource.attributes;
                    let is_taker = |(rule, term): &&(usize, usize)| {
                        let term = rules.get(*rule).and_then(|rule| rule.terms.get(*term));
                        term.is_some_and(|term| term.selector.takes_resource(resource))
                    };
                    let takers: Vec<(usize, usize)> = watching.iter().filter(is_taker).copied().collect();
                    if takers.is_empty() {
                        continue;
                    }
                    let resource_id = self.hasher.resource(&resource_group);
                    let scope_id = self.hasher.scope(&scope_group);
                    let metric_id = self.hasher.metric(resource_id, scope_id, &metric);
                    let place = Place { rules, takers: &takers, resource };
                    WirePoint::for_each(&metric.data, |mut point| {
                        if !counts_from_the_start(&metric) {
                            if let Some(value) = &point.value {
                                place.take(&point, value, &mut take);
                            }
                            return;
                        }
                        let whole = point.clone();
                        // A first point, one out of order and the end of a series add nothing.
                        let _ = advances.added(&self.hasher, metric_id, &mut point, |_, added| {
                            place.take(&whole, added, &mut take);
                        });
                    });
                }
            }
        }
        advances.accept();
    }
}

/// True for counters and histograms whose points hold everything since the start.
fn counts_from_the_start(metric: &MetricView<'_>) -> bool {
    let kind = MetricKind::of(&metric.data);
    kind.is_monotonic() && kind.temporality() == Some(Temporality::Cumulative)
}

impl Place<'_, '_> {
    fn take(&self, point: &WirePoint<'_>, value: &PointValue, take: &mut impl FnMut(Sample<'_>)) {
        for (rule_index, term_index) in self.takers {
            let Some(rule) = self.rules.get(*rule_index) else { continue };
            let Some(term) = rule.terms.get(*term_index) else { continue };
            if !term.selector.takes_point(point.attributes, self.resource) {
                continue;
            }
            let text_of = |key: &String| {
                dimension(key, point.attributes, self.resource).map(AnyValueView::to_text).unwrap_or_default()
            };
            take(Sample {
                rule: *rule_index,
                term: *term_index,
                key: rule.config.split_by.iter().map(text_of).collect(),
                time_unix_nano: point.time_unix_nano,
                value,
            });
        }
    }
}
