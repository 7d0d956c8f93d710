//! Scrapes over HTTP, with the time that goes by while they happen.

mod corpus;
mod round_trip;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::testing::{lines_of_body, section, without_report};
use super::*;
use crate::network::http_server::testing::{RecordingServer, loopback, response};
use crate::pipeline::Clock;
use crate::pipeline::testing::{Sink, settings};

/// A receiver of one target, and what it hands on.
struct Scraping {
    server: RecordingServer,
    receiver: Box<dyn Component>,
    sink: Arc<Sink>,
}

impl Scraping {
    async fn start(fields: &str) -> Self {
        let server = RecordingServer::start(loopback()).await;
        let address = &server.address;
        let config = section(&format!(
            "config: {{scrape_configs: [{{job_name: j, scrape_interval: 1s, \
             static_configs: [{{targets: ['{address}'], labels: {{zone: a}}}}]{fields}}}]}}"
        ));
        let mut settings = settings("prometheus", Signal::Metrics);
        settings.clock = Clock::starting_at(0);
        let sink = Sink::new();
        let consumer: Arc<dyn crate::pipeline::Consumer> = Arc::clone(&sink) as _;
        let outputs = Outputs { metrics: Some(consumer), ..Outputs::default() };
        let receiver = PrometheusReceiver::create(Arc::new(config), settings, outputs).unwrap();
        Self { server, receiver, sink }
    }

    /// Waits for so many scrapes.
    async fn batches(&self, count: usize) -> Vec<String> {
        while self.sink.taken().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let taken = self.sink.taken();
        taken.iter().map(|batch| lines_of_body(&batch.parts().concat())).collect()
    }

    async fn stop(self) {
        self.receiver.shutdown(Instant::now() + Duration::from_secs(5)).await;
        self.server.stop().await;
    }
}

#[tokio::test]
async fn a_target_is_scraped_over_http() {
    let scraping = Scraping::start(", params: {a: [b c]}, basic_auth: {username: u, password: p}").await;
    let text = "# TYPE a gauge\na{b=\"c\"} 1\n# TYPE d_total counter\n# HELP d_total Some.\nd_total 2\n";
    scraping.server.answer_next(response(
        200,
        &[("content-type", "text/plain; version=0.0.4")],
        text.as_bytes(),
    ));
    scraping.server.answer_next(response(503, &[], b""));
    scraping.receiver.start(&Host::default()).await.unwrap();
    let batches = scraping.batches(2).await;
    let head = scraping.server.requests()[0].0.clone();
    assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), ("GET", "/metrics?a=b+c"));
    let field = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    assert_eq!(field("authorization"), "Basic dTpw");
    assert_eq!(field("accept-encoding"), "gzip");
    assert_eq!(field("x-prometheus-scrape-timeout-seconds"), "1");
    assert!(field("accept").ends_with("*/*;q=0.2"), "{}", field("accept"));

    assert!(batches[0].contains("    gauge up [] \"The scraping was successful\" prometheus.type=gauge\n"));
    let port = scraping.server.address.rsplit_once(':').unwrap().1;
    let time = batches[0].rsplit_once("zone=a @").unwrap().1.split_once(' ').unwrap().0;
    let resource = format!(
        "resource service.name=j service.instance.id=127.0.0.1:{port} server.port={port} url.scheme=http\n  \
         scope prometheusreceiver\n"
    );
    assert_eq!(
        without_report(&batches[0]),
        format!(
            "{resource}    gauge a [] \"\" prometheus.type=gauge\n      b=c zone=a @{time} = 1\n    \
             counter d_total [] \"Some.\" prometheus.type=counter\n      zone=a @{time} = 2\n"
        )
    );
    let time = batches[1].rsplit_once("zone=a @").unwrap().1.split_once(' ').unwrap().0;
    assert_eq!(
        without_report(&batches[1])
            .replace("none ended", "ended")
            .lines()
            .filter(|line| line.contains("ended"))
            .count(),
        2,
        "{}",
        batches[1]
    );
    assert!(batches[1].contains(&format!("zone=a @{time} = 0\n")), "{}", batches[1]);
    scraping.stop().await;
}
