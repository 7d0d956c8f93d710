//! The table under load: every subject through every case, taking turns, and the medians.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, NamedValue as _};
use crate::measure::{Measurement, measure};
use crate::payload;
use crate::report::Table;
use crate::subject::Subject;

const COLUMNS: [&str; 11] = [
    "signal",
    "items a request",
    "pipeline",
    "protocol",
    "gzip",
    "subject",
    "CPU s / M items (min–max)",
    "× floor",
    "peak RSS MB",
    "delivered",
    "retries",
];

/// Measures all cases and subjects; what failed is a row with its reason.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let mut table = Table::new("load", &COLUMNS);
    for case in settings.cases() {
        let runs = run_case(settings, &case).await?;
        let floor = runs.get(&Subject::Floor).and_then(|runs| median_cpu(runs));
        for subject in settings.subjects() {
            if let Some(runs) = runs.get(&subject) {
                table.push(row(&case, subject, runs, floor));
            }
        }
    }
    Ok(table)
}

type Runs = Vec<Outcome<Measurement>>;

/// All repetitions of one case: A B C, A B C, A B C, so that a disturbance meets all subjects alike.
async fn run_case(settings: &Settings, case: &Case) -> Outcome<HashMap<Subject, Runs>> {
    let bodies = Arc::new(payload::bodies(case)?);
    let mut runs = HashMap::<Subject, Runs>::new();
    for _ in 0..settings.repetitions {
        for subject in settings.subjects() {
            if !subject.can_run(case) {
                continue;
            }
            let run = measure(settings, subject, case, &bodies, None).await;
            match &run {
                Ok(run) => eprintln!("{case}: {} {}", subject.name(), run.summary()),
                Err(error) => eprintln!("{case}: {} FAILED: {error}", subject.name()),
            }
            runs.entry(subject).or_default().push(run);
        }
    }
    Ok(runs)
}

fn row(case: &Case, subject: Subject, runs: &[Outcome<Measurement>], floor: Option<f64>) -> Vec<String> {
    let mut row = vec![
        case.signal.name(),
        case.size.to_string(),
        case.pipeline.name(),
        case.protocol.name(),
        case.compression.name(),
        subject.name(),
    ];
    let good: Vec<&Measurement> = runs.iter().flatten().collect();
    let Some(cpu) = median_cpu(runs) else {
        let reason = runs.iter().find_map(|run| run.as_ref().err()).map(ToString::to_string);
        row.push(format!("failed: {}", reason.unwrap_or_default().replace(['\n', '|'], " ")));
        row.resize(COLUMNS.len(), String::new());
        return row;
    };
    let costs = || good.iter().map(|run| run.cpu_seconds_per_million);
    let (least, most) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    let accepted: u64 = good.iter().map(|run| run.accepted_items).sum();
    let delivered: u64 = good.iter().map(|run| run.delivered_items).sum();
    let retries: u64 = good.iter().map(|run| run.sent.retries).sum();
    let failed: u64 = good.iter().map(|run| run.sent.failed).sum();
    let share = if failed == 0 && delivered == accepted {
        "all".to_owned()
    } else {
        format!("{delivered}/{accepted}, {failed} requests refused")
    };
    row.extend([
        format!("{cpu:.2} ({least:.2}–{most:.2})"),
        floor.map(|floor| format!("{:.2}", cpu / floor)).unwrap_or_default(),
        format!("{:.0}", median(good.iter().map(|run| run.peak_rss_megabytes)).unwrap_or_default()),
        share,
        retries.to_string(),
    ]);
    row
}

fn median_cpu(runs: &[Outcome<Measurement>]) -> Option<f64> {
    median(runs.iter().flatten().map(|run| run.cpu_seconds_per_million))
}

/// The middle value; of an even number of values the mean of the two in the middle.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}
