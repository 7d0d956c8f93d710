//! The receiver `prometheus` in front of what speaks Prometheus: the pages of another Weir, found in a file, until that
//! ends; and a real Prometheus.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::received::descend;
use crate::send::post_json;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// How often the file is read again; ten times a second, so for a minute and a half.
const LOOKS: usize = 900;

/// A data point with what stands above it.
#[derive(Debug, Clone)]
pub struct Scraped {
    pub job: String,
    pub metric: String,
    /// `gauge`, `sum`, `histogram` or `summary`.
    pub kind: String,
    pub labels: BTreeMap<String, String>,
    pub point: Value,
}

#[tokio::test]
async fn another_weir_is_scraped_until_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let [otlp, page, own] = [free_address(), free_address(), free_address()];
    let scraped = start_scraped(&folder(directory.path(), "scraped"), otlp, page, own).await;
    let sum = json!({"isMonotonic": true, "aggregationTemporality": 2, "dataPoints": [{
        "asDouble": 7.5, "timeUnixNano": "1700000000000000000", "attributes": [attribute("cup", "blue")],
        "exemplars": [{"asDouble": 0.5, "timeUnixNano": "1700000000123000000",
            "traceId": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "spanId": "0b0b0b0b0b0b0b0b"}]}]});
    let histogram = json!({"aggregationTemporality": 2, "dataPoints": [{"timeUnixNano": "1700000000000000000",
        "count": "4", "sum": 6.5, "explicitBounds": [1, 2.5], "bucketCounts": ["2", "1", "1"]}]});
    let metrics = json!([{"name": "tea.drunk", "unit": "By", "sum": sum}, {"name": "wait", "unit": "s", "histogram": histogram}]);
    let scope = json!({"scope": {"name": "kettle", "version": "1"}, "metrics": metrics});
    let known = [("service.name", "kitchen"), ("service.instance.id", "k-1"), ("floor", "2")];
    let resource = json!({"attributes": known.map(|(key, value)| attribute(key, value))});
    let request = json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]});
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &request).await;

    let targets = directory.path().join("targets.yaml");
    std::fs::write(&targets, format!("- targets: ['{page}']\n  labels: {{team: tea}}\n")).unwrap();
    let jobs = format!(
        "[{{job_name: own, static_configs: [{{targets: ['{own}']}}]}}, \
          {{job_name: found, honor_labels: true, file_sd_configs: [{{files: ['{}']}}]}}]",
        targets.display()
    );
    let file = directory.path().join("scraped.jsonl");
    let scraper = start_scraper(&folder(directory.path(), "scraper"), &jobs, &file).await;

    let tea = wait_for(&file, |found| found.metric == "tea_drunk_bytes_total").await;
    assert_eq!(
        (tea.job.as_str(), tea.kind.as_str(), &tea.point["asDouble"]),
        ("kitchen", "sum", &json!(7.5))
    );
    let labels = [("cup", "blue"), ("team", "tea")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(tea.labels, BTreeMap::from(labels));
    assert_eq!(tea.point["exemplars"][0]["traceId"], "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a");
    let wait = wait_for(&file, |found| found.metric == "wait_seconds").await;
    assert_eq!(
        (wait.kind.as_str(), &wait.point["count"], &wait.point["sum"]),
        ("histogram", &json!("4"), &json!(6.5))
    );
    assert_eq!(wait.point["bucketCounts"], json!(["2", "1", "1"]));
    assert_eq!(wait.point["explicitBounds"], json!([1, 2.5]));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("{\"key\":\"floor\",\"value\":{\"stringValue\":\"2\"}}"), "of target_info: {text}");
    assert!(text.contains("\"name\":\"kettle\""), "of the scope labels: {text}");
    wait_for(&file, |found| found.job == "own" && found.metric.starts_with("otelcol_process_uptime")).await;

    // Gone from the file: its series end, and so do those about its scrapes.
    std::fs::write(&targets, "[]").unwrap();
    wait_for(&file, |found| found.metric == "tea_drunk_bytes_total" && has_ended(found)).await;
    wait_for(&file, |found| found.job == "found" && found.metric == "up" && has_ended(found)).await;

    // Gone altogether: the scrape fails, and the series of the one before end.
    scraped.stop().await;
    let is_down =
        |found: &Scraped| found.job == "own" && found.metric == "up" && found.point["asDouble"] == json!(0);
    wait_for(&file, is_down).await;
    wait_for(&file, |found| found.metric.starts_with("otelcol_process_uptime") && has_ended(found)).await;
    let log = scraper.stop().await;
    assert!(log.contains("Failed to scrape Prometheus endpoint"), "{log}");
}

