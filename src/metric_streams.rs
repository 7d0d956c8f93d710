//! Metric streams and their arithmetic, shared by every component that keeps a state per series.
//!
//! A *stream* is what the OpenTelemetry metrics data model calls a timeseries with one writer: the data
//! points of one resource, scope, metric and attribute set ([`StreamId`]). Points of one stream, or of
//! streams that became one, are combined by [`PointValue`]: numbers, histograms and exponential histograms
//! are added and subtracted there and nowhere else. [`CumulativeState`] tells what a cumulative point adds
//! to the one before, resets included; [`rewrite_metrics`] changes metrics where they lie,
//! [`wire`] and [`MetricsAssembler`] write points back as OTLP.
//!
//! Follows <https://opentelemetry.io/docs/specs/otel/metrics/data-model/>.

mod assembler;
mod cumulative;
mod cumulative_streams;
mod delta_totals;
mod exponential_histogram;
mod histogram;
mod identity;
mod number;
mod point;
mod quantile;
mod rewrite;
mod running_total;
mod shards;
pub mod wire;
mod wire_point;

pub use assembler::{MetricsAssembler, Origin, OwnedOrigin};
pub use cumulative::{CumulativeState, Step};
pub use cumulative_streams::{Advances, CumulativeStreams, FirstPoints, NotAdded, Overtaken, forget_stale};
pub use delta_totals::{DeltaTotals, NotTotalled};
pub use exponential_histogram::{ExponentialBuckets, ExponentialHistogram};
pub use histogram::Histogram;
pub use identity::{KeyHasher, StreamHasher, StreamId, StreamMap};
pub use number::{add_numbers, number_difference};
pub use point::{MetricKind, Point, PointValue, Temporality};
pub use rewrite::{MetricPlace, rewrite_metrics};
pub use running_total::{Misplaced, RunningTotal};
pub use shards::Shards;
pub use wire_point::WirePoint;
