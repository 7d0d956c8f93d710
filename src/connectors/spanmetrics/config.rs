//! What users write under `span_metrics`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::glob::KeyGlob;
use crate::config::{Checking, GoDuration, Optional};
use crate::metric_streams::Temporality;
use crate::{config_section, config_word};

config_section! {
    /// Counts spans and measures their durations, by service, span name, kind, status and further dimensions.
    pub struct SpanMetricsConfig {
        /// Attributes that tell series apart on all metrics, on top of `service.name`, `span.name`, `span.kind`,
        /// `status.code` and `collector.instance.id`. Each is looked up in the span, then in its resource.
        pub dimensions: Vec<DimensionConfig> = Vec::new(),
        /// Further dimensions of the metric `calls` alone.
        pub calls_dimensions: Vec<DimensionConfig> = Vec::new(),
        /// Which of the five standard dimensions to leave out.
        pub exclude_dimensions: Vec<String> = Vec::new(),
        /// Has no effect any more; `aggregation_cardinality_limit` bounds the number of series.
        pub dimensions_cache_size: i64 = 0,
        /// How many resources are kept at most. The one not seen for longest goes first; its counters begin anew
        /// when it comes back.
        pub resource_metrics_cache_size: i64 = 1000,
        /// The resource attributes that tell resources apart; empty for all. Of equal resources the first one's
        /// attributes are shown.
        pub resource_metrics_key_attributes: Vec<String> = Vec::new(),
        /// `AGGREGATION_TEMPORALITY_DELTA`; everything else stands for `AGGREGATION_TEMPORALITY_CUMULATIVE`.
        pub aggregation_temporality: String = CUMULATIVE.to_owned(),
        /// The metric `duration`.
        pub histogram: HistogramConfig = HistogramConfig::default(),
        /// How often the metrics are handed on. What is held at the end is handed on when the connector stops.
        pub metrics_flush_interval: GoDuration = GoDuration::from_secs(60),
        /// A resource without new spans for so long is given up after it was handed on once more; 0 for never.
        pub metrics_expiration: GoDuration = GoDuration::ZERO,
        /// A series without new spans for so long is given up after it was handed on once more; 0 for never.
        pub series_expiration: GoDuration = GoDuration::ZERO,
        /// Delta only: of how many series the time of the last flush is remembered, which is where their next
        /// point starts. A series forgotten starts where its next span is seen.
        pub metric_timestamp_cache_size: i64 = 1000,
        /// Stands before the names of the metrics, with a dot between; empty for none.
        pub namespace: String = "traces.span.metrics".to_owned(),
        /// Spans given as examples with the data points they were counted in.
        pub exemplars: ExemplarsConfig = ExemplarsConfig::default(),
        /// The metric `events`, which counts the events of spans.
        pub events: EventsConfig = EventsConfig::default(),
        /// Instrumentation scopes by name whose name and version become the dimensions
        /// `span.instrumentation.scope.name` and `span.instrumentation.scope.version`.
        pub include_instrumentation_scope: Vec<String> = Vec::new(),
        /// How many series a metric of one resource has at most; spans of further ones are counted in one with
        /// `otel.metric.overflow: true`. 0 for no limit.
        pub aggregation_cardinality_limit: i64 = 0,
        /// Has no effect: resource attributes are always copied to the metrics, as the Collector does by default.
        pub add_resource_attributes: bool = false,
        /// Adds the dimension `sampling.method`: `extrapolated` where the span's trace state says how many spans
        /// it stands for, else `counted`. Calls are weighted by that number either way.
        pub enable_metrics_sampling_method: bool = false,
    }
    check(section, checking) {
        section.check_dimension_lists(checking);
        section.check_values(checking);
    }
}

config_section! {
    /// An attribute that tells series apart. Exactly one of `name` and `glob` is set.
    pub struct DimensionConfig {
        /// The key of the attribute.
        pub name: String = String::new(),
        /// The value where neither span nor resource has the attribute; without it the dimension is left out then.
        pub default: Option<String> = None,
        /// A pattern over keys, with dots between parts: `*` within a part, `**` across parts, `?`, `[abc]`,
        /// `{a,b}`. Every attribute whose key matches is a dimension.
        pub glob: String = String::new(),
    }
}

