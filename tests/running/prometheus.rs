//! The exporter `prometheus` in front of a real Prometheus and its linter, with metrics of every shape and of shapes that
//! contradict each other. Needs `tests/tools/prometheus/install`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::send::post_json;
use crate::weir_process::{Launch, free_address};

/// What Prometheus says of a scrape beside its samples: `up` and four of `scrape_*`.
const SERIES_OF_A_SCRAPE: f64 = 5.0;

#[tokio::test]
async fn prometheus_takes_every_sample_of_every_shape() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let [otlp, text, open_metrics] = [free_address(), free_address(), free_address()];
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
exporters:
  prometheus/text: {{endpoint: '{text}'}}
  prometheus/open_metrics: {{endpoint: '{open_metrics}', enable_open_metrics: true, send_timestamps: true}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus/text, prometheus/open_metrics]}}
"
    );
    let weir = Launch::of_text(&config, directory).start(directory, "weir").await;
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &corpus()).await;

    let page = get(text, "/metrics").await;
    promtool_takes(&page, directory).await;
    let sample_count = page.lines().filter(|line| !line.starts_with('#')).count();
    // Each of five names has four series of each kind, of 1, 1, 5, 3 and 4 samples; then tea, clash and target_info.
    assert_eq!(sample_count, 5 * 4 * (1 + 1 + 5 + 3 + 4) + 3, "{page}");

    let prometheus =
        Prometheus::new("prometheus").scraping("text", text).scraping("open_metrics", open_metrics);
    let prometheus = prometheus.start(directory).await;
    let api = prometheus.api;
    for job in ["text", "open_metrics"] {
        wait_until_up(api, job).await;
        let series = value(api, &format!("count({{job=\"{job}\"}})")).await;
        assert_eq!(series, Some(sample_count as f64 + SERIES_OF_A_SCRAPE), "{job}");
        assert_eq!(value(api, &format!("tea_drunk_liters_total{{job=\"{job}\"}}")).await, Some(7.5));
        assert_eq!(value(api, &format!("clash{{job=\"{job}\"}}")).await, Some(1.0));
        let quantile =
            format!("histogram_quantile(0.5, shape_0_histogram_seconds_bucket{{job=\"{job}\",set=\"0\"}})");
        assert_eq!(value(api, &quantile).await, Some(1.0));
        let joined = format!(
            "target_info{{job=\"{job}\",exported_job=\"shop/cart\",exported_instance=\"i-1\",host_name=\"a\\\"b\\\\c\\nd\"}}"
        );
        assert_eq!(value(api, &joined).await, Some(1.0));
    }
    let log = weir.stop().await;
    assert!(log.contains("clash is shown as a gauge already"), "{log}");
}

/// Metrics of every kind with names, units, labels and values of every sort, then some that contradict the first.
pub fn corpus() -> Value {
    const NAMES: [&str; 5] = ["shape", "http.server.shape", "3d-shape", "forme é", "ns:shape__x"];
    const UNITS: [&str; 5] = ["s", "By", "1", "{request}/s", "KiBy/m"];
    let mut metrics = vec![
        json!({"name": "tea.drunk", "description": "How much.", "unit": "liters",
            "sum": {"isMonotonic": true, "aggregationTemporality": 1, "dataPoints": [point(&[], 1, json!({"asDouble": 7.5}))]}}),
        json!({"name": "clash", "gauge": {"dataPoints": [point(&[], 1, json!({"asInt": "1"}))]}}),
        json!({"name": "clash", "sum": {"isMonotonic": false, "aggregationTemporality": 2, "dataPoints": [point(&[], 2, json!({"asInt": "1"}))]}}),
        json!({"name": "clash", "summary": {"dataPoints": [point(&[], 3, json!({"count": "1"}))]}}),
    ];
    for (index, (name, unit)) in NAMES.into_iter().zip(UNITS).enumerate() {
        for (kind, data) in every_kind() {
            let name = format!("{name}.{index}.{kind}");
            let description = "A \"shape\"\nwith \\ in its text.";
            metrics.push(json!({"name": name, "unit": unit, "description": description, kind: data}));
        }
    }
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let attributes = [
        attribute("service.namespace", "shop"),
        attribute("service.name", "cart"),
        attribute("service.instance.id", "i-1"),
        attribute("host.name", "a\"b\\c\nd"),
    ];
    json!({"resourceMetrics": [{"resource": {"attributes": attributes},
        "scopeMetrics": [{"scope": {"name": "corpus", "version": "1"}, "metrics": metrics}]}]})
}

