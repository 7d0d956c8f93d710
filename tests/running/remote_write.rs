//! The exporter `prometheus_remote_write` in front of real stores. Needs `tests/tools/prometheus/install`.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::prometheus::{corpus, start_prometheus, value};
use crate::send::post_json;
use crate::weir_process::{Launch, free_address};

#[tokio::test]
async fn what_is_written_answers_queries() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let otlp = free_address();
    let (prometheus, api) = start_prometheus(directory, &[]).await;
    let config = format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
exporters:
  prometheusremotewrite: {{endpoint: 'http://{api}/api/v1/write', external_labels: {{region: north}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheusremotewrite]}}
"
    );
    let weir = Launch::of_text(&config, directory).start(directory, "weir").await;
    post_json(TcpStream::connect(otlp).await.unwrap(), "/v1/metrics", &corpus()).await;

    assert_eq!(wait_for(api, "clash{region=\"north\",job=\"shop/cart\"}").await, 1.0);
    let quantile = "histogram_quantile(0.5, shape_0_histogram_seconds_bucket{set=\"0\"})";
    assert_eq!(wait_for(api, quantile).await, 1.0);
    assert_eq!(wait_for(api, "target_info{job=\"shop/cart\",instance=\"i-1\"}").await, 1.0);
    drop(prometheus);
    weir.stop().await;
}

/// The value of an expression, once there is one.
async fn wait_for(api: SocketAddr, expression: &str) -> f64 {
    for _look in 0..600 {
        if TcpStream::connect(api).await.is_ok()
            && let Some(value) = value(api, expression).await
        {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{expression} has no value");
}
