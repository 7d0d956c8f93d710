//! CPU and memory at equal load: every subject gets the same items a second.
//!
//! As fast as possible, a collector that takes requests faster than the sink does holds more of them; memory can
//! only be compared where all carry the same load.

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, NamedValue as _, Signal};
use crate::document::Table;
use crate::measure::Conditions;
use crate::runs::take_turns;
use crate::under_load::ratio;

const COLUMNS: [&str; 7] = [
    "signal",
    "subject",
    "CPU s / M items (min–max)",
    "× floor",
    "cores used",
    "peak RSS MB (min–max)",
    "delivered",
];

/// Runs every subject through the base case of each signal, taking turns.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let mut table = Table::new("paced", &COLUMNS);
    let conditions = Conditions { items_per_second: Some(settings.rate), ..Conditions::default() };
    for signal in Signal::ALL {
        let case = Case { signal, ..Case::BASE };
        let mut floor = None;
        for (subject, runs) in take_turns(settings, &case, conditions).await? {
            if let Some(failure) = runs.failure() {
                table.push_failure(vec![signal.name(), subject.name()], failure);
                continue;
            }
            let cpu = runs.median(|run| run.cpu_seconds_per_million);
            floor = floor.or(cpu.filter(|_| subject.is_floor()));
            table.push(vec![
                signal.name(),
                subject.name(),
                runs.spread(|run| run.cpu_seconds_per_million, 2),
                ratio(cpu, floor),
                format!("{:.2}", runs.median(|run| run.cores_used).unwrap_or_default()),
                runs.spread(|run| run.peak_rss_megabytes, 0),
                runs.delivered(),
            ]);
        }
    }
    Ok(table)
}
