//! The default configuration: what is sent to it, the host it runs on and Weir itself are seen through its console.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use super::{SENT, feed, wait_until};
use crate::prometheus::get;
use crate::weir_process::{Launch, free_address, pipelines_directory};

const ALL_OF_TIME: &str = "from=0&to=4000000000000";

/// Where a station listens.
pub struct Station {
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub console: SocketAddr,
    metrics: SocketAddr,
}

impl Station {
    pub fn new() -> Self {
        Self { grpc: free_address(), http: free_address(), console: free_address(), metrics: free_address() }
    }

    /// Keeps its data below `directory`.
    pub fn launch(&self, launch: Launch, directory: &Path) -> Launch {
        launch
            .env("WEIR_GRPC_ENDPOINT", self.grpc)
            .env("WEIR_HTTP_ENDPOINT", self.http)
            .env("WEIR_CONSOLE_ENDPOINT", self.console)
            .env("WEIR_HEALTH_ENDPOINT", free_address())
            .env("WEIR_METRICS_HOST", self.metrics.ip())
            .env("WEIR_METRICS_PORT", self.metrics.port())
            .env("WEIR_DATA", directory.join("data").display())
    }

    async fn ask(&self, question: &str) -> Value {
        serde_json::from_str(&get(self.console, &format!("/api/v1/{question}")).await).unwrap()
    }

    /// The names of the spans, metrics and records that were sent, as far as they are to be seen.
    async fn names_seen(&self) -> Vec<String> {
        let trace = self.ask(&format!("traces/{}", "01".repeat(16))).await;
        let metrics = self.ask(&format!("metrics?{ALL_OF_TIME}")).await;
        let logs = self.ask(&format!("logs?q=over&{ALL_OF_TIME}")).await;
        let mut names = Vec::new();
        for (kind, rows, key) in [
            ("span", &trace["spans"], "name"),
            ("metric", &metrics["metrics"], "name"),
            ("log", &logs["logs"], "body"),
        ] {
            let texts = rows.as_array().into_iter().flatten().filter_map(|row| row[key].as_str());
            names.extend(texts.filter(|text| text.starts_with("over ")).map(|text| format!("{kind} {text}")));
        }
        names.sort();
        names
    }
}

#[tokio::test]
async fn without_a_configuration_it_says_what_to_do_and_shows_what_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let station = Station::new();
    let launch = station.launch(Launch::of_binary(directory.path()), directory.path());
    let mut weir = launch.start(directory.path(), "weir").await;
    weir.wait_for_log("See this host, and all that arrives, in a browser").await;
    for said in [
        "running the built-in pipelines/default.yaml".to_owned(),
        format!("Listening for OTLP on {} (gRPC) and {} (HTTP).", station.grpc, station.http),
        format!("Own metrics are on http://{}/metrics.", station.metrics),
        format!("An application needs one line: export OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", station.http),
        format!("in a browser: http://{}", station.console),
    ] {
        assert!(weir.log().contains(&said), "{said}\n{}", weir.log());
    }
    feed(station.grpc, station.http).await;
    wait_until("everything is seen", async || station.names_seen().await == SENT).await;
    let page = get(station.console, "/").await;
    assert!(page.contains("<title>Weir"), "{page}");
    weir.stop().await;

    // What was kept is there after a restart.
    let launch = station.launch(Launch::of_binary(directory.path()), directory.path());
    let weir = launch.start(directory.path(), "again").await;
    assert_eq!(station.names_seen().await, SENT);
    weir.stop().await;
}

#[tokio::test]
async fn the_host_and_weir_itself_are_seen_within_a_minute() {
    let directory = tempfile::tempdir().unwrap();
    let station = Station::new();
    let launch = station.launch(Launch::of_pipelines("default.yaml", directory.path()), directory.path());
    let weir = launch.start(directory.path(), "weir").await;
    assert!(!weir.log().contains("built-in"), "{}", weir.log());
    let wanted = [
        "system.cpu.utilization",
        "system.memory.utilization",
        "system.filesystem.utilization",
        "otelcol_process_uptime",
    ];
    wait_until("the host and Weir are measured", async || {
        let metrics = station.ask(&format!("metrics?{ALL_OF_TIME}")).await;
        let names: Vec<&str> = metrics["metrics"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["name"].as_str())
            .collect();
        wanted.iter().all(|name| names.iter().any(|found| found.starts_with(name)))
    })
    .await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let hosts = station.ask(&format!("hosts?from={}&to={}", now - 300_000, now + 60_000)).await;
    let host = &hosts["hosts"][0];
    let kernel_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(host["name"], kernel_name.trim(), "{hosts}");
    for share in ["memory_share", "disk_share"] {
        let share_of_host = host[share].as_f64().unwrap();
        assert!(share_of_host > 0.0 && share_of_host < 1.0, "{share}: {hosts}");
    }
    weir.stop().await;
}

#[test]
fn its_rules_are_those_of_the_ready_configuration_for_alarms() {
    let rules = |file: &str| {
        let text = std::fs::read_to_string(pipelines_directory().join(file)).unwrap();
        let yaml: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let mut rules = yaml["connectors"]["alarms"]["rules"].as_sequence().unwrap().clone();
        for rule in &mut rules {
            rule.as_mapping_mut().unwrap().remove("alarm_actions");
            rule.as_mapping_mut().unwrap().remove("ok_actions");
        }
        rules
    };
    assert_eq!(rules("default.yaml"), rules("alarms.yaml"));
}
