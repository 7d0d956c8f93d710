//! The table under load: what an item costs when requests come as fast as they are taken.

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::NamedValue as _;
use crate::document::Table;
use crate::measure::Conditions;
use crate::runs::take_turns;

const COLUMNS: [&str; 11] = [
    "signal",
    "items a request",
    "pipeline",
    "protocol",
    "compression",
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
        let mut floor = None;
        for (subject, runs) in take_turns(settings, &case, Conditions::default()).await? {
            let mut row = vec![
                case.signal.name(),
                case.size.to_string(),
                case.pipeline.name(),
                case.protocol.name(),
                case.compression.name(),
                subject.name(),
            ];
            if let Some(failure) = runs.failure() {
                table.push_failure(row, failure);
                continue;
            }
            let cpu = runs.median(|run| run.cpu_seconds_per_million);
            floor = floor.or(cpu.filter(|_| subject.is_floor()));
            row.extend([
                runs.spread(|run| run.cpu_seconds_per_million, 2),
                ratio(cpu, floor),
                runs.spread(|run| run.peak_rss_megabytes, 0),
                runs.delivered(),
                runs.retries().to_string(),
            ]);
            table.push(row);
        }
    }
    Ok(table)
}

/// One value over another as a cell; empty where one is missing.
pub fn ratio(value: Option<f64>, reference: Option<f64>) -> String {
    value.zip(reference).map(|(value, reference)| format!("{:.2}", value / reference)).unwrap_or_default()
}
