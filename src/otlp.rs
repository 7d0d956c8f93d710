//! Telemetry on the wire: batches of serialized OTLP requests and everything that reads or edits them
//! in place. Nothing here knows of pipelines.

mod batch;
mod signal;

pub use batch::{Batch, ClientInfo};
pub use signal::Signal;
