//! What comes in from elsewhere than OTLP, or goes out there, in Weir and in the Collector.

use crate::Outcome;
use crate::arguments::{Part, Settings};
use crate::case::NamedValue as _;
use crate::document::Table;
use crate::launch::work_directory;
use crate::process::{Process, free_address};
use crate::runs::{median, spread};
use crate::subject::Subject;

mod hostmetrics;
mod http_server;
mod log_files;
mod remote_write;
mod scrape;

use self::hostmetrics::HostMetrics;
use self::log_files::LogFormat;
use self::remote_write::Written;

/// What one part measures: the name of its table, the heading of its costs with how many items one of them is of, and its loads.
struct Measured {
    name: &'static str,
    cost: &'static str,
    items_of_a_cost: f64,
    edges: &'static [Edge],
}

const fn measured(part: Part) -> Option<Measured> {
    const MILLION: f64 = 1e6;
    Some(match part {
        Part::Hostmetrics => Measured {
            name: "hostmetrics",
            cost: "CPU s / 1,000 scrapes (min–max)",
            items_of_a_cost: 1e3,
            edges: &[Edge::Host(HostMetrics::Default), Edge::Host(HostMetrics::Every)],
        },
        Part::Filelog => Measured {
            name: "filelog",
            cost: "CPU s / M lines (min–max)",
            items_of_a_cost: MILLION,
            edges: &[
                Edge::LogFile(LogFormat::Plain),
                Edge::LogFile(LogFormat::Json),
                Edge::LogFile(LogFormat::Container),
            ],
        },
        Part::Scrape => Measured {
            name: "scrape",
            cost: "CPU s / M series (min–max)",
            items_of_a_cost: MILLION,
            edges: &[Edge::Scrape],
        },
        Part::RemoteWrite => Measured {
            name: "remote-write",
            cost: "CPU s / M data points (min–max)",
            items_of_a_cost: MILLION,
            edges: &[Edge::RemoteWrite(Written::EveryKind), Edge::RemoteWrite(Written::Sums)],
        },
        Part::Load | Part::Paced | Part::Idle | Part::Scaling | Part::Components => return None,
    })
}

/// One load on one component that does not speak OTLP.
#[derive(Debug, Clone, Copy)]
enum Edge {
    /// The host itself is looked at; an item is one scrape.
    Host(HostMetrics),
    /// A file of log lines is read.
    LogFile(LogFormat),
    /// A page of series is scraped; an item is one series of one scrape.
    Scrape,
    /// Metrics that come as OTLP are written to a metric store; an item is a data point.
    RemoteWrite(Written),
}

impl Edge {
    /// The row's first cell.
    fn load(self) -> String {
        match self {
            Self::Host(metrics) => metrics.load(),
            Self::LogFile(format) => format.load().to_owned(),
            Self::Scrape => scrape::load(),
            Self::RemoteWrite(written) => written.load().to_owned(),
        }
    }

    async fn measure(self, settings: &Settings, subject: Subject) -> Outcome<EdgeRun> {
        match self {
            Self::Host(metrics) => hostmetrics::measure(settings, subject, metrics).await,
            Self::LogFile(format) => log_files::measure(settings, subject, format).await,
            Self::Scrape => scrape::measure(settings, subject).await,
            Self::RemoteWrite(written) => remote_write::measure(settings, subject, written).await,
        }
    }
}

/// What one run showed.
struct EdgeRun {
    /// User and system seconds of the process.
    pub cpu_seconds: f64,
    /// What was to be carried meanwhile.
    pub items: u64,
    /// What arrived, in units of its own, and what had to.
    pub delivered: u64,
    pub expected: u64,
    pub peak_rss_megabytes: f64,
}

impl EdgeRun {
    fn cpu_seconds_of(&self, items: f64) -> f64 {
        self.cpu_seconds * items / self.items as f64
    }
}