config_section! {
    /// How durations are measured.
    pub struct HistogramConfig {
        /// Leaves the metric `duration` out.
        pub disable: bool = false,
        /// The unit of durations: `ms` or `s`.
        pub unit: DurationUnit = DurationUnit::Milliseconds,
        /// Buckets that grow exponentially, in place of given ones.
        pub exponential: Optional<ExponentialConfig> = Optional::absent(ExponentialConfig::default()),
        /// Buckets with given bounds. Without this section they are 2, 4, 6, 8, 10, 50, 100, 200, 400 and 800 ms,
        /// 1, 1.4, 2, 5, 10 and 15 s.
        pub explicit: Optional<ExplicitConfig> = Optional::absent(ExplicitConfig::default()),
        /// Further dimensions of the metric `duration` alone.
        pub dimensions: Vec<DimensionConfig> = Vec::new(),
    }
}

config_section! {
    /// Buckets that grow exponentially.
    pub struct ExponentialConfig {
        /// How many buckets a histogram has at most; 2 to 16384, 0 for 160.
        pub max_size: i32 = 0,
    }
}

config_section! {
    /// Buckets with given bounds.
    pub struct ExplicitConfig {
        /// The inclusive upper bounds; the last bucket has none.
        pub buckets: Vec<GoDuration> = Vec::new(),
    }
}

config_section! {
    /// Spans given as examples.
    pub struct ExemplarsConfig {
        /// Adds trace id, span id and duration of spans to the data points they were counted in.
        pub enabled: bool = false,
        /// How many a data point has at most; the first ones since the last flush.
        pub max_per_data_point: i64 = 5,
    }
}

config_section! {
    /// Counting the events of spans.
    pub struct EventsConfig {
        /// Adds the metric `events`.
        pub enabled: bool = false,
        /// Dimensions of the metric `events` alone, looked up in the span, the event and the resource. There must
        /// be at least one.
        pub dimensions: Vec<DimensionConfig> = Vec::new(),
    }
}

config_word! {
    /// The unit of durations.
    pub enum DurationUnit [fold_case] {
        /// `ms`
        Milliseconds = "ms",
        /// `s`
        Seconds = "s",
    }
    refused(text) { format!("unknown Unit {text:?}, allowed units are \"ms\" and \"s\"") }
}

const DELTA: &str = "AGGREGATION_TEMPORALITY_DELTA";
const CUMULATIVE: &str = "AGGREGATION_TEMPORALITY_CUMULATIVE";

/// The bounds of buckets where none are given, in milliseconds.
const USUAL_BOUNDS: [f64; 16] = [
    2.0, 4.0, 6.0, 8.0, 10.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1000.0, 1400.0, 2000.0, 5000.0, 10_000.0,
    15_000.0,
];

/// The least and the most buckets of an exponential histogram, and the usual number.
const LEAST_BUCKETS: usize = 2;
const MOST_BUCKETS: usize = 16_384;
const USUAL_BUCKETS: usize = 160;

/// The dimensions every series has, whose names a configured dimension cannot have.
const STANDARD_DIMENSIONS: [&str; 5] =
    ["service.name", "span.kind", "status.code", "span.name", "collector.instance.id"];

impl SpanMetricsConfig {
    /// What the points of the metrics cover.
    pub fn temporality(&self) -> Temporality {
        if self.aggregation_temporality == DELTA { Temporality::Delta } else { Temporality::Cumulative }
    }

