//! What users write of one alarm, and its compiled form.

use std::collections::BTreeMap;
use std::time::Duration;

use super::expression::Expression;
use super::selector::MetricSelector;
use super::{ComparisonOperator, Evaluation, MissingData, Samples, Statistic};
use crate::config::{Checking, GoDuration, ScalarText};
use crate::config_section;

config_section! {
    /// One alarm: what is watched, and when that is an alarm. The vocabulary is CloudWatch's.
    pub struct RuleConfig {
        /// The name; no two rules have the same. Required.
        pub name: String = String::new(),
        /// What the alarm means, for people.
        pub description: String = String::new(),
        /// The metric that is watched. Either this or `metrics` is required.
        pub metric: Option<MetricConfig> = None,
        /// Several metrics, and an expression over them that is watched.
        pub metrics: Vec<MetricTermConfig> = Vec::new(),
        /// Attributes, of the data point or else of the resource, each combination of whose values is a series
        /// with a state of its own. Without any, all series are watched as one.
        pub split_by: Vec<String> = Vec::new(),
        /// How a value is held against the threshold.
        pub comparison_operator: ComparisonOperator = ComparisonOperator::GreaterThanThreshold,
        /// The threshold, in the unit in which the metric comes.
        pub threshold: f64 = 0.0,
        /// Over how many periods the state is decided.
        pub evaluation_periods: u32 = 1,
        /// How many of these must breach the threshold; all of them where nothing is written.
        pub datapoints_to_alarm: Option<u32> = None,
        /// What a period without a value counts as where there are fewer values than `evaluation_periods`.
        pub treat_missing_data: MissingData = MissingData::Missing,
        /// How long after its end a period is waited for. Data points that come later are counted and left out.
        pub evaluation_delay: GoDuration = GoDuration::from_secs(15),
        /// How long a series without data points is remembered; 0 for ever. Where there are 10000 series, one without
        /// data points that is not in `ALARM` makes room for a new one.
        pub series_expiration: GoDuration = GoDuration::from_secs(24 * 3600),
        /// Labels of every series beside those it is split by, such as `severity: page`.
        pub labels: BTreeMap<String, ScalarText> = BTreeMap::new(),
        /// Texts for people in every notification.
        pub annotations: BTreeMap<String, String> = BTreeMap::new(),
        /// Whether actions are taken; the state is evaluated anyhow.
        pub actions_enabled: bool = true,
        /// The actions taken when the state becomes `ALARM`.
        pub alarm_actions: Vec<String> = Vec::new(),
        /// The actions taken when the state becomes `OK`.
        pub ok_actions: Vec<String> = Vec::new(),
        /// The actions taken when the state becomes `INSUFFICIENT_DATA`.
        pub insufficient_data_actions: Vec<String> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A metric and how the samples of a period become one value.
    pub struct MetricConfig {
        /// The name. Required.
        pub name: String = String::new(),
        /// Who sends it: a pattern for `service.namespace/service.name`, or for `service.name` alone where
        /// there is no namespace. Anybody where nothing is written.
        pub namespace: String = String::new(),
        /// Patterns for attributes of the data point or else of the resource: a text, a glob with `*` and `?`, or
        /// a `/regular expression/`.
        pub dimensions: BTreeMap<String, ScalarText> = BTreeMap::new(),
        /// How the samples of a period become one value: `SampleCount`, `Average`, `Sum`, `Minimum`, `Maximum`, or
        /// a percentile such as `p99`. The samples of a counter are by how much it grew, those of a histogram
        /// what was recorded in it.
        pub statistic: Statistic = Statistic::Average,
        /// The period: 1s or more. Periods begin at whole multiples of it.
        pub period: GoDuration = GoDuration::from_secs(60),
    }
    check(section, checking) {
        if section.name.is_empty() {
            checking.error_at("name", "'name' must be set: the name of a metric");
        }
        if section.period < GoDuration::from_secs(1) {
            checking.error_at("period", "'period' must be 1s or more");
        }
        if let Err(error) = MetricSelector::new(section) {
            checking.error(error.to_string());
        }
    }
}

config_section! {
    /// A metric of an expression, or the expression.
    pub struct MetricTermConfig {
        /// What expressions call it: a letter, then letters, digits and `_`. Required.
        pub id: String = String::new(),
        /// The metric.
        pub metric: Option<MetricConfig> = None,
        /// Or an expression over the ids of metrics, with `+ - * /` and parentheses.
        pub expression: String = String::new(),
        /// Marks what is watched; exactly one has it.
        pub return_data: bool = false,
    }
}

/// A rule that can be evaluated.
#[derive(Debug)]
pub struct Rule {
    /// What the user wrote.
    pub config: RuleConfig,
    /// How a window becomes a state.
    pub evaluation: Evaluation,
    /// The metrics it reads.
    pub terms: Vec<Term>,
    /// What is watched.
    pub watched: Expression,
    /// The length of a period.
    pub period: Duration,
}

/// One metric that a rule reads.
#[derive(Debug)]
pub struct Term {
    /// Which data points belong to it.
    pub selector: MetricSelector,
    /// How they become a value.
    pub statistic: Statistic,
}

impl Term {
    /// No samples of the metric yet.
    pub fn no_samples(&self) -> Samples {
        Samples::new(Samples::needs_distribution(self.statistic))
    }
}

impl Rule {
    /// Compiles what was written.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong, which the checks of the sections say too.
    pub fn new(config: &RuleConfig) -> Result<Self, String> {
        let (metrics, watched) = config.watched()?;
        let period = common_period(&metrics)?;
        let term = |metric: &&MetricConfig| -> Result<Term, String> {
            let selector = MetricSelector::new(metric).map_err(|error| error.to_string())?;
            Ok(Term { selector, statistic: metric.statistic })
        };
        let evaluation_periods = usize::try_from(config.evaluation_periods).unwrap_or(usize::MAX);
        let datapoints_to_alarm = config.datapoints_to_alarm.unwrap_or(config.evaluation_periods);
        Ok(Self {
            evaluation: Evaluation {
                threshold: config.threshold,
                operator: config.comparison_operator,
                evaluation_periods,
                datapoints_to_alarm: usize::try_from(datapoints_to_alarm).unwrap_or(usize::MAX),
                missing_data: config.treat_missing_data,
            },
            terms: metrics.iter().map(term).collect::<Result<_, _>>()?,
            watched,
            period,
            config: config.clone(),
        })
    }

    /// The period as nanoseconds.
    pub fn period_nanoseconds(&self) -> u64 {
        u64::try_from(self.period.as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// How long after its end a period is waited for, as nanoseconds.
    pub fn evaluation_delay_nanoseconds(&self) -> u64 {
        u64::try_from(self.config.evaluation_delay.to_std().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl RuleConfig {
    /// The metrics that are read, and the expression over them that is watched.
    fn watched(&self) -> Result<(Vec<&MetricConfig>, Expression), String> {
        if let Some(metric) = &self.metric {
            if !self.metrics.is_empty() {
                return Err("use either 'metric' or 'metrics'".to_owned());
            }
            return Ok((vec![metric], Expression::Metric(0)));
        }
        let read: Vec<(&str, &MetricConfig)> =
            self.metrics.iter().filter_map(|term| Some((term.id.as_str(), term.metric.as_ref()?))).collect();
        let ids: Vec<&str> = read.iter().map(|(id, _)| *id).collect();
        let returned: Vec<&MetricTermConfig> = self.metrics.iter().filter(|term| term.return_data).collect();
        let [returned] = returned.as_slice() else {
            return Err(match self.metrics.as_slice() {
                [] => "either 'metric' or 'metrics' must be set".to_owned(),
                _ => "exactly one of 'metrics' must have 'return_data: true'".to_owned(),
            });
        };
        for (index, term) in self.metrics.iter().enumerate() {
            if !is_id(&term.id) {
                return Err(format!(
                    "the id {:?} must be a letter with letters, digits and _ after it",
                    term.id
                ));
            }
            if self.metrics.iter().skip(index + 1).any(|other| other.id == term.id) {
                return Err(format!("two of 'metrics' have the id {:?}", term.id));
            }
            if term.metric.is_some() != term.expression.is_empty() {
                return Err(format!("{:?} must have either a 'metric' or an 'expression'", term.id));
            }
        }
        let text = if returned.metric.is_some() { &returned.id } else { &returned.expression };
        let watched = Expression::parse(text, &ids).map_err(|error| error.to_string())?;
        if read.is_empty() {
            return Err("the expression reads no metric".to_owned());
        }
        Ok((read.into_iter().map(|(_, metric)| metric).collect(), watched))
    }

    fn check_values(&self, checking: &mut Checking) {
        if self.name.is_empty() {
            checking.error_at("name", "'name' must be set");
        }
        if self.evaluation_periods == 0 {
            checking.error_at("evaluation_periods", "'evaluation_periods' must be greater than zero");
        }
        if let Some(datapoints) = self.datapoints_to_alarm
            && (datapoints == 0 || datapoints > self.evaluation_periods)
        {
            checking.error_at(
                "datapoints_to_alarm",
                "'datapoints_to_alarm' must be at least 1 and at most 'evaluation_periods'",
            );
        }
        if !self.threshold.is_finite() {
            checking.error_at("threshold", "'threshold' must be a number");
        }
        if self.evaluation_delay.is_negative() {
            checking.error_at("evaluation_delay", "'evaluation_delay' must be non-negative");
        }
        if self.series_expiration.is_negative() {
            checking.error_at("series_expiration", "'series_expiration' must be non-negative");
        }
        match self.watched().and_then(|(metrics, _)| common_period(&metrics)) {
            Err(problem) => checking.error(problem),
            Ok(period) => self.check_window(period, checking),
        }
    }

    /// CloudWatch's limits, which keep what is remembered small.
    fn check_window(&self, period: Duration, checking: &mut Checking) {
        let longest = if period < Duration::from_secs(3600) { 1 } else { 7 };
        let window = period.saturating_mul(self.evaluation_periods);
        if window > Duration::from_secs(longest * 24 * 3600) {
            checking.error_at(
                "evaluation_periods",
                "'evaluation_periods' times 'period' must be at most 24h, or 168h for periods of 1h and more",
            );
        }
    }
}

/// The period that all metrics of a rule have.
fn common_period(metrics: &[&MetricConfig]) -> Result<Duration, String> {
    let period = metrics.first().map_or(GoDuration::from_secs(60), |metric| metric.period);
    if metrics.iter().any(|metric| metric.period != period) {
        return Err("the metrics of a rule must have the same 'period'".to_owned());
    }
    Ok(period.to_std())
}

fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
