//! What a running Weir says of itself: its metrics page, its log lines, its health page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::weir_process::{Launch, WeirProcess};

#[tokio::test]
async fn what_was_received_is_sent_queued_or_dropped_for_a_reason() {
    let backend = Backend::start().await;
    let weir = Weir::start(&configuration(&backend.address)).await;
    let mut client = TraceServiceClient::connect(format!(
        "http://{}",
        weir.address("Starting GRPC server", "endpoint").await
    ))
    .await
    .unwrap();
    for count in [2, 3, 5, 7] {
        client.export(spans(count)).await.unwrap();
    }

    let stuck = weir.metrics_once(|metrics| dropped(metrics) == 3.0 && backend.requests() == 3).await;
    assert_eq!(accepted(&stuck), 17.0);
    assert_eq!((sent(&stuck), queued(&stuck), dropped(&stuck)), (2.0, 12.0, 3.0));
    assert_eq!(accepted(&stuck), sent(&stuck) + queued(&stuck) + dropped(&stuck));
    assert_eq!(
        value(&stuck, r#"otelcol_exporter_in_flight_requests{data_type="traces",exporter="otlp/backend"}"#),
        1.0
    );
    assert_eq!(
        value(&stuck, r#"otelcol_exporter_queue_capacity{data_type="traces",exporter="otlp/backend"}"#),
        100.0
    );
    assert!(value(&stuck, "weir_bytes_in_flight") > 0.0);

    backend.release();
    let drained = weir.metrics_once(|metrics| queued(metrics) == 0.0).await;
    assert_eq!((sent(&drained), dropped(&drained)), (14.0, 3.0));
    assert_eq!(accepted(&drained), sent(&drained) + dropped(&drained));
    let edge = r#"{otel_signal="traces",outcome="success",receiver="otlp"}"#;
    assert_eq!(value(&drained, &format!("otelcol_receiver_produced_items{edge}")), 17.0);

    let (_, status) = get(&weir.address("Serving metrics", "address").await, "/status").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["receiver:otlp"], json!({"status": "ok", "last_error": null}));
    assert_eq!(status["exporter:otlp/backend"]["status"], "ok");
    assert_eq!(
        status["exporter:otlp/backend"]["last_error"],
        "rpc error: code = InvalidArgument desc = not these"
    );

    let line = weir.line("Exporting failed. Dropping data.").await;
    assert_eq!(line["level"], "error");
    assert_eq!(line["otelcol.component.id"], "otlp/backend");
    assert_eq!(line["otelcol.component.kind"], "exporter");
    assert_eq!(line["otelcol.signal"], "traces");
    assert_eq!(line["reason"], "permanent");
    assert_eq!(line["dropped_items"], 3);
    assert_eq!(line["error"], "not retryable error: rpc error: code = InvalidArgument desc = not these");
    assert_eq!(line["resource"]["service.name"], "weir");
}

#[tokio::test]
async fn the_page_has_the_collectors_names_and_health_follows_the_pipelines() {
    let backend = Backend::start().await;
    let weir = Weir::start(&configuration(&backend.address)).await;
    weir.line("Everything is ready. Begin running and processing data.").await;

    let metrics = weir.metrics_once(|_| true).await;
    for name in [
        "otelcol_process_uptime",
        "otelcol_process_cpu_seconds",
        "otelcol_process_memory_rss",
        r#"otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"}"#,
        r#"otelcol_receiver_refused_spans{receiver="otlp",transport="grpc"}"#,
        r#"otelcol_exporter_sent_spans{exporter="otlp/backend"}"#,
        r#"otelcol_exporter_send_failed_spans{exporter="otlp/backend"}"#,
        r#"otelcol_exporter_enqueue_failed_spans{exporter="otlp/backend"}"#,
        r#"otelcol_exporter_queue_size{data_type="traces",exporter="otlp/backend"}"#,
    ] {
        assert!(metrics.contains_key(name), "{name} is not among {:?}", metrics.keys());
    }
    assert!(value(&metrics, "otelcol_process_memory_rss") > 1e6);

    let health = weir.address("Starting health_check extension", "endpoint").await;
    let (status, body) = get(&health, "/").await;
    assert_eq!(status, 200);
    assert!(body.starts_with(r#"{"status":"Server available","upSince":""#), "{body}");

    let server = weir.line("Starting GRPC server").await;
    assert_eq!(server["otelcol.component.id"], "otlp");
    assert_eq!(server["otelcol.component.kind"], "receiver");
}

fn configuration(backend: &str) -> String {
    format!(
        r#"
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:0"}}
exporters:
  otlp/backend:
    endpoint: {backend}
    tls: {{insecure: true}}
    timeout: 0s
    sending_queue: {{sizer: items, num_consumers: 1, queue_size: 100}}
extensions:
  health_check: {{endpoint: "127.0.0.1:0"}}
service:
  extensions: [health_check]
  telemetry:
    logs: {{encoding: json}}
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 127.0.0.1
                port: 0
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp/backend]}}
"#
    )
}

