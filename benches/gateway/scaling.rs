//! What the second core brings: the same work on one core and on two.
//!
//! Load and sink share the machine with the collector, so the case is one where they cost little beside it: the
//! bodies are compressed beforehand and the collector is to unpack and pack them.

use std::sync::Arc;

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, Compression, NamedValue as _};
use crate::measure::measure;
use crate::payload;
use crate::report::Table;
use crate::under_load::median;

const CASE: Case = Case { compression: Compression::Gzip, ..Case::BASE };

/// Runs every subject on core 0 and on cores 0 and 1, taking turns. Rates are given as their ratio alone.
pub async fn table(settings: &Settings) -> Outcome<Table> {
    let columns = [
        "subject",
        "throughput, two cores × one core",
        "CPU s / M items, one core",
        "CPU s / M items, two cores",
    ];
    let mut table = Table::new("scaling", &columns);
    let bodies = Arc::new(payload::bodies(&CASE)?);
    let mut seen = vec![[(); 2].map(|()| (Vec::new(), Vec::new())); settings.subjects().len()];
    for _ in 0..settings.repetitions {
        for (subject, seen) in settings.subjects().into_iter().zip(&mut seen) {
            for (cores, (rates, costs)) in ["0", "0,1"].into_iter().zip(seen) {
                match measure(settings, subject, &CASE, &bodies, Some(cores)).await {
                    Ok(run) => {
                        rates.push(run.accepted_items as f64 / run.sent.seconds);
                        costs.push(run.cpu_seconds_per_million);
                    }
                    Err(error) => eprintln!("scaling: {} FAILED: {error}", subject.name()),
                }
            }
        }
    }
    for (subject, [one, two]) in settings.subjects().into_iter().zip(seen) {
        let middle = |values: &[f64]| median(values.iter().copied()).unwrap_or(f64::NAN);
        table.push(vec![
            subject.name(),
            format!("{:.2}", middle(&two.0) / middle(&one.0)),
            format!("{:.2}", middle(&one.1)),
            format!("{:.2}", middle(&two.1)),
        ]);
    }
    Ok(table)
}
