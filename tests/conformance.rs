//! What every registered component type promises, whatever it does: its reference is complete, its
//! defaults are valid or say what is missing, and an instance leaves nothing running behind.
#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::Instant;
use weir::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};
use weir::config::{AnySection, Checking, ConfigError, Decoding, Node, NodeValue, TypeDocs, parse_yaml};
use weir::otlp::{Batch, Signal};
use weir::pipeline::factory::TypeInfo;
use weir::pipeline::status::StatusBoard;
use weir::pipeline::{
    BoxFuture, Component, ComponentId, Consumer, Extension, Host, InFlightBytes, Outputs, PipelineId,
    Refusal, Settings, Workers,
};
use weir::store::TelemetryStore;
use weir::store::memory::MemoryStore;
use weir::telemetry::Telemetry;

/// A section with which a type that needs one works here, `DIRECTORY` being an empty directory; none for
/// types whose defaults are valid.
///
/// Whoever adds a type with a required field adds its section.
fn required_section(kind: &str, type_name: &str) -> Option<&'static str> {
    Some(match (kind, type_name) {
        ("receiver", "file_log") => "include: [DIRECTORY/*.log]",
        ("extension", "file_storage") => "directory: DIRECTORY",
        ("receiver", "host_metrics") => "scrapers: {cpu: {}, process: {}}",
        ("receiver", "prometheus") => "config: {scrape_configs: [{job_name: a}]}",
        ("receiver", "otlp") => "protocols: {grpc: {endpoint: '127.0.0.1:0'}}",
        ("processor", "attributes") => "actions: [{key: a, value: b, action: insert}]",
        ("processor", "resource") => "attributes: [{key: a, value: b, action: insert}]",
        ("processor", "deltatorate") => "metrics: [requests]",
        ("processor", "memory_limiter") => "{check_interval: 1s, limit_mib: 1000}",
        ("exporter", "file") => "path: DIRECTORY/out.json",
        ("exporter", "otlp" | "otlp_grpc") => "{endpoint: '127.0.0.1:9', tls: {insecure: true}}",
        ("exporter", "prometheus_remote_write") => "endpoint: 'http://127.0.0.1:1/api/v1/write'",
        ("exporter", "prometheus") => "endpoint: '127.0.0.1:0'",
        ("exporter", "otlphttp" | "otlp_http") => "endpoint: 'http://127.0.0.1:9'",
        ("exporter", "zipkin") => "endpoint: 'http://127.0.0.1:9/api/v2/spans'",
        _ => return None,
    })
}

/// A section for types whose defaults are valid but listen on a port that may be taken, or write to a directory.
fn section_of_its_own(kind: &str, type_name: &str) -> Option<&'static str> {
    if (kind, type_name) == ("extension", "store") {
        return Some("directory: DIRECTORY/store");
    }
    let listens = [("extension", "console"), ("extension", "health_check"), ("receiver", "zipkin")]
        .contains(&(kind, type_name));
    listens.then_some("endpoint: '127.0.0.1:0'")
}

fn every_type() -> Vec<(&'static str, &'static TypeInfo)> {
    let receivers = RECEIVERS.iter().map(|factory| ("receiver", &factory.info));
    let processors = PROCESSORS.iter().map(|factory| ("processor", &factory.info));
    let connectors = CONNECTORS.iter().map(|factory| ("connector", &factory.info));
    let exporters = EXPORTERS.iter().map(|factory| ("exporter", &factory.info));
    let extensions = EXTENSIONS.iter().map(|factory| ("extension", &factory.info));
    receivers.chain(processors).chain(connectors).chain(exporters).chain(extensions).collect()
}

fn decode(info: &TypeInfo, section: &Node) -> (Arc<dyn AnySection>, Vec<ConfigError>) {
    let mut decoding = Decoding::default();
    let decoded = (info.decode)(section, &mut decoding);
    let mut checking = Checking::default();
    decoded.check_section(&mut checking);
    let mut errors = decoding.into_errors();
    errors.extend(checking.into_errors());
    (decoded, errors)
}

