//! Random rounds of a component, compared; a failure is told with everything that is needed to look at it alone.

pub mod attributes;
pub mod connectors;
pub mod grouping;
pub mod metricstransform;
pub mod temporality;

use std::ops::Range;
use std::path::Path;

use serde_json::{Value, json};

use crate::comparable::{in_one_form, totals};
use crate::otlp::canonical::{UnknownMembers, from_json};
use crate::otlp::compare::{differences, records_of};
use crate::pair::{Outcomes, Place, Round, Until, run};
use crate::random::Random;
use crate::telemetry::metrics::{CUMULATIVE, DELTA, Shape};
use crate::telemetry::{SentRequest, logs, metrics, spans};

/// Rounds of each component without `WEIR_DIFFERENTIAL_ROUNDS`.
const ROUNDS: u64 = 20;
/// Rounds that share a pair of processes.
const ROUNDS_OF_A_PAIR: u64 = 50;
const FIRST_SEED: u64 = 1;

/// Runs random rounds of a component and fails with the differences.
pub async fn compare_rounds(place: Place, component: &str, round: fn(&mut Random) -> Round) {
    let Range { start: first, end } = seeds();
    let mut failures = Vec::new();
    let mut seed = first;
    while seed < end {
        let seeds: Vec<u64> = (seed..end.min(seed + ROUNDS_OF_A_PAIR)).collect();
        seed += ROUNDS_OF_A_PAIR;
        let rounds: Vec<Round> = seeds.iter().map(|seed| round(&mut Random::with_seed(*seed))).collect();
        let outcomes = run(place, component, &rounds).await;
        for ((seed, round), outcomes) in seeds.iter().zip(&rounds).zip(outcomes) {
            let found = differences_of(place, &outcomes);
            if !found.is_empty() {
                failures.push(failure(component, *seed, round, &outcomes, &found));
            }
        }
    }
    let shown = failures.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(
        failures.is_empty(),
        "{} of {} rounds of {component} differ:\n{shown}",
        failures.len(),
        end - first
    );
}

/// The seeds of the rounds, one each.
pub fn seeds() -> Range<u64> {
    let first = number_from_environment("WEIR_DIFFERENTIAL_SEED").unwrap_or(FIRST_SEED);
    first..first + number_from_environment("WEIR_DIFFERENTIAL_ROUNDS").unwrap_or(ROUNDS)
}

/// Rounds of all signals through pipelines without a component: both sinks get what was sent.
pub async fn nothing_is_changed() {
    let of_nothing = |seed| Round {
        config: json!({}),
        requests: requests_of_all_signals(&mut Random::with_seed(seed)),
        until: Until::Answered,
    };
    let rounds: Vec<Round> = (FIRST_SEED..FIRST_SEED + ROUNDS).map(of_nothing).collect();
    for (round, outcomes) in rounds.iter().zip(run(Place::Nowhere, "", &rounds).await) {
        let sent = |(signal, request): &SentRequest| {
            records_of(&from_json(request, signal.request(), UnknownMembers::Refuse).unwrap(), *signal)
        };
        let sent: Vec<Value> = round.requests.iter().flat_map(sent).collect();
        assert_eq!(differences(&sent, &outcomes.collector.records), [""; 0]);
        assert_eq!(differences(&sent, &outcomes.weir.records), [""; 0]);
    }
}

/// Some requests of each signal.
pub fn requests_of_all_signals(random: &mut Random) -> Vec<SentRequest> {
    let shape = Shape::rough(&[DELTA, CUMULATIVE], 3);
    let mut requests = spans::requests(random, 3);
    requests.extend(logs::requests(random));
    requests.extend(metrics::requests(random, &shape));
    requests
}

fn differences_of(place: Place, outcomes: &Outcomes) -> Vec<String> {
    let (collector, weir) = (&outcomes.collector, &outcomes.weir);
    let mut found = Vec::new();
    if collector.answers != weir.answers {
        found.push(format!(
            "answered OK: by the Collector {:?}, by Weir {:?}",
            collector.answers, weir.answers
        ));
    }
    found.extend(differences(&comparable(place, &collector.records), &comparable(place, &weir.records)));
    found
}

/// What came out, with everything equal that may differ without meaning anything.
pub fn comparable(place: Place, records: &[Value]) -> Vec<Value> {
    if place == Place::Connector {
        return totals(records);
    }
    // A resource or a scope without records says nothing.
    let records = records.iter().filter(|record| record.get("record").is_some());
    records.map(in_one_form).collect()
}

/// What is told of a round that differs; the whole of it is kept as a specification that `weir test` runs, which
/// expects what the Collector made of it.
fn failure(component: &str, seed: u64, round: &Round, outcomes: &Outcomes, found: &[String]) -> String {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join(format!("{component}-{seed}.json"));
    let of_round = json!({
        "config": round.config,
        "requests": round.requests.iter().map(|(signal, request)| json!([format!("{signal:?}"), request])).collect::<Vec<_>>(),
        "from_collector": outcomes.collector.records,
        "from_weir": outcomes.weir.records,
    });
    std::fs::write(&file, format!("{of_round:#}")).unwrap();
    let lines = found.iter().take(8).map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n");
    format!(
        "seed {seed}, {} differences (sent: by the Collector, arrived: from Weir); all of the round is in {}\n  config {}\n{lines}",
        found.len(),
        file.display(),
        round.config
    )
}

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}
