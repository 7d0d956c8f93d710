//! Telemetry on the wire: batches of serialized OTLP requests and everything that reads or edits them
//! in place. Nothing here knows of pipelines.

mod batch;
pub mod export_response;
mod hexadecimal;
pub mod json;
#[cfg(test)]
pub(crate) mod oracle;
mod rewrite;
pub mod rpc_status;
mod schema;
mod signal;
mod split;
mod text;
mod validate;
mod value_text;
mod views;
pub mod wire;

pub use batch::{Batch, ClientInfo};
pub use hexadecimal::hexadecimal;
pub use rewrite::{
    AttributeList, AttributePlace, AttributeVerdict, AttributesInPlace, Context, Editor, MessageKind,
    PlacedAttributes, Rewritten, Verdict, put_any_value, rewrite,
};
pub use signal::Signal;
pub use text::Text;
pub use validate::{FieldName, InvalidBody, Problem, validate};
pub(crate) use value_text::{scientific_digits, special_number};
pub use views::{
    AnyValueView, BucketsView, EntityRefView, EventView, ExemplarView, ExponentialHistogramDataPointView,
    HistogramDataPointView, KeyValueView, LinkView, List, LogRecordView, MetricData, MetricView,
    NumberDataPointView, NumberList, NumberValue, ResourceGroup, ResourceView, ScopeGroup, ScopeView,
    SpanView, StatusView, SummaryDataPointView, ValueAtQuantileView, View, item_count, resource_groups,
};
