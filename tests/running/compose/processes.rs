//! The services of the compose file as processes: the same configurations, the same environment, only the addresses and
//! paths of the containers replaced. Needs `tests/tools/sample-app/install`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::dockerfile::Dockerfile;
use super::file::{Compose, Service};
use super::root;
use crate::received::names_in;
use crate::weir_process::{Launch, WeirProcess, free_address};

#[tokio::test]
async fn the_services_work_together() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let compose = Compose::read();
    let mut containers =
        Containers { replacements: vec![("/data".to_owned(), directory.display().to_string())] };

    let health_of_back_end = free_address();
    containers.listens(&compose, "backend", &[4317, 4318]);
    containers.replace("localhost:13133", health_of_back_end);
    let back_end = containers.start_weir(&compose.services["backend"], Vec::new(), directory).await;

    // The gateway listens where its configuration says by default; here each default has to give way.
    let [grpc, health, metrics] = [free_address(), free_address(), free_address()];
    let http = containers.listens(&compose, "gateway", &[4318])[0];
    let moved = vec![
        ("WEIR_GRPC_ENDPOINT", grpc.to_string()),
        ("WEIR_HTTP_ENDPOINT", http.to_string()),
        ("WEIR_HEALTH_ENDPOINT", health.to_string()),
        ("WEIR_METRICS_HOST", metrics.ip().to_string()),
        ("WEIR_METRICS_PORT", metrics.port().to_string()),
    ];
    let gateway = containers.start_weir(&compose.services["gateway"], moved, directory).await;
    assert!(is_healthy(health).await, "{}", gateway.log());
    assert!(is_healthy(health_of_back_end).await, "{}", back_end.log());

    let (application, shop) = containers.start_application(&compose.services["sample-app"]).await;
    assert_eq!(get(shop, "/order/tea").await, 200);
    assert_eq!(get(shop, "/order/moonlight").await, 404);
    stop_application(application).await;
    gateway.stop().await;
    assert!(!is_healthy(health).await);
    let log = back_end.stop().await;

    let file = directory.join("telemetry.jsonl");
    let names = names_in(&file);
    for name in [
        "span GET /order/{item}",
        "span check stock",
        "metric shop.orders",
        "metric http.server.request.duration",
        "log ordered tea",
        "log no such item: moonlight",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} did not arrive\n{names:?}\n{log}");
    }
    let traces_of_spans = trace_ids(&file, "/resourceSpans/0/scopeSpans/0/spans");
    let traces_of_logs = trace_ids(&file, "/resourceLogs/0/scopeLogs/0/logRecords");
    assert!(traces_of_logs.iter().all(|trace| traces_of_spans.contains(trace)), "{traces_of_logs:?}");
}

/// What stands for containers' addresses and paths.
struct Containers {
    replacements: Vec<(String, String)>,
}

impl Containers {
    /// Gives ports of a service addresses on this machine, for the service itself and for those that send to it.
    fn listens(&mut self, compose: &Compose, name: &str, ports: &[u16]) -> Vec<SocketAddr> {
        assert!(compose.services.contains_key(name));
        let listen = |port: &u16| {
            let address = free_address();
            self.replace(&format!("{name}:{port}"), address);
            self.replace(&format!("0.0.0.0:{port}"), address);
            address
        };
        ports.iter().map(listen).collect()
    }

    fn replace(&mut self, text: &str, address: SocketAddr) {
        self.replacements.push((text.to_owned(), address.to_string()));
    }

    fn environment(&self, service: &Service) -> Vec<(String, String)> {
        let replaced = |value: &String| {
            self.replacements.iter().fold(value.clone(), |value, (from, to)| value.replace(from, to))
        };
        service.environment.iter().map(|(name, value)| (name.clone(), replaced(value))).collect()
    }

    async fn start_weir(
        &self,
        service: &Service,
        more: Vec<(&str, String)>,
        directory: &Path,
    ) -> WeirProcess {
        let config = root().join(service.mounted_at("/etc/weir/config.yaml"));
        let mut launch = Launch::of_file(&config, directory);
        for (name, value) in self.environment(service) {
            launch = launch.env(&name, value);
        }
        // The usual port for its own metrics may be another's on this machine.
        let metrics = free_address();
        launch = launch.env("WEIR_METRICS_HOST", metrics.ip()).env("WEIR_METRICS_PORT", metrics.port());
        for (name, value) in more {
            launch = launch.env(name, value);
        }
        launch.start(directory, &service.name).await
    }

    /// Starts the application and returns it with the address at which it takes orders.
    async fn start_application(&self, service: &Service) -> (Child, SocketAddr) {
        let mut application = Command::new(cache_directory().join("sample-app/venv/bin/python"))
            .arg(root().join(&service.build).join("app.py"))
            .envs(self.environment(service))
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("tests/tools/sample-app/install makes the application run: {error}")
            });
        let mut lines = BufReader::new(application.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the application says where it listens");
        let port = line.split(['/', ':']).find_map(|part| part.parse::<u16>().ok()).expect("a port");
        (application, SocketAddr::from(([127, 0, 0, 1], port)))
    }
}

/// Stops the application, which sends what it still has before it ends.
async fn stop_application(mut application: Child) {
    let process = application.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(60), application.wait()).await;
    assert!(ended.expect("the application ends").unwrap().success());
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

async fn get(shop: SocketAddr, path: &str) -> u16 {
    let connection = TokioIo::new(TcpStream::connect(shop).await.unwrap());
    let (mut sender, driver) = http1::handshake(connection).await.unwrap();
    tokio::spawn(driver);
    let request = Request::get(path).header(HOST, shop.to_string()).body(Empty::<Bytes>::new()).unwrap();
    sender.send_request(request).await.unwrap().status().as_u16()
}

fn trace_ids(file: &Path, records: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let requests = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let trace_id = |record: &Value| record["traceId"].as_str().unwrap().to_owned();
    requests
        .filter_map(|request| {
            let records = request.pointer(records)?.as_array()?;
            Some(records.iter().map(trace_id).collect::<Vec<_>>())
        })
        .flatten()
        .collect()
}

fn cache_directory() -> PathBuf {
    std::env::var_os("WEIR_CACHE").map_or_else(|| root().join(".cache"), PathBuf::from)
}
