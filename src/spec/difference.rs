//! What is missing and what is unexpected among records, in few lines.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::records::{Leniency, Record, records_of};
use crate::otlp::Batch;

/// How many missing, and how many unexpected, records are shown.
const MOST_RECORDS: usize = 8;

/// How many differing values of one record are shown.
const MOST_VALUES: usize = 8;

/// The longest line, in characters.
const LONGEST_LINE: usize = 240;

/// What differs between the telemetry `expected` and the telemetry `arrived`; none where they are equal.
pub fn difference(expected: &[Batch], arrived: &[Batch], leniency: &Leniency) -> Option<String> {
    let arrived = records_of(arrived, leniency);
    let mut unmatched: HashMap<&BTreeMap<String, String>, Vec<usize>> = HashMap::new();
    for (index, record) in arrived.iter().enumerate() {
        unmatched.entry(&record.leaves).or_default().push(index);
    }
    let mut missing = records_of(expected, leniency);
    missing.retain(|record| unmatched.get_mut(&record.leaves).and_then(Vec::pop).is_none());
    let unmatched: BTreeSet<usize> = unmatched.into_values().flatten().collect();
    let unexpected: Vec<&Record> = unmatched.iter().filter_map(|index| arrived.get(*index)).collect();
    if missing.is_empty() && unexpected.is_empty() {
        return None;
    }
    Some(shown(&missing, &unexpected))
}

fn shown(missing: &[Record], unexpected: &[&Record]) -> String {
    let first: Vec<&Record> = missing.iter().take(MOST_RECORDS).collect();
    let nearest = nearest_pairs(&first, unexpected);
    let mut lines = Vec::new();
    for (index, record) in first.iter().enumerate() {
        match nearest.get(&index).and_then(|index| unexpected.get(*index)) {
            Some(arrived) => pair(record, arrived, &mut lines),
            None => lines.push(alone("missing", record)),
        }
    }
    append_count(missing.len(), "missing", &mut lines);
    let paired: BTreeSet<usize> = nearest.into_values().collect();
    let rest = unexpected.iter().enumerate().filter(|(index, _)| !paired.contains(index));
    lines.extend(rest.take(MOST_RECORDS).map(|(_, record)| alone("unexpected", record)));
    append_count(unexpected.len() - paired.len(), "unexpected", &mut lines);
    lines.join("\n")
}

/// For the missing records the one among `unexpected` that each was probably meant to be, the most alike
/// first. What differs in more than half of its values is something else.
fn nearest_pairs(missing: &[&Record], unexpected: &[&Record]) -> BTreeMap<usize, usize> {
    let mut candidates = Vec::new();
    for (missing_index, record) in missing.iter().enumerate() {
        for (index, arrived) in unexpected.iter().enumerate() {
            let differing = differing_paths(record, arrived).len();
            if 2 * differing <= record.leaves.len() {
                candidates.push((differing, missing_index, index));
            }
        }
    }
    candidates.sort_unstable();
    let mut pairs = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (_, missing_index, index) in candidates {
        if !pairs.contains_key(&missing_index) && taken.insert(index) {
            pairs.insert(missing_index, index);
        }
    }
    pairs
}

fn differing_paths<'a>(expected: &'a Record, arrived: &'a Record) -> BTreeSet<&'a str> {
    let paths = expected.leaves.keys().chain(arrived.leaves.keys());
    let differs = |path: &&String| expected.leaves.get(*path) != arrived.leaves.get(*path);
    paths.filter(differs).map(String::as_str).collect()
}

fn pair(expected: &Record, arrived: &Record, lines: &mut Vec<String>) {
    let value = |record: &Record, path| record.leaves.get(path).map_or("nothing", String::as_str).to_owned();
    let paths = differing_paths(expected, arrived);
    let values = paths
        .iter()
        .map(|path| format!("{path}: expected {}, got {}", value(expected, *path), value(arrived, *path)));
    if paths.len() == 1 {
        lines.extend(values.map(|value| cut(&format!("  {}: {value}", expected.label))));
        return;
    }
    lines.push(cut(&format!("  {}:", expected.label)));
    lines.extend(values.take(MOST_VALUES).map(|value| cut(&format!("    {value}"))));
    if paths.len() > MOST_VALUES {
        lines.push(format!("    and {} more values", paths.len() - MOST_VALUES));
    }
}

fn alone(what: &str, record: &Record) -> String {
    let values: Vec<String> = record.own_leaves().map(|(path, value)| format!("{path}: {value}")).collect();
    match values.is_empty() {
        true => cut(&format!("  {what}: {}", record.label)),
        false => cut(&format!("  {what}: {}: {}", record.label, values.join(", "))),
    }
}

fn append_count(records: usize, what: &str, lines: &mut Vec<String>) {
    if records > MOST_RECORDS {
        lines.push(format!("  and {} more {what}", records - MOST_RECORDS));
    }
}

/// The text, cut where it is too long for a line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_LINE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
