//! Every ready configuration in `pipelines/` starts, and what applications send to it arrives.

mod agents;
mod alarms;
pub mod station;
mod stores;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

use crate::certificates::Authority;
use crate::received::{data_points_of, names_in};
use crate::scrape::{Scraped, wait_for};
use crate::send::{post_json, send_over_grpc, send_over_http};
use crate::weir_process::{Launch, WeirProcess, free_address, pipelines_directory};

/// The files that have a test below, in `agents`, `alarms`, `station` or `stores`.
const TESTED: [&str; 19] = [
    "agent-logs.yaml",
    "agent.yaml",
    "alarms.yaml",
    "default.yaml",
    "dimension-filter.yaml",
    "file.yaml",
    "gateway.yaml",
    "jaeger.yaml",
    "loki.yaml",
    "persistent-queue.yaml",
    "prometheus-remote-write.yaml",
    "prometheus.yaml",
    "red-metrics.yaml",
    "scrape.yaml",
    "stack.yaml",
    "tempo.yaml",
    "tls.yaml",
    "victorialogs.yaml",
    "zipkin.yaml",
];

/// One span, metric and log record over each protocol.
const SENT: [&str; 6] = [
    "log over HTTP",
    "log over gRPC",
    "metric over HTTP",
    "metric over gRPC",
    "span over HTTP",
    "span over gRPC",
];

#[test]
fn every_ready_configuration_has_a_test() {
    let entries = std::fs::read_dir(pipelines_directory()).unwrap();
    let mut files: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, TESTED, "a configuration in pipelines/ is started and fed by a test in this file");
}

#[tokio::test]
async fn the_file_configuration_writes_what_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let (weir, grpc, http) = start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    feed(grpc, http).await;
    let log = weir.stop().await;
    assert_eq!(names_in(&file), SENT, "{log}");
    assert!(log.contains("Traces\t{"), "{log}");
}

#[tokio::test]
async fn the_gateway_configuration_forwards_what_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let (back_end, back_end_grpc, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let (grpc, http, health, metrics) = (free_address(), free_address(), free_address(), free_address());
    let gateway = Launch::of_pipelines("gateway.yaml", directory.path())
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", health)
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("BACKEND_GRPC_ENDPOINT", back_end_grpc)
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .start(directory.path(), "gateway")
        .await;
    feed(grpc, http).await;
    gateway.stop().await;
    let log = back_end.stop().await;
    assert_eq!(names_in(&file), SENT, "{log}");
}

#[tokio::test]
async fn the_persistent_queue_configuration_keeps_what_arrives_through_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let back_end = free_address();
    let start = async |name: &str, grpc: SocketAddr, http: SocketAddr| {
        let metrics = free_address();
        Launch::of_pipelines("persistent-queue.yaml", directory.path())
            .env("WEIR_STORAGE_DIRECTORY", directory.path().join("storage").display())
            .env("WEIR_GRPC_ENDPOINT", grpc)
            .env("WEIR_HTTP_ENDPOINT", http)
            .env("WEIR_HEALTH_ENDPOINT", free_address())
            .env("WEIR_METRICS_HOST", metrics.ip())
            .env("WEIR_METRICS_PORT", metrics.port())
            .env("BACKEND_GRPC_ENDPOINT", back_end)
            .start(directory.path(), name)
            .await
    };
    let (grpc, http) = (free_address(), free_address());
    let killed = start("killed", grpc, http).await;
    feed(grpc, http).await;
    killed.signal("-KILL").await;
    killed.end().await;

    let at_address = |launch: Launch, _addresses| {
        launch.set(&format!("receivers.otlp.protocols.grpc.endpoint={back_end}"))
    };
    let (back_end, _, _) = start_back_end(directory.path(), &file, at_address).await;
    let mut next = start("next", free_address(), free_address()).await;
    next.wait_for_log("holds requests of an earlier run").await;
    let arrived = || std::fs::read_to_string(&file).unwrap_or_default().matches("over ").count();
    wait_until("everything arrived", async || arrived() == SENT.len()).await;
    next.stop().await;
    let log = back_end.stop().await;
    assert_eq!(names_in(&file), SENT, "{log}");
}

