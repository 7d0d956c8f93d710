//! The OpenTelemetry Collector and Weir with the same configuration, each between the test and a sink of its own.
//!
//! One pair serves many rounds: every round has a receiver, a pipeline and a component of its own in both, and is told
//! from the others by the path its exporter sends to. Exporters have no queue, so an answer comes after the export.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use crate::otlp::canonical::encode::to_protobuf;
use crate::otlp::canonical::{UnknownMembers, from_json};
use crate::otlp::collector::{Collector, free_address, otelcol};
use crate::otlp::compare::{Signal, records_of};
use crate::sink::Sink;
use crate::telemetry::SentRequest;

/// Where a component stands.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// Nowhere: telemetry passes through as it is.
    Nowhere,
    Processor,
    /// Between a pipeline of traces and one of metrics.
    Connector,
}

/// What is sent through one instance of a component.
#[derive(Clone)]
pub struct Round {
    /// The component's own section of the configuration.
    pub config: Value,
    pub requests: Vec<SentRequest>,
    /// When everything has come out that is to be compared.
    pub until: Until,
}

/// When a component has let out everything that is to be compared.
#[derive(Clone, Copy, PartialEq)]
pub enum Until {
    /// With the answer to the last request.
    Answered,
    /// When the collector has stopped.
    Stopped,
    /// When so many data points of value 1 have come out whose record names the sentinel.
    SentinelSeen(usize),
}

/// The name in what is sent last where a component lets things out by a timer.
pub const SENTINEL: &str = "sentinel";

/// How often the sink is looked at; every 20 milliseconds, so for half a minute.
const LOOKS: usize = 1500;

/// What one collector made of a round.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Whether each request was answered OK.
    pub answers: Vec<bool>,
    /// What the sink got until then, in the order of arrival.
    pub records: Vec<Value>,
}

/// What both made of a round.
pub struct Outcomes {
    pub collector: Outcome,
    pub weir: Outcome,
}

/// Runs all rounds of a component through both.
pub async fn run(place: Place, component: &str, rounds: &[Round]) -> Vec<Outcomes> {
    let directory = tempfile::tempdir().unwrap();
    let (otelcol, weir) = (otelcol(), Path::new(env!("CARGO_BIN_EXE_weir")));
    let (of_collector, of_weir) = tokio::join!(
        run_one("otelcol", &otelcol, place, component, rounds, directory.path()),
        run_one("weir", weir, place, component, rounds, directory.path()),
    );
    let both = of_collector.into_iter().zip(of_weir);
    both.map(|(collector, weir)| Outcomes { collector, weir }).collect()
}

async fn run_one(
    name: &str,
    program: &Path,
    place: Place,
    component: &str,
    rounds: &[Round],
    directory: &Path,
) -> Vec<Outcome> {
    let sink = Sink::start().await;
    let addresses: Vec<SocketAddr> = rounds.iter().map(|_| free_address()).collect();
    let config = config(place, component, rounds, &addresses, sink.address);
    let process = Collector::start(name, program, &config, &addresses, directory).await;
    let mut answers = Vec::new();
    for (round, address) in rounds.iter().zip(&addresses) {
        let mut of_round = Vec::new();
        for (signal, request) in &round.requests {
            of_round.push(send(*address, *signal, request).await);
        }
        answers.push(of_round);
    }
    let mut seen = Vec::new();
    for (number, round) in rounds.iter().enumerate() {
        if let Until::SentinelSeen(times) = round.until {
            wait_for_sentinel(times, &sink, &prefix(number)).await;
        }
        seen.push(records(&sink, &prefix(number)));
    }
    process.stop().await;
    let numbered = rounds.iter().zip(answers).zip(seen).enumerate();
    let outcome = |(number, ((round, answers), seen)): (usize, ((&Round, _), _))| Outcome {
        answers,
        records: if round.until == Until::Stopped { records(&sink, &prefix(number)) } else { seen },
    };
    numbered.map(outcome).collect()
}

fn prefix(round: usize) -> String {
    format!("round-{round}")
}

fn records(sink: &Sink, prefix: &str) -> Vec<Value> {
    let requests = sink.requests(prefix);
    requests.iter().flat_map(|(signal, request)| records_of(request, *signal)).collect()
}

async fn wait_for_sentinel(times: usize, sink: &Sink, prefix: &str) {
    for _look in 0..LOOKS {
        let records = records(sink, prefix);
        if records.iter().filter(|record| is_sentinel(record)).count() >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{prefix}: the last of what was sent does not come out: {:?}", records(sink, prefix));
}

fn is_sentinel(record: &Value) -> bool {
    record.pointer("/record/sum/dataPoints/0/asInt") == Some(&json!(1))
        && record.to_string().contains(SENTINEL)
}

/// Posts one request and tells whether it was answered OK.
async fn send(to: SocketAddr, signal: Signal, request: &Value) -> bool {
    let canonical = from_json(request, signal.request(), UnknownMembers::Refuse).expect("valid OTLP/JSON");
    let body = Bytes::from(to_protobuf(&canonical, signal.request()));
    let connection = TokioIo::new(TcpStream::connect(to).await.expect("the collector listens"));
    let (mut sender, driver) = http1::handshake(connection).await.unwrap();
    tokio::spawn(driver);
    let path = format!("/v1/{}", format!("{signal:?}").to_lowercase());
    let request = Request::post(path)
        .header("host", to.to_string())
        .header("content-type", "application/x-protobuf")
        .body(Full::new(body))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status();
    answer.into_body().collect().await.unwrap();
    status.is_success()
}

/// The configuration of both, as JSON, which is YAML.
fn config(
    place: Place,
    component: &str,
    rounds: &[Round],
    addresses: &[SocketAddr],
    sink: SocketAddr,
) -> String {
    let (mut receivers, mut exporters, mut components, mut pipelines) =
        (Map::new(), Map::new(), Map::new(), Map::new());
    for (number, (round, address)) in rounds.iter().zip(addresses).enumerate() {
        let (receiver, exporter) = (format!("otlp/{number}"), format!("otlp_http/{number}"));
        let of_round = format!("{component}/{number}");
        receivers.insert(receiver.clone(), json!({"protocols": {"http": {"endpoint": address.to_string()}}}));
        exporters.insert(
            exporter.clone(),
            json!({
                "endpoint": format!("http://{sink}/{}", prefix(number)),
                "compression": "none",
                "sending_queue": {"enabled": false},
                "retry_on_failure": {"enabled": false},
            }),
        );
        if place == Place::Connector {
            pipelines.insert(
                format!("traces/{number}"),
                json!({"receivers": [receiver], "exporters": [of_round.clone()]}),
            );
            pipelines.insert(
                format!("metrics/{number}"),
                json!({"receivers": [of_round.clone()], "exporters": [exporter]}),
            );
        } else {
            for signal in Signal::ALL {
                if !round.requests.iter().any(|(of, _)| *of == signal) {
                    continue;
                }
                let processors = if place == Place::Processor { vec![of_round.clone()] } else { vec![] };
                pipelines.insert(
                    format!("{}/{number}", format!("{signal:?}").to_lowercase()),
                    json!({"receivers": [receiver], "processors": processors, "exporters": [exporter]}),
                );
            }
        }
        if place != Place::Nowhere {
            components.insert(of_round, round.config.clone());
        }
    }
    let section = if place == Place::Connector { "connectors" } else { "processors" };
    json!({
        "receivers": receivers,
        section: components,
        "exporters": exporters,
        "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": pipelines},
    })
    .to_string()
    // A dollar sign alone would begin an environment variable.
    .replace('$', "$$")
}