fn default_section(info: &TypeInfo) -> (Arc<dyn AnySection>, Vec<ConfigError>) {
    decode(info, &Node::anonymous(NodeValue::Null))
}

/// A section that works here.
fn usable_section(kind: &str, info: &TypeInfo, directory: &TempDir) -> Arc<dyn AnySection> {
    let yaml = required_section(kind, info.type_name).or(section_of_its_own(kind, info.type_name));
    let (section, errors) = match yaml {
        None => default_section(info),
        Some(yaml) => {
            let yaml = yaml.replace("DIRECTORY", directory.path().to_str().unwrap());
            decode(info, &parse_yaml(&yaml, &Arc::from("test")).unwrap())
        }
    };
    assert_eq!(errors, [], "{kind} {}", info.type_name);
    section
}

#[test]
fn defaults_are_valid_or_the_errors_name_the_required_fields() {
    for (kind, info) in every_type() {
        let (_, errors) = default_section(info);
        let name = info.type_name;
        assert_eq!(
            errors.is_empty(),
            required_section(kind, name).is_none(),
            "{kind} {name}: a type with required fields needs an entry in required_section: {errors:?}"
        );
        let keys: Vec<_> = (info.docs)().fields.iter().map(|field| field.name).collect();
        for error in errors {
            let names_one = !error.path.is_empty()
                || error.field.is_some()
                || keys.iter().any(|key| error.message.contains(key));
            assert!(names_one, "{kind} {name}: none of {keys:?} is named in: {error}");
        }
    }
}

#[test]
fn every_field_has_its_reference() {
    for (kind, info) in every_type() {
        let docs = (info.docs)();
        assert!(!docs.text.trim().is_empty(), "{kind} {} has no text", info.type_name);
        assert_documented(&format!("{kind} {}", info.type_name), &TypeDocs::Section(docs));
    }
}

fn assert_documented(path: &str, docs: &TypeDocs) {
    match docs {
        TypeDocs::Section(section) => {
            for field in &section.fields {
                let path = format!("{path}::{}", field.name);
                assert!(!field.text.trim().is_empty(), "{path} has no text");
                assert_documented(&path, &field.kind);
            }
        }
        TypeDocs::List(inner) | TypeDocs::Map(inner) | TypeDocs::Optional(inner) => {
            assert_documented(path, inner);
        }
        _ => {}
    }
}