#[cfg(feature = "real-parts")]
#[tokio::test]
async fn a_prometheus_is_scraped() {
    let directory = tempfile::tempdir().unwrap();
    let prometheus = crate::prometheus::Prometheus::new("prometheus").start(directory.path()).await;
    let api = prometheus.api;
    let file = directory.path().join("scraped.jsonl");
    let jobs = format!("[{{job_name: prometheus, static_configs: [{{targets: ['{api}']}}]}}]");
    let scraper = start_scraper(&folder(directory.path(), "scraper"), &jobs, &file).await;

    let build = wait_for(&file, |found| found.metric == "prometheus_build_info").await;
    assert_eq!((build.kind.as_str(), &build.point["asDouble"]), ("gauge", &json!(1)));
    assert!(!build.labels["version"].is_empty());
    let started = |found: &Scraped| {
        found.metric == "prometheus_http_requests_total" && found.labels["handler"] == "/metrics"
    };
    assert_eq!(wait_for(&file, started).await.kind, "sum");
    // Its own page is asked for at each scrape, so that the counts are those of the scrapes before.
    let duration = |found: &Scraped| {
        found.metric == "prometheus_http_request_duration_seconds" && found.labels["handler"] == "/metrics"
    };
    let duration = wait_for(&file, duration).await;
    let counts = duration.point["bucketCounts"].as_array().unwrap();
    let total: u64 = counts.iter().map(|count| count.as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(json!(total.to_string()), duration.point["count"]);
    let collections = wait_for(&file, |found| found.metric == "go_gc_duration_seconds").await;
    assert_eq!(collections.point["quantileValues"].as_array().unwrap().len(), 5);
    drop(prometheus);
    let log = scraper.stop().await;
    assert!(!log.contains("left out"), "{log}");
}

/// A Weir that shows what it is sent on `page`, and itself on `own`.
async fn start_scraped(directory: &Path, otlp: SocketAddr, page: SocketAddr, own: SocketAddr) -> WeirProcess {
    let (host, port) = (own.ip(), own.port());
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
exporters:
  prometheus: {{endpoint: '{page}', enable_open_metrics: true}}
service:
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: {host}, port: {port}}}}}}}}}]}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus]}}
"
    );
    Launch::of_text(&config, directory).start(directory, "weir").await
}

/// A Weir with these jobs that writes what it scrapes into `file`.
async fn start_scraper(directory: &Path, jobs: &str, file: &Path) -> WeirProcess {
    let config = format!(
        "receivers:
  prometheus: {{config: {{global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}, scrape_configs: {jobs}}}}}
exporters:
  file: {{path: '{}', flush_interval: 100ms}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [prometheus], exporters: [file]}}
",
        file.display()
    );
    Launch::of_text(&config, directory).start(directory, "weir").await
}

/// The first data point of which `is_wanted` says so, once it is there.
pub async fn wait_for(file: &Path, is_wanted: impl Fn(&Scraped) -> bool) -> Scraped {
    for _look in 0..LOOKS {
        if let Some(found) = scraped_in(file).into_iter().find(&is_wanted) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not come\n{}", std::fs::read_to_string(file).unwrap_or_default());
}

/// Every data point in a file of OTLP/JSON whose last line may still be written.
fn scraped_in(file: &Path) -> Vec<Scraped> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let requests = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    requests.flat_map(|request| points_of(&request)).collect()
}

fn points_of(request: &Value) -> Vec<Scraped> {
    let mut points = Vec::new();
    for resource in descend(request, &["resourceMetrics"]) {
        let attributes = texts(&resource["resource"]["attributes"]);
        for metric in descend(resource, &["scopeMetrics", "metrics"]) {
            for kind in ["gauge", "sum", "histogram", "summary"] {
                let of_kind = metric[kind]["dataPoints"].as_array().into_iter().flatten();
                points.extend(of_kind.map(|point| Scraped {
                    job: attributes["service.name"].clone(),
                    metric: metric["name"].as_str().unwrap().to_owned(),
                    kind: kind.to_owned(),
                    labels: texts(&point["attributes"]),
                    point: point.clone(),
                }));
            }
        }
    }
    points
}

fn texts(attributes: &Value) -> BTreeMap<String, String> {
    let attributes = attributes.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    attributes.map(|attribute| (text(&attribute["key"]), text(&attribute["value"]["stringValue"]))).collect()
}

fn has_ended(scraped: &Scraped) -> bool {
    scraped.point["flags"] == json!(1)
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn folder(directory: &Path, name: &str) -> std::path::PathBuf {
    let folder = directory.join(name);
    std::fs::create_dir(&folder).unwrap();
    folder
}
