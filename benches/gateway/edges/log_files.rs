//! The receiver `filelog` on a file that is there all at once: lines as they are, JSON, and what a container wrote.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use super::{EdgeRun, start};
use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{NamedValue as _, Protocol, Signal};
use crate::launch::work_directory;
use crate::sink::Sink;
use crate::subject::Subject;

/// What the lines are like and what is made of them.
#[derive(Debug, Clone, Copy)]
pub enum LogFormat {
    /// Lines of text, without operators.
    Plain,
    /// An object of JSON in each line, with its time and severity taken from it.
    Json,
    /// Lines as a container runtime writes them, with what the path says of the container.
    Container,
}

const WARM_UP_LINES: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// The folder of a container's files, as the kubelet names it.
const FOLDER: &str = "shop_checkout-7f9c4d5b6-x0001_49cc7c1f-d370-4c40-bc92-da1b2b4a4f5e/checkout";

impl LogFormat {
    /// The load in words.
    pub const fn load(self) -> &'static str {
        match self {
            Self::Plain => "plain lines",
            Self::Json => "`json_parser` with timestamp and severity",
            Self::Container => "`container`",
        }
    }

    const fn operators(self) -> &'static str {
        match self {
            Self::Plain => "[]",
            Self::Json => {
                "[{type: json_parser, timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}, \
                 severity: {parse_from: attributes.level}}]"
            }
            Self::Container => "[{type: container}]",
        }
    }

    fn line(self, number: usize) -> String {
        let (second, millisecond) = (number / 1000 % 60, number % 1000);
        let time = format!("2026-11-22T21:{:02}:{second:02}.{millisecond:03}", number / 60_000 % 60);
        let (customer, items) = (number % 977, number % 9 + 1);
        let message = format!(
            "order {number} of customer {customer} was accepted: {items} items, payment authorised, shipment handed to \
             carrier within {} ms",
            number % 450
        );
        match self {
            Self::Plain => format!("{time}Z INFO checkout {message}\n"),
            Self::Json => format!(
                "{{\"time\":\"{time}Z\",\"level\":\"info\",\"message\":\"{message}\",\"customer\":{customer},\"http\":{{\
                 \"method\":\"GET\",\"route\":\"/api/v1/carts/{{cart}}\",\"status\":200}},\"discounted\":false}}\n"
            ),
            Self::Container => format!("{time}456789Z stdout F {message}\n"),
        }
    }

    fn lines(self, numbers: std::ops::Range<usize>) -> String {
        let mut lines = String::new();
        for number in numbers {
            let _ = write!(lines, "{}", self.line(number));
        }
        lines
    }
}

/// One run: a file for warming up, and then the one that counts.
pub async fn measure(settings: &Settings, subject: Subject, format: LogFormat) -> Outcome<EdgeRun> {
    let sink = Sink::start(Protocol::Grpc, Signal::Logs).await?;
    let root = work_directory()?.join(format!("logs-{}", subject.name()));
    if root.try_exists()? {
        fs::remove_dir_all(&root)?;
    }
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let lines = if settings.quick { 300_000 } else { 1_000_000 };
    fs::write(folder.join("0.log"), format.lines(0..WARM_UP_LINES))?;
    fs::write(root.join("1.staged"), format.lines(WARM_UP_LINES..WARM_UP_LINES + lines))?;

    let sections = format!(
        "receivers:
  filelog:
    include: ['{}/*.log']
    include_file_path: true
    start_at: beginning
    operators: {}
exporters:
  otlp_grpc: {{endpoint: '{}', compression: none, tls: {{insecure: true}}, sending_queue: {{block_on_overflow: true}}}}
service:
  pipelines: {{logs: {{receivers: [filelog], exporters: [otlp_grpc]}}}}
",
        folder.display(),
        format.operators(),
        sink.address()
    );
    let process = start(settings, subject, &sections).await?;
    sink.wait_for(WARM_UP_LINES as u64, PATIENCE).await;
    let items_before = sink.items();
    if items_before != WARM_UP_LINES as u64 {
        return Err(format!("the warm-up came to {items_before} lines; log: {}", process.log_end()).into());
    }
    let cpu_before = process.cpu_seconds()?;
    fs::rename(root.join("1.staged"), folder.join("1.log"))?;
    sink.wait_for(items_before + lines as u64, PATIENCE).await;
    // The answers to the last exports are still the collector's work, and so is what comes twice.
    sleep(Duration::from_millis(50)).await;
    let run = EdgeRun {
        cpu_seconds: process.cpu_seconds()? - cpu_before,
        items: lines as u64,
        delivered: sink.items() - items_before,
        expected: lines as u64,
        peak_rss_megabytes: process.peak_rss_megabytes()?,
    };
    fs::remove_dir_all(&root)?;
    Ok(run)
}
