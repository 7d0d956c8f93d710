//! The exporter `prometheus_remote_write` in front of real stores, beside a scrape of the exporter `prometheus`: the same metrics
//! answer the same queries alike. Needs `tests/tools/prometheus/install` and `tests/tools/victoria-metrics/install`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::prometheus::{Prometheus, cached_program, corpus, query};
use crate::send::post_json;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// What Prometheus says of scrapes, what the corpus contradicts itself with, and what the text format has no buckets of.
const APART: &str = r#"{__name__=~".+",__name__!~"up|scrape_.*|clash.*|.*exponential.*"}"#;

/// Series by their labels, and the last value of each.
type Answer = BTreeMap<BTreeMap<String, String>, f64>;

#[tokio::test]
async fn two_stores_and_a_scrape_answer_alike() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let [otlp, page] = [free_address(), free_address()];
    let prometheus = Prometheus::new("written").start(directory).await;
    let scraping = Prometheus::new("scraping").scraping_as_sent("page", page).start(directory).await;
    let (_victoria_metrics, victoria_metrics) = start_victoria_metrics(directory).await;
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
exporters:
  prometheusremotewrite/prometheus: {{endpoint: 'http://{}/api/v1/write'}}
  prometheusremotewrite/victoria: {{endpoint: 'http://{victoria_metrics}/api/v1/write'}}
  prometheus: {{endpoint: '{page}', send_timestamps: true}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheusremotewrite/prometheus, prometheusremotewrite/victoria, prometheus]}}
",
        prometheus.api
    );
    let weir = Launch::of_text(&config, directory).start(directory, "weir").await;
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &corpus()).await;

    let scraped = answer_with(scraping.api, APART, "target_info").await;
    // Each of five names has four series of each kind, of 1, 1, 5 and 4 samples; then tea and target_info.
    assert_eq!(scraped.len(), 5 * 4 * (1 + 1 + 5 + 4) + 2, "{scraped:#?}");
    assert_alike(&scraped, &answer_with(prometheus.api, APART, "target_info").await);
    // It keeps no value that is no number.
    let without_nan: Answer = scraped.into_iter().filter(|(_, value)| !value.is_nan()).collect();
    assert_alike(&without_nan, &answer_with(victoria_metrics, APART, "target_info").await);

    for (expression, value) in [
        ("sum(shape_0_sum_seconds_total)", 6000.0),
        ("histogram_quantile(0.5, sum by (le) (shape_0_histogram_seconds_bucket))", 1.0),
        ("sum(http_server_shape_1_summary_bytes_sum)", 18.0),
        ("tea_drunk_liters_total * on (job, instance) group_left(host_name) target_info", 7.5),
    ] {
        for api in [prometheus.api, scraping.api, victoria_metrics] {
            let answer: Vec<f64> = answer(api, expression).await.into_values().collect();
            assert_eq!(answer, [value], "{expression}");
        }
    }
    let log = weir.stop().await;
    assert!(log.contains("native histograms are disabled"), "{log}");
}

#[tokio::test]
async fn native_histograms_are_what_prometheus_computes_quantiles_of() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let prometheus = Prometheus::new("written").with_native_histograms().start(directory).await;
    let (weir, otlp) = start_weir(directory, &prometheus, "").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // 2 to the power of 2 to the power of -1: at scale 1 the buckets end at 1.41, 2, 2.83 and 4.
    let histogram = json!({"count": "10", "sum": 21.0, "scale": 1, "zeroCount": "2", "timeUnixNano": format!("{now}000000000"),
        "positive": {"offset": 0, "bucketCounts": ["1", "3", "0", "4"]}});
    let metric = json!({"name": "took", "unit": "s", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [histogram]}});
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]});
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &request).await;
    answer_with(prometheus.api, "histogram_count(took_seconds)", "").await;
    for (expression, expected) in [
        ("histogram_count(took_seconds)", 10.0),
        ("histogram_sum(took_seconds)", 21.0),
        ("histogram_quantile(1, took_seconds)", 4.0),
        ("histogram_fraction(0, 2, took_seconds)", 0.6),
    ] {
        let found: Vec<f64> = answer(prometheus.api, expression).await.into_values().collect();
        assert!(found.len() == 1 && (found[0] - expected).abs() < 1e-9, "{expression}: {found:?}");
    }
    weir.stop().await;
}

