//! One job: which targets it scrapes, and how.

use std::collections::BTreeMap;
use std::path::Path;

use super::discovery::{FileDiscoveryConfig, TargetGroupConfig, UnsupportedDiscoveries};
use super::http::{ScrapeClientConfig, resolve};
use super::relabel::RelabelConfig;
use super::values::{ByteSize, PrometheusDuration, ScalarText};
use super::{GlobalConfig, NameEscaping, NameValidation};
use crate::config::Checking;
use crate::prometheus::exposition::ExpositionFormat;
use crate::{config_section, config_word};

config_section! {
    /// One job.
    pub struct ScrapeConfig {
        /// The name, which becomes the label `job`. Required.
        pub job_name: ScalarText = ScalarText::default(),
        /// Whether labels of a target's series win over those of the target.
        pub honor_labels: bool = false,
        /// Whether the timestamps of a target count.
        pub honor_timestamps: bool = true,
        /// Whether series with timestamps end with a marker as others do.
        pub track_timestamps_staleness: bool = false,
        /// URL parameters.
        pub params: BTreeMap<String, Vec<ScalarText>> = BTreeMap::new(),
        /// How long from one scrape to the next; 0 for the global one.
        pub scrape_interval: PrometheusDuration = PrometheusDuration::default(),
        /// How long a scrape may take; 0 for the global one.
        pub scrape_timeout: PrometheusDuration = PrometheusDuration::default(),
        /// The formats asked for, best first; none for the global ones.
        pub scrape_protocols: Vec<ScrapeProtocol> = Vec::new(),
        /// The format of answers that do not say theirs.
        pub fallback_scrape_protocol: Option<ScrapeProtocol> = None,
        /// Whether native histograms are asked for. Not supported.
        pub scrape_native_histograms: Option<bool> = None,
        /// Accepted for Prometheus's configurations; classic histograms are always taken.
        pub always_scrape_classic_histograms: Option<bool> = None,
        /// Whether classic histograms become native ones. Not supported.
        pub convert_classic_histograms_to_nhcb: Option<bool> = None,
        /// Accepted for Prometheus's configurations; failures are in the log.
        pub scrape_failure_log_file: String = String::new(),
        /// The path of the metrics.
        pub metrics_path: ScalarText = ScalarText::new("/metrics"),
        /// `http` or `https`.
        pub scheme: ScalarText = ScalarText::new("http"),
        /// Whether compressed answers are asked for.
        pub enable_compression: bool = true,
        /// The limits; 0 for the global ones.
        pub [flatten] limits: ScrapeLimits = ScrapeLimits::default(),
        /// Accepted for Prometheus's configurations; there are no native histograms.
        pub native_histogram_bucket_limit: u64 = 0,
        /// Accepted for Prometheus's configurations; there are no native histograms.
        pub native_histogram_min_bucket_factor: f64 = 0.0,
        /// Which names are valid: `utf8` for any, `legacy` for classic ones.
        pub metric_name_validation_scheme: NameValidation = NameValidation::Unset,
        /// How names that are not classic are to be written: `allow-utf-8`, `underscores`, `dots` or `values`.
        pub metric_name_escaping_scheme: NameEscaping = NameEscaping::Unset,
        /// Whether there are metrics for the timeout, the sample limit and the size of each scrape; where
        /// not written, as the global section says.
        pub extra_scrape_metrics: Option<bool> = None,
        pub [flatten] client: ScrapeClientConfig = ScrapeClientConfig::default(),
        /// Targets that are written here.
        pub static_configs: Vec<TargetGroupConfig> = Vec::new(),
        /// Targets that are listed in files.
        pub file_sd_configs: Vec<FileDiscoveryConfig> = Vec::new(),
        pub [flatten] unsupported: UnsupportedDiscoveries = UnsupportedDiscoveries,
        /// Rules for the labels of targets, and for which targets are scraped.
        pub relabel_configs: Vec<RelabelConfig> = Vec::new(),
        /// Rules for the labels of series, and for which series are taken.
        pub metric_relabel_configs: Vec<RelabelConfig> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// What makes a scrape fail.
    pub struct ScrapeLimits {
        /// The longest uncompressed answer. 0 for no limit.
        pub body_size_limit: ByteSize = ByteSize::default(),
        /// The most samples after relabelling. 0 for no limit.
        pub sample_limit: u64 = 0,
        /// The most targets; with more, none is scraped. 0 for no limit.
        pub target_limit: u64 = 0,
        /// The most labels of a sample after relabelling. 0 for no limit.
        pub label_limit: u64 = 0,
        /// The longest name of a label, in bytes. 0 for no limit.
        pub label_name_length_limit: u64 = 0,
        /// The longest value of a label, in bytes. 0 for no limit.
        pub label_value_length_limit: u64 = 0,
        /// Accepted for Prometheus's configurations; dropped targets are not kept.
        pub keep_dropped_targets: u64 = 0,
    }
}

config_word! {
    /// A format of answers.
    #[derive(Default)]
    pub enum ScrapeProtocol {
        /// Delimited protobuf messages, which are not asked for.
        Protobuf = "PrometheusProto",
        /// The text format.
        #[default]
        Text004 = "PrometheusText0.0.4",
        /// The text format with quoted names.
        Text100 = "PrometheusText1.0.0",
        /// OpenMetrics.
        OpenMetrics001 = "OpenMetricsText0.0.1",
        /// OpenMetrics with quoted names.
        OpenMetrics100 = "OpenMetricsText1.0.0",
    }
    refused(text) {
        format!(
            "scrape_protocols: unknown scrape protocol {text}, supported: [OpenMetricsText0.0.1 \
             OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]"
        )
    }
}

impl ScrapeConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.job_name.0.is_empty() {
            checking.error_at("job_name", "job_name is empty");
        }
        if self.relabel_configs.is_empty() {
            let targets = self.static_configs.iter().flat_map(|group| &group.targets);
            for target in targets.filter(|target| target.0.contains('/')) {
                checking.error_at("static_configs", format!("{:?} is not a valid hostname", target.0));
            }
        }
        let native_histograms = [
            ("convert_classic_histograms_to_nhcb", self.convert_classic_histograms_to_nhcb),
            ("scrape_native_histograms", self.scrape_native_histograms),
        ];
        for (field, is_on) in native_histograms {
            if is_on == Some(true) {
                refuse_native_histograms(field, checking);
            }
        }
    }

    /// Notes what is wrong with the job beside the section `global`.
    pub fn check_with(&self, global: &GlobalConfig, checking: &mut Checking) {
        let name = &self.job_name.0;
        if self.scrape_timeout > self.interval(global) {
            let message = format!(
                "scrape timeout greater than scrape interval for scrape config with job name {name:?}"
            );
            checking.error_at("scrape_timeout", message);
        }
        let of_job = format!("for scrape config with job name {name:?}");
        check_protocols(&self.scrape_protocols, &of_job, checking);
        let keeps_utf8 = self.keeps_utf8(global);
        if !keeps_utf8 && self.escaping(global) == NameEscaping::AllowUtf8 {
            checking.error("utf8 metric names requested but validation scheme is not set to UTF8");
        }
        let rule_lists = [
            ("relabel_configs", &self.relabel_configs),
            ("metric_relabel_configs", &self.metric_relabel_configs),
        ];
        for (field, rules) in rule_lists {
            for (index, rule) in rules.iter().enumerate() {
                checking.within(field, |checking| {
                    checking.within(format!("[{index}]"), |checking| rule.check_with(keeps_utf8, checking));
                });
            }
        }
    }

    /// Takes relative paths as relative to `folder`.
    pub fn resolve_files(&mut self, folder: &Path) {
        let files = self.file_sd_configs.iter_mut().flat_map(|discovery| &mut discovery.files);
        files.for_each(|file| resolve(&mut file.0, folder));
        self.client.resolve_files(folder);
    }

    /// How long from one scrape to the next.
    pub fn interval(&self, global: &GlobalConfig) -> PrometheusDuration {
        if self.scrape_interval.is_zero() { global.interval() } else { self.scrape_interval }
    }

    /// How long a scrape may take.
    pub fn timeout(&self, global: &GlobalConfig) -> PrometheusDuration {
        if self.scrape_timeout.is_zero() {
            global.timeout().min(self.interval(global))
        } else {
            self.scrape_timeout
        }
    }

    /// Whether names may have any letters.
    pub fn keeps_utf8(&self, global: &GlobalConfig) -> bool {
        match self.metric_name_validation_scheme {
            NameValidation::Unset => global.keeps_utf8(),
            NameValidation::Utf8 => true,
            NameValidation::Legacy => false,
        }
    }

    /// How targets are asked to write names that are not classic.
    pub fn escaping(&self, global: &GlobalConfig) -> NameEscaping {
        let of_scheme =
            |keeps_utf8| if keeps_utf8 { NameEscaping::AllowUtf8 } else { NameEscaping::Underscores };
        if self.metric_name_escaping_scheme != NameEscaping::Unset {
            return self.metric_name_escaping_scheme;
        }
        if self.metric_name_validation_scheme != NameValidation::Unset {
            return of_scheme(self.keeps_utf8(global));
        }
        match global.metric_name_escaping_scheme {
            NameEscaping::Unset => of_scheme(global.keeps_utf8()),
            written => written,
        }
    }

    /// The formats asked for, best first: those written that are read.
    pub fn protocols(&self, global: &GlobalConfig) -> Vec<ScrapeProtocol> {
        let own = [&self.scrape_protocols, &global.scrape_protocols];
        let written = own.into_iter().find(|protocols| !protocols.is_empty());
        let protocols = written.map_or(&DEFAULT_PROTOCOLS[..], Vec::as_slice);
        protocols.iter().copied().filter(|protocol| *protocol != ScrapeProtocol::Protobuf).collect()
    }
}

