//! Requests are counted exactly: a shop of two services that OpenTelemetry SDKs instrument, under a load, with
//! pipelines/red-metrics.yaml behind it. What the load tool sent is what every metric says, by route and status.
//!
//! Needs `tests/tools/shop/install`.

mod load;
mod metrics;
pub mod shop;

use std::collections::BTreeMap;

use load::Load;
use metrics::Metrics;
use shop::Shop;

use crate::pipelines::{start_back_end, start_red_metrics};
use crate::weir_process::Launch;

/// Method, route and status of requests to a service, and how many there were.
type Counts = BTreeMap<(String, String, u16), u64>;

#[tokio::test]
async fn every_metric_says_what_the_load_tool_sent() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let (back_end, _, back_end_http) = start_back_end(directory, &file, |launch, _addresses| launch).await;
    // However busy the machine is, no span is given up before the other one of its request comes.
    let patiently = |launch: Launch| launch.set("connectors.service_graph.store.ttl=10m");
    let (weir, http) = start_red_metrics(directory, back_end_http, patiently).await;
    // The configuration takes traces alone.
    let no_other_signal = [("OTEL_METRICS_EXPORTER", "none"), ("OTEL_LOGS_EXPORTER", "none")];
    let shop = Shop::start(http, &no_other_signal).await;
    let load = Load::run(shop.front).await;
    // From the front to the back, so that all that is held goes on its way before the next one stops.
    shop.stop().await;
    let log = weir.stop().await;
    back_end.stop().await;

    let metrics = Metrics::read(&file);
    let at_front = load.answers();
    let at_stock = load.counts_of(|request| request.at_stock);
    assert_eq!(at_front.values().sum::<u64>(), Load::TOTAL, "the load tool counts what it sent");
    assert_eq!(at_front, load.counts_of(|request| Some((request.route, request.status))), "all as expected");

    for (service, sent) in [("shop-front", &at_front), ("shop-stock", &at_stock)] {
        assert_eq!(&metrics.calls(service), sent, "calls of {service}\n{log}");
        assert_eq!(metrics.failed_calls(service), failed(sent), "failed calls of {service}\n{log}");
        assert_eq!(&metrics.durations(service), sent, "durations of {service}\n{log}");
        assert_eq!(&metrics.integrated_rates(service), sent, "integral of the rate of {service}\n{log}");
        assert_eq!(metrics.failed_integrated_rates(service), failed(sent), "of failures of {service}\n{log}");
    }
    assert!(metrics.rate_points() > metrics.rate_series(), "the load went on for several intervals");

    let total = |counts: &Counts| counts.values().sum::<u64>();
    // The caller sees 4xx as an error too; the front and the stock both see 5xx as one.
    // A query for each request, and one more for each reservation.
    let reserved: u64 = at_stock.iter().filter(|((_, _, status), _)| *status == 201).map(|(_, n)| n).sum();
    let refused_by_stock = at_stock.iter().filter(|((_, _, status), _)| *status >= 400).map(|(_, n)| n).sum();
    for ((client, server, connection_type), requests, failed_requests) in [
        (("user", "shop-front", "virtual_node"), Load::TOTAL, total(&failed(&at_front))),
        (("shop-front", "shop-stock", ""), total(&at_stock), refused_by_stock),
        (("shop-stock", "stock.db", "database"), total(&at_stock) + reserved, 0),
    ] {
        let edge = [client, server, connection_type];
        assert_eq!(metrics.requests_between(edge), requests, "{edge:?}\n{log}");
        assert_eq!(metrics.failed_requests_between(edge), failed_requests, "{edge:?}\n{log}");
        assert_eq!(metrics.seconds_between(edge), [requests; 2], "{edge:?}\n{log}");
    }
    assert_eq!(metrics.edges().len(), 3, "{:?}", metrics.edges());
}

/// The requests among `counts` that a server answers for as its own errors.
fn failed(counts: &Counts) -> Counts {
    counts.iter().filter(|((_, _, status), _)| *status >= 500).map(|(key, n)| (key.clone(), *n)).collect()
}
