//! The receiver `hostmetrics` with every scraper, looking at this machine many times a second.

use std::time::Duration;

use super::{EdgeRun, start};
use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Protocol, Signal};
use crate::sink::Sink;
use crate::subject::Subject;

/// Which metrics are reported.
#[derive(Debug, Clone, Copy)]
pub enum HostMetrics {
    /// Those that are on by default.
    Default,
    /// The optional ones that Linux has, too.
    Every,
}

const INTERVAL: Duration = Duration::from_millis(200);
const WARM_UP_SCRAPES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// Scrapers with the optional metrics and attributes of each.
const SCRAPERS: [(&str, &[&str]); 10] = [
    ("cpu", &["system.cpu.frequency", "system.cpu.physical.count", "system.cpu.utilization"]),
    ("disk", &[]),
    ("filesystem", &["system.filesystem.utilization"]),
    ("load", &[]),
    (
        "memory",
        &[
            "system.linux.memory.available",
            "system.linux.memory.dirty",
            "system.memory.limit",
            "system.memory.linux.hugepages.limit",
            "system.memory.linux.hugepages.page_size",
            "system.memory.linux.hugepages.reserved",
            "system.memory.linux.hugepages.surplus",
            "system.memory.linux.hugepages.usage",
            "system.memory.linux.hugepages.utilization",
            "system.memory.linux.shared",
            "system.memory.page_size",
            "system.memory.utilization",
        ],
    ),
    ("network", &[]),
    ("paging", &["system.paging.utilization"]),
    (
        "process",
        &[
            "process.context_switches",
            "process.cpu.utilization",
            "process.disk.operations",
            "process.memory.utilization",
            "process.open_file_descriptors",
            "process.paging.faults",
            "process.signals_pending",
            "process.threads",
            "process.uptime",
        ],
    ),
    ("processes", &[]),
    ("system", &[]),
];

impl HostMetrics {
    /// The load in words.
    pub fn load(self) -> String {
        let metrics = match self {
            Self::Default => "default metrics",
            Self::Every => "every metric",
        };
        format!("every scraper, {metrics}")
    }

    fn scrapers(self) -> String {
        let scraper = |(name, optional): &(&str, &[&str])| {
            let on = |metric: &&str| format!("{metric}: {{enabled: true}}");
            let metrics = match self {
                Self::Default => String::new(),
                Self::Every => optional.iter().map(on).collect::<Vec<_>>().join(", "),
            };
            // Processes that end meanwhile are no news, and neither are threads of the kernel.
            let muted = if *name == "process" { ", mute_process_all_errors: true" } else { "" };
            format!("      {name}: {{metrics: {{{metrics}}}{muted}}}\n")
        };
        SCRAPERS.iter().map(scraper).collect()
    }
}

/// One run: so many scrapes, each of which arrives as one request.
pub async fn measure(settings: &Settings, subject: Subject, metrics: HostMetrics) -> Outcome<EdgeRun> {
    let sink = Sink::start(Protocol::Grpc, Signal::Metrics).await?;
    let sections = format!(
        "receivers:
  hostmetrics:
    collection_interval: {}ms
    initial_delay: 0s
    scrapers:
{}exporters:
  otlp_grpc: {{endpoint: '{}', compression: none, tls: {{insecure: true}}}}
service:
  pipelines: {{metrics: {{receivers: [hostmetrics], exporters: [otlp_grpc]}}}}
",
        INTERVAL.as_millis(),
        metrics.scrapers(),
        sink.address()
    );
    let process = start(settings, subject, &sections).await?;
    let scrapes = if settings.quick { 25 } else { 100 };
    sink.wait_for_requests(WARM_UP_SCRAPES, PATIENCE).await;
    let (requests_before, cpu_before) = (sink.requests(), process.cpu_seconds()?);
    sink.wait_for_requests(requests_before + scrapes, PATIENCE).await;
    let cpu_seconds = process.cpu_seconds()? - cpu_before;
    let delivered = sink.requests() - requests_before;
    if delivered < scrapes {
        return Err(format!("{delivered} of {scrapes} scrapes arrived; log: {}", process.log_end()).into());
    }
    Ok(EdgeRun {
        cpu_seconds,
        items: delivered,
        delivered,
        expected: delivered,
        peak_rss_megabytes: process.peak_rss_megabytes()?,
    })
}
