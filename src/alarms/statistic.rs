//! Statistics: how the samples of a period become one value.

use std::fmt;
use std::str::FromStr;

use crate::config::{ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};
use crate::metric_streams::{ExponentialHistogram, Histogram, PointValue};

/// How many buckets a side the distribution of a period has: neighbouring bounds of values within one
/// thousandfold are 4 % apart.
const BUCKETS: usize = 160;

/// How the samples of a period become one value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Statistic {
    /// How many samples there were.
    SampleCount,
    /// Their mean.
    #[default]
    Average,
    /// Their sum: of a counter, by how much it grew.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The value below which this share of them lies, in percent: more than 0 and at most 100.
    Percentile(f64),
}

impl fmt::Display for Statistic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleCount => formatter.write_str("SampleCount"),
            Self::Average => formatter.write_str("Average"),
            Self::Sum => formatter.write_str("Sum"),
            Self::Minimum => formatter.write_str("Minimum"),
            Self::Maximum => formatter.write_str("Maximum"),
            Self::Percentile(percent) => write!(formatter, "p{percent}"),
        }
    }
}

/// A text is no statistic.
#[derive(Debug, thiserror::Error)]
#[error("unknown statistic {0:?}")]
pub struct UnknownStatistic(String);

impl FromStr for Statistic {
    type Err = UnknownStatistic;

    fn from_str(text: &str) -> Result<Self, UnknownStatistic> {
        let unknown = || UnknownStatistic(text.to_owned());
        Ok(match text {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => {
                let percent = text.strip_prefix('p').ok_or_else(unknown)?;
                let is_plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                let percent: f64 = percent.parse().map_err(|_| unknown())?;
                if !is_plain || percent <= 0.0 || percent > 100.0 {
                    return Err(unknown());
                }
                Self::Percentile(percent)
            }
        })
    }
}

impl ConfigValue for Statistic {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let hint = || {
            Some("one of SampleCount, Average, Sum, Minimum, Maximum, or a percentile such as p99.9".into())
        };
        match &node.value {
            NodeValue::Null => {}
            NodeValue::String(text) => match text.parse() {
                Ok(statistic) => *self = statistic,
                Err(error) => {
                    let message = format!("'{}' {error}", decoding.dotted_path());
                    decoding.error(&node.location, message, hint());
                }
            },
            _ => decoding.wrong_type(node, "string", hint()),
        }
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.to_string().into()
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::OneOf(vec!["SampleCount", "Average", "Sum", "Minimum", "Maximum", "pNN.N"])
    }
}

/// What is known of the samples of one period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    count: u64,
    sum: f64,
    /// None where a histogram came that did not say.
    extremes: Option<(f64, f64)>,
    has_unknown_extremes: bool,
    distribution: Option<Box<Distribution>>,
}

/// The samples for percentiles: numbers and exponential histograms in one, classic histograms beside it.
#[derive(Debug, Clone, PartialEq)]
struct Distribution {
    exponential: ExponentialHistogram,
    classic: Option<Histogram>,
}

impl Samples {
    /// None yet. Percentiles are there only where `with_distribution` asks for them.
    pub fn new(with_distribution: bool) -> Self {
        let distribution = || Distribution { exponential: ExponentialHistogram::empty(), classic: None };
        Self { distribution: with_distribution.then(|| Box::new(distribution())), ..Self::default() }
    }

    /// Adds what one data point measured: a number is one sample, a histogram as many as it counts. What is not a
    /// finite number is not added.
    pub fn add(&mut self, value: &PointValue) {
        match value {
            PointValue::Number(number) => self.add_number(number.to_double()),
            PointValue::Histogram(histogram) => {
                self.add_many(histogram.count, histogram.sum, histogram.min.zip(histogram.max));
                if let Some(distribution) = &mut self.distribution {
                    match &mut distribution.classic {
                        Some(classic) => classic.add(histogram),
                        None => distribution.classic = Some((**histogram).clone()),
                    }
                }
            }
            PointValue::ExponentialHistogram(histogram) => {
                self.add_many(histogram.count, histogram.sum, histogram.min.zip(histogram.max));
                if let Some(distribution) = &mut self.distribution {
                    distribution.exponential.add(histogram);
                }
            }
        }
    }