    fn check_dimension_lists(&self, checking: &mut Checking) {
        let mut lists = vec![
            ("dimensions", "dimensions", &self.dimensions),
            ("calls_dimensions", "calls dimensions", &self.calls_dimensions),
            ("histogram", "histogram dimensions", &self.histogram.dimensions),
        ];
        if self.events.enabled {
            lists.push(("events", "event dimensions", &self.events.dimensions));
        }
        for (field, name, dimensions) in lists {
            if let Err(problem) = check_dimensions(dimensions) {
                checking.error_at(field, format!("failed validating {name}: {problem}"));
            }
        }
        if self.events.enabled && self.events.dimensions.is_empty() {
            checking.error_at(
                "events",
                "failed validating event dimensions: no dimensions configured for events",
            );
        }
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.histogram.explicit.is_on() && self.histogram.exponential.is_on() {
            checking.error_at("histogram", "use either `explicit` or `exponential` buckets histogram");
        }
        if self.metrics_flush_interval <= GoDuration::ZERO {
            let message = format!(
                "invalid metrics_flush_interval: {}, the duration should be positive",
                self.metrics_flush_interval
            );
            checking.error_at("metrics_flush_interval", message);
        }
        let expirations =
            [("metrics_expiration", self.metrics_expiration), ("series_expiration", self.series_expiration)];
        for (field, duration) in expirations {
            if duration.is_negative() {
                let message = format!("invalid {field}: {duration}, the duration should be positive");
                checking.error_at(field, message);
            }
        }
        if self.temporality() == Temporality::Delta && self.metric_timestamp_cache_size <= 0 {
            let message = format!(
                "invalid delta timestamp cache size: {}, the maximum number of the items in the cache should be \
                 positive",
                self.metric_timestamp_cache_size
            );
            checking.error_at("metric_timestamp_cache_size", message);
        }
        if self.aggregation_cardinality_limit < 0 {
            let message = format!(
                "invalid aggregation_cardinality_limit: {}, the limit should be positive",
                self.aggregation_cardinality_limit
            );
            checking.error_at("aggregation_cardinality_limit", message);
        }
        if self.exemplars.enabled && self.exemplars.max_per_data_point < 0 {
            let message = format!(
                "invalid max_per_data_point: {}, the value should be positive",
                self.exemplars.max_per_data_point
            );
            checking.error_at("exemplars", message);
        }
        if self.resource_metrics_cache_size <= 0 {
            let message = format!(
                "invalid resource_metrics_cache_size: {}, must provide a positive size",
                self.resource_metrics_cache_size
            );
            checking.error_at("resource_metrics_cache_size", message);
        }
    }
}

impl HistogramConfig {
    /// The bounds of explicit buckets in the unit of the metric, ascending.
    pub fn bounds(&self) -> Vec<f64> {
        let Some(explicit) = self.explicit.get() else {
            return USUAL_BOUNDS.map(|bound| bound / self.unit.per_millisecond()).to_vec();
        };
        let buckets: BTreeSet<Duration> = explicit.buckets.iter().map(|bucket| bucket.to_std()).collect();
        buckets.into_iter().map(|bound| self.unit.of_nanoseconds(bound.as_nanos() as f64)).collect()
    }

    /// How many exponential buckets a histogram has at most; none where buckets are explicit.
    pub fn exponential_size(&self) -> Option<usize> {
        let exponential = self.exponential.get()?;
        Some(match usize::try_from(exponential.max_size) {
            Ok(0) | Err(_) => USUAL_BUCKETS,
            Ok(size) => size.clamp(LEAST_BUCKETS, MOST_BUCKETS),
        })
    }
}

impl DurationUnit {
    /// Nanoseconds in this unit.
    pub fn of_nanoseconds(self, nanoseconds: f64) -> f64 {
        match self {
            Self::Milliseconds => nanoseconds / 1e6,
            Self::Seconds => nanoseconds / 1e9,
        }
    }

    const fn per_millisecond(self) -> f64 {
        match self {
            Self::Milliseconds => 1.0,
            Self::Seconds => 1000.0,
        }
    }
}

/// The first thing wrong with a list of dimensions, in the Collector's words.
fn check_dimensions(dimensions: &[DimensionConfig]) -> Result<(), String> {
    let mut names = BTreeSet::from(STANDARD_DIMENSIONS);
    let mut globs = Vec::new();
    for DimensionConfig { name, default, glob } in dimensions {
        match (name.is_empty(), glob.is_empty()) {
            (false, false) => {
                return Err(format!(
                    "dimension entry must set only one of `name` or `glob`, got both: name={name:?} glob={glob:?}"
                ));
            }
            (true, true) => return Err("dimension entry must set one of `name` or `glob`".to_owned()),
            (false, true) if !names.insert(name) => return Err(format!("duplicate dimension name {name:?}")),
            (false, true) => {}
            (true, false) if default.is_some() => {
                return Err(format!("`default` is not supported on `glob` dimension {glob:?}"));
            }
            (true, false) => {
                let compiled = KeyGlob::compile(glob)
                    .map_err(|problem| format!("invalid dimension glob {glob:?}: {problem}"))?;
                globs.push((glob, compiled));
            }
        }
    }
    for name in names {
        if let Some((glob, _)) = globs.iter().find(|(_, compiled)| compiled.matches(name.as_bytes())) {
            return Err(format!("duplicate dimension name {name:?} conflicting with glob {glob:?}"));
        }
    }
    Ok(())
}