fn spans(count: usize) -> ExportTraceServiceRequest {
    let spans = vec![Span { trace_id: vec![1; 16], span_id: vec![2; 8], ..Span::default() }; count];
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

type Metrics = BTreeMap<String, f64>;

fn value(metrics: &Metrics, series: &str) -> f64 {
    *metrics.get(series).unwrap_or_else(|| panic!("{series} is not among {:?}", metrics.keys()))
}

fn accepted(metrics: &Metrics) -> f64 {
    value(metrics, r#"otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"}"#)
}

fn sent(metrics: &Metrics) -> f64 {
    value(metrics, r#"otelcol_exporter_sent_spans{exporter="otlp/backend"}"#)
}

fn queued(metrics: &Metrics) -> f64 {
    value(metrics, r#"otelcol_exporter_queue_size{data_type="traces",exporter="otlp/backend"}"#)
}

/// Over every reason.
fn dropped(metrics: &Metrics) -> f64 {
    let of_drops = |(series, _): &(&String, &f64)| series.starts_with("weir_dropped_items{");
    metrics.iter().filter(of_drops).map(|(_, value)| value).sum()
}

/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{what} did not happen"))
}

/// The status and the body of a GET.
async fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A running Weir whose log lines are JSON.
struct Weir {
    process: WeirProcess,
    _folder: tempfile::TempDir,
}

impl Weir {
    async fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let launch = Launch::of_text(configuration, folder.path());
        Self { process: launch.start(folder.path(), "weir").await, _folder: folder }
    }

    /// The first line with this message.
    async fn line(&self, message: &str) -> Value {
        let find = async || {
            let text = self.process.log();
            let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["msg"] == message)
        };
        eventually(&format!("the log line {message:?}"), find).await
    }

    /// The address a line tells in one of its fields.
    async fn address(&self, message: &str, field: &str) -> String {
        self.line(message).await[field].as_str().unwrap().to_owned()
    }

    /// The metrics page as soon as it shows what is waited for.
    async fn metrics_once(&self, shows: impl Fn(&Metrics) -> bool) -> Metrics {
        let address = self.address("Serving metrics", "address").await;
        let find = async || {
            let (status, page) = get(&address, "/metrics").await;
            assert_eq!(status, 200);
            let samples = page.lines().filter(|line| !line.starts_with('#'));
            let sample = |line: &str| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            };
            let metrics: Metrics = samples.map(sample).collect();
            shows(&metrics).then_some(metrics)
        };
        eventually("what the metrics should show", find).await
    }
}

/// An OTLP back end that takes the first request, refuses the second for good, and answers the others only
/// once it is released.
struct Backend {
    address: String,
    requests: Arc<AtomicUsize>,
    released: watch::Sender<bool>,
}

struct Answers {
    requests: Arc<AtomicUsize>,
    released: watch::Receiver<bool>,
}

impl Backend {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (released, receiver) = watch::channel(false);
        let requests = Arc::new(AtomicUsize::new(0));
        let answers = Answers { requests: Arc::clone(&requests), released: receiver };
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let server = tonic::transport::Server::builder()
            .add_service(
                TraceServiceServer::new(answers).accept_compressed(tonic::codec::CompressionEncoding::Gzip),
            )
            .serve_with_incoming(incoming);
        tokio::spawn(server);
        Self { address, requests, released }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn release(&self) {
        self.released.send_replace(true);
    }
}

#[tonic::async_trait]
impl TraceService for Answers {
    async fn export(
        &self,
        _request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        match self.requests.fetch_add(1, Ordering::SeqCst) {
            0 => {}
            1 => return Err(Status::invalid_argument("not these")),
            _ => {
                self.released.clone().wait_for(|released| *released).await.unwrap();
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