/// Measures every load of a part in both, taking turns; what failed is a row with its reason.
pub async fn table(settings: &Settings, part: Part) -> Outcome<Table> {
    let measured = measured(part).ok_or_else(|| format!("{} is measured elsewhere", part.name()))?;
    let columns =
        ["load", "subject", measured.cost, "Collector ÷ Weir", "peak RSS MB (min–max)", "delivered"];
    let mut table = Table::new(measured.name, &columns);
    let settings = settings.only_of(&[Subject::Weir, Subject::Otelcol]);
    for edge in measured.edges {
        let mut of_subjects: Vec<(Subject, Vec<Outcome<EdgeRun>>)> =
            settings.subjects().into_iter().map(|subject| (subject, Vec::new())).collect();
        for _ in 0..settings.repetitions {
            for (subject, runs) in &mut of_subjects {
                let run = edge.measure(&settings, *subject).await;
                eprintln!("{}: {} {}", edge.load(), subject.name(), in_words(&run, measured.items_of_a_cost));
                runs.push(run);
            }
        }
        push_rows(&mut table, &measured, *edge, of_subjects);
    }
    Ok(table)
}

fn push_rows(
    table: &mut Table,
    measured: &Measured,
    edge: Edge,
    of_subjects: Vec<(Subject, Vec<Outcome<EdgeRun>>)>,
) {
    let mut of_weir = None;
    for (subject, runs) in of_subjects {
        let row = vec![edge.load(), subject.name()];
        let runs = match runs.into_iter().collect::<Outcome<Vec<_>>>() {
            Ok(runs) => runs,
            Err(failure) => {
                table.push_failure(row, &failure.to_string());
                continue;
            }
        };
        let cpu: Vec<f64> = runs.iter().map(|run| run.cpu_seconds_of(measured.items_of_a_cost)).collect();
        let memory: Vec<f64> = runs.iter().map(|run| run.peak_rss_megabytes).collect();
        let middle = median(&cpu);
        if subject == Subject::Weir {
            of_weir = middle;
        }
        let ratio = middle.zip(of_weir).filter(|_| subject != Subject::Weir);
        table.push(
            row.into_iter()
                .chain([
                    spread(&cpu, 2),
                    ratio.map(|(other, weir)| format!("{:.1}", other / weir)).unwrap_or_default(),
                    spread(&memory, 0),
                    delivered(&runs),
                ])
                .collect(),
        );
    }
}

fn delivered(runs: &[EdgeRun]) -> String {
    let sum = |value: fn(&EdgeRun) -> u64| runs.iter().map(value).sum::<u64>();
    let (delivered, expected) = (sum(|run| run.delivered), sum(|run| run.expected));
    if delivered == expected { "all".to_owned() } else { format!("{delivered}/{expected}") }
}

fn in_words(run: &Outcome<EdgeRun>, items_of_a_cost: f64) -> String {
    match run {
        Ok(run) => format!(
            "{:.3} CPU s for {items_of_a_cost} of them, {:.2} s for {} items, {:.0} MB, {}/{} delivered",
            run.cpu_seconds_of(items_of_a_cost),
            run.cpu_seconds,
            run.items,
            run.peak_rss_megabytes,
            run.delivered,
            run.expected
        ),
        Err(error) => format!("FAILED: {error}"),
    }
}

/// Starts `subject` with a configuration of these sections, and waits until its own metrics can be read.
async fn start(settings: &Settings, subject: Subject, sections: &str) -> Outcome<Process> {
    let own_metrics = free_address()?;
    let config = format!(
        "{sections}  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: {}, port: {}}}}}}}}}]}}}}\n",
        own_metrics.ip(),
        own_metrics.port()
    );
    let directory = work_directory()?;
    let command = subject.command_with(&config, &directory, settings.weir.as_deref())?;
    let log = directory.join(format!("{}.log", subject.name()));
    Process::start(command, log, own_metrics).await
}
