//! One measured run: a fresh subject between a fresh load and a fresh sink.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::Outcome;
use crate::arguments::Settings;
use crate::case::Case;
use crate::launch::{pinned, work_directory};
use crate::load::{self, Sent};
use crate::payload::Bodies;
use crate::process::{Process, free_address};
use crate::sink::Sink;
use crate::subject::{Route, Subject};

/// The bounds of a run: warm-up and load, and then the arrival of what was accepted.
const LOAD_PATIENCE: Duration = Duration::from_secs(120);
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);
/// How long a load of a given rate lasts; a quarter of it in a quick run.
const PACED_SECONDS: f64 = 10.0;

/// What one run showed of the collector.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// User and system seconds of the collector's process for a million items accepted, drain included.
    pub cpu_seconds_per_million: f64,
    /// The process's highest resident set size, in MB.
    pub peak_rss_megabytes: f64,
    /// Items answered OK, warm-up not counted.
    pub accepted_items: u64,
    /// Items that arrived at the sink, warm-up not counted.
    pub delivered_items: u64,
    /// Items accepted in a second: of the whole machine, not of the collector alone.
    pub items_per_second: f64,
    /// CPU seconds for a second of the load.
    pub cores_used: f64,
    /// Items in a request that arrived at the sink, on average.
    pub items_per_export: f64,
    /// The load's own view.
    pub sent: Sent,
}

/// One line for following the runs.
impl fmt::Display for Measurement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:.3} CPU s/M, {:.0} MB, {}/{} items in exports of {:.0}, {} retries, {} failed{}",
            self.cpu_seconds_per_million,
            self.peak_rss_megabytes,
            self.delivered_items,
            self.accepted_items,
            self.items_per_export,
            self.sent.retries,
            self.sent.failed,
            self.sent.first_failure.as_ref().map(|first| format!(" ({first})")).unwrap_or_default()
        )
    }
}

/// What a run may fix besides its case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// The cores the subject is bound to, as `taskset` reads them.
    pub cores: Option<&'static str>,
    /// The rate of the measured part; without it the load is as fast as the answers.
    pub items_per_second: Option<u32>,
}

impl fmt::Display for Conditions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cores) = self.cores {
            write!(formatter, " on cores {cores}")?;
        }
        if let Some(rate) = self.items_per_second {
            write!(formatter, " at {rate} items a second")?;
        }
        Ok(())
    }
}

/// Runs `subject` through `case`.
pub async fn measure(
    settings: &Settings,
    subject: Subject,
    case: &Case,
    bodies: &Arc<Bodies>,
    conditions: Conditions,
) -> Outcome<Measurement> {
    let sink = Sink::start(case.protocol, case.signal).await?;
    let route = Route { listen: free_address()?, to: sink.address(), own_metrics: free_address()? };
    let process = start(settings, subject, case, &route, conditions.cores).await?;
    let send = |requests, rate| {
        load::run(*case, bodies.clone(), route.listen, settings.shape(rate), requests, LOAD_PATIENCE)
    };
    let rate = conditions.items_per_second.map(|items| f64::from(items) / case.size as f64);

    let warm_up = send(case.warm_up_requests(settings.quick), rate).await?;
    let warm_up_items = warm_up.accepted * case.size as u64;
    // A component that makes fewer of them stands in a pipeline that answers when they have arrived.
    let expected = |items| if case.keeps_all_items() { items } else { 0 };
    sink.wait_for(expected(warm_up_items), DRAIN_PATIENCE).await;
    if warm_up.failed > 0 || sink.items() < expected(warm_up_items) {
        return Err(format!(
            "the warm-up failed: {} of {warm_up_items} items arrived, first failure: {}; log: {}",
            sink.items(),
            warm_up.first_failure.unwrap_or_else(|| "none".to_owned()),
            process.log_end()
        )
        .into());
    }
    let (items_before, requests_before) = (sink.items(), sink.requests());
    let cpu_before = process.cpu_seconds()?;

    let seconds = if settings.quick { PACED_SECONDS / 4.0 } else { PACED_SECONDS };
    let requests = rate.map_or(case.requests(settings.quick), |rate| (rate * seconds).ceil() as usize);
    let sent = send(requests, rate).await?;
    let accepted_items = sent.accepted * case.size as u64;
    sink.wait_for(items_before + expected(accepted_items), DRAIN_PATIENCE).await;
    // The answers to the last exports are still the collector's work.
    sleep(Duration::from_millis(20)).await;

    let cpu = process.cpu_seconds()? - cpu_before;
    let delivered_items = sink.items() - items_before;
    let exports = (sink.requests() - requests_before).max(1);
    if sink.unreadable() > 0 {
        return Err(format!("{} of its exports were no valid requests", sink.unreadable()).into());
    }
    if accepted_items == 0 {
        return Err(format!("it accepted nothing; log: {}", process.log_end()).into());
    }
    Ok(Measurement {
        cpu_seconds_per_million: cpu * 1e6 / accepted_items as f64,
        peak_rss_megabytes: process.peak_rss_megabytes()?,
        accepted_items,
        delivered_items,
        items_per_second: accepted_items as f64 / sent.seconds,
        cores_used: cpu / sent.seconds,
        items_per_export: delivered_items as f64 / exports as f64,
        sent,
    })
}

/// Starts `subject` for `case` and waits until it listens.
pub async fn start(
    settings: &Settings,
    subject: Subject,
    case: &Case,
    route: &Route,
    cores: Option<&str>,
) -> Outcome<Process> {
    let directory = work_directory()?;
    let command = subject.command(case, route, &directory, settings.weir.as_deref())?;
    let command = match cores {
        Some(cores) => pinned(command, cores),
        None => command,
    };
    let log: PathBuf = directory.join(format!("{subject:?}.log").to_lowercase());
    Process::start(command, log, route.listen).await
}
