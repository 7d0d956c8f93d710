//! The stores that are measured beside each other: how each is started, sent to and asked.

mod asked;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use weir::otlp::Signal;

use crate::Outcome;
use crate::telemetry::cache_directory;

/// A store with an OTLP receiver and an HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    Weir,
    Jaeger,
    VictoriaLogs,
    VictoriaMetrics,
}

/// Where a contender listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub otlp: SocketAddr,
    pub api: SocketAddr,
    /// For what it would listen on besides.
    pub others: [SocketAddr; 5],
}

impl Contender {
    /// Who is measured beside Weir.
    pub fn beside_weir(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::Jaeger,
            Signal::Logs => Self::VictoriaLogs,
            Signal::Metrics => Self::VictoriaMetrics,
        }
    }

    /// As a table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weir => "Weir",
            Self::Jaeger => "Jaeger with Badger",
            Self::VictoriaLogs => "VictoriaLogs",
            Self::VictoriaMetrics => "VictoriaMetrics",
        }
    }

    /// The most items it is sent, so that a run ends within minutes.
    pub fn most_items(self) -> usize {
        match self {
            Self::Jaeger => 1_000_000,
            _ => usize::MAX,
        }
    }

    /// What starts it with its data in `directory`. Everything is kept for ever.
    ///
    /// # Errors
    /// It is not installed.
    pub fn command(self, weir: &Path, directory: &Path, at: Addresses) -> Outcome<Command> {
        let installed = |name: &str| {
            let program = cache_directory().join(name).join(name);
            match fs::exists(&program) {
                Ok(true) => Ok(program),
                _ => Err(format!("{} is not there: benches/store/install makes it", program.display())),
            }
        };
        let data = directory.join("data");
        let [first, second, third, fourth, fifth] = at.others;
        Ok(match self {
            Self::Weir => {
                let config = directory.join("weir.yaml");
                fs::write(&config, weir_config(&data, at))?;
                let mut command = Command::new(weir);
                command.arg("--config").arg(config);
                command
            }
            Self::Jaeger => {
                let mut command = Command::new(installed("jaeger")?);
                command.env("SPAN_STORAGE_TYPE", "badger").args([
                    "--badger.ephemeral=false".to_owned(),
                    format!("--badger.directory-key={}", data.join("keys").display()),
                    format!("--badger.directory-value={}", data.join("values").display()),
                    "--badger.span-store-ttl=876000h".to_owned(),
                    format!("--collector.otlp.http.host-port={}", at.otlp),
                    format!("--query.http-server.host-port={}", at.api),
                    format!("--collector.otlp.grpc.host-port={first}"),
                    format!("--collector.grpc-server.host-port={second}"),
                    format!("--collector.http-server.host-port={third}"),
                    format!("--query.grpc-server.host-port={fourth}"),
                    format!("--admin.http.host-port={fifth}"),
                ]);
                command
            }
            Self::VictoriaLogs | Self::VictoriaMetrics => {
                let is_of_logs = self == Self::VictoriaLogs;
                let name = if is_of_logs { "victoria-logs" } else { "victoria-metrics-with-otlp" };
                let mut command = Command::new(installed(name)?);
                command.args([
                    format!("-storageDataPath={}", data.display()),
                    format!("-httpListenAddr={}", at.api),
                    "-retentionPeriod=100y".to_owned(),
                ]);
                command
            }
        })
    }

    /// Where it takes OTLP, and the path.
    pub fn otlp(self, signal: Signal, at: Addresses) -> (SocketAddr, String) {
        match self {
            Self::Weir | Self::Jaeger => (at.otlp, format!("/v1/{}", signal.name())),
            Self::VictoriaLogs => (at.api, "/insert/opentelemetry/v1/logs".to_owned()),
            Self::VictoriaMetrics => (at.api, "/opentelemetry/v1/metrics".to_owned()),
        }
    }

    /// What makes all that it was sent visible, if it must be told.
    pub fn flush(self) -> Option<&'static str> {
        match self {
            Self::Weir | Self::Jaeger => None,
            Self::VictoriaLogs | Self::VictoriaMetrics => Some("/internal/force_flush"),
        }
    }
}

fn weir_config(data: &Path, at: Addresses) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: '{}'}}}}}}}}\n\
         exporters: {{store: }}\n\
         extensions:\n  store: {{directory: '{}', retention: {{max_age: 876000h, max_bytes: 1TB}}}}\n  console: {{endpoint: '{}'}}\n\
         service:\n  extensions: [store, console]\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
         traces: {{receivers: [otlp], exporters: [store]}}\n    \
         metrics: {{receivers: [otlp], exporters: [store]}}\n    \
         logs: {{receivers: [otlp], exporters: [store]}}\n",
        at.otlp,
        data.display(),
        at.api
    )
}
