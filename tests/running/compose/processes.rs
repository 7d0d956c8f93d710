//! The services of the compose file as processes, started by examples/shop/as_processes.py with their own configurations,
//! commands and environments. What happens in the shop is looked up in Jaeger, VictoriaLogs and Prometheus.
//!
//! Needs `install` of tests/tools/shop, prometheus, jaeger and victoria-logs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::dockerfile::Dockerfile;
use super::root;
use crate::prometheus::get;

#[tokio::test]
async fn the_services_work_together() {
    let directory = tempfile::tempdir().unwrap();
    let stack = Stack::start(directory.path()).await;
    assert!(is_healthy(stack.at("gateway:13133")).await);

    let (status, answer) = stack.order("tea").await;
    assert_eq!(status, 201, "{answer}");
    let trace = answer["trace_id"].as_str().unwrap().to_owned();
    assert_eq!(stack.order("moonlight").await.0, 502);
    // Nobody else asks for it.
    for _order in 0..3 {
        assert_eq!(stack.order("caviar").await.0, 404);
    }

    stack
        .until(&format!("the trace {trace} is in Jaeger"), async || stack.has_trace_of_an_order(&trace).await)
        .await;
    stack
        .until(&format!("the log of {trace} is in VictoriaLogs"), async || {
            let lines = stack.log_lines(&format!("trace_id:=\"{trace}\"")).await;
            let said_by = |service: &str, text: &str| {
                let by_it = |line: &&Value| line["service.name"] == service;
                lines.iter().filter(by_it).any(|line| line["_msg"].as_str().unwrap().starts_with(text))
            };
            said_by("shop-stock", "reserved tea, ") && said_by("shop-front", "ordered tea")
        })
        .await;

    let failed_orders = r#"sum(traces_span_metrics_calls_total{service_name="shop-front", span_kind="SPAN_KIND_SERVER",
        http_request_method="POST", http_route="/orders/:item", http_response_status_code="502", status_code="STATUS_CODE_ERROR"})"#;
    stack
        .until("failed orders are counted in Prometheus", async || stack.is_above_zero(failed_orders).await)
        .await;
    let memory =
        format!(r#"system_memory_limit_bytes{{host_name="docker-host"}} == {}"#, memory_of_this_host());
    stack.until("Prometheus knows the host's memory", async || stack.is_above_zero(&memory).await).await;
    for (dashboard, panel, query) in panels() {
        stack
            .until(&format!("{dashboard}, panel {panel}, has data: {query:?}"), async || {
                stack.has_data(&query).await
            })
            .await;
    }

    let logs = stack.stop().await;
    for (weir, log) in &logs {
        assert!(log.contains("Shutdown complete."), "{weir}\n{log}");
        assert!(!log.contains("\terror\t"), "{weir}\n{log}");
    }
}

/// The running services.
struct Stack {
    process: Child,
    directory: PathBuf,
    /// Each published port, as `service:port`.
    addresses: BTreeMap<String, SocketAddr>,
}

