//! The health page over HTTP, as a load balancer's probe asks for it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::config::{Checking, ConfigValue};
use crate::otlp::Signal;
use crate::pipeline::testing::settings;

fn extension(config: HealthCheckConfig) -> HealthCheck {
    let settings = Settings { signal: None, ..settings("health_check", Signal::Logs) };
    let span = component_span(&settings, "extension");
    let config = Arc::new(config);
    HealthCheck { config, settings, span, health: Arc::default(), server: Default::default() }
}

fn on_free_port() -> HealthCheckConfig {
    HealthCheckConfig { endpoint: "127.0.0.1:0".to_owned(), ..HealthCheckConfig::default() }
}

async fn address(extension: &HealthCheck) -> String {
    extension.server.lock().await.as_ref().unwrap().address().to_owned()
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

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

const UNAVAILABLE: &str = r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;

#[tokio::test]
async fn the_page_follows_the_pipelines() {
    let extension = extension(on_free_port());
    extension.start(&Host::default()).await.unwrap();
    let address = address(&extension).await;
    assert_eq!(get(&address, "/").await, (503, UNAVAILABLE.to_owned()));

    extension.pipelines_ready();
    let (status, body) = get(&address, "/any/path").await;
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["status"], "Server available");
    assert!(body["upSince"].as_str().unwrap().ends_with('Z'), "{body}");
    GoDuration::parse(body["uptime"].as_str().unwrap()).unwrap();

    extension.pipelines_stopping();
    assert_eq!(get(&address, "/").await, (503, UNAVAILABLE.to_owned()));
    extension.shutdown(deadline()).await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn the_path_and_the_words_may_be_chosen() {
    let words = ResponseBodyConfig { healthy: "fine".to_owned(), unhealthy: "not yet".to_owned() };
    let config = HealthCheckConfig {
        path: "/health".to_owned(),
        response_body: Optional::on(words),
        ..on_free_port()
    };
    let extension = extension(config);
    extension.start(&Host::default()).await.unwrap();
    let address = address(&extension).await;
    assert_eq!(get(&address, "/health").await, (503, "not yet".to_owned()));
    extension.pipelines_ready();
    assert_eq!(get(&address, "/health").await, (200, "fine".to_owned()));
    assert_eq!(get(&address, "/health/more").await, (404, "404 page not found\n".to_owned()));
    extension.shutdown(deadline()).await;
}

#[tokio::test]
async fn a_taken_port_is_said_in_gos_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = taken.local_addr().unwrap().to_string();
    let extension = extension(HealthCheckConfig { endpoint: endpoint.clone(), ..on_free_port() });
    let error = extension.start(&Host::default()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "failed to bind to address {endpoint}: listen tcp {endpoint}: bind: address already in use. \
             Another program listens there: end it, or set another `endpoint`"
        )
    );
}

#[test]
fn a_path_begins_with_a_slash() {
    let mut checking = Checking::default();
    HealthCheckConfig { path: "health".to_owned(), ..HealthCheckConfig::default() }.check(&mut checking);
    let errors = checking.into_errors();
    assert_eq!(errors[0].field.as_deref(), Some("path"));
    assert_eq!(errors[0].message, "path must start with /");
}
