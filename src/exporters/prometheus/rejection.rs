//! Why a point is not shown.

use crate::prometheus::{FamilyKind, InvalidLabelName};

/// Why a point is not shown. The sentences reach the log and the counted drop.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Rejection {
    /// Nothing of the metric's name may be in a Prometheus name.
    #[error("no Prometheus name can be made of the metric name {0:?}")]
    MetricName(String),
    /// An attribute has a key that no label may be named after.
    #[error(transparent)]
    LabelName(#[from] InvalidLabelName),
    /// The name is that of another type already.
    #[error("{name} is shown as a {shown} already, so it is not shown as a {refused}")]
    OtherKind {
        /// The name of both.
        name: String,
        /// The type of the one that came first.
        shown: &'static str,
        /// The type of the one that is refused.
        refused: &'static str,
    },
    /// A sample of it would have the name of a sample of another metric.
    #[error("the sample {sample} of {refused} has the name of a sample of {shown}")]
    SampleName {
        /// The name of both samples.
        sample: String,
        /// The metric that came first.
        shown: String,
        /// The metric that is refused.
        refused: String,
    },
    /// A newer point is shown, or counted, already.
    #[error("a point of {0} is older than the one shown, or was sent before")]
    NotNewer(String),
    /// Prometheus has no such metric.
    #[error("{0} is neither cumulative nor a delta that only grows, which Prometheus has no type for")]
    Temporality(String),
    /// The point has neither a value nor the flag for that.
    #[error("a point of {0} has no value")]
    NoValue(String),
}

impl Rejection {
    /// A metric whose name is another type's.
    pub(super) fn other_kind(name: &str, shown: FamilyKind, refused: FamilyKind) -> Self {
        Self::OtherKind { name: name.to_owned(), shown: shown.name(), refused: refused.name() }
    }
}
