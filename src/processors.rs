//! Components that change, gather or drop telemetry.

pub(crate) mod attribute_actions;
pub mod attributes;
pub mod batch;
pub mod cumulativetodelta;
pub mod deltatocumulative;
pub mod deltatorate;
pub mod dimensions;
pub mod groupbyattrs;
pub mod interval;
pub mod memory_limiter;
pub mod metricstransform;
pub(crate) mod record_filter;
pub mod resource;
pub mod resourcedetection;
pub(crate) mod written_value;
