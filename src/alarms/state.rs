//! The states of an alarm, and what a period without a value counts as.

use serde::{Deserialize, Serialize};

use crate::config_word;

/// The state of an alarm, or of one series of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum AlarmState {
    /// Within the threshold.
    #[serde(rename = "OK")]
    Ok,
    /// The threshold is breached.
    #[serde(rename = "ALARM")]
    Alarm,
    /// Too little is known to say.
    #[default]
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl AlarmState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];

    /// The state as CloudWatch writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The state as the value of a metric: the worse, the greater, so that the maximum over series is the worst.
    pub const fn number(self) -> i64 {
        match self {
            Self::Ok => 0,
            Self::InsufficientData => 1,
            Self::Alarm => 2,
        }
    }
}

config_word! {
    /// What a period without a value counts as where fewer than `evaluation_periods` values are known.
    #[derive(Default)]
    pub enum MissingData {
        /// Nothing: without any value the state is `INSUFFICIENT_DATA`.
        #[default]
        Missing = "missing",
        /// Nothing, and without any value the state stays as it is.
        Ignore = "ignore",
        /// A breach of the threshold.
        Breaching = "breaching",
        /// A value within the threshold.
        NotBreaching = "notBreaching",
    }
    refused(text) { format!("unknown treatment of missing data {text:?}") }
}
