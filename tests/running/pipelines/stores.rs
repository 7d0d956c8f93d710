//! The ready configurations for stores. What stands for a store here is Weir with pipelines/file.yaml, or a socket;
//! tests/sdk_clients/backends.rs and `compose::processes` have real ones.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{feed, launch, start_back_end, wait_until};
use crate::received::names_in;
use crate::send::post_json;
use crate::weir_process::{Launch, free_address};

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

#[tokio::test]
async fn the_zipkin_configuration_posts_spans() {
    let directory = tempfile::tempdir().unwrap();
    let store = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = free_address();
    let weir = launch("zipkin.yaml", directory.path(), http)
        .env("ZIPKIN_ENDPOINT", format!("http://{}", store.local_addr().unwrap()))
        .start(directory.path(), "weir")
        .await;
    post_json(TcpStream::connect(http).await.unwrap(), "/v1/traces", &one_span()).await;
    let (head, _body) = answer_one_request(store).await;
    weir.stop().await;
    assert!(head.starts_with("POST /api/v2/spans HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn the_prometheus_configuration_shows_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let [grpc, http, page] = [(); 3].map(|()| free_address());
    let weir = launch("prometheus.yaml", directory.path(), http)
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_PROMETHEUS_ENDPOINT", page)
        .start(directory.path(), "weir")
        .await;
    // Each says what was counted since the other.
    for [start, end] in [[1, 2], [2, 3]] {
        let nanoseconds = |second: u64| format!("{}", (1_700_000_000 + second) * 1_000_000_000);
        let point =
            json!({"startTimeUnixNano": nanoseconds(start), "timeUnixNano": nanoseconds(end), "asInt": "3"});
        let sum = json!({"isMonotonic": true, "aggregationTemporality": 1, "dataPoints": [point]});
        let metric = json!({"name": "shop.orders", "unit": "{order}", "sum": sum});
        let service = json!({"key": "service.name", "value": {"stringValue": "shop"}});
        let resource =
            json!({"resource": {"attributes": [service]}, "scopeMetrics": [{"metrics": [metric]}]});
        let request = json!({"resourceMetrics": [resource]});
        post_json(TcpStream::connect(http).await.unwrap(), "/v1/metrics", &request).await;
    }
    let orders = "\nshop_orders_total{job=\"shop\"} 6\n";
    wait_until("the page says 6 orders", async || page_of(page).await.contains(orders)).await;
    weir.stop().await;
}

/// tests/running/remote_write.rs has real stores.
#[tokio::test]
async fn the_remote_write_configuration_writes_series_with_their_resource() {
    let directory = tempfile::tempdir().unwrap();
    let store = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = free_address();
    let weir = launch("prometheus-remote-write.yaml", directory.path(), http)
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
async fn answer_one_request(listener: TcpListener) -> (String, Vec<u8>) {
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
async fn the_stack_configuration_puts_each_signal_where_it_is_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = directory.join("telemetry.jsonl");
    let at_path = "receivers.otlp.protocols.http.logs_url_path=/insert/opentelemetry/v1/logs";
    let (stores, stores_grpc, stores_http) =
        start_back_end(directory, &file, |launch, _addresses| launch.set(at_path)).await;
    let [grpc, http, page] = [(); 3].map(|()| free_address());
    let weir = launch("stack.yaml", directory, http)
        .env("WEIR_GRPC_ENDPOINT", grpc)
        .env("WEIR_PROMETHEUS_ENDPOINT", page)
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

/// Starts a configuration for a store of one signal before a back end that stands for it, and feeds it. `path` is where the
/// store takes OTLP over HTTP; without one it takes OTLP over gRPC.
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
    let http = free_address();
    let weir = launch(config, directory.path(), http)
        .env(endpoint_variable, store_address)
        .start(directory.path(), "weir")
        .await;
    let (path, request, name) = match signal {
        "traces" => ("/v1/traces", one_span(), "span GET /"),
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

/// A request with one span, `GET /`.
fn one_span() -> serde_json::Value {
    let span = json!({"traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "name": "GET /",
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000"});
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
}

/// The metrics shown at an address.
async fn page_of(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}