#[tokio::test]
async fn the_dimension_filter_adds_up_what_pods_measured() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let (back_end, _, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let (grpc, http, metrics) = (free_address(), free_address(), free_address());
    let filter = Launch::of_pipelines("dimension-filter.yaml", directory.path())
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .start(directory.path(), "filter")
        .await;
    feed(grpc, http).await;
    let point = |pod: &str, route: &str, value: u32| {
        let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        json!({
            "attributes": [attribute("k8s.pod.name", pod), attribute("http.route", route)],
            "timeUnixNano": "1700000000000000000",
            "asInt": value,
        })
    };
    let points = [point("a", "/cart", 3), point("b", "/cart", 4), point("a", "/healthz", 100)];
    let sum = json!({"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": points});
    let metric = json!({"name": "http.server.requests", "sum": sum});
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]});
    post_json(TcpStream::connect(http).await.unwrap(), "/v1/metrics", &request).await;
    filter.stop().await;
    let log = back_end.stop().await;

    let mut names: Vec<&str> = SENT.to_vec();
    names.insert(2, "metric http.server.requests");
    assert_eq!(names_in(&file), names, "{log}");
    let points = data_points_of(&file, "http.server.requests");
    assert_eq!(points.len(), 1, "{points:?}");
    let route = json!([{"key": "http.route", "value": {"stringValue": "/cart"}}]);
    assert_eq!((&points[0]["attributes"], &points[0]["asInt"]), (&route, &json!("7")));
}

#[tokio::test]
async fn the_red_metrics_configuration_counts_what_it_forwards() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let (back_end, _, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let (weir, http) = start_red_metrics(directory.path(), back_end_http, |launch| launch).await;
    let request = json!({
        "traceId": "01010101010101010101010101010101",
        "spanId": "0202020202020202",
        "name": "GET /",
        "kind": 2,
    });
    let service = json!({"key": "service.name", "value": {"stringValue": "cart"}});
    let group = json!({"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [request]}]});
    let request = json!({"resourceSpans": [group]});
    post_json(TcpStream::connect(http).await.unwrap(), "/v1/traces", &request).await;
    let log = weir.stop().await;
    back_end.stop().await;
    let expected = [
        "metric traces.span.metrics.calls",
        "metric traces.span.metrics.duration",
        "metric traces.span.rate.calls",
        "metric traces_service_graph_request_client",
        "metric traces_service_graph_request_server",
        "metric traces_service_graph_request_total",
        "span GET /",
    ];
    let mut names = names_in(&file);
    names.dedup();
    assert_eq!(names, expected, "{log}");
}

#[tokio::test]
async fn the_scrape_configuration_sends_what_targets_show() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let (back_end, _, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let metrics = free_address();
    let targets = directory.path().join("shop.yaml");
    std::fs::write(&targets, format!("- targets: ['{metrics}']\n  labels: {{path: /metrics, team: shop}}\n"))
        .unwrap();
    let scraper = Launch::of_pipelines("scrape.yaml", directory.path())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("TARGET_FILES", directory.path().join("*.yaml").display())
        .env("SCRAPE_INTERVAL", "500ms")
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .start(directory.path(), "scraper")
        .await;
    let of_job = |job: &'static str| {
        move |found: &Scraped| found.job == job && found.metric == "up" && found.point["asDouble"] == json!(1)
    };
    wait_for(&file, of_job("weir")).await;
    let found = wait_for(&file, of_job("files")).await;
    let labels = found.labels.into_iter().collect::<Vec<_>>();
    assert_eq!(labels, [("team".to_owned(), "shop".to_owned())]);
    scraper.stop().await;
    back_end.stop().await;
}

#[tokio::test]
async fn the_tls_configuration_asks_for_certificates_and_shows_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let (grpc, http) = (free_address(), free_address());

    // Two authorities, so that each side is seen to trust the right one.
    let (applications, servers) = (Authority::new(), Authority::new());
    let (certificate, key) = servers.issue(&[grpc.ip(), http.ip()]).write(directory, "weir");
    let ca_of_applications = applications.write(directory, "applications-ca.crt");
    let ca_of_servers = servers.write(directory, "servers-ca.crt");

    let (back_end, back_end_grpc, back_end_http) =
        start_back_end(directory, &file, |mut launch, addresses| {
            for (protocol, address) in ["grpc", "http"].into_iter().zip(addresses) {
                let (certificate, key) = servers.issue(&[address.ip()]).write(directory, protocol);
                let tls = format!("receivers.otlp.protocols.{protocol}.tls");
                launch = launch
                    .set(&format!("{tls}.cert_file={}", certificate.display()))
                    .set(&format!("{tls}.key_file={}", key.display()))
                    .set(&format!("{tls}.client_ca_file={}", ca_of_servers.display()));
            }
            launch
        })
        .await;
    let weir = Launch::of_pipelines("tls.yaml", directory)
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_TLS_CERT", certificate.display())
        .env("WEIR_TLS_KEY", key.display())
        .env("WEIR_TLS_CLIENT_CA", ca_of_applications.display())
        .env("BACKEND_TLS_CA", ca_of_servers.display())
        .env("BACKEND_GRPC_ENDPOINT", back_end_grpc)
        .env("BACKEND_HTTP_ENDPOINT", format!("https://{back_end_http}"))
        .set(&own_metrics_at(free_address()))
        .start(directory, "weir")
        .await;

    let application = applications.issue(&[Ipv4Addr::LOCALHOST.into()]);
    let stranger = servers.issue(&[Ipv4Addr::LOCALHOST.into()]);
    assert!(servers.grpc_is_refused(grpc, None).await, "an application without a certificate is refused");
    assert!(servers.grpc_is_refused(grpc, Some(&stranger)).await, "another authority's is refused");
    send_over_grpc(servers.grpc(grpc, Some(&application)).await.unwrap(), "over gRPC").await;
    send_over_http(servers.http(http, &application).await, "over HTTP").await;
    let log_of_weir = weir.stop().await;
    back_end.stop().await;
    assert_eq!(names_in(&file), SENT, "{log_of_weir}");
}

