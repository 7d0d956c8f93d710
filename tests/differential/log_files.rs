//! The same files of log lines through the operators of both collectors.
//!
//! Every round has a receiver with operators of its own in both, which read the same file. Its last line goes past the
//! operators; when it has come out, everything before it has been read. What operators keep has to come out by itself, for
//! what comes out with the Collector's stop it sometimes loses.

pub mod lines;
pub mod operators;
mod transformers;

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::comparable::in_one_form;
use crate::otlp::collector::{Collector, otelcol};
use crate::otlp::compare::{differences, records_of};
use crate::random::Random;
use crate::rounds::seeds;
use crate::sink::Sink;

/// A file, and what is made of its lines.
pub struct FileRound {
    pub operators: Vec<Value>,
    pub lines: Vec<String>,
}

/// What goes past the operators.
const LAST_LINE: &str = "the last line";
/// How often a sink is looked at; every 20 milliseconds, so for half a minute.
const LOOKS: usize = 1500;
/// How long nothing may have come anew until all is there.
#[derive(Clone, Copy)]
pub enum Settled {
    /// Nothing is kept.
    Soon,
    /// Lines that may be continued are kept for five seconds, which the Collector looks at every five seconds.
    WhenKeptOnesCame,
}

impl Settled {
    /// How often a sink is looked at meanwhile.
    const fn looks(self) -> usize {
        match self {
            Self::Soon => 20,
            Self::WhenKeptOnesCame => 550,
        }
    }
}

/// Runs random rounds and fails with the differences.
pub async fn compare_files(round: fn(&mut Random) -> FileRound, settled: Settled) {
    let seeds: Vec<u64> = seeds().collect();
    let rounds: Vec<FileRound> = seeds.iter().map(|seed| round(&mut Random::with_seed(*seed))).collect();
    let directory = tempfile::tempdir().unwrap();
    for (number, round) in rounds.iter().enumerate() {
        let text: String = round.lines.iter().flat_map(|line| [line, "\n"]).collect();
        std::fs::write(file(directory.path(), number), format!("{text}{LAST_LINE}\n")).unwrap();
    }
    let (otelcol, weir) = (otelcol(), Path::new(env!("CARGO_BIN_EXE_weir")));
    let (of_collector, of_weir) = tokio::join!(
        run_one("otelcol", &otelcol, &rounds, settled, directory.path()),
        run_one("weir", weir, &rounds, settled, directory.path()),
    );
    let mut failures = Vec::new();
    for (number, (of_collector, of_weir)) in of_collector.iter().zip(&of_weir).enumerate() {
        let found = differences(of_collector, of_weir);
        if !found.is_empty() {
            let (seed, round) = (seeds[number], &rounds[number]);
            failures.push(format!(
                "seed {seed}, {} of {} records differ (sent: by the Collector, arrived: from Weir)\n  operators {}\n  lines {:#?}\n  {}",
                found.len(),
                of_collector.len(),
                json!(round.operators),
                round.lines,
                found.iter().take(8).map(String::as_str).collect::<Vec<_>>().join("\n  ")
            ));
        }
    }
    let shown = failures.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(failures.is_empty(), "{} of {} rounds differ:\n{shown}", failures.len(), rounds.len());
}

/// What one collector makes of the lines of each round.
async fn run_one(
    name: &str,
    program: &Path,
    rounds: &[FileRound],
    settled: Settled,
    directory: &Path,
) -> Vec<Vec<Value>> {
    let sink = Sink::start().await;
    let config = config(rounds, directory, &sink);
    let process = Collector::start(name, program, &config, &[], directory).await;
    for number in 0..rounds.len() {
        let mut looks = 0;
        while !records(&sink, number).iter().any(is_last_line) {
            looks += 1;
            assert!(looks < LOOKS, "{name} does not read to the end of round {number}\n{}", process.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    // Parsers of containers hand on by a task of their own, a little later.
    let (mut before, mut unchanged) = (0, 0);
    while unchanged < settled.looks() {
        let count = (0..rounds.len()).map(|number| sink.count(&prefix(number))).sum();
        unchanged = if count == before { unchanged + 1 } else { 0 };
        before = count;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    process.stop().await;
    (0..rounds.len()).map(|number| records(&sink, number)).collect()
}

fn is_last_line(record: &Value) -> bool {
    record["record"]["body"]["stringValue"] == LAST_LINE
}

/// The records of a round without the time at which each was read.
fn records(sink: &Sink, number: usize) -> Vec<Value> {
    let requests = sink.requests(&prefix(number));
    let records = requests.iter().flat_map(|(signal, request)| records_of(request, *signal));
    let without_time = |mut record: Value| {
        if let Some(record) = record["record"].as_object_mut() {
            record.remove("observedTimeUnixNano");
        }
        in_one_form(&record)
    };
    records.map(without_time).collect()
}

fn prefix(number: usize) -> String {
    format!("round-{number}")
}

fn file(directory: &Path, number: usize) -> std::path::PathBuf {
    // As the kubelet names the files of containers.
    directory.join(format!("shop_cart-{number}_49cc7c1f-d370-4c40-bc92-da1b2b4a4f5e_{number}.log"))
}

fn config(rounds: &[FileRound], directory: &Path, sink: &Sink) -> String {
    let (mut receivers, mut exporters, mut pipelines) = (Map::new(), Map::new(), Map::new());
    for (number, round) in rounds.iter().enumerate() {
        let past = json!({
            "type": "router",
            "routes": [{"expr": format!("body == {LAST_LINE:?}"), "output": "end"}],
            "default": "first",
        });
        let mut operators = vec![past, json!({"type": "noop", "id": "first"})];
        operators.extend(round.operators.iter().cloned());
        operators.push(json!({"type": "noop", "id": "end"}));
        receivers.insert(
            format!("file_log/{number}"),
            json!({
                "include": [file(directory, number)],
                "include_file_path": true,
                "start_at": "beginning",
                "poll_interval": "50ms",
                "operators": operators,
            }),
        );
        exporters.insert(
            format!("otlp_http/{number}"),
            json!({
                "endpoint": format!("http://{}/{}", sink.address, prefix(number)),
                "compression": "none",
                "sending_queue": {"enabled": false},
            }),
        );
        pipelines.insert(
            format!("logs/{number}"),
            json!({"receivers": [format!("file_log/{number}")], "exporters": [format!("otlp_http/{number}")]}),
        );
    }
    json!({
        "receivers": receivers,
        "exporters": exporters,
        "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": pipelines},
    })
    .to_string()
    // A dollar sign alone would begin an environment variable.
    .replace('$', "$$")
}