#[tokio::test]
async fn what_comes_too_late_for_prometheus_is_counted_and_not_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let prometheus = Prometheus::new("written").start(directory).await;
    let (mut weir, otlp) = start_weir(directory, &prometheus, "").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (seconds_ago, value) in [(1, "3"), (60, "2"), (0, "4")] {
        let point = json!({"asInt": value, "timeUnixNano": format!("{}000000000", now - seconds_ago)});
        let metric = json!({"name": "level", "gauge": {"dataPoints": [point]}});
        let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]});
        post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &request).await;
    }
    weir.wait_for_log("answered 400 Bad Request: out of order sample").await;
    for _look in 0..100 {
        let latest: Vec<f64> = answer(prometheus.api, "level").await.into_values().collect();
        if latest == [4.0] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(answer(prometheus.api, "level").await.into_values().collect::<Vec<_>>(), [4.0]);
    weir.stop().await;
}

async fn start_weir(directory: &Path, prometheus: &Prometheus, more: &str) -> (WeirProcess, SocketAddr) {
    let otlp = free_address();
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
exporters:
  prometheus_remote_write: {{http: {{endpoint: 'http://{}/api/v1/write'}}{more}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus_remote_write]}}
",
        prometheus.api
    );
    (Launch::of_text(&config, directory).start(directory, "weir").await, otlp)
}

async fn start_victoria_metrics(directory: &Path) -> (Child, SocketAddr) {
    let api = free_address();
    let log = std::fs::File::create(directory.join("victoria-metrics.log")).unwrap();
    let store = Command::new(cached_program("victoria-metrics", "victoria-metrics"))
        .arg(format!("-storageDataPath={}", directory.join("victoria-metrics").display()))
        .arg(format!("-httpListenAddr={api}"))
        // What was written just now is seen at once.
        .arg("-search.latencyOffset=0s")
        .arg("-search.disableCache")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("tests/tools/victoria-metrics/install gets VictoriaMetrics: {error}"));
    for _look in 0..600 {
        if TcpStream::connect(api).await.is_ok() {
            return (store, api);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("VictoriaMetrics does not listen");
}

/// The answer to an expression, once a series with this name is in it.
async fn answer_with(api: SocketAddr, expression: &str, name: &str) -> Answer {
    for _look in 0..600 {
        let answer = answer(api, expression).await;
        let has_name =
            |labels: &BTreeMap<String, String>| labels.get("__name__").map_or("", String::as_str) == name;
        if answer.keys().any(has_name) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{expression} has no {name:?} at {api}: {:#?}", answer(api, expression).await);
}

async fn answer(api: SocketAddr, expression: &str) -> Answer {
    let Some(found) = query(api, expression).await else { return Answer::new() };
    let series = found.into_iter().map(|series| {
        let labels = series["metric"].as_object().unwrap().iter();
        let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        (labels.collect(), series["value"][1].as_str().unwrap().parse().unwrap())
    });
    series.collect()
}

fn assert_alike(expected: &Answer, found: &Answer) {
    let are_equal = |left: f64, right: f64| {
        left == right || (left.is_nan() && right.is_nan()) || (left - right).abs() <= left.abs() * 1e-12
    };
    let differing = expected
        .iter()
        .filter(|(labels, value)| !found.get(*labels).is_some_and(|found| are_equal(**value, *found)));
    let missing: Vec<_> = differing.map(|(labels, value)| (labels, value, found.get(labels))).collect();
    let more: Vec<_> = found.keys().filter(|labels| !expected.contains_key(*labels)).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing or other: {missing:#?}\nmore: {more:#?}");
}
