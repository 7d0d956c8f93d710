//! How a value is held against a threshold.

use crate::config_word;

config_word! {
    /// What makes a value breaching.
    #[derive(Default)]
    pub enum ComparisonOperator {
        /// The value is greater.
        #[default]
        GreaterThanThreshold = "GreaterThanThreshold",
        /// The value is greater or equal.
        GreaterThanOrEqualToThreshold = "GreaterThanOrEqualToThreshold",
        /// The value is less.
        LessThanThreshold = "LessThanThreshold",
        /// The value is less or equal.
        LessThanOrEqualToThreshold = "LessThanOrEqualToThreshold",
    }
    refused(text) { format!("unknown comparison operator {text:?}") }
}

impl ComparisonOperator {
    /// True where `value` breaches `threshold`.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanThreshold => value > threshold,
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    /// The comparison in words, as CloudWatch's reasons have it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::GreaterThanThreshold => "greater than",
            Self::GreaterThanOrEqualToThreshold => "greater than or equal to",
            Self::LessThanThreshold => "less than",
            Self::LessThanOrEqualToThreshold => "less than or equal to",
        }
    }
}
