//! What users write under `dimensions`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Checking, GoDuration, Pattern, ScalarText};
use crate::{config_section, config_word};

config_section! {
    /// Keeps, drops and renames the dimensions (data point attributes) of metrics. Series that become equal
    /// are merged into one, correctly by kind and temporality. Wherever a *pattern* is taken, it is a text as
    /// it is, a glob with `*` and `?`, or a `/regular expression/`, which is looked for anywhere.
    pub struct DimensionsConfig {
        /// Rules for metrics; a metric has the first one whose name it matches.
        pub metrics: Vec<MetricRuleConfig> = Vec::new(),
        /// How many dimensions a series has at most; 0 for no limit.
        pub max_dimensions: u32 = 30,
        /// Patterns of keys that survive first where a series has too many dimensions, in order; the others
        /// survive in the order of the alphabet.
        pub priority: Vec<String> = Vec::new(),
        /// How many series a metric of one resource and scope has at most, the overflow series included; 0 for
        /// no limit. Series beyond are merged into the one whose only attribute is `otel.metric.overflow: true`.
        pub cardinality_limit: u32 = 2000,
        /// Which value a gauge has that several became: of their latest values the `last` one, the `min`, the
        /// `max`, the `sum` or the `mean`.
        pub gauge: GaugeMerging = GaugeMerging::Last,
        /// What becomes of summaries (and of sums without a temporality), which cannot be merged, where their
        /// dimensions would change: `pass` leaves them as they are, `drop` drops and counts them.
        pub summary: UnmergeablePolicy = UnmergeablePolicy::Pass,
        /// After how long without a point a series is forgotten. Set it longer than the interval at which
        /// points come: what a forgotten cumulative series counted meanwhile cannot be told from what was
        /// counted already, and is not added.
        pub stale_after: GoDuration = GoDuration::from_secs(300),
        /// How long a merged value waits at most for the next point of its series to go out with, where the
        /// point it belonged to was gone already.
        pub flush_interval: GoDuration = GoDuration::from_secs(10),
    }
    check(section, checking) {
        for (field, duration) in
            [("stale_after", section.stale_after), ("flush_interval", section.flush_interval)]
        {
            if duration <= GoDuration::ZERO {
                checking.error_at(field, format!("'{field}' must be greater than zero"));
            }
        }
        check_patterns(checking, "priority", &section.priority);
    }
}

config_section! {
    /// What becomes of the dimensions of some metrics, in this order: `drop_series`, `keep` and `drop`,
    /// `rename`, `max_dimensions`.
    pub struct MetricRuleConfig {
        /// The pattern of the metrics' names. Required.
        pub name: String = String::new(),
        /// Patterns of the keys that stay; all where nothing is written.
        pub keep: Vec<String> = Vec::new(),
        /// Patterns of the keys that go, also where `keep` names them.
        pub drop: Vec<String> = Vec::new(),
        /// Series that go: each entry names keys with patterns of values, and a point goes where one entry
        /// matches in all of its keys.
        pub drop_series: Vec<BTreeMap<String, ScalarText>> = Vec::new(),
        /// New names of keys, by old name, given all at once. A renamed dimension replaces one that has the
        /// new name already.
        pub rename: BTreeMap<String, String> = BTreeMap::new(),
        /// As `max_dimensions` above, for these metrics.
        pub max_dimensions: Option<u32> = None,
        /// As `priority` above, for these metrics. Names are those after `rename`.
        pub priority: Option<Vec<String>> = None,
        /// As `cardinality_limit` above, for these metrics.
        pub cardinality_limit: Option<u32> = None,
        /// As `gauge` above, for these metrics.
        pub gauge: Option<GaugeMerging> = None,
        /// As `summary` above, for these metrics.
        pub summary: Option<UnmergeablePolicy> = None,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl MetricRuleConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.name.is_empty() {
            checking.error("'name' must be set: the name of a metric, or a pattern such as \"*\"");
        }
        check_patterns(checking, "name", std::slice::from_ref(&self.name));
        check_patterns(checking, "keep", &self.keep);
        check_patterns(checking, "drop", &self.drop);
        check_patterns(checking, "priority", self.priority.as_deref().unwrap_or_default());
        for pairs in &self.drop_series {
            if pairs.is_empty() {
                checking.error_at("drop_series", "an entry of 'drop_series' must name at least one key");
            }
            for value in pairs.values() {
                check_patterns(checking, "drop_series", std::slice::from_ref(&value.0));
            }
        }
        let mut new_names = BTreeSet::new();
        for (old, new) in &self.rename {
            if new.is_empty() {
                checking.error_at("rename", format!("the new name of {old:?} must not be empty"));
            } else if !new_names.insert(new) {
                checking.error_at("rename", format!("two keys cannot both be renamed to {new:?}"));
            }
        }
    }
}

fn check_patterns(checking: &mut Checking, field: &str, patterns: &[String]) {
    for error in patterns.iter().filter_map(|pattern| Pattern::parse(pattern).err()) {
        checking.error_at(field, error.to_string());
    }
}

config_word! {
    /// Which value a gauge has that several became.
    #[derive(Default)]
    pub enum GaugeMerging {
        /// The latest; of equally late ones the one that came last.
        #[default]
        Last = "last",
        /// The smallest.
        Min = "min",
        /// The largest.
        Max = "max",
        /// All together.
        Sum = "sum",
        /// The arithmetic mean.
        Mean = "mean",
    }
}

config_word! {
    /// What becomes of points that cannot be merged.
    #[derive(Default)]
    pub enum UnmergeablePolicy {
        /// They stay as they are, with all their attributes.
        #[default]
        Pass = "pass",
        /// They are dropped and counted where their attributes would change.
        Drop = "drop",
    }
}
