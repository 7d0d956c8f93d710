//! Borrowed views of telemetry on the wire, for whoever reads it: exporters, conditions, samplers.
//!
//! A view is made by one pass over its message: the singular fields are read, with the last occurrence
//! winning as protobuf says, and lists are left where they lie, to be walked when asked for. Everything
//! in a [`Batch`] was validated, so nothing here fails; on bytes that are not OTLP after all the views
//! show default values and shorter lists. Absent and empty fields look alike unless a field is an `Option`.
//!
//! ```
//! # use bytes::Bytes;
//! # use weir::otlp::{Batch, Signal};
//! # let body = Bytes::from_static(b"\x0a\x09\x12\x07\x12\x05\x2a\x03GET");
//! let batch = Batch::from_untrusted_part(Signal::Traces, body)?;
//! for resource_group in batch.resource_groups() {
//!     for scope_group in resource_group.scope_groups {
//!         for span in scope_group.spans() {
//!             assert_eq!(span.name, "GET");
//!         }
//!     }
//! }
//! # Ok::<(), weir::otlp::InvalidBody>(())
//! ```

mod attribute;
mod data_point;
mod group;
mod list;
mod log_record;
mod metric;
mod span;

pub use attribute::{AnyValueView, KeyValueView};
pub use data_point::{
    BucketsView, ExemplarView, ExponentialHistogramDataPointView, HistogramDataPointView,
    NumberDataPointView, NumberValue, SummaryDataPointView, ValueAtQuantileView,
};
pub use group::{EntityRefView, ResourceGroup, ResourceView, ScopeGroup, ScopeView, resource_groups};
pub use list::{List, NumberList, View};
pub use log_record::LogRecordView;
pub(super) use metric::is_data_field;
pub use metric::{MetricData, MetricView};
pub use span::{EventView, LinkView, SpanView, StatusView};

use super::wire::Fields;
use super::{Batch, Signal};

impl Batch {
    /// The resource groups (`ResourceSpans`, `ResourceMetrics` or `ResourceLogs`) of all parts in order.
    pub fn resource_groups(&self) -> impl Iterator<Item = ResourceGroup<'_>> {
        self.parts().iter().flat_map(|part| resource_groups(part))
    }
}

/// How many spans, data points or log records a valid request body of `signal` holds.
///
/// Steps over the items without looking inside: about a nanosecond each.
pub fn item_count(signal: Signal, part: &[u8]) -> usize {
    messages(part, 1).map(|resource_group| items_in_resource_group(signal, resource_group)).sum()
}

pub(super) fn items_in_resource_group(signal: Signal, resource_group: &[u8]) -> usize {
    messages(resource_group, 2).map(|scope_group| items_in_scope_group(signal, scope_group)).sum()
}

pub(super) fn items_in_scope_group(signal: Signal, scope_group: &[u8]) -> usize {
    let records = messages(scope_group, 2);
    match signal {
        Signal::Traces | Signal::Logs => records.count(),
        Signal::Metrics => records.map(items_in_metric).sum(),
    }
}

/// The data points of a metric, of whatever kind.
pub(super) fn items_in_metric(metric: &[u8]) -> usize {
    let data = Fields::of(metric).filter(|(number, _)| is_data_field(*number)).last();
    data.map_or(0, |(_, data)| items_in_data(data.bytes()))
}

/// The data points of a `Gauge`, `Sum`, `Histogram`, `ExponentialHistogram` or `Summary`.
pub(super) fn items_in_data(data: &[u8]) -> usize {
    messages(data, 1).count()
}

fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Fields::of(message).filter(move |(found, _)| *found == number).map(|(_, value)| value.bytes())
}
