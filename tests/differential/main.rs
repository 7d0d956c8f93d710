//! The same random telemetry and configurations through the OpenTelemetry Collector and through Weir.
//!
//! What comes out is equal but for the order of records and attributes, and but for the differences that are listed, each
//! with who is right: `listed/` holds a case of each, `docs/differences.md` is made from them. A failure names the
//! seed of its round; `WEIR_DIFFERENTIAL_ROUNDS` and `WEIR_DIFFERENTIAL_SEED` run more rounds and others. Needs
//! `tests/peers/otelcol/build`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this crate is tests all over")]

mod comparable;
mod host;
mod listed;
mod log_files;
mod pair;
mod random;
mod rounds;
mod sink;
mod telemetry;
#[path = "../otlp"]
mod otlp {
    pub mod canonical;
    pub mod collector;
    pub mod compare;
    #[cfg(test)]
    pub mod sample;
    pub mod schema;
}

use log_files::{Settled, compare_files, operators};
use pair::Place::{Connector, Processor};
use rounds::{attributes, compare_rounds, connectors, grouping, metricstransform, temporality};

/// Without a component both let everything through as it was sent: the pair itself makes no difference.
#[tokio::test]
async fn nothing() {
    rounds::nothing_is_changed().await;
}

#[tokio::test]
async fn listed_differences_are_still_there() {
    listed::still_differ().await;
}

#[test]
fn the_page_lists_the_differences() {
    listed::are_on_the_page();
}

#[tokio::test]
async fn host_metrics() {
    host::is_measured_alike().await;
}

#[tokio::test]
async fn attributes() {
    compare_rounds(Processor, "attributes", attributes::of_attributes).await;
}

#[tokio::test]
async fn resource() {
    compare_rounds(Processor, "resource", attributes::of_resource).await;
}

#[tokio::test]
async fn metricstransform() {
    compare_rounds(Processor, "metricstransform", metricstransform::round).await;
}

#[tokio::test]
async fn groupbyattrs() {
    compare_rounds(Processor, "groupbyattrs", grouping::round).await;
}

#[tokio::test]
async fn cumulativetodelta() {
    compare_rounds(Processor, "cumulativetodelta", temporality::of_cumulativetodelta).await;
}

#[tokio::test]
async fn deltatocumulative() {
    compare_rounds(Processor, "deltatocumulative", temporality::of_deltatocumulative).await;
}

#[tokio::test]
async fn deltatorate() {
    compare_rounds(Processor, "deltatorate", temporality::of_deltatorate).await;
}

#[tokio::test]
async fn interval() {
    compare_rounds(Processor, "interval", temporality::of_interval).await;
}

#[tokio::test]
async fn spanmetrics() {
    compare_rounds(Connector, "spanmetrics", connectors::of_spanmetrics).await;
}

#[tokio::test]
async fn servicegraph() {
    compare_rounds(Connector, "servicegraph", connectors::of_servicegraph).await;
}

#[tokio::test]
async fn json_parser() {
    compare_files(operators::json_parser, Settled::Soon).await;
}

#[tokio::test]
async fn json_array_parser() {
    compare_files(operators::json_array_parser, Settled::Soon).await;
}

#[tokio::test]
async fn regex_parser() {
    compare_files(operators::regex_parser, Settled::Soon).await;
}

#[tokio::test]
async fn key_value_parser() {
    compare_files(operators::key_value_parser, Settled::Soon).await;
}

#[tokio::test]
async fn csv_parser() {
    compare_files(operators::csv_parser, Settled::Soon).await;
}

#[tokio::test]
async fn syslog_parser() {
    compare_files(operators::syslog_parser, Settled::Soon).await;
}

#[tokio::test]
async fn uri_parser() {
    compare_files(operators::uri_parser, Settled::Soon).await;
}

#[tokio::test]
async fn container_parser() {
    compare_files(operators::container, Settled::WhenKeptOnesCame).await;
}

#[tokio::test]
async fn recombine() {
    compare_files(operators::recombine, Settled::WhenKeptOnesCame).await;
}

#[tokio::test]
async fn transformers() {
    compare_files(operators::transforming, Settled::Soon).await;
}
