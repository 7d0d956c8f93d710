//! The exporter `prometheusremotewrite` behind a load of OTLP metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::http_server::HttpServer;
use super::{EdgeRun, start};
use crate::Outcome;
use crate::arguments::Settings;
use crate::case::{Case, Pipeline, Signal};
use crate::count::written_samples;
use crate::load;
use crate::message_body::MessageBody;
use crate::payload::{self, Payload};
use crate::process::free_address;
use crate::subject::Subject;

/// What the metrics are like.
#[derive(Debug, Clone, Copy)]
pub enum Written {
    /// Sums, gauges and histograms in turn.
    EveryKind,
    /// Sums of 10,000 series.
    Sums,
}

const PATIENCE: Duration = Duration::from_secs(120);

impl Written {
    /// The load in words.
    pub const fn load(self) -> &'static str {
        match self {
            Self::EveryKind => "sums, gauges and histograms of 15 buckets",
            Self::Sums => "sums of 10,000 series",
        }
    }

    const fn case(self) -> Case {
        let payload = match self {
            Self::EveryKind => Payload::Usual,
            Self::Sums => Payload::Series,
        };
        Case { signal: Signal::Metrics, payload, pipeline: Pipeline::Direct(None), ..Case::BASE }
    }

    /// The samples that a request of 100 points becomes, `target_info` not counted.
    const fn samples_of_a_request(self) -> u64 {
        match self {
            // Of 20 metrics of five points 6 are histograms: 15 buckets, a count and a sum.
            Self::EveryKind => 14 * 5 + 6 * 5 * 17,
            Self::Sums => 100,
        }
    }
}

/// One run: requests that are answered when the store has taken their samples.
pub async fn measure(settings: &Settings, subject: Subject, written: Written) -> Outcome<EdgeRun> {
    let samples = Arc::new(AtomicU64::new(0));
    let counted = samples.clone();
    let store = HttpServer::start("store", move |body| {
        let mut response = Response::new(MessageBody::plain(Bytes::new()));
        *response.status_mut() = match written_samples(&body) {
            Some(count) => {
                counted.fetch_add(count, Ordering::Relaxed);
                StatusCode::NO_CONTENT
            }
            None => StatusCode::BAD_REQUEST,
        };
        response
    })?;
    let listen = free_address()?;
    let sections = format!(
        "receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{listen}'}}}}}}
exporters:
  prometheusremotewrite: {{endpoint: 'http://{}/api/v1/write', remote_write_queue: {{enabled: false}}}}
service:
  pipelines: {{metrics: {{receivers: [otlp], exporters: [prometheusremotewrite]}}}}
",
        store.address()
    );
    let process = start(settings, subject, &sections).await?;
    let case = written.case();
    let bodies = Arc::new(payload::bodies(&case)?);
    let send = |requests| load::run(case, bodies.clone(), listen, settings.shape(None), requests, PATIENCE);
    let warm_up = send(case.warm_up_requests(settings.quick)).await?;
    if let Some(failure) = warm_up.first_failure {
        return Err(format!("the warm-up failed: {failure}; log: {}", process.log_end()).into());
    }
    let (samples_before, cpu_before) = (samples.load(Ordering::Relaxed), process.cpu_seconds()?);
    let sent = send(case.requests(settings.quick)).await?;
    let cpu_seconds = process.cpu_seconds()? - cpu_before;
    if let Some(failure) = sent.first_failure {
        return Err(format!("{} requests failed: {failure}; log: {}", sent.failed, process.log_end()).into());
    }
    Ok(EdgeRun {
        cpu_seconds,
        items: sent.accepted * case.size as u64,
        delivered: samples.load(Ordering::Relaxed) - samples_before,
        expected: sent.accepted * written.samples_of_a_request(),
        peak_rss_megabytes: process.peak_rss_megabytes()?,
    })
}
