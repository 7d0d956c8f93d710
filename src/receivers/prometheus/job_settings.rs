//! What a job does with the series of its targets.

use super::config::{GlobalConfig, PrometheusReceiverConfig, ScrapeConfig, ScrapeLimits, is_label_name};
use super::labels::{LabelSet, NAME};
use super::relabeling::RelabelRules;
use crate::otlp::{scientific_digits, special_number};
use crate::prometheus::Label;
use crate::prometheus::exposition::{ExpositionFormat, MetricType, SeriesText};

/// What holds for every target of a job.
#[derive(Debug)]
pub(super) struct JobSettings {
    pub(super) honors_timestamps: bool,
    pub(super) tracks_timestamps: bool,
    pub(super) limits: ScrapeLimits,
    pub(super) reports_more: bool,
    pub(super) trims_suffixes: bool,
    pub(super) external_labels: LabelSet,
    honors_labels: bool,
    keeps_utf8: bool,
    fallback: ExpositionFormat,
    rules: RelabelRules,
}

/// How many letters of a name or value an error shows.
const SHOWN: usize = 50;

impl JobSettings {
    /// The settings of a job.
    ///
    /// # Errors
    ///
    /// A sentence where a relabelling rule is none.
    pub(super) fn new(
        job: &ScrapeConfig,
        global: &GlobalConfig,
        receiver: &PrometheusReceiverConfig,
    ) -> Result<Self, String> {
        let keeps_utf8 = job.keeps_utf8(global);
        let external = global.external_labels.iter();
        Ok(Self {
            honors_timestamps: job.honor_timestamps,
            tracks_timestamps: job.track_timestamps_staleness,
            limits: job.limits.or(&global.limits),
            reports_more: receiver.report_extra_scrape_metrics
                || job.extra_scrape_metrics.unwrap_or(global.extra_scrape_metrics),
            trims_suffixes: receiver.trim_metric_suffixes,
            external_labels: external.map(|(name, value)| (name, expanded(&value.0))).collect(),
            honors_labels: job.honor_labels,
            keeps_utf8,
            fallback: job.fallback_scrape_protocol.unwrap_or_default().format(),
            rules: RelabelRules::new(&job.metric_relabel_configs, keeps_utf8)?,
        })
    }

    /// The format of an answer with this `Content-Type`.
    ///
    /// # Errors
    ///
    /// A sentence where it is one that is not read.
    pub(super) fn format_of(&self, content_type: &str) -> Result<ExpositionFormat, String> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/openmetrics-text" => Ok(ExpositionFormat::OpenMetrics),
            "text/plain" => Ok(ExpositionFormat::Text),
            "application/vnd.google.protobuf" => {
                Err(format!("received unsupported Content-Type {content_type:?}"))
            }
            _ => Ok(self.fallback),
        }
    }

    /// The labels of a series that a target with the labels `of_target` shows, after relabelling and
    /// without the external ones; none where relabelling drops it.
    ///
    /// # Errors
    ///
    /// A sentence where the scrape fails for it.
    pub(super) fn labels(
        &self,
        series: SeriesText,
        metric_type: MetricType,
        of_target: &LabelSet,
    ) -> Result<Option<LabelSet>, String> {
        let own = own_labels(series, metric_type)?;
        let mut labels = own.clone();
        let mut overruled = Vec::new();
        for Label { name, value } in of_target.iter() {
            let exposed = own.get(name);
            if self.honors_labels && !exposed.is_empty() {
                continue;
            }
            if !exposed.is_empty() {
                overruled.push((name, exposed));
            }
            labels.set(name, value);
        }
        overruled.sort_by_key(|(name, _)| name.len());
        for (name, value) in overruled {
            let mut exported = format!("exported_{name}");
            while !labels.get(&exported).is_empty() {
                exported.insert_str(0, "exported_");
            }
            labels.set(&exported, value);
        }
        if !self.rules.apply(&mut labels) || labels.len() == 0 {
            return Ok(None);
        }
        self.check(&labels)?;
        Ok(Some(labels))
    }

    fn check(&self, labels: &LabelSet) -> Result<(), String> {
        let metric = labels.get(NAME);
        if metric.is_empty() {
            return Err("missing metric name (__name__ label)".to_owned());
        }
        let is_metric_name = self.keeps_utf8 || is_label_name(&metric.replace(':', "_"), false, false);
        if !is_metric_name || !labels.iter().all(|label| is_label_name(&label.name, self.keeps_utf8, false)) {
            return Err(format!("invalid metric name or label names: {metric}"));
        }
        let limits = &self.limits;
        let exceeds = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
        let metric = shortened(metric);
        if exceeds(labels.len(), limits.label_limit) {
            return Err(format!(
                "label_limit exceeded (metric: {metric}, number of labels: {}, limit: {})",
                labels.len(),
                limits.label_limit
            ));
        }
        for Label { name, value } in labels.iter() {
            if exceeds(name.len(), limits.label_name_length_limit) {
                return Err(format!(
                    "label_name_length_limit exceeded (metric: {metric}, label name: {}, length: {}, limit: {})",
                    shortened(name),
                    name.len(),
                    limits.label_name_length_limit
                ));
            }
            if exceeds(value.len(), limits.label_value_length_limit) {
                return Err(format!(
                    "label_value_length_limit exceeded (metric: {metric}, label name: {}, value: {:?}, \
                     length: {}, limit: {})",
                    shortened(name),
                    shortened(value),
                    value.len(),
                    limits.label_value_length_limit
                ));
            }
        }
        Ok(())
    }
}

/// Name and labels of a series as one set.
fn own_labels(series: SeriesText, metric_type: MetricType) -> Result<LabelSet, String> {
    let mut names: Vec<&str> = series.labels.iter().map(|label| label.name.as_str()).collect();
    names.push(NAME);
    names.sort_unstable();
    if let Some([name, _]) = names.windows(2).find(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(format!("invalid sample: non-unique label names: {name:?}"));
    }
    let mut labels = LabelSet::default();
    labels.set(NAME, &series.name);
    for Label { name, value } in series.labels {
        let is_number = matches!(
            (metric_type, name.as_str()),
            (MetricType::Histogram, "le") | (MetricType::Summary, "quantile")
        );
        match value.parse::<f64>() {
            Ok(number) if is_number => labels.set(&name, &canonical_number(number)),
            _ => labels.set(&name, &value),
        }
    }
    Ok(labels)
}

/// A bound or a quantile as Prometheus writes it: `1.0`, `0.25`, `1e+06`.
fn canonical_number(number: f64) -> String {
    if let Some(word) = special_number(number, "+Inf") {
        return word;
    }
    let (digits, exponent) = scientific_digits(number);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// An external label's value, in which Prometheus puts variables of the environment: `${NAME}`.
fn expanded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let (name, behind) = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some(braced) => braced,
            None if after.starts_with('$') => after.split_at(1),
            None => {
                let is_letter = |character: char| character.is_ascii_alphanumeric() || character == '_';
                after.split_at(after.find(|character| !is_letter(character)).unwrap_or(after.len()))
            }
        };
        if name == "$" {
            text.push('$');
        } else {
            text.push_str(&std::env::var(name).unwrap_or_default());
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