fn every_kind() -> Vec<(&'static str, Value)> {
    let of_sets = |value: &dyn Fn(usize) -> Value| -> Vec<Value> {
        let sets: [&[(&str, &str)]; 4] = [
            &[("set", "0")],
            &[("set", "1"), ("a.b", "1"), ("a_b", "2"), ("job", "mine")],
            &[("set", "2"), ("1st", "\\ \" \n {,}= é"), ("_x", "")],
            &[("set", "3"), ("le", "7"), ("quantile", "x"), ("__", "y")],
        ];
        sets.iter().enumerate().map(|(index, set)| point(set, 1, value(index))).collect()
    };
    let numbers = ["NaN", "Infinity", "-Infinity", "1e300"];
    let exemplars = json!([{"timeUnixNano": "1700000000123000000", "asDouble": 0.5, "spanId": "0b0b0b0b0b0b0b0b",
        "traceId": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "filteredAttributes": [{"key": "user.id", "value": {"intValue": "7"}}]}]);
    vec![
        ("gauge", json!({"dataPoints": of_sets(&|set| json!({"asDouble": numbers[set]}))})),
        (
            "sum",
            json!({"isMonotonic": true, "aggregationTemporality": 2,
                "dataPoints": of_sets(&|set| json!({"asInt": (set * 1000).to_string(), "exemplars": exemplars}))}),
        ),
        (
            "histogram",
            json!({"aggregationTemporality": 2, "dataPoints": of_sets(&|set| json!({"count": "4", "sum": -1.5 * set as f64,
                "bucketCounts": ["2", "1", "1"], "explicitBounds": [1, 2.5], "exemplars": exemplars}))}),
        ),
        (
            "exponentialHistogram",
            json!({"aggregationTemporality": 1, "dataPoints": of_sets(&|_| json!({"count": "3", "sum": 4.5, "scale": 2,
                "positive": {"offset": 1, "bucketCounts": ["1", "2"]}, "exemplars": exemplars}))}),
        ),
        (
            "summary",
            json!({"dataPoints": of_sets(&|_| json!({"count": "3", "sum": 4.5,
                "quantileValues": [{"quantile": 0, "value": 1}, {"quantile": 0.99, "value": "NaN"}]}))}),
        ),
    ]
}

/// A data point measured just now, with `value`'s fields.
fn point(attributes: &[(&str, &str)], order: u64, mut value: Value) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let attributes: Vec<Value> =
        attributes.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect();
    value["attributes"] = attributes.into();
    value["startTimeUnixNano"] = format!("{}", (now - 10) * 1_000_000_000).into();
    value["timeUnixNano"] = format!("{}", now * 1_000_000_000 + order).into();
    value
}

/// Ends with 1 for what is no exposition; 3 is advice about style, of which the corpus has none.
async fn promtool_takes(page: &str, directory: &Path) {
    let file = directory.join("page.txt");
    std::fs::write(&file, page).unwrap();
    let checked = Command::new(cached_program("prometheus", "promtool"))
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .await
        .unwrap_or_else(|error| panic!("tests/tools/prometheus/install gets promtool: {error}"));
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_ne!(checked.status.code(), Some(1), "{said}\n{page}");
}

/// A Prometheus that takes remote write, and may scrape.
pub struct Prometheus {
    /// Where its API is.
    pub api: SocketAddr,
    name: &'static str,
    jobs: String,
    features: &'static str,
    process: Option<Child>,
}

impl Prometheus {
    /// One that keeps its files under this name.
    pub fn new(name: &'static str) -> Self {
        Self { api: free_address(), name, jobs: String::new(), features: "", process: None }
    }

    /// Scrapes an address as a job.
    pub fn scraping(mut self, job: &str, address: SocketAddr) -> Self {
        self.jobs += &format!("  - {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n");
        self
    }

    /// Scrapes an address whose own `job` and `instance` count.
    pub fn scraping_as_sent(mut self, job: &str, address: SocketAddr) -> Self {
        self.jobs += &format!(
            "  - {{job_name: {job}, honor_labels: true, static_configs: [{{targets: ['{address}']}}]}}\n"
        );
        self
    }

    /// Keeps native histograms.
    pub fn with_native_histograms(mut self) -> Self {
        self.features = "native-histograms";
        self
    }

    /// Starts it, and waits until it listens.
    pub async fn start(mut self, directory: &Path) -> Self {
        let config = directory.join(format!("{}.yaml", self.name));
        std::fs::write(&config, format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n{}", self.jobs))
            .unwrap();
        let log = std::fs::File::create(directory.join(format!("{}.log", self.name))).unwrap();
        let process = Command::new(cached_program("prometheus", "prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join(self.name).display()))
            .arg(format!("--web.listen-address={}", self.api))
            .arg("--web.enable-remote-write-receiver")
            .arg(format!("--enable-feature={}", self.features))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("tests/tools/prometheus/install gets Prometheus: {error}"));
        self.process = Some(process);
        for _look in 0..600 {
            if TcpStream::connect(self.api).await.is_ok() {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Prometheus does not listen");
    }
}

/// Waits until a scrape went well; fails with Prometheus's reason where none does.
async fn wait_until_up(api: SocketAddr, job: &str) {
    for _look in 0..600 {
        if TcpStream::connect(api).await.is_ok()
            && value(api, &format!("up{{job=\"{job}\"}}")).await == Some(1.0)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{job} is not up: {}", get(api, "/api/v1/targets").await);
}

/// The value of an expression that has one.
async fn value(api: SocketAddr, expression: &str) -> Option<f64> {
    let results = query(api, expression).await?;
    assert!(results.len() <= 1, "{expression}: {results:?}");
    results.first()?["value"][1].as_str()?.parse().ok()
}

/// The series that an expression is now, by the API that Prometheus and its like have; none while it is not ready.
pub async fn query(api: SocketAddr, expression: &str) -> Option<Vec<Value>> {
    let encoded: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer: Value =
        serde_json::from_str(&get(api, &format!("/api/v1/query?query={encoded}")).await).ok()?;
    assert!(answer["status"] == "success" || answer["errorType"] == "unavailable", "{expression}: {answer}");
    answer["data"]["result"].as_array().cloned()
}

/// The body of an answer to GET.
pub async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // HTTP/1.0, so that the body is not cut into chunks.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_head, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

/// A program of a Debian package that `tests/tools/{package}/install` gets.
pub fn cached_program(package: &str, name: &str) -> PathBuf {
    let cache = std::env::var_os("WEIR_CACHE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache"), PathBuf::from);
    cache.join(package).join("usr/bin").join(name)
}
