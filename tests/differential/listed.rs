//! The differences that are known, each with a case that shows it and with who is right.
//!
//! What random rounds send keeps clear of them; the cases here hold each one in place, so that a difference that is no
//! more is noticed and taken off `docs/differences.md`, which is made from these files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::otlp::canonical::{UnknownMembers, from_json};
use crate::otlp::compare::{Signal, differences, records_of};
use crate::pair::{Outcome, Place, Round, Until, run};
use crate::rounds::comparable;

/// One difference, as its file says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    component: String,
    /// What is done with what, as the row's beginning.
    what: String,
    collector: String,
    weir: String,
    /// Who is right, and by which text.
    right: String,
    config: Value,
    send: Vec<BTreeMap<String, Value>>,
    /// How often the sentinel has to be seen, where things come out by a timer.
    #[serde(default)]
    sentinel: Option<usize>,
    from_collector: BTreeMap<String, Value>,
    from_weir: BTreeMap<String, Value>,
}

const BEFORE_THE_TABLES: &str = "\
# Where Weir differs from the OpenTelemetry Collector

The same random telemetry and configurations go through the Collector (0.162.0; its service graph connector is the newest that the
Go proxy serves, 0.158.0) and through Weir, and what comes out is compared record by record: `cargo test --features real-parts --test differential`, with `WEIR_DIFFERENTIAL_ROUNDS=1000` for more
rounds and `WEIR_DIFFERENTIAL_SEED` for others. The order of records and of attributes is free; everything else has to be equal
but for what follows. Each row is held by a case in `tests/differential/listed/` that runs through both, so a row that is no
longer true fails the test. What differs in how the collectors run rather than in what components make of
telemetry is in [migration.md](migration.md).

This page is made from those cases: `WEIR_WRITE_DIFFERENCES=1 cargo test --features real-parts --test differential page`.
";

/// Runs every case through both, and holds what comes out against what its file says.
pub async fn still_differ() {
    let mut by_component: BTreeMap<String, Vec<(PathBuf, Listed)>> = BTreeMap::new();
    for (file, listed) in all() {
        by_component.entry(listed.component.clone()).or_default().push((file, listed));
    }
    let mut problems = Vec::new();
    for (component, cases) in by_component {
        let place = if ["spanmetrics", "servicegraph"].contains(&component.as_str()) {
            Place::Connector
        } else {
            Place::Processor
        };
        let rounds: Vec<Round> = cases.iter().map(|(_, listed)| round(listed)).collect();
        let outcomes = run(place, &component, &rounds).await;
        for ((file, listed), outcomes) in cases.iter().zip(outcomes) {
            let mut hold =
                |who: &str, expected: &BTreeMap<String, Value>, outcome: &Outcome| {
                    let expected = comparable(place, &records(expected));
                    let found = differences(&expected, &comparable(place, &outcome.records));
                    problems.extend(found.into_iter().map(|line| {
                        format!("{}: {who} (sent: listed, arrived: now): {line}", file.display())
                    }));
                };
            hold("the Collector", &listed.from_collector, &outcomes.collector);
            hold("Weir", &listed.from_weir, &outcomes.weir);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Holds `docs/differences.md` against the cases.
pub fn are_on_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences.md");
    let expected = page_of(all().into_iter().map(|(_, listed)| listed));
    if std::env::var_os("WEIR_WRITE_DIFFERENCES").is_some() {
        std::fs::write(&page, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert_eq!(written, expected, "WEIR_WRITE_DIFFERENCES=1 writes the page anew");
}

/// All cases in the order of their file names.
fn all() -> Vec<(PathBuf, Listed)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/listed");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let listed =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file, listed)
    };
    files.into_iter().map(read).collect()
}

fn round(listed: &Listed) -> Round {
    let requests =
        listed.send.iter().flatten().map(|(name, request)| (signal(name), request.clone())).collect();
    let until = listed.sentinel.map_or(Until::Stopped, Until::SentinelSeen);
    Round { config: listed.config.clone(), requests, until }
}

fn records(requests: &BTreeMap<String, Value>) -> Vec<Value> {
    let records = |(name, request): (&String, &Value)| {
        let signal = signal(name);
        let request = from_json(request, signal.request(), UnknownMembers::Refuse).unwrap();
        records_of(&request, signal)
    };
    requests.iter().flat_map(records).collect()
}

fn signal(name: &str) -> Signal {
    match name {
        "traces" => Signal::Traces,
        "metrics" => Signal::Metrics,
        "logs" => Signal::Logs,
        other => panic!("there is no signal {other}"),
    }
}

fn page_of(all: impl Iterator<Item = Listed>) -> String {
    let mut page = BEFORE_THE_TABLES.to_owned();
    let mut component = String::new();
    for listed in all {
        if listed.component != component {
            component.clone_from(&listed.component);
            write!(
                page,
                "\n## `{component}`\n\n| | Collector | Weir | who is right |\n| --- | --- | --- | --- |\n"
            )
            .unwrap();
        }
        let Listed { what, collector, weir, right, .. } = listed;
        writeln!(page, "| {} | {} | {} | {} |", what.trim(), collector.trim(), weir.trim(), right.trim())
            .unwrap();
    }
    page
}
