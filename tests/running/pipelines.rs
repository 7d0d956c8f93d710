//! Every ready configuration in `pipelines/` starts, and what applications send to it arrives.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

use crate::certificates::Authority;
use crate::received::{data_points_of, descend, names_in};
use crate::send::{post_json, send_over_grpc, send_over_http};
use crate::weir_process::{Launch, WeirProcess, free_address, pipelines_directory};

/// The files that have a test below.
const TESTED: [&str; 15] = [
    "agent-logs.yaml",
    "agent.yaml",
    "default.yaml",
    "dimension-filter.yaml",
    "file.yaml",
    "gateway.yaml",
    "jaeger.yaml",
    "loki.yaml",
    "persistent-queue.yaml",
    "prometheus-remote-write.yaml",
    "red-metrics.yaml",
    "stack.yaml",
    "tempo.yaml",
    "tls.yaml",
    "victorialogs.yaml",
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
async fn without_a_configuration_it_says_what_to_do_and_shows_what_arrives() {
    let directory = tempfile::tempdir().unwrap();
    let (grpc, http, metrics) = (free_address(), free_address(), free_address());
    let weir = Launch::of_binary(directory.path())
        .set(&format!("receivers.otlp.protocols.grpc.endpoint={grpc}"))
        .set(&format!("receivers.otlp.protocols.http.endpoint={http}"))
        .set(&format!("extensions.health_check.endpoint={}", free_address()))
        .set(&own_metrics_at(metrics));
    let mut weir = weir.start(directory.path(), "weir").await;
    weir.wait_for_log("export OTEL_EXPORTER_OTLP_ENDPOINT=").await;
    for said in [
        "running the built-in pipelines/default.yaml".to_owned(),
        format!("Listening for OTLP on {grpc} (gRPC) and {http} (HTTP)."),
        "What arrives is shown in this log.".to_owned(),
        format!("Own metrics are on http://{metrics}/metrics."),
        format!("An application needs one line: export OTEL_EXPORTER_OTLP_ENDPOINT=http://{http}"),
    ] {
        assert!(weir.log().contains(&said), "{said}\n{}", weir.log());
    }

    feed(grpc, http).await;
    let log = weir.stop().await;
    // In the words of exporter `debug`: a span's name and ids, a point's metric and value, a log's body.
    for protocol in ["over gRPC", "over HTTP"] {
        let lines_with = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        assert_eq!(lines_with(&format!("{protocol} 01010101010101010101010101010101 0202020202020202")), 1);
        assert_eq!(lines_with(&format!("{protocol}{{}} 1")), 1);
        assert_eq!(lines_with(protocol), 3, "{log}");
    }
}

#[tokio::test]
async fn the_default_configuration_is_the_one_built_in() {
    let directory = tempfile::tempdir().unwrap();
    let (grpc, http) = (free_address(), free_address());
    let weir = Launch::of_pipelines("default.yaml", directory.path())
        .set(&format!("receivers.otlp.protocols.grpc.endpoint={grpc}"))
        .set(&format!("receivers.otlp.protocols.http.endpoint={http}"))
        .set(&format!("extensions.health_check.endpoint={}", free_address()))
        .set(&own_metrics_at(free_address()));
    let weir = weir.start(directory.path(), "weir").await;
    feed(grpc, http).await;
    let log = weir.stop().await;
    assert_eq!(log.matches("over gRPC").count(), 3, "{log}");
    assert!(!log.contains("built-in"), "{log}");
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
async fn the_log_agent_reads_containers_and_nginx() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir_all(at("containers/0a1b")).unwrap();
    std::fs::create_dir(at("nginx")).unwrap();
    let docker_line = r#"{"log":"a line\n","stream":"stderr","time":"2026-01-02T03:04:05.678901234Z"}"#;
    std::fs::write(at("containers/0a1b/0a1b-json.log"), format!("{docker_line}\n")).unwrap();
    let line = r#"{"time":"2026-01-02T03:04:05+01:00","method":"GET","path":"/","status":"503"}"#;
    std::fs::write(at("nginx/access.log"), format!("{line}\n")).unwrap();
    let file = at("telemetry.jsonl");
    let (back_end, _, back_end_http) =
        start_back_end(directory.path(), &file, |launch, _addresses| launch).await;
    let metrics = free_address();
    let agent = Launch::of_pipelines("agent-logs.yaml", directory.path())
        .env("WEIR_STORAGE_DIRECTORY", at("storage").display())
        .env("WEIR_CONTAINER_LOGS", at("containers").display())
        .env("WEIR_NGINX_LOGS", at("nginx").display())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("BACKEND_HTTP_ENDPOINT", format!("http://{back_end_http}"))
        .start(directory.path(), "agent")
        .await;
    let records = wait_for_log_records(&file, 2).await;
    agent.stop().await;
    back_end.stop().await;
    let container = records.iter().find(|record| record["body"]["stringValue"] == "a line\n").unwrap();
    assert_eq!(container["timeUnixNano"], "1767323045678901234");
    let nginx = records.iter().find(|record| record["body"]["stringValue"] == line).unwrap();
    assert_eq!(nginx["timeUnixNano"], "1767319445000000000");
    assert_eq!(nginx["severityNumber"], 17);
    let attributes = nginx["attributes"].as_array().unwrap();
    assert!(attributes.contains(&json!({"key": "path", "value": {"stringValue": "/"}})), "{attributes:?}");
}

/// The log records in the back end's file once there are so many.
async fn wait_for_log_records(file: &Path, count: usize) -> Vec<serde_json::Value> {
    for _look in 0..1500 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // The last line may be half written.
        let requests = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        let records: Vec<serde_json::Value> = requests
            .flat_map(|request: serde_json::Value| {
                descend(&request, &["resourceLogs", "scopeLogs", "logRecords"])
                    .into_iter()
                    .cloned()
                    .collect::<Vec<_>>()
            })
            .collect();
        if records.len() >= count {
            return records;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {count} log records arrive");
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
async fn the_jaeger_configuration_sends_traces_over_grpc() {
    a_configuration_sends_to_its_store("jaeger.yaml", "traces", "JAEGER_ENDPOINT", None).await;
}

#[tokio::test]
async fn the_tempo_configuration_sends_traces_over_grpc() {
    a_configuration_sends_to_its_store("tempo.yaml", "traces", "TEMPO_ENDPOINT", None).await;
}

#[tokio::test]
async fn the_loki_configuration_sends_logs_to_its_path() {
    let path = Some("/otlp/v1/logs");
    a_configuration_sends_to_its_store("loki.yaml", "logs", "LOKI_ENDPOINT", path).await;
}

#[tokio::test]
async fn the_victorialogs_configuration_sends_logs_to_its_path() {
    let path = Some("/insert/opentelemetry/v1/logs");
    a_configuration_sends_to_its_store("victorialogs.yaml", "logs", "VICTORIALOGS_ENDPOINT", path).await;
}

/// tests/running/remote_write.rs has real stores.
#[tokio::test]
async fn the_remote_write_configuration_writes_series_with_their_resource() {
    let directory = tempfile::tempdir().unwrap();
    let store = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (http, metrics) = (free_address(), free_address());
    let weir = Launch::of_pipelines("prometheus-remote-write.yaml", directory.path())
        .env("WEIR_GRPC_ENDPOINT", free_address())
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("REMOTE_WRITE_ENDPOINT", format!("http://{}/api/v1/write", store.local_addr().unwrap()))
        .start(directory.path(), "weir")
        .await;
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let resource =
        json!({"attributes": [attribute("service.name", "cart"), attribute("k8s.namespace.name", "shop")]});
    let point = json!({"timeUnixNano": "1700000000000000000", "asInt": "3"});
    let sum = json!({"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [point]});
    let group =
        json!({"resource": resource, "scopeMetrics": [{"metrics": [{"name": "orders", "sum": sum}]}]});
    post_json(TcpStream::connect(http).await.unwrap(), "/v1/metrics", &json!({"resourceMetrics": [group]}))
        .await;
    let (head, body) = answer_one_request(store).await;
    weir.stop().await;
    assert!(head.starts_with("POST /api/v1/write HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("x-prometheus-remote-write-version: 0.1.0\r\n"), "{head}");
    let body = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    let labels = ["__name__\x12\x0corders_total", "job\x12\x04cart", "k8s_namespace_name\x12\x04shop"];
    let text = String::from_utf8_lossy(&body);
    assert!(labels.iter().all(|label| text.contains(label)), "{text:?}");
}

/// Takes one request with a known length and answers 204. Returns its head and its body.
async fn answer_one_request(listener: tokio::net::TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0, "the request is cut off");
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(request[..end + 2].to_vec()).unwrap();
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        if request.len() < end + 4 + length.parse::<usize>().unwrap() {
            continue;
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
        return (head, request[end + 4..].to_vec());
    }
}

#[tokio::test]
async fn the_agent_configuration_sends_how_the_host_is_and_what_its_logs_say() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let (gateway, gateway_grpc, _) = start_back_end(directory, &file, |launch, _addresses| launch).await;
    let log_file = directory.join("shop.log");
    std::fs::write(&log_file, "starting\nno sugar left\n").unwrap();
    let metrics = free_address();
    let agent = Launch::of_pipelines("agent.yaml", directory)
        .env("GATEWAY_ENDPOINT", gateway_grpc)
        .env("HOST_NAME", "box")
        .env("HOST_METRICS_INTERVAL", "1s")
        .env("LOG_FILES", log_file.display())
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .start(directory, "agent")
        .await;
    wait_until_file_has(&file, &["starting", "no sugar left", "system.memory.usage"]).await;
    let log = agent.stop().await;
    gateway.stop().await;

    let text = std::fs::read_to_string(&file).unwrap();
    let host_name = json!({"key": "host.name", "value": {"stringValue": "box"}}).to_string();
    assert!(text.lines().all(|line| line.contains(&host_name)), "{log}\n{text}");
}

#[tokio::test]
async fn the_stack_configuration_puts_each_signal_where_it_is_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let at_path = "receivers.otlp.protocols.http.logs_url_path=/insert/opentelemetry/v1/logs";
    let (stores, stores_grpc, stores_http) =
        start_back_end(directory, &file, |launch, _addresses| launch.set(at_path)).await;
    let [grpc, http, page, metrics] = [(); 4].map(|()| free_address());
    let weir = Launch::of_pipelines("stack.yaml", directory)
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_PROMETHEUS_ENDPOINT", page)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env("JAEGER_ENDPOINT", stores_grpc)
        .env("VICTORIALOGS_ENDPOINT", format!("http://{stores_http}"))
        .env("RED_INTERVAL", "100ms")
        .start(directory, "weir")
        .await;
    feed(grpc, http).await;
    for name in ["\nover_gRPC", "\nover_HTTP", "\ntraces_span_metrics_calls_total"] {
        wait_until(&format!("{name:?} is on the page"), async || page_of(page).await.contains(name)).await;
    }
    let log = weir.stop().await;
    stores.stop().await;
    let expected = ["log over HTTP", "log over gRPC", "span over HTTP", "span over gRPC"];
    assert_eq!(names_in(&file), expected, "{log}");
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

/// Starts a configuration for a store of one signal before a back end that stands for it, and feeds it. `path` is where the
/// store takes OTLP over HTTP; without one it takes OTLP over gRPC. tests/sdk_clients/backends.rs has real stores.
async fn a_configuration_sends_to_its_store(
    config: &str,
    signal: &str,
    endpoint_variable: &str,
    path: Option<&str>,
) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("telemetry.jsonl");
    let listen_at_path = |launch: Launch, _addresses| match path {
        Some(path) => launch.set(&format!("receivers.otlp.protocols.http.logs_url_path={path}")),
        None => launch,
    };
    let (store, store_grpc, store_http) = start_back_end(directory.path(), &file, listen_at_path).await;
    let store_address = path.map_or_else(|| store_grpc.to_string(), |_| format!("http://{store_http}"));
    let (http, metrics) = (free_address(), free_address());
    let weir = Launch::of_pipelines(config, directory.path())
        .env("WEIR_GRPC_ENDPOINT", free_address())
        .env("WEIR_HTTP_ENDPOINT", http)
        .env("WEIR_HEALTH_ENDPOINT", free_address())
        .env("WEIR_METRICS_HOST", metrics.ip())
        .env("WEIR_METRICS_PORT", metrics.port())
        .env(endpoint_variable, store_address)
        .start(directory.path(), "weir")
        .await;
    let (path, request, name) = match signal {
        "traces" => {
            let span = json!({"traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "name": "GET /"});
            ("/v1/traces", json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}), "span GET /")
        }
        _ => {
            let record = json!({"timeUnixNano": "1700000000000000000", "body": {"stringValue": "ready"}});
            ("/v1/logs", json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}), "log ready")
        }
    };
    post_json(TcpStream::connect(http).await.unwrap(), path, &request).await;
    let log = weir.stop().await;
    store.stop().await;
    assert_eq!(names_in(&file), [name], "{log}");
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

async fn wait_until_file_has(file: &Path, texts: &[&str]) {
    let has_all = || {
        let found = std::fs::read_to_string(file).unwrap_or_default();
        texts.iter().all(|text| found.contains(text))
    };
    wait_until(&format!("{texts:?} are in {}", file.display()), async || has_all()).await;
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

/// The metrics shown at an address.
async fn page_of(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
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