    /// The statistic of the samples; none without samples, or where what came does not tell.
    pub fn statistic(&self, statistic: Statistic) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        match statistic {
            Statistic::SampleCount => Some(self.count as f64),
            Statistic::Average => Some(self.sum / self.count as f64),
            Statistic::Sum => Some(self.sum),
            Statistic::Minimum => self.known_extremes().map(|(min, _)| min).or_else(|| self.quantile(0.0)),
            Statistic::Maximum => self.known_extremes().map(|(_, max)| max).or_else(|| self.quantile(1.0)),
            Statistic::Percentile(percent) => self.quantile(percent / 100.0),
        }
    }

    /// True where `statistic` needs to know how the samples are distributed.
    pub const fn needs_distribution(statistic: Statistic) -> bool {
        matches!(statistic, Statistic::Percentile(_) | Statistic::Minimum | Statistic::Maximum)
    }

    fn add_number(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.add_many(1, Some(value), Some((value, value)));
        if let Some(distribution) = &mut self.distribution {
            distribution.exponential.record(value, 1, BUCKETS);
        }
    }

    fn add_many(&mut self, count: u64, sum: Option<f64>, extremes: Option<(f64, f64)>) {
        if count == 0 {
            return;
        }
        self.count = self.count.saturating_add(count);
        self.sum += sum.filter(|sum| sum.is_finite()).unwrap_or(0.0);
        let Some((min, max)) = extremes else {
            self.has_unknown_extremes = true;
            return;
        };
        self.extremes = Some(match self.extremes {
            Some((lowest, highest)) => (lowest.min(min), highest.max(max)),
            None => (min, max),
        });
    }

    fn known_extremes(&self) -> Option<(f64, f64)> {
        self.extremes.filter(|_| !self.has_unknown_extremes)
    }

    fn quantile(&self, quantile: f64) -> Option<f64> {
        let distribution = self.distribution.as_ref()?;
        match &distribution.classic {
            None => distribution.exponential.quantile(quantile),
            Some(classic) if distribution.exponential.count == 0 => classic.quantile(quantile),
            // Numbers and classic histograms under one name have no distribution in common.
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::NumberValue;

    fn numbers(values: &[f64]) -> Samples {
        let mut samples = Samples::new(true);
        for value in values {
            samples.add(&PointValue::Number(NumberValue::Double(*value)));
        }
        samples
    }

    #[test]
    fn statistics_of_numbers() {
        let samples = numbers(&[4.0, 1.0, 7.0, f64::NAN]);
        let of = |name: &str| samples.statistic(name.parse().unwrap());
        assert_eq!(
            ["SampleCount", "Average", "Sum", "Minimum", "Maximum"].map(of),
            [Some(3.0), Some(4.0), Some(12.0), Some(1.0), Some(7.0)]
        );
        assert_eq!(of("p100"), Some(7.0));
    }

    #[test]
    fn a_percentile_of_numbers_is_within_four_percent() {
        let values: Vec<f64> = (1..=1000).map(f64::from).collect();
        let p95 = numbers(&values).statistic(Statistic::Percentile(95.0)).unwrap();
        assert!((912.0..=988.0).contains(&p95), "{p95}");
    }

    #[test]
    fn statistics_of_histograms_without_extremes_take_the_buckets() {
        let mut samples = Samples::new(true);
        let histogram = Histogram {
            count: 4,
            sum: Some(50.0),
            bounds: vec![10.0, 20.0],
            bucket_counts: vec![2, 2, 0],
            ..Histogram::default()
        };
        samples.add(&PointValue::Histogram(Box::new(histogram)));
        let of = |name: &str| samples.statistic(name.parse().unwrap());
        assert_eq!(
            ["SampleCount", "Average", "p50", "Maximum"].map(of),
            [Some(4.0), Some(12.5), Some(10.0), Some(20.0)]
        );
    }

    #[test]
    fn without_samples_there_is_no_statistic() {
        assert_eq!(Samples::new(true).statistic(Statistic::Sum), None);
        assert_eq!(numbers(&[f64::INFINITY]).statistic(Statistic::SampleCount), None);
    }

    #[test]
    fn percentiles_are_written_as_in_cloudwatch() {
        for text in ["p50", "p99.9", "p100", "Average"] {
            assert_eq!(text.parse::<Statistic>().unwrap().to_string(), text);
        }
        for text in ["p0", "p101", "p", "p-1", "pinf", "average", "p1e1", ""] {
            assert!(text.parse::<Statistic>().is_err(), "{text}");
        }
    }
}
