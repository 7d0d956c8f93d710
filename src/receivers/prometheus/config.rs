//! The section of the receiver: a Prometheus configuration, as far as it is about scraping.

mod discovery;
mod http;
mod job;
mod relabel;
mod values;

use std::collections::{BTreeMap, BTreeSet};

pub use self::discovery::{FileDiscoveryConfig, TargetGroupConfig};
pub use self::http::{ScrapeClientConfig, tls_version};
pub use self::job::{ScrapeConfig, ScrapeLimits, ScrapeProtocol};
pub use self::relabel::{RelabelAction, RelabelConfig, is_label_name};
pub use self::values::{PrometheusDuration, ScalarText};
use crate::config::{Anything, Checking, GoDuration};
use crate::{config_section, config_word};

config_section! {
    /// Scrapes Prometheus targets.
    pub struct PrometheusReceiverConfig {
        /// The Prometheus configuration. A `$` in it is written `$$`.
        pub config: PrometheusConfig = PrometheusConfig::default(),
        /// Whether units and types are taken off the ends of metric names.
        pub trim_metric_suffixes: bool = false,
        /// Whether targets are scraped once more while the receiver stops.
        pub scrape_on_shutdown: bool = false,
        /// Accepted for the Collector's configurations; targets are discovered as soon as the receiver starts.
        pub discovery_reload_on_startup: bool = false,
        /// What the first scrape of each target waits besides the target's own place in the interval.
        pub initial_scrape_offset: GoDuration = GoDuration::ZERO,
        /// The older way to write `extra_scrape_metrics` in `global`.
        pub report_extra_scrape_metrics: bool = false,
        /// Targets handed out by the OpenTelemetry operator. Not supported.
        pub target_allocator: Anything = Anything::default(),
        /// Prometheus's own pages. Not supported.
        pub api_server: ApiServerConfig = ApiServerConfig::default(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A Prometheus configuration.
    pub struct PrometheusConfig {
        /// What holds for every job that says nothing else.
        pub global: GlobalConfig = GlobalConfig::default(),
        /// The jobs.
        pub scrape_configs: Vec<ScrapeConfig> = Vec::new(),
        /// Files with more jobs, under the same key; `*` in a file's name stands for any characters.
        pub scrape_config_files: Vec<ScalarText> = Vec::new(),
        /// Not supported, as in the Collector.
        pub rule_files: Anything = Anything::default(),
        /// Not supported, as in the Collector.
        pub alerting: AlertingConfig = AlertingConfig::default(),
        /// Not supported, as in the Collector.
        pub remote_write: Anything = Anything::default(),
        /// Not supported, as in the Collector.
        pub remote_read: Anything = Anything::default(),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub storage: Anything = Anything::default(),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub tracing: Anything = Anything::default(),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub runtime: Anything = Anything::default(),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub otlp: Anything = Anything::default(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A file with more jobs.
    pub struct ScrapeConfigFile {
        /// The jobs.
        pub scrape_configs: Vec<ScrapeConfig> = Vec::new(),
    }
}

config_section! {
    /// What holds for every job that says nothing else.
    pub struct GlobalConfig {
        /// How long from one scrape to the next; 0 for 1m.
        pub scrape_interval: PrometheusDuration = PrometheusDuration::from_secs(60),
        /// How long a scrape may take; 0 for 10s, or the interval where that is less.
        pub scrape_timeout: PrometheusDuration = PrometheusDuration::default(),
        /// The formats asked for, best first.
        pub scrape_protocols: Vec<ScrapeProtocol> = Vec::new(),
        /// Labels of every series.
        pub external_labels: BTreeMap<String, ScalarText> = BTreeMap::new(),
        /// The limits.
        pub [flatten] limits: ScrapeLimits = ScrapeLimits::default(),
        /// Which names are valid: `utf8` for any, `legacy` for classic ones.
        pub metric_name_validation_scheme: NameValidation = NameValidation::Unset,
        /// How names that are not classic are to be written: `allow-utf-8`, `underscores`, `dots` or `values`.
        pub metric_name_escaping_scheme: NameEscaping = NameEscaping::Unset,
        /// Whether native histograms are asked for. Not supported.
        pub scrape_native_histograms: bool = false,
        /// Accepted for Prometheus's configurations; classic histograms are always taken.
        pub always_scrape_classic_histograms: bool = false,
        /// Whether classic histograms become native ones. Not supported.
        pub convert_classic_histograms_to_nhcb: bool = false,
        /// Whether there are metrics for the timeout, the sample limit and the size of each scrape.
        pub extra_scrape_metrics: bool = false,
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub evaluation_interval: PrometheusDuration = PrometheusDuration::from_secs(60),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub rule_query_offset: PrometheusDuration = PrometheusDuration::default(),
        /// Accepted for Prometheus's configurations; has no meaning here.
        pub query_log_file: String = String::new(),
        /// Accepted for Prometheus's configurations; failures are in the log.
        pub scrape_failure_log_file: String = String::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// Alerts, which there are none of here.
    pub struct AlertingConfig {
        /// Not supported, as in the Collector.
        pub alert_relabel_configs: Anything = Anything::default(),
        /// Not supported, as in the Collector.
        pub alertmanagers: Anything = Anything::default(),
    }
}

config_section! {
    /// Prometheus's own pages.
    pub struct ApiServerConfig {
        /// Whether there are any. Not supported.
        pub enabled: bool = false,
        /// The server of the pages.
        pub server_config: Anything = Anything::default(),
    }
    check(section, checking) {
        if section.enabled {
            checking.error_at("enabled", "the API server is not supported; remove api_server");
        }
    }
}

config_word! {
    /// Which names of metrics and labels are valid.
    #[derive(Default)]
    pub enum NameValidation {
        /// As the level above says.
        #[default]
        Unset = "",
        /// Any.
        Utf8 = "utf8",
        /// Letters, digits and underscores; colons in metric names.
        Legacy = "legacy",
    }
    refused(text) { format!("unrecognized ValidationScheme: {text:?}") }
}

config_word! {
    /// How targets are asked to write names that are not classic.
    #[derive(Default)]
    pub enum NameEscaping {
        /// As the validation allows.
        #[default]
        Unset = "",
        /// As they are.
        AllowUtf8 = "allow-utf-8",
        /// With underscores.
        Underscores = "underscores",
        /// With dots and underscores as words.
        Dots = "dots",
        /// With the code points.
        Values = "values",
    }
    refused(text) {
        format!(
            "unknown global name escaping method specified, must be one of 'allow-utf-8', 'underscores', \
             'dots', or 'values', got {text:?}"
        )
    }
}

impl PrometheusReceiverConfig {
    fn check_values(&self, checking: &mut Checking) {
        if !self.target_allocator.0.is_null() {
            let message = "the target allocator is not supported; write scrape_configs, or file_sd_configs that follow it";
            checking.error_at("target_allocator", message);
        } else if self.config.scrape_configs.is_empty() && self.config.scrape_config_files.is_empty() {
            checking.error("no Prometheus scrape_configs or target_allocator set");
        }
        if self.initial_scrape_offset.is_negative() {
            checking.error_at("initial_scrape_offset", "\"initial_scrape_offset\": must be non-negative");
        }
    }
}

impl PrometheusConfig {
    fn check_values(&self, checking: &mut Checking) {
        let features = [
            ("alert_config.alertmanagers", &self.alerting.alertmanagers),
            ("alert_config.relabel_configs", &self.alerting.alert_relabel_configs),
            ("remote_read", &self.remote_read),
            ("remote_write", &self.remote_write),
            ("rule_files", &self.rule_files),
        ];
        let is_written = |value: &Anything| value.0.as_sequence().is_some_and(|list| !list.is_empty());
        let written: Vec<&str> =
            features.into_iter().filter(|(_, value)| is_written(value)).map(|(name, _)| name).collect();
        if !written.is_empty() {
            checking.error(format!("unsupported features:\n\t{}", written.join("\n\t")));
        }
        let mut jobs = BTreeSet::new();
        for (index, job) in self.scrape_configs.iter().enumerate() {
            checking.within("scrape_configs", |checking| {
                checking.within(format!("[{index}]"), |checking| {
                    job.check_with(&self.global, checking);
                    if !job.job_name.0.is_empty() && !jobs.insert(job.job_name.0.as_str()) {
                        let name = &job.job_name.0;
                        let message = format!("found multiple scrape configs with job name {name:?}");
                        checking.error_at("job_name", message);
                    }
                });
            });
        }
    }
}

impl GlobalConfig {
    /// How long from one scrape to the next.
    pub fn interval(&self) -> PrometheusDuration {
        if self.scrape_interval.is_zero() { PrometheusDuration::from_secs(60) } else { self.scrape_interval }
    }

    /// How long a scrape may take.
    pub fn timeout(&self) -> PrometheusDuration {
        if self.scrape_timeout.is_zero() {
            PrometheusDuration::from_secs(10).min(self.interval())
        } else {
            self.scrape_timeout
        }
    }

    /// Whether names may have any letters.
    pub fn keeps_utf8(&self) -> bool {
        self.metric_name_validation_scheme != NameValidation::Legacy
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.scrape_timeout > self.interval() {
            checking.error_at("scrape_timeout", "global scrape timeout greater than scrape interval");
        }
        for name in self.external_labels.keys() {
            if !is_label_name(name, self.keeps_utf8(), false) {
                checking.error_at("external_labels", format!("{name:?} is not a valid label name"));
            }
        }
        job::check_protocols(&self.scrape_protocols, "for global config", checking);
        let native_histograms = [
            ("convert_classic_histograms_to_nhcb", self.convert_classic_histograms_to_nhcb),
            ("scrape_native_histograms", self.scrape_native_histograms),
        ];
        for (field, is_on) in native_histograms {
            if is_on {
                job::refuse_native_histograms(field, checking);
            }
        }
    }
}