impl Stack {
    async fn start(directory: &Path) -> Self {
        let cache = std::env::var_os("WEIR_CACHE").map_or_else(|| root().join(".cache"), PathBuf::from);
        let [.., second, third] = std::process::id().to_be_bytes();
        let mut process = Command::new(cache.join("shop/venv/bin/python"))
            .arg(root().join("examples/shop/as_processes.py"))
            // Nobody else's addresses, and none that `free_address` gives.
            .args(["--network", &format!("127.{}.{third}", second | 0x80)])
            .arg("--directory")
            .arg(directory)
            .env("WEIR", env!("CARGO_BIN_EXE_weir"))
            .env("WEIR_CACHE", &cache)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("tests/tools/shop/install makes the shop run: {error}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut addresses = BTreeMap::new();
        loop {
            let line = lines.next_line().await.unwrap();
            let line = line.expect("everything comes up; what did not says why on standard error");
            if line.starts_with("Everything is up.") {
                return Self { process, directory: directory.to_owned(), addresses };
            }
            if let Some((name, url)) = line.split_once(" is at http://") {
                addresses.insert(name.to_owned(), url.parse().unwrap());
            }
        }
    }

    fn at(&self, port: &str) -> SocketAddr {
        self.addresses[port]
    }

    async fn order(&self, item: &str) -> (u16, Value) {
        let shop = self.at("shop-front:8080");
        let mut stream = TcpStream::connect(shop).await.unwrap();
        let request = format!("POST /orders/{item} HTTP/1.0\r\nhost: {shop}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    /// Whether Jaeger has the spans of both services in one trace.
    async fn has_trace_of_an_order(&self, trace_id: &str) -> bool {
        let answer = get(self.at("jaeger:16686"), &format!("/api/v3/traces/{trace_id}")).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let mut found = BTreeSet::new();
        for resource in list(&answer["result"], "resourceSpans") {
            let is_name = |attribute: &&Value| attribute["key"] == "service.name";
            let name = list(&resource["resource"], "attributes").iter().find(is_name);
            let service = name.map_or("", |name| name["value"]["stringValue"].as_str().unwrap());
            for span in list(resource, "scopeSpans").iter().flat_map(|scope| list(scope, "spans")) {
                found.insert(format!("{service}: {}", span["name"].as_str().unwrap()));
            }
        }
        let expected = [
            "shop-front: POST /orders/:item",
            "shop-front: POST",
            "shop-stock: POST /reservations/{item}",
            "shop-stock: SELECT stock",
            "shop-stock: UPDATE stock",
        ];
        expected.iter().all(|name| found.contains(*name))
    }

    async fn log_lines(&self, query: &str) -> Vec<Value> {
        let path = format!("/select/logsql/query?limit=10&query={}", encoded(query));
        let answer = get(self.at("victoria-logs:9428"), &path).await;
        answer.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{answer}"))).collect()
    }

    /// The results of an expression in Prometheus, with the value of each.
    async fn values(&self, expression: &str) -> Vec<f64> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer = get(self.at("prometheus:9090"), &path).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let value = |result: &Value| result["value"][1].as_str().unwrap().parse().unwrap();
        list(&answer["data"], "result").iter().map(value).collect()
    }

    async fn is_above_zero(&self, expression: &str) -> bool {
        self.values(expression).await.iter().any(|value| *value > 0.0)
    }

    async fn has_data(&self, query: &PanelQuery) -> bool {
        match query {
            PanelQuery::Metrics(expression) => !self.values(expression).await.is_empty(),
            PanelQuery::Logs(expression) => !self.log_lines(expression).await.is_empty(),
        }
    }

    /// Looks again and again, for a minute at most. Things go through several queues, batches and scrapes.
    async fn until(&self, what: &str, mut look: impl AsyncFnMut() -> bool) {
        for _look in 0..300 {
            if look().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("not so: {what}\n{}\n{}", self.log("gateway"), self.log("agent"));
    }

    fn log(&self, service: &str) -> String {
        std::fs::read_to_string(self.directory.join(format!("logs/{service}.log"))).unwrap()
    }

    /// Stops everything, and returns what each Weir logged.
    async fn stop(mut self) -> [(&'static str, String); 2] {
        let id = self.process.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(120), self.process.wait()).await;
        assert!(ended.expect("everything ends").unwrap().success());
        ["gateway", "agent"].map(|weir| (weir, self.log(weir)))
    }
}

/// What a panel of a dashboard asks, with the dashboard's variables set to everything.
#[derive(Debug)]
enum PanelQuery {
    Metrics(String),
    Logs(String),
}

/// Every query of every panel, with the names of both.
fn panels() -> Vec<(String, String, PanelQuery)> {
    let mut panels = Vec::new();
    let directory = root().join("deploy/grafana/dashboards");
    for entry in std::fs::read_dir(directory).unwrap() {
        let dashboard: Value =
            serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let name = |of: &Value| of["title"].as_str().unwrap().to_owned();
        for panel in list(&dashboard, "panels") {
            for target in list(panel, "targets") {
                let mut query = target["expr"].as_str().unwrap().replace("$__rate_interval", "1m");
                for variable in list(&dashboard["templating"], "list") {
                    query = query.replace(&format!("${}", variable["name"].as_str().unwrap()), ".+");
                }
                let query = match target["datasource"]["uid"].as_str().unwrap() {
                    "prometheus" => PanelQuery::Metrics(query),
                    "victoria-logs" => PanelQuery::Logs(query),
                    other => panic!("{other} is no data source"),
                };
                panels.push((name(&dashboard), name(panel), query));
            }
        }
    }
    assert!(panels.len() > 20, "{panels:?}");
    panels
}

/// Runs the image's own health check against another address.
async fn is_healthy(address: SocketAddr) -> bool {
    let dockerfile = Dockerfile::read(root());
    let (_options, command) = dockerfile.last("HEALTHCHECK").unwrap().split_once("CMD ").unwrap();
    let device = format!("{}/{}", address.ip(), address.port());
    let words: Vec<String> = serde_json::from_str(&command.replace("localhost/13133", &device)).unwrap();
    let output = Command::new(&words[0]).args(&words[1..]).output().await.unwrap();
    output.status.success()
}

/// In bytes, as the kernel says.
fn memory_of_this_host() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn list<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    parent.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
