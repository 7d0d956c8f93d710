//! Starts real collectors as child processes, each with a configuration written for the test, and stops them gracefully.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::canonical::{UnknownMembers, from_json};
use crate::compare::{Signal, records_of};
use crate::recorder::{OtlpEndpoints, message_of};

/// A running collector; killed when dropped before it was stopped.
pub struct Collector {
    name: String,
    child: Child,
    directory: PathBuf,
}

impl Collector {
    /// Starts `program --config <name>.yaml` and waits until it accepts connections at its OTLP endpoints.
    pub async fn start(
        name: &str,
        program: &Path,
        config: &str,
        endpoints: OtlpEndpoints,
        directory: &Path,
    ) -> Collector {
        let config_file = directory.join(format!("{name}.yaml"));
        std::fs::write(&config_file, config).unwrap();
        let log = std::fs::File::create(directory.join(format!("{name}.log"))).unwrap();
        let child = Command::new(program)
            .arg("--config")
            .arg(&config_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} starts: {error}", program.display()));
        let mut collector = Collector { name: name.to_owned(), child, directory: directory.to_owned() };
        for address in [endpoints.grpc, endpoints.http] {
            collector.wait_until_it_listens(address).await;
        }
        collector
    }

    /// Asks the collector to stop, as `SIGTERM` does, and waits until it has drained and gone.
    pub async fn stop(mut self) {
        let process = self.child.id().expect("the collector runs").to_string();
        let signalled = Command::new("kill").args(["-TERM", &process]).status().await.unwrap();
        assert!(signalled.success());
        let Ok(ended) = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await else {
            panic!("{} does not stop on SIGTERM\n{}", self.name, self.log());
        };
        let ended: ExitStatus = ended.unwrap();
        assert!(ended.success(), "{} ended with {ended}\n{}", self.name, self.log());
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join(format!("{}.log", self.name))).unwrap()
    }

    async fn wait_until_it_listens(&mut self, address: SocketAddr) {
        for _attempt in 0..1500 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return;
            }
            if let Some(ended) = self.child.try_wait().unwrap() {
                panic!("{} ended with {ended} before it listened\n{}", self.name, self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} does not listen at {address}\n{}", self.name, self.log());
    }
}

/// Two loopback addresses that nobody listens at.
///
/// They are below the ports that systems give to outgoing connections, one of which could otherwise take an address
/// before its collector does, and no two tests of one process get the same.
pub fn free_endpoints() -> OtlpEndpoints {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    let free_address = || {
        let candidates = (0..500).map(|_| first + TAKEN.fetch_add(1, Ordering::Relaxed));
        let mut addresses = candidates.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        addresses.find(|&address| TcpListener::bind(address).is_ok()).expect("a port is free")
    };
    OtlpEndpoints { grpc: free_address(), http: free_address() }
}

/// The configuration of a collector at the end of the line: OTLP in, one file of OTLP/JSON lines out.
pub fn config_of_a_back_end(endpoints: OtlpEndpoints, file: &Path) -> String {
    format!(
        r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {grpc}
      http:
        endpoint: {http}
exporters:
  file:
    path: {file}
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
    metrics: {{receivers: [otlp], exporters: [file]}}
    logs: {{receivers: [otlp], exporters: [file]}}
"#,
        grpc = endpoints.grpc,
        http = endpoints.http,
        file = file.display(),
    )
}

/// The configuration of the gateway under test: OTLP in, batches, one copy to each of two back ends, the first by gRPC and
/// the second by HTTP in `encoding` (`proto` or `json`).
pub fn config_of_the_gateway(
    endpoints: OtlpEndpoints,
    by_grpc: OtlpEndpoints,
    by_http: OtlpEndpoints,
    encoding: &str,
) -> String {
    let pipeline = "{receivers: [otlp], processors: [batch], exporters: [otlp, otlphttp]}";
    format!(
        r#"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {grpc}
      http:
        endpoint: {http}
processors:
  batch:
    timeout: 50ms
    send_batch_size: 16
    send_batch_max_size: 16
exporters:
  otlp:
    endpoint: {by_grpc}
    tls:
      insecure: true
  otlphttp:
    endpoint: http://{by_http}
    encoding: {encoding}
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces: {pipeline}
    metrics: {pipeline}
    logs: {pipeline}
"#,
        grpc = endpoints.grpc,
        http = endpoints.http,
        by_grpc = by_grpc.grpc,
        by_http = by_http.http,
    )
}

/// The records of one signal in a file of OTLP/JSON lines.
pub fn records_in_file(file: &Path, signal: Signal) -> Vec<Value> {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{} is read: {error}", file.display()));
    let mut records = Vec::new();
    for (position, line) in text.lines().enumerate() {
        let at = || format!("{} line {}", file.display(), position + 1);
        let json: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", at()));
        let of_signal = |signal: &Signal| json.get(signal.levels()[0]).is_some();
        let Some(found) = Signal::ALL.into_iter().find(of_signal) else {
            panic!("{}: no signal in {line}", at())
        };
        if found != signal {
            continue;
        }
        let request = from_json(&json, message_of(signal), UnknownMembers::Refuse)
            .unwrap_or_else(|error| panic!("{}: {error}", at()));
        records.extend(records_of(&request, signal));
    }
    records
}