/// Starts pipelines/red-metrics.yaml before a back end, with a short interval and `more` settings, and returns it with its
/// address for HTTP.
pub async fn start_red_metrics(
    directory: &Path,
    back_end_http: SocketAddr,
    more: impl FnOnce(Launch) -> Launch,
) -> (WeirProcess, SocketAddr) {
    let (http, metrics) = (free_address(), free_address());
    let launch = Launch::of_pipelines("red-metrics.yaml", directory)
        .env("WEIR_GRPC_ENDPOINT", free_address())
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .env("RED_INTERVAL", "1s");
    (more(launch).start(directory, "weir").await, http)
}

/// Starts pipelines/file.yaml, with `more` settings, and returns it with its addresses for gRPC and HTTP.
pub async fn start_back_end(
    directory: &Path,
    file: &Path,
    more: impl FnOnce(Launch, [SocketAddr; 2]) -> Launch,
) -> (WeirProcess, SocketAddr, SocketAddr) {
    let (grpc, http, metrics) = (free_address(), free_address(), free_address());
    let launch = Launch::of_pipelines("file.yaml", directory)
        .env("WEIR_FILE", file.display())
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port());
    (more(launch, [grpc, http]).start(directory, "back-end").await, grpc, http)
}

/// A configuration with its usual addresses moved; it takes OTLP over HTTP at `http`.
fn launch(config: &str, directory: &Path, http: SocketAddr) -> Launch {
    let metrics = free_address();
    Launch::of_pipelines(config, directory)
        .env("WEIR_GRPC_ENDPOINT", free_address())
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
}

/// Looks again and again, for a minute at most.
async fn wait_until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _look in 0..3000 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not so: {what}");
}

/// Sends each signal over each protocol, in plain text.
async fn feed(grpc: SocketAddr, http: SocketAddr) {
    let channel: Channel = Endpoint::from_shared(format!("http://{grpc}")).unwrap().connect().await.unwrap();
    send_over_grpc(channel, "over gRPC").await;
    send_over_http(TcpStream::connect(http).await.unwrap(), "over HTTP").await;
}

/// The setting that moves Weir's own metrics.
fn own_metrics_at(address: SocketAddr) -> String {
    let (host, port) = (address.ip(), address.port());
    format!(
        "service.telemetry.metrics.readers=[{{pull: {{exporter: {{prometheus: {{host: {host}, port: {port}}}}}}}}}]"
    )
}
