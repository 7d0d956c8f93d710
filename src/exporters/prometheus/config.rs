//! The section of the exporter, with the Collector's fields, defaults and checks.

use std::collections::BTreeMap;

use crate::config::{Checking, GoDuration, Optional};
use crate::config_section;
use crate::network::http_server::HttpServerConfig;
use crate::pipeline::exporting::SendingQueueConfig;
use crate::prometheus::{Naming, ResourceLabelsConfig, STRATEGIES};

config_section! {
    /// Shows the last value of every series on a page that Prometheus scrapes, `/metrics`.
    pub struct PrometheusExporterConfig {
        /// The server. Its `endpoint` is required.
        pub [flatten] server: HttpServerConfig = HttpServerConfig::default(),
        /// A queue before the exporter.
        pub sending_queue: Optional<SendingQueueConfig> = Optional::off(SendingQueueConfig::default()),
        /// What stands before every metric name, with an underscore between.
        pub namespace: String = String::new(),
        /// Labels of every series, `target_info` apart.
        pub const_labels: BTreeMap<String, String> = BTreeMap::new(),
        /// Whether the page says when each value was measured.
        pub send_timestamps: bool = false,
        /// How long a series is shown after its last point.
        pub metric_expiration: GoDuration = GoDuration::from_secs(300),
        /// Which resource attributes become labels of every series.
        pub resource_constant_labels: ResourceLabelsConfig = ResourceLabelsConfig::default(),
        /// The older name of `resource_constant_labels`, which is used where that is not written.
        pub resource_to_telemetry_conversion: ResourceLabelsConfig = ResourceLabelsConfig::default(),
        /// Whether the page is in OpenMetrics for those that ask for it. Only there are exemplars shown.
        pub enable_open_metrics: bool = false,
        /// Leaves out the `otel_scope_*` labels.
        pub without_scope_info: bool = false,
        /// Whether units and types are added to names, where `translation_strategy` is not written.
        pub add_metric_suffixes: bool = true,
        /// How names are translated: `UnderscoreEscapingWithSuffixes`, `UnderscoreEscapingWithoutSuffixes`,
        /// `NoUTF8EscapingWithSuffixes` or `NoTranslation`. A scraper that does not ask for
        /// `escaping=allow-utf-8` gets underscores anyway.
        pub translation_strategy: String = String::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl PrometheusExporterConfig {
    /// How names are translated.
    pub(super) fn naming(&self) -> Naming {
        Naming::of_strategy(&self.namespace, &self.translation_strategy, self.add_metric_suffixes)
    }

    /// Which resource attributes become labels.
    pub(super) fn resource_labels(&self) -> &ResourceLabelsConfig {
        self.resource_constant_labels.or_older(&self.resource_to_telemetry_conversion)
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.server.endpoint.trim().is_empty() {
            let message = "expecting a non-blank address to run the Prometheus metrics handler";
            checking.error_at("endpoint", message);
        }
        let strategy = &self.translation_strategy;
        if !STRATEGIES.contains(&strategy.as_str()) {
            checking.error_at("translation_strategy", format!("invalid translation_strategy: {strategy}"));
        }
        let naming = self.naming();
        for name in self.const_labels.keys() {
            if naming.label(name).is_none_or(|label| label.starts_with("__")) {
                let message = format!("{name:?} cannot be the name of a label");
                checking.error_at("const_labels", message);
            }
        }
    }
}
