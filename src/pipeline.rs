//! Pipelines: what a component is, and (in the submodules) how a configuration becomes a running graph.

pub mod clock;
pub mod component;
pub mod description;
pub mod exporting;
pub mod factory;
pub mod graph;
pub mod id;
pub mod in_flight;
mod joined;
pub mod outbox;
pub mod refusal;
pub mod service;
pub mod status;
pub mod storage;
pub mod tap;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
pub mod whole_batches;
pub mod workers;

pub use clock::Clock;
pub use component::{BoxFuture, Component, Consumer, Extension, Host, Outputs, Settings, StartError};
pub use description::ServiceDescription;
pub use factory::{
    BuildError, ComponentKind, ConnectorFactory, ConnectorType, ExporterFactory, ExporterType,
    ExtensionFactory, ExtensionType, ProcessorFactory, ProcessorType, ReceiverFactory, ReceiverType,
    Stability,
};
pub use id::{ComponentId, PipelineId};
pub use in_flight::InFlightBytes;
pub use joined::join_all;
pub use outbox::Outbox;
pub use refusal::{Refusal, RefusalClass};
pub use status::{ComponentStatus, StatusReporter};
pub use storage::{Storage, StorageChange, StorageClient, StorageError, StorageOwner};
pub use tasks::TaskScope;
pub use whole_batches::consume_whole;
pub use workers::Workers;
