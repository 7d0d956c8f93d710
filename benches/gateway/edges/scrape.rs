//! The receiver `prometheus` on a page of 10,000 series.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};

use super::http_server::HttpServer;
use super::{EdgeRun, start};
use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Protocol, Signal};
use crate::message_body::MessageBody;
use crate::sink::Sink;
use crate::subject::Subject;

/// Names of counters, of gauges, and of histograms each.
const NAMES: usize = 20;
const SERIES_OF_A_NAME: usize = 150;
const HISTOGRAMS_OF_A_NAME: usize = 20;
const BOUNDS: [&str; 8] = ["0.01", "0.05", "0.1", "0.5", "1", "5", "10", "+Inf"];
/// Each histogram has a count and a sum beside its buckets.
const SERIES: usize = NAMES * (2 * SERIES_OF_A_NAME + HISTOGRAMS_OF_A_NAME * (BOUNDS.len() + 2));
/// What the receiver says of a scrape itself: `up` and four of `scrape_*`.
const POINTS_OF_THE_SCRAPE: usize = 5;
/// A histogram becomes one data point.
const POINTS: usize = NAMES * (2 * SERIES_OF_A_NAME + HISTOGRAMS_OF_A_NAME) + POINTS_OF_THE_SCRAPE;

const INTERVAL: Duration = Duration::from_millis(200);
const WARM_UP_SCRAPES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// The load in words.
pub fn load() -> String {
    format!("{SERIES} series a scrape")
}

/// One run: so many scrapes of a page whose counters grow.
pub async fn measure(settings: &Settings, subject: Subject) -> Outcome<EdgeRun> {
    let sink = Sink::start(Protocol::Grpc, Signal::Metrics).await?;
    let scrapes_begun = AtomicU64::new(0);
    let target = HttpServer::start("target", move |_| {
        let number = scrapes_begun.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(MessageBody::plain(Bytes::from(page(number))));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        response
    })?;
    let interval = format!("{}ms", INTERVAL.as_millis());
    let sections = format!(
        "receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: bench
          scrape_interval: {interval}
          scrape_timeout: {interval}
          static_configs: [{{targets: ['{}']}}]
exporters:
  otlp_grpc: {{endpoint: '{}', compression: none, tls: {{insecure: true}}}}
service:
  pipelines: {{metrics: {{receivers: [prometheus], exporters: [otlp_grpc]}}}}
",
        target.address(),
        sink.address()
    );
    let process = start(settings, subject, &sections).await?;
    let scrapes = if settings.quick { 30 } else { 100 };
    let points = |scrapes: u64| scrapes * POINTS as u64;
    sink.wait_for(points(WARM_UP_SCRAPES), PATIENCE).await;
    let (items_before, cpu_before) = (sink.items(), process.cpu_seconds()?);
    sink.wait_for(items_before + points(scrapes), PATIENCE).await;
    let cpu_seconds = process.cpu_seconds()? - cpu_before;
    let delivered = sink.items() - items_before;
    if delivered < points(scrapes) {
        let expected = points(scrapes);
        return Err(format!("{delivered} of {expected} points arrived; log: {}", process.log_end()).into());
    }
    Ok(EdgeRun {
        cpu_seconds,
        items: scrapes * SERIES as u64,
        delivered,
        expected: points(scrapes),
        peak_rss_megabytes: process.peak_rss_megabytes()?,
    })
}

/// What stands on the page at a scrape.
fn page(number: u64) -> String {
    let mut page = String::with_capacity(1_000_000);
    let labels = |series: usize| {
        format!(
            "method=\"GET\",route=\"/api/v1/carts/{}\",status=\"{}\"",
            series / 2,
            if series.is_multiple_of(2) { 200 } else { 500 }
        )
    };
    for name in 0..NAMES {
        for (kind, words) in [("counter", "requests_total"), ("gauge", "requests_in_flight")] {
            let _ = write!(
                page,
                "# HELP shop_{name}_{words} What the shop did.\n# TYPE shop_{name}_{words} {kind}\n"
            );
            for series in 0..SERIES_OF_A_NAME {
                let value = number * 3 + series as u64;
                let _ = writeln!(page, "shop_{name}_{words}{{{}}} {value}", labels(series));
            }
        }
        let _ = write!(
            page,
            "# HELP shop_{name}_seconds How long it took.\n# TYPE shop_{name}_seconds histogram\n"
        );
        for series in 0..HISTOGRAMS_OF_A_NAME {
            let labels = labels(series);
            for (place, bound) in BOUNDS.iter().enumerate() {
                let count = (number + 1) * (place as u64 + 1);
                let _ = writeln!(page, "shop_{name}_seconds_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let count = (number + 1) * BOUNDS.len() as u64;
            let _ = writeln!(page, "shop_{name}_seconds_sum{{{labels}}} {}", count as f64 * 0.37);
            let _ = writeln!(page, "shop_{name}_seconds_count{{{labels}}} {count}");
        }
    }
    page
}
