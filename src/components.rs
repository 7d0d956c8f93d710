//! The registry: every component type Weir has. Adding one is one line here.

use crate::connectors::alarms::AlarmsConnector;
use crate::connectors::forward::Forward;
use crate::connectors::servicegraph::ServiceGraph;
use crate::connectors::spanmetrics::SpanMetrics;
use crate::exporters::debug::DebugExporter;
use crate::exporters::file::FileExporter;
use crate::exporters::nop::NopExporter;
use crate::exporters::otlp_grpc::OtlpGrpcExporter;
use crate::exporters::otlp_http::OtlpHttpExporter;
use crate::exporters::prometheus::PrometheusExporter;
use crate::exporters::prometheusremotewrite::RemoteWriteExporter;
use crate::exporters::store::StoreExporter;
use crate::exporters::zipkin::ZipkinExporter;
use crate::extensions::console::ConsoleExtension;
use crate::extensions::file_storage::FileStorage;
use crate::extensions::health_check::HealthCheck;
use crate::extensions::store::StoreExtension;
use crate::pipeline::{
    ConnectorFactory, ExporterFactory, ExtensionFactory, ProcessorFactory, ReceiverFactory,
};
use crate::processors::attributes::AttributesProcessor;
use crate::processors::batch::BatchProcessor;
use crate::processors::cumulativetodelta::CumulativeToDelta;
use crate::processors::deltatocumulative::DeltaToCumulative;
use crate::processors::deltatorate::DeltaToRate;
use crate::processors::dimensions::Dimensions;
use crate::processors::groupbyattrs::GroupByAttrs;
use crate::processors::interval::Interval;
use crate::processors::memory_limiter::MemoryLimiter;
use crate::processors::metricstransform::MetricsTransform;
use crate::processors::resource::ResourceProcessor;
use crate::processors::resourcedetection::ResourceDetection;
use crate::receivers::filelog::FileLogReceiver;
use crate::receivers::hostmetrics::HostMetricsReceiver;
use crate::receivers::nop::NopReceiver;
use crate::receivers::otlp::OtlpReceiver;
use crate::receivers::prometheus::PrometheusReceiver;
use crate::receivers::zipkin::ZipkinReceiver;

/// Every receiver type.
pub static RECEIVERS: &[ReceiverFactory] = &[
    ReceiverFactory::of::<FileLogReceiver>(),
    ReceiverFactory::of::<HostMetricsReceiver>(),
    ReceiverFactory::of::<NopReceiver>(),
    ReceiverFactory::of::<OtlpReceiver>(),
    ReceiverFactory::of::<PrometheusReceiver>(),
    ReceiverFactory::of::<ZipkinReceiver>(),
];

/// Every processor type.
pub static PROCESSORS: &[ProcessorFactory] = &[
    ProcessorFactory::of::<AttributesProcessor>(),
    ProcessorFactory::of::<BatchProcessor>(),
    ProcessorFactory::of::<CumulativeToDelta>(),
    ProcessorFactory::of::<DeltaToCumulative>(),
    ProcessorFactory::of::<DeltaToRate>(),
    ProcessorFactory::of::<Dimensions>(),
    ProcessorFactory::of::<GroupByAttrs>(),
    ProcessorFactory::of::<Interval>(),
    ProcessorFactory::of::<MemoryLimiter>(),
    ProcessorFactory::of::<MetricsTransform>(),
    ProcessorFactory::of::<ResourceProcessor>(),
    ProcessorFactory::of::<ResourceDetection>(),
];

/// Every connector type.
pub static CONNECTORS: &[ConnectorFactory] = &[
    ConnectorFactory::of::<AlarmsConnector>(),
    ConnectorFactory::of::<Forward>(),
    ConnectorFactory::of::<ServiceGraph>(),
    ConnectorFactory::of::<SpanMetrics>(),
];

/// Every exporter type.
pub static EXPORTERS: &[ExporterFactory] = &[
    ExporterFactory::of::<DebugExporter>(),
    ExporterFactory::of::<FileExporter>(),
    ExporterFactory::of::<NopExporter>(),
    ExporterFactory::of::<OtlpGrpcExporter>(),
    ExporterFactory::of::<OtlpHttpExporter>(),
    ExporterFactory::of::<PrometheusExporter>(),
    ExporterFactory::of::<RemoteWriteExporter>(),
    ExporterFactory::of::<StoreExporter>(),
    ExporterFactory::of::<ZipkinExporter>(),
];

/// Every extension type.
pub static EXTENSIONS: &[ExtensionFactory] = &[
    ExtensionFactory::of::<ConsoleExtension>(),
    ExtensionFactory::of::<FileStorage>(),
    ExtensionFactory::of::<HealthCheck>(),
    ExtensionFactory::of::<StoreExtension>(),
];
