//! The section of the processor.

use crate::config::{Checking, GoDuration};
use crate::config_section;
use crate::metric_streams::FirstPoints;
use crate::processors::record_filter::{RegexpCacheConfig, TextCondition};

/// The metric types that can be named, in lower case.
pub(super) const METRIC_TYPES: [&str; 3] = ["exponentialhistogram", "histogram", "sum"];

config_section! {
    /// Turns cumulative monotonic sums, histograms and exponential histograms into deltas. What is neither
    /// included nor excluded by name or type is converted too, unless something else is included.
    pub struct CumulativeToDeltaConfig {
        /// How long a stream without a newer point is remembered; 0 for ever.
        pub max_staleness: GoDuration = GoDuration::from_secs(3600),
        /// What becomes of the first point of a stream. `auto`: it is handed on where its start time is
        /// later than the start of this process and not its own time, else only remembered. `keep`: it is
        /// handed on. `drop`: it is only remembered.
        pub initial_value: String = "auto".to_owned(),
        /// The metrics to convert; all where nothing is written.
        pub include: MetricsMatchConfig = MetricsMatchConfig::default(),
        /// The metrics not to convert. Has precedence over `include`.
        pub exclude: MetricsMatchConfig = MetricsMatchConfig::default(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// Metrics by name and type; both must fit where both are written.
    pub struct MetricsMatchConfig {
        /// Names, or patterns, as `match_type` says.
        pub metrics: Vec<String> = Vec::new(),
        /// `strict` for names, `regexp` for patterns that are looked for anywhere in a name. Needed where
        /// `metrics` is written.
        pub match_type: String = String::new(),
        /// Taken for compatibility, without effect.
        pub regexp: Option<RegexpCacheConfig> = None,
        /// Any of `sum`, `histogram`, `exponentialhistogram`.
        pub metric_types: Vec<String> = Vec::new(),
    }
}

impl CumulativeToDeltaConfig {
    fn check_values(&self, checking: &mut Checking) {
        for (key, matching) in [("include", &self.include), ("exclude", &self.exclude)] {
            checking.within(key, |checking| matching.check_values(key, checking));
        }
        if !matches!(&*self.initial_value, "auto" | "keep" | "drop") {
            let message = format!("unknown initial_value: {}", self.initial_value);
            checking.error_at("initial_value", message);
        }
        if self.max_staleness.is_negative() {
            checking.error_at("max_staleness", "'max_staleness' must not be negative");
        }
    }

    pub(super) fn first_points(&self) -> FirstPoints {
        match &*self.initial_value {
            "keep" => FirstPoints::Added,
            "drop" => FirstPoints::Remembered,
            _ => FirstPoints::AddedIfNew,
        }
    }
}

impl MetricsMatchConfig {
    fn check_values(&self, key: &str, checking: &mut Checking) {
        match &*self.match_type {
            "" if !self.metrics.is_empty() => {
                checking.error_at("match_type", "match_type must be set if metrics are supplied");
            }
            "" => {}
            _ if self.metrics.is_empty() => {
                checking.error_at("metrics", "metrics must be supplied if match_type is set");
            }
            match_type => {
                if let Err(error) = TextCondition::compile(match_type, &self.metrics) {
                    checking.error_at("match_type", error);
                }
            }
        }
        for metric_type in &self.metric_types {
            if !METRIC_TYPES.contains(&&*metric_type.to_lowercase()) {
                let valid = METRIC_TYPES.join(" ");
                let message = format!(
                    "found invalid metric type in {key}.metric_types: {metric_type}. Valid values are [{valid}]"
                );
                checking.error_at("metric_types", message);
            }
        }
    }
}
