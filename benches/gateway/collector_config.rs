//! The configuration file of the Go Collector and of Weir: their defaults everywhere but for what is measured.

use crate::case::{Case, NamedValue as _, Pipeline, Protocol};
use crate::component::Component;
use crate::subject::{Route, Subject};

/// One file for both; only a component that one of them does not have is another.
pub fn collector_config(subject: Subject, case: &Case, route: &Route) -> String {
    let Route { listen, to, own_metrics } = route;
    let (protocol, exporter, scheme) = match case.protocol {
        Protocol::Grpc => ("grpc", "otlp_grpc", ""),
        Protocol::Http => ("http", "otlp_http", "http://"),
    };
    let compression = case.compression.name();
    let (metrics_host, metrics_port) = (own_metrics.ip(), own_metrics.port());
    let queue = match case.pipeline {
        Pipeline::Direct(_) => "    sending_queue:\n      enabled: false\n",
        Pipeline::Pass | Pipeline::Batch => "",
    };
    let (components, pipelines) = match case.pipeline {
        Pipeline::Pass | Pipeline::Direct(None) => (String::new(), pipelines("", exporter)),
        Pipeline::Batch => ("processors:\n  batch:\n".to_owned(), pipelines("batch", exporter)),
        Pipeline::Direct(Some(component)) => with_component(component, subject, case, exporter),
    };
    format!(
        "receivers:
  otlp:
    protocols:
      {protocol}:
        endpoint: {listen}
{components}exporters:
  {exporter}:
    endpoint: {scheme}{to}
    compression: {compression}
{queue}    tls:
      insecure: true
service:
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: {metrics_host}
                port: {metrics_port}
  pipelines:
{pipelines}"
    )
}

fn pipelines(processors: &str, exporter: &str) -> String {
    let pipeline = |signal| pipeline(signal, "otlp", processors, exporter);
    ["traces", "metrics", "logs"].map(pipeline).concat()
}

fn pipeline(signal: &str, receiver: &str, processors: &str, exporters: &str) -> String {
    format!(
        "    {signal}: {{receivers: [{receiver}], processors: [{processors}], exporters: [{exporters}]}}\n"
    )
}

/// The sections of the component, and pipelines of the case's signal through it. The spans that a connector reads go on
/// beside it, so that it alone is the difference to pass-through.
fn with_component(component: Component, subject: Subject, case: &Case, exporter: &str) -> (String, String) {
    let (kind, config) = component.configured_for(subject);
    let signal = case.signal.name();
    if component.is_connector() {
        let reading = pipeline(&signal, "otlp", "", &format!("{kind}, {exporter}"));
        let made = pipeline("metrics", kind, "", exporter);
        return (format!("connectors:\n  {kind}: {config}\n"), reading + &made);
    }
    (format!("processors:\n  {kind}: {config}\n"), pipeline(&signal, "otlp", kind, exporter))
}
