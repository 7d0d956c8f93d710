//! The repetitions of one case: run in turns, summed up as medians.

use std::sync::Arc;

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, NamedValue as _};
use crate::measure::{Conditions, Measurement, measure};
use crate::payload::{self, Bodies};
use crate::subject::Subject;

/// What the repetitions of one subject in one case showed.
#[derive(Debug, Default)]
pub struct Runs {
    measurements: Vec<Measurement>,
    failures: Vec<String>,
}

/// All repetitions of all subjects that can run `case`: A B C, A B C, A B C, so that a disturbance meets all alike.
pub async fn take_turns(
    settings: &Settings,
    case: &Case,
    conditions: Conditions,
) -> Outcome<Vec<(Subject, Runs)>> {
    let bodies = Arc::new(payload::bodies(case)?);
    let mut all = empty_runs(settings, case);
    for _ in 0..settings.repetitions {
        one_turn(settings, case, conditions, &bodies, &mut all).await;
    }
    Ok(all)
}

/// The same of several cases of one payload, the cases taking turns as well.
pub async fn take_turns_between(settings: &Settings, cases: &[Case]) -> Outcome<Vec<Vec<(Subject, Runs)>>> {
    let Some(first) = cases.first() else { return Ok(Vec::new()) };
    let bodies = Arc::new(payload::bodies(first)?);
    let mut all: Vec<_> = cases.iter().map(|case| empty_runs(settings, case)).collect();
    for _ in 0..settings.repetitions {
        for (case, runs) in cases.iter().zip(&mut all) {
            one_turn(settings, case, Conditions::default(), &bodies, runs).await;
        }
    }
    Ok(all)
}

fn empty_runs(settings: &Settings, case: &Case) -> Vec<(Subject, Runs)> {
    let subjects = settings.subjects().into_iter().filter(|subject| subject.can_run(case));
    subjects.map(|subject| (subject, Runs::default())).collect()
}

async fn one_turn(
    settings: &Settings,
    case: &Case,
    conditions: Conditions,
    bodies: &Arc<Bodies>,
    all: &mut [(Subject, Runs)],
) {
    for (subject, runs) in all {
        match measure(settings, *subject, case, bodies, conditions).await {
            Ok(measurement) => {
                eprintln!("{case}{conditions}: {} {measurement}", subject.name());
                runs.measurements.push(measurement);
            }
            Err(error) => {
                eprintln!("{case}{conditions}: {} FAILED: {error}", subject.name());
                runs.failures.push(error.to_string());
            }
        }
    }
}

impl Runs {
    /// The middle of a value over the repetitions; none where all failed.
    pub fn median(&self, value: impl Fn(&Measurement) -> f64) -> Option<f64> {
        median(&self.values(value))
    }

    /// A value of every repetition.
    pub fn values(&self, value: impl Fn(&Measurement) -> f64) -> Vec<f64> {
        self.measurements.iter().map(value).collect()
    }

    /// The middle of a value, and the least and the most in parentheses.
    pub fn spread(&self, value: impl Fn(&Measurement) -> f64, decimals: usize) -> String {
        spread(&self.values(value), decimals)
    }

    /// `all`, or how much of what was accepted arrived.
    pub fn delivered(&self) -> String {
        let sum = |value: fn(&Measurement) -> u64| self.measurements.iter().map(value).sum::<u64>();
        let accepted = sum(|run| run.accepted_items);
        let delivered = sum(|run| run.delivered_items);
        let failed = sum(|run| run.sent.failed);
        if failed == 0 && delivered == accepted {
            return "all".to_owned();
        }
        format!("{delivered}/{accepted}, {failed} requests refused")
    }

    /// How often the load was asked to come back.
    pub fn retries(&self) -> u64 {
        self.measurements.iter().map(|run| run.sent.retries).sum()
    }

    /// Why a repetition failed, where one did.
    pub fn failure(&self) -> Option<&str> {
        self.failures.first().map(String::as_str)
    }
}

/// The middle value; of an even number of values the mean of the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The middle value, and the least and the most in parentheses.
pub fn spread(values: &[f64], decimals: usize) -> String {
    let Some(middle) = median(values) else { return String::new() };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{middle:.decimals$} ({least:.decimals$}–{most:.decimals$})")
}
