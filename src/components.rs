//! The registry: every component type Weir has. Adding one is one line here.

use crate::exporters::nop::NopExporter;
use crate::extensions::health_check::HealthCheck;
use crate::pipeline::{
    ConnectorFactory, ExporterFactory, ExtensionFactory, ProcessorFactory, ReceiverFactory,
};
use crate::receivers::nop::NopReceiver;

/// Every receiver type.
pub static RECEIVERS: &[ReceiverFactory] = &[ReceiverFactory::of::<NopReceiver>()];

/// Every processor type.
pub static PROCESSORS: &[ProcessorFactory] = &[];

/// Every connector type.
pub static CONNECTORS: &[ConnectorFactory] = &[];

/// Every exporter type.
pub static EXPORTERS: &[ExporterFactory] = &[ExporterFactory::of::<NopExporter>()];

/// Every extension type.
pub static EXTENSIONS: &[ExtensionFactory] = &[ExtensionFactory::of::<HealthCheck>()];
