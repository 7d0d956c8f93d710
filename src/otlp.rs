//! Telemetry on the wire: batches of serialized OTLP requests and everything that reads or edits them
//! in place. Nothing here knows of pipelines.

mod batch;
mod schema;
mod signal;
mod text;
mod validate;
pub mod wire;

pub use batch::{Batch, ClientInfo};
pub use signal::Signal;
pub use text::Text;
pub use validate::{FieldName, InvalidBody, Problem, validate};
