//! What components cost above pass-through on the same load, in Weir and in the Collector.

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, NamedValue as _, Pipeline};
use crate::component::{Component, measured};
use crate::document::Table;
use crate::measure::Measurement;
use crate::runs::{Runs, median, spread, take_turns_between};
use crate::subject::Subject;

const COLUMNS: [&str; 9] = [
    "component",
    "load",
    "subject",
    "CPU s / M items above pass-through (min–max)",
    "Collector ÷ Weir",
    "pass-through CPU s / M items",
    "peak RSS MB above pass-through (min–max)",
    "pass-through peak RSS MB",
    "delivered",
];

/// Measures every component and its pass-through in turns; what failed is a row with its reason.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let mut table = Table::new("components", &COLUMNS);
    let settings = settings.only_of(&[Subject::Weir, Subject::Otelcol]);
    for measured in measured() {
        let with = |component: &Component| Case {
            pipeline: Pipeline::Direct(Some(*component)),
            ..measured.pass_through
        };
        let mut cases = vec![measured.pass_through];
        cases.extend(measured.components.iter().map(with));
        let mut of_cases = take_turns_between(&settings, &cases).await?.into_iter();
        let Some(pass_through) = of_cases.next() else { continue };
        for (component, of_component) in measured.components.iter().zip(of_cases) {
            push_rows(&mut table, *component, measured.load, &of_component, &pass_through);
        }
    }
    Ok(table)
}

fn push_rows(
    table: &mut Table,
    component: Component,
    load: &str,
    of_component: &[(Subject, Runs)],
    pass_through: &[(Subject, Runs)],
) {
    let mut of_weir = None;
    for ((subject, with), (_, without)) in of_component.iter().zip(pass_through) {
        let (kind, _) = component.configured_for(*subject);
        let row = vec![format!("`{kind}`: {}", component.in_words()), load.to_owned(), subject.name()];
        if let Some(failure) = with.failure().or(without.failure()) {
            table.push_failure(row, failure);
            continue;
        }
        let cpu = above(with, without, |run| run.cpu_seconds_per_million);
        let middle = median(&cpu);
        if *subject == Subject::Weir {
            of_weir = middle;
        }
        let ratio = middle.zip(of_weir).filter(|_| *subject != Subject::Weir);
        let delivered =
            if component.keeps_all_items() { with.delivered() } else { "as it makes of them".to_owned() };
        table.push(
            row.into_iter()
                .chain([
                    spread(&cpu, 2),
                    ratio.map(|(other, weir)| multiple(other, weir)).unwrap_or_default(),
                    without.spread(|run| run.cpu_seconds_per_million, 2),
                    spread(&above(with, without, |run| run.peak_rss_megabytes), 1),
                    without.spread(|run| run.peak_rss_megabytes, 0),
                    delivered,
                ])
                .collect(),
        );
    }
}

/// The differences of each repetition to its pass-through.
fn above(with: &Runs, without: &Runs, value: impl Fn(&Measurement) -> f64) -> Vec<f64> {
    let pairs = with.values(&value).into_iter().zip(without.values(&value));
    pairs.map(|(with, without)| with - without).collect()
}

/// A multiple says nothing of a cost that is lost in the noise.
fn multiple(other: f64, weir: f64) -> String {
    if weir < 0.02 {
        return "not measurable".to_owned();
    }
    format!("{:.1}", other / weir)
}