/// What is asked for where nothing is written.
const DEFAULT_PROTOCOLS: [ScrapeProtocol; 4] = [
    ScrapeProtocol::OpenMetrics100,
    ScrapeProtocol::OpenMetrics001,
    ScrapeProtocol::Text100,
    ScrapeProtocol::Text004,
];

impl ScrapeProtocol {
    /// How answers in this protocol are read; protobuf, which none are, as text.
    pub const fn format(self) -> ExpositionFormat {
        match self {
            Self::OpenMetrics001 | Self::OpenMetrics100 => ExpositionFormat::OpenMetrics,
            Self::Text004 | Self::Text100 | Self::Protobuf => ExpositionFormat::Text,
        }
    }
}

impl ScrapeLimits {
    /// These, or those of `global` where they are 0.
    #[must_use]
    pub const fn or(&self, global: &Self) -> Self {
        const fn either(own: u64, global: u64) -> u64 {
            if own == 0 { global } else { own }
        }
        Self {
            body_size_limit: ByteSize(either(self.body_size_limit.0, global.body_size_limit.0)),
            sample_limit: either(self.sample_limit, global.sample_limit),
            target_limit: either(self.target_limit, global.target_limit),
            label_limit: either(self.label_limit, global.label_limit),
            label_name_length_limit: either(self.label_name_length_limit, global.label_name_length_limit),
            label_value_length_limit: either(self.label_value_length_limit, global.label_value_length_limit),
            keep_dropped_targets: either(self.keep_dropped_targets, global.keep_dropped_targets),
        }
    }
}

/// Notes formats that are written twice.
pub(super) fn check_protocols(protocols: &[ScrapeProtocol], of_what: &str, checking: &mut Checking) {
    let is_twice = |(index, protocol)| protocols.get(..index).is_some_and(|before| before.contains(protocol));
    if protocols.iter().enumerate().any(is_twice) {
        let words: Vec<&str> = protocols.iter().map(|protocol| protocol.word()).collect();
        let list = words.join(" ");
        let message = format!("duplicated protocol in scrape_protocols, got [{list}] {of_what}");
        checking.error_at("scrape_protocols", message);
    }
    if matches!(protocols, [ScrapeProtocol::Protobuf]) {
        let message = "PrometheusProto is not supported: add one of the text formats";
        checking.error_at("scrape_protocols", message);
    }
}

/// Notes that there are no native histograms.
pub(super) fn refuse_native_histograms(field: &str, checking: &mut Checking) {
    checking.error_at(field, format!("native histograms are not supported: remove {field}"));
}