#[test]
fn no_name_means_two_types() {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for (kind, info) in every_type() {
        names.push((kind, info.type_name));
        names.extend(info.aliases.iter().map(|alias| (kind, *alias)));
        ComponentId::parse(info.type_name).unwrap();
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn receivers_leave_nothing_running() {
    for factory in RECEIVERS {
        let signals: Vec<_> = factory.info.signals.iter().map(|(signal, _)| *signal).collect();
        run_life("receiver", &factory.info, None, |section, settings| {
            let mut outputs = Outputs::default();
            signals.iter().for_each(|signal| outputs.set(*signal, Arc::new(Sink)));
            let receiver: Box<dyn Component> = factory.create(section, settings, outputs).unwrap();
            (Arc::from(receiver), None)
        });
    }
}

#[test]
fn processors_leave_nothing_running() {
    for factory in PROCESSORS {
        for (signal, _) in factory.info.signals {
            run_life("processor", &factory.info, Some(*signal), |section, settings| {
                let processor = factory.create(section, settings, Arc::new(Sink)).unwrap();
                (processor.clone(), Some(processor))
            });
        }
    }
}

#[test]
fn connectors_leave_nothing_running() {
    for factory in CONNECTORS {
        for (signal, _) in factory.info.signals {
            run_life("connector", &factory.info, Some(*signal), |section, settings| {
                let mut outputs = Outputs::default();
                for (taken, produced, _) in factory.info.pairs {
                    if taken == signal {
                        outputs.set(*produced, Arc::new(Sink));
                    }
                }
                let connector = factory.create(section, settings, outputs).unwrap();
                (connector.clone(), Some(connector))
            });
        }
    }
}

#[test]
fn exporters_leave_nothing_running() {
    for factory in EXPORTERS {
        for (signal, _) in factory.info.signals {
            run_life("exporter", &factory.info, Some(*signal), |section, settings| {
                let exporter = factory.create(section, settings).unwrap();
                (exporter.clone(), Some(exporter))
            });
        }
    }
}

#[test]
fn extensions_leave_nothing_running() {
    for factory in EXTENSIONS {
        run_life("extension", &factory.info, None, |section, settings| {
            (factory.create(section, settings).unwrap(), None)
        });
    }
}

type Instance = (Arc<dyn Component>, Option<Arc<dyn Consumer>>);

/// Creates instances and takes them through their life, each way they may end.
fn run_life(
    kind: &str,
    info: &TypeInfo,
    signal: Option<Signal>,
    create: impl Fn(Arc<dyn AnySection>, Settings) -> Instance,
) {
    let name = format!("{kind} {} {signal:?}", info.type_name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let new = || create(usable_section(kind, info, &directory), settings(info.type_name, signal));

        let (component, _) = new();
        assert_eq!(alive_tasks(), 0, "{name}: creation spawns nothing");
        component.shutdown(soon()).await;
        drop(component);
        assert_no_task_left(&format!("{name}, never started")).await;

        let (component, consumer) = new();
        component.start(&host()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        if let (Some(consumer), Some(signal)) = (&consumer, signal) {
            consumer.consume(one_item(signal)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        component.shutdown(soon()).await;
        component.shutdown(soon()).await;
        drop((component, consumer));
        assert_no_task_left(&name).await;
    });
}

/// The process around a component: an extension `store` keeps telemetry.
fn host() -> Host {
    let store = Arc::new(StoreInMemory(Arc::new(MemoryStore::new(u64::MAX))));
    let extensions = BTreeMap::from([(ComponentId::parse("store").unwrap(), store as Arc<dyn Extension>)]);
    Host { extensions, ..Host::default() }
}

struct StoreInMemory(Arc<MemoryStore>);

impl Component for StoreInMemory {}

impl Extension for StoreInMemory {
    fn telemetry_store(&self) -> Option<Arc<dyn TelemetryStore>> {
        Some(Arc::clone(&self.0) as Arc<dyn TelemetryStore>)
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// A task that was told to end still has to be scheduled to do so; none may wait for time to pass.
async fn assert_no_task_left(name: &str) {
    for _ in 0..1000 {
        if alive_tasks() == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{name}: {} tasks are left", alive_tasks());
}

fn settings(type_name: &str, signal: Option<Signal>) -> Settings {
    Settings {
        id: ComponentId::parse(type_name).unwrap(),
        signal,
        pipeline: signal.map(|signal| PipelineId { signal, name: String::new() }),
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        clock: weir::pipeline::Clock::default(),
        control: Handle::current(),
        status: StatusBoard::default().reporter(type_name),
        in_flight: InFlightBytes::default(),
    }
}

/// A request with one empty span, log record, or data point of a gauge.
fn one_item(signal: Signal) -> Batch {
    let body: &[u8] = match signal {
        Signal::Traces | Signal::Logs => b"\x0a\x04\x12\x02\x12\x00",
        Signal::Metrics => b"\x0a\x08\x12\x06\x12\x04\x2a\x02\x0a\x00",
    };
    let batch = Batch::from_untrusted_part(signal, Bytes::from_static(body)).unwrap();
    assert_eq!(batch.items(), 1);
    batch
}

/// Takes everything.
struct Sink;

impl Consumer for Sink {
    fn consume(&self, _batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }
}
