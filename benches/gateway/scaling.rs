//! What the second core brings: the same work on one core and on two.
//!
//! Load and sink share the machine with the collector, so the case is one where they cost little beside it: the
//! bodies are compressed beforehand and the collector is to unpack and pack them.

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, Compression, NamedValue as _};
use crate::document::Table;
use crate::measure::Conditions;
use crate::runs::take_turns;
use crate::under_load::ratio;

const CASE: Case = Case { compression: Compression::Gzip, ..Case::BASE };

const COLUMNS: [&str; 4] = [
    "subject",
    "throughput, two cores × one core",
    "CPU s / M items, one core (min–max)",
    "CPU s / M items, two cores (min–max)",
];

/// Runs every subject on core 0 and then on cores 0 and 1. Of the rates only the ratio is told.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let mut table = Table::new("scaling", &COLUMNS);
    let on = |cores| Conditions { cores: Some(cores), ..Conditions::default() };
    let on_one = take_turns(settings, &CASE, on("0")).await?;
    let on_two = take_turns(settings, &CASE, on("0,1")).await?;
    for ((subject, one), (_, two)) in on_one.into_iter().zip(on_two) {
        if let Some(failure) = one.failure().or(two.failure()) {
            table.push_failure(vec![subject.name()], failure);
            continue;
        }
        table.push(vec![
            subject.name(),
            ratio(two.median(|run| run.items_per_second), one.median(|run| run.items_per_second)),
            one.spread(|run| run.cpu_seconds_per_million, 2),
            two.spread(|run| run.cpu_seconds_per_million, 2),
        ]);
    }
    Ok(table)
}
