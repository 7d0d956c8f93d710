//! What is missing and what is unexpected among records, in few lines.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::records::{Leniency, Record, records_of};
use crate::otlp::Batch;

/// How many differing records are shown.
const MOST_RECORDS: usize = 10;

/// How many differing values of one record are shown.
const MOST_VALUES: usize = 8;

/// The longest line, in characters.
const LONGEST_LINE: usize = 240;

/// What differs between the telemetry `expected` and the telemetry `arrived`; none where they are equal.
pub fn difference(expected: &[Batch], arrived: &[Batch], leniency: &Leniency) -> Option<String> {
    let mut missing = Vec::new();
    let mut unexpected = records_of(arrived, leniency);
    for record in records_of(expected, leniency) {
        match unexpected.iter().position(|arrived| arrived.leaves == record.leaves) {
            Some(index) => drop(unexpected.swap_remove(index)),
            None => missing.push(record),
        }
    }
    if missing.is_empty() && unexpected.is_empty() {
        return None;
    }
    unexpected.sort_by(|left, right| left.label.cmp(&right.label));
    Some(shown(missing, unexpected))
}

fn shown(missing: Vec<Record>, mut unexpected: Vec<Record>) -> String {
    let mut entries = Vec::new();
    for record in missing {
        let nearest = unexpected
            .iter()
            .enumerate()
            .map(|(index, arrived)| (differing(&record, arrived).len(), index))
            .min();
        match nearest {
            // What differs in more than half of its values is something else.
            Some((differing, index)) if 2 * differing <= record.leaves.len() => {
                entries.push(pair(&record, &unexpected.remove(index)));
            }
            _ => entries.push(alone("missing", &record)),
        }
    }
    entries.extend(unexpected.iter().map(|record| alone("unexpected", record)));
    let more = entries.len().saturating_sub(MOST_RECORDS);
    entries.truncate(MOST_RECORDS);
    if more > 0 {
        entries.push(format!("  and {more} more differences"));
    }
    entries.join("\n")
}

fn differing(expected: &Record, arrived: &Record) -> Vec<String> {
    let paths: BTreeSet<&String> = expected.leaves.keys().chain(arrived.leaves.keys()).collect();
    let differs = |path: &&&String| expected.leaves.get(**path) != arrived.leaves.get(**path);
    paths.iter().filter(differs).map(|path| (*path).clone()).collect()
}

fn pair(expected: &Record, arrived: &Record) -> String {
    let paths = differing(expected, arrived);
    let mut text = line(&format!("  {}:", expected.label));
    for path in paths.iter().take(MOST_VALUES) {
        let value = |record: &Record| record.leaves.get(path).map_or("nothing", String::as_str).to_owned();
        let values = format!("    {path}: expected {}, got {}", value(expected), value(arrived));
        text.push('\n');
        text.push_str(&line(&values));
    }
    if paths.len() > MOST_VALUES {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n    and {} more values", paths.len() - MOST_VALUES);
    }
    text
}

fn alone(what: &str, record: &Record) -> String {
    let own = record
        .leaves
        .iter()
        .filter(|(path, _)| !path.starts_with("resource.") && !path.starts_with("scope."));
    let values: Vec<String> = own.map(|(path, value)| format!("{path}: {value}")).collect();
    line(&format!("  {what}: {} ({})", record.label, values.join(", ")))
}

/// The text, cut where it is too long for a line.
fn line(text: &str) -> String {
    match text.char_indices().nth(LONGEST_LINE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
