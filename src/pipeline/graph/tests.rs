//! What can be built, what cannot, and how one answer is made of several.

use std::time::Duration;

use super::fan_out::fan_out;
use super::*;
use crate::config::{LoadOptions, load};
use crate::pipeline::Refusal;
use crate::pipeline::testing::{Sink, settings, spans};
use crate::telemetry::instruments;

fn environment() -> Environment {
    Environment {
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        control: Handle::current(),
        clock: Clock::default(),
        status: StatusBoard::default(),
        in_flight: InFlightBytes::default(),
    }
}

fn configuration(pipelines: &str) -> Configuration {
    let text = format!(
        "receivers: {{nop: }}\nprocessors: {{batch: }}\nexporters: {{nop: }}\n\
         connectors: {{forward: , forward/2: }}\n\
         service: {{telemetry: {{metrics: {{level: none}}}}, pipelines: {{{pipelines}}}}}"
    );
    let options = LoadOptions { sources: vec![format!("yaml:{text}")], ..LoadOptions::default() };
    load(&options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn build_error(pipelines: &str) -> String {
    build(&configuration(pipelines), &environment()).map(drop).unwrap_err().to_string()
}

#[tokio::test]
async fn a_cycle_is_named_step_by_step() {
    let error = build_error(
        "traces: {receivers: [nop, forward/2], exporters: [forward]}, \
         traces/2: {receivers: [forward], processors: [batch], exporters: [forward/2]}",
    );
    assert_eq!(
        error,
        "cycle detected: connector \"forward\" (traces to traces) -> processor \"batch\" in pipeline \"traces/2\" \
         -> connector \"forward/2\" (traces to traces) -> connector \"forward\" (traces to traces)"
    );
}

#[tokio::test]
async fn connectors_must_lead_from_somewhere_to_somewhere() {
    assert_eq!(
        build_error("traces: {receivers: [nop], exporters: [forward]}"),
        "connector \"forward\" used as exporter in [traces] pipeline but not used in any supported receiver pipeline"
    );
    assert_eq!(
        build_error("logs: {receivers: [forward], exporters: [nop]}"),
        "connector \"forward\" used as receiver in [logs] pipeline but not used in any supported exporter pipeline"
    );
    assert_eq!(
        build_error(
            "traces: {receivers: [nop], exporters: [forward]}, metrics: {receivers: [forward], exporters: [nop]}"
        ),
        "connector \"forward\" used as exporter in [traces] pipeline but not used in any supported receiver pipeline"
    );
}

#[tokio::test]
async fn exporters_are_shared_by_the_pipelines_of_a_signal_and_processors_are_not() {
    let configuration = configuration(
        "traces: {receivers: [nop], processors: [batch], exporters: [nop]}, \
         traces/2: {receivers: [nop], processors: [batch], exporters: [nop, forward]}, \
         traces/3: {receivers: [forward], exporters: [nop]}, \
         logs: {receivers: [nop], exporters: [nop]}",
    );
    let graph = build(&configuration, &environment()).unwrap();
    let count = |kind| graph.nodes.iter().filter(|node| node.kind == kind).count();
    assert_eq!(count(ComponentKind::Exporter), 2, "one a signal");
    assert_eq!(count(ComponentKind::Processor), 2, "one a pipeline");
    assert_eq!(count(ComponentKind::Connector), 1);
    assert_eq!(count(ComponentKind::Receiver), 1);
    let position = |kind| graph.nodes.iter().position(|node| node.kind == kind);
    assert!(position(ComponentKind::Exporter) < position(ComponentKind::Processor));
    assert_eq!(graph.nodes.last().map(|node| node.kind), Some(ComponentKind::Receiver));
}

#[tokio::test]
async fn statuses_follow_the_life_of_components() {
    let environment = environment();
    let configuration = configuration("traces: {receivers: [nop], exporters: [nop]}");
    let graph = build(&configuration, &environment).unwrap();
    let running = graph.start(Duration::from_secs(1)).await.unwrap();
    let status = |name: &str| environment.status.reports().get(name).map(|report| report.status);
    assert_eq!(status("receiver:nop"), Some(crate::pipeline::ComponentStatus::Ok));
    running.shutdown(tokio::time::Instant::now() + Duration::from_secs(1)).await;
    assert_eq!(status("exporter:nop"), Some(crate::pipeline::ComponentStatus::Stopped));
}

#[tokio::test]
async fn a_fan_out_gives_each_consumer_the_batch() {
    let (left, right) = (Sink::new(), Sink::new());
    let both = fan_out(vec![left.clone(), right.clone()]);
    both.consume(spans(&["a"])).await.unwrap();
    assert_eq!((left.names(), right.names()), (vec![vec!["a".to_owned()]], vec![vec!["a".to_owned()]]));
    let (left_part, right_part) = (left.taken()[0].parts()[0].clone(), right.taken()[0].parts()[0].clone());
    assert_eq!(left_part.as_ptr(), right_part.as_ptr(), "shared, not copied");
}

#[tokio::test]
async fn a_refusal_that_may_pass_outweighs_one_that_stays() {
    let (left, right) = (Sink::new(), Sink::new());
    let both = fan_out(vec![left.clone(), right.clone()]);
    left.refuse_next(Refusal::permanent("bad"));
    right.refuse_next(Refusal::retryable("busy").after(Some(Duration::from_secs(3))));
    let refusal = both.consume(spans(&["a"])).await.unwrap_err();
    assert_eq!((refusal.message.as_str(), refusal.delay()), ("bad; busy", Some(Duration::from_secs(3))));
    left.refuse_next(Refusal::permanent("bad"));
    right.refuse_next(Refusal::permanent("worse"));
    let refusal = both.consume(spans(&["a"])).await.unwrap_err();
    assert!(refusal.is_permanent());
}

#[tokio::test]
async fn edges_count_items_and_bytes_by_outcome() {
    let settings = settings("nop", Signal::Traces);
    let sink = Sink::new();
    let metered = Metering::of_exporter(&settings, Signal::Traces).metered(sink.clone());
    let batch = spans(&["a", "b"]);
    let bytes = batch.bytes() as u64;
    metered.consume(batch.clone()).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    metered.consume(batch).await.unwrap_err();
    for outcome in ["success", "refused"] {
        let attributes = [("exporter", "nop"), ("otel_signal", "traces"), ("outcome", outcome)];
        let items = settings.telemetry.counter(&instruments::EXPORTER_CONSUMED_ITEMS, &attributes).value();
        let size = settings.telemetry.counter(&instruments::EXPORTER_CONSUMED_SIZE, &attributes).value();
        assert_eq!((items, size), (2, bytes), "{outcome}");
    }
}
