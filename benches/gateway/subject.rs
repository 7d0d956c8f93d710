//! The collectors that are measured and how each is started for a case.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::Outcome;
use crate::case::{Case, NamedValue as _, Pipeline, Protocol};
use crate::collector_config::collector_config;

/// A program that can stand between the load and the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Subject {
    /// A bare server and client that pass bytes through: this very program, started again.
    Floor,
    /// Weir.
    Weir,
    /// The OpenTelemetry Collector, from `tests/peers/otelcol/build`.
    Otelcol,
    /// Rotel, from `tests/peers/rotel/build`.
    Rotel,
}

/// Where a subject listens and sends.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The OTLP endpoint to open.
    pub listen: SocketAddr,
    /// The back end to send to.
    pub to: SocketAddr,
    /// A free address for the subject's own metrics.
    pub own_metrics: SocketAddr,
}

impl Subject {
    /// The subjects of the table in the order of their rows.
    pub const ALL: [Self; 4] = [Self::Floor, Self::Weir, Self::Otelcol, Self::Rotel];

    /// Whether this subject can do what `case` asks; Rotel's pipeline always batches.
    pub fn can_run(self, case: &Case) -> bool {
        self != Self::Rotel || case.pipeline == Pipeline::Batch
    }

    /// Whether the others' costs are given as multiples of this one's.
    pub fn is_floor(self) -> bool {
        self == Self::Floor
    }

    /// The binary, where it is built.
    pub fn binary(self, weir: Option<&Path>) -> Outcome<PathBuf> {
        let (path, advice) = match self {
            Self::Floor => (env::current_exe()?, ""),
            Self::Weir => {
                (weir.unwrap_or_else(|| Path::new(env!("CARGO_BIN_EXE_weir"))).to_path_buf(), "cargo build")
            }
            Self::Otelcol => (cache().join("otelcol/otelcol"), "tests/peers/otelcol/build"),
            Self::Rotel => (cache().join("rotel/rotel"), "tests/peers/rotel/build"),
        };
        if !path.try_exists()? {
            return Err(format!("{} is not there; run {advice}", path.display()).into());
        }
        Ok(path)
    }

    /// The version a subject gives of itself.
    pub fn version(self, weir: Option<&Path>) -> Outcome<String> {
        if self == Self::Floor {
            return Ok("floor: a tonic server and client (OTLP/HTTP: hyper)".to_owned());
        }
        let output = Command::new(self.binary(weir)?).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The command that runs this subject for `case`; writes its config file into `directory` where it has one.
    pub fn command(
        self,
        case: &Case,
        route: &Route,
        directory: &Path,
        weir: Option<&Path>,
    ) -> Outcome<Command> {
        let mut command = Command::new(self.binary(weir)?);
        match self {
            Self::Floor => {
                command.args(["floor", "--listen", &route.listen.to_string(), "--to", &route.to.to_string()]);
                command.args([
                    "--protocol",
                    &case.protocol.name(),
                    "--compression",
                    &case.compression.name(),
                ]);
                command.args(["--pipeline", &case.pipeline.name(), "--size", &case.size.to_string()]);
            }
            Self::Weir | Self::Otelcol => {
                return self.command_with(&collector_config(self, case, route), directory, weir);
            }
            Self::Rotel => {
                let (grpc, http) = match case.protocol {
                    Protocol::Grpc => (route.listen, route.own_metrics),
                    Protocol::Http => (route.own_metrics, route.listen),
                };
                command.arg("start");
                command.args(["--otlp-grpc-endpoint", &grpc.to_string()]);
                command.args(["--otlp-http-endpoint", &http.to_string()]);
                command.args(["--exporter", "otlp", "--otlp-exporter-protocol", &case.protocol.name()]);
                command.args(["--otlp-exporter-endpoint", &format!("http://{}", route.to)]);
                command.args(["--otlp-exporter-compression", &case.compression.name()]);
            }
        }
        Ok(command)
    }

    /// The command that runs this subject with a configuration file of the Collector's, which it writes into `directory`.
    pub fn command_with(self, config: &str, directory: &Path, weir: Option<&Path>) -> Outcome<Command> {
        let file = directory.join(format!("{}.yaml", self.name()));
        fs::write(&file, config)?;
        let mut command = Command::new(self.binary(weir)?);
        command.arg("--config").arg(file);
        Ok(command)
    }
}

/// Where the scripts of `tests/peers` put what they build.
fn cache() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    env::var_os("WEIR_CACHE").map_or_else(|| root.join(".cache"), |cache| root.join(cache))
}
