//! One target: the labels it was found with, what relabelling made of them, and where it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Uri;

use super::config::{GlobalConfig, PrometheusDuration, ScrapeConfig};
use super::labels::{INSTANCE, JOB, LabelSet};
use super::location::url_of;
use super::relabeling::RelabelRules;

/// A target that is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// What it was found with, before relabelling.
    pub(super) discovered: LabelSet,
    /// What each of its series gets.
    pub(super) labels: LabelSet,
    pub(super) url: Uri,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    /// Job and instance after relabelling, where a series has none of its own.
    pub(super) job: String,
    pub(super) instance: String,
}

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const METRICS_PATH: &str = "__metrics_path__";
const SCRAPE_INTERVAL: &str = "__scrape_interval__";
const SCRAPE_TIMEOUT: &str = "__scrape_timeout__";
const PARAMETER_PREFIX: &str = "__param_";

/// What makes targets of what a job finds.
#[derive(Debug)]
pub(super) struct TargetMaker {
    /// The labels of every target that was found without them.
    defaults: Vec<(String, String)>,
    params: BTreeMap<String, Vec<String>>,
    rules: RelabelRules,
}

impl TargetMaker {
    /// For the targets of a job.
    ///
    /// # Errors
    ///
    /// A sentence where a relabelling rule is none.
    pub(super) fn new(job: &ScrapeConfig, global: &GlobalConfig) -> Result<Self, String> {
        let always_classic =
            job.always_scrape_classic_histograms.unwrap_or(global.always_scrape_classic_histograms);
        let native = job.scrape_native_histograms.unwrap_or(global.scrape_native_histograms);
        let mut defaults = vec![
            (JOB.to_owned(), job.job_name.0.clone()),
            (SCRAPE_INTERVAL.to_owned(), job.interval(global).to_string()),
            (SCRAPE_TIMEOUT.to_owned(), job.timeout(global).to_string()),
            (METRICS_PATH.to_owned(), job.metrics_path.0.clone()),
            (SCHEME.to_owned(), job.scheme.0.clone()),
            ("__convert_classic_histograms_to_nhcb__".to_owned(), "false".to_owned()),
            ("__always_scrape_classic_histograms__".to_owned(), always_classic.to_string()),
            ("__scrape_native_histograms__".to_owned(), native.to_string()),
        ];
        let texts =
            |values: &Vec<super::config::ScalarText>| values.iter().map(|value| value.0.clone()).collect();
        let params: BTreeMap<String, Vec<String>> =
            job.params.iter().map(|(key, values)| (key.clone(), texts(values))).collect();
        for (key, values) in &params {
            if let Some(value) = values.first() {
                defaults.push((format!("{PARAMETER_PREFIX}{key}"), value.clone()));
            }
        }
        let rules = RelabelRules::new(&job.relabel_configs, job.keeps_utf8(global))?;
        Ok(Self { defaults, params, rules })
    }

    /// The target with these labels; none where relabelling drops it.
    ///
    /// # Errors
    ///
    /// A sentence where it cannot be scraped.
    pub(super) fn target(&self, found: LabelSet) -> Result<Option<Target>, String> {
        let mut discovered = found;
        for (name, value) in &self.defaults {
            if discovered.get(name).is_empty() {
                discovered.set(name, value);
            }
        }
        let mut labels = discovered.clone();
        if !self.rules.apply(&mut labels) {
            return Ok(None);
        }
        let address = labels.get(ADDRESS).to_owned();
        if address.is_empty() {
            return Err("no address".to_owned());
        }
        if address.contains('/') {
            return Err(format!("{address:?} is not a valid hostname"));
        }
        let interval = duration(&labels, SCRAPE_INTERVAL, "scrape interval")?;
        let timeout = duration(&labels, SCRAPE_TIMEOUT, "scrape timeout")?;
        if timeout > interval {
            return Err(format!(
                "scrape timeout cannot be greater than scrape interval (\"{timeout}\" > \"{interval}\")"
            ));
        }
        if labels.get(INSTANCE).is_empty() {
            labels.set(INSTANCE, &address);
        }
        let url = url_of(labels.get(SCHEME), &address, labels.get(METRICS_PATH), &self.query(&labels))?;
        let (job, instance) = (labels.get(JOB).to_owned(), labels.get(INSTANCE).to_owned());
        labels.retain(|label| !label.name.starts_with("__"));
        Ok(Some(Target {
            discovered,
            labels,
            url,
            interval: interval.to_std(),
            timeout: timeout.to_std(),
            job,
            instance,
        }))
    }

    /// The parameters of the job, the first value of each as relabelling left it.
    fn query(&self, labels: &LabelSet) -> Vec<(String, String)> {
        let mut params = self.params.clone();
        for label in labels.iter() {
            let Some(key) = label.name.strip_prefix(PARAMETER_PREFIX) else { continue };
            let values = params.entry(key.to_owned()).or_default();
            match values.first_mut() {
                Some(first) => first.clone_from(&label.value),
                None => values.push(label.value.clone()),
            }
        }
        let pairs = params
            .into_iter()
            .flat_map(|(key, values)| values.into_iter().map(move |value| (key.clone(), value)));
        pairs.collect()
    }
}

impl Target {
    /// How long it is from `now_unix_nano` to the target's place in the interval: the same whenever the
    /// process starts, so that targets are spread over the interval.
    pub(super) fn time_to_first_scrape(&self, now_unix_nano: u64) -> Duration {
        let interval = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX).max(1);
        let to_next_interval = interval - now_unix_nano % interval;
        Duration::from_nanos((to_next_interval + self.hash() % interval) % interval)
    }

    /// A number by which targets differ; the same in every process (FNV-1a).
    fn hash(&self) -> u64 {
        let labels = self.labels.iter().flat_map(|label| [label.name.as_str(), label.value.as_str()]);
        let url = self.url.to_string();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for text in labels.chain([url.as_str()]) {
            for byte in text.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        hash
    }
}

fn duration(labels: &LabelSet, name: &str, what: &str) -> Result<PrometheusDuration, String> {
    let duration = PrometheusDuration::parse(labels.get(name))
        .map_err(|message| format!("error parsing {what}: {message}"))?;
    if duration.is_zero() { Err(format!("{what} cannot be 0")) } else { Ok(duration) }
}
