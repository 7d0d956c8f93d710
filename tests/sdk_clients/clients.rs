//! The SDK clients under `tests/clients`, as installed by `tests/clients/install`.

use std::time::Duration;

use tokio::process::Command;

use crate::otlp::collector::cache_directory;
use crate::recorder::OtlpEndpoints;

/// An application instrumented with one language's OpenTelemetry SDK.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Client {
    Python,
    Node,
    Go,
    Java,
}

impl Client {
    /// Runs the client to its end. It exits with an error when any of its exports failed.
    pub async fn send(self, endpoints: OtlpEndpoints, protocol: &str, compression: &str) {
        let endpoint = if protocol == "grpc" { endpoints.grpc } else { endpoints.http };
        let mut command = self.command();
        command
            .args(["--endpoint", &format!("http://{endpoint}")])
            .args(["--protocol", protocol])
            .args(["--compression", compression])
            .args(["--run-id", &format!("{self:?} {protocol} {compression}")])
            .kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(120), command.output())
            .await
            .unwrap_or_else(|_| panic!("the {self:?} client does not end"))
            .unwrap_or_else(|error| {
                panic!("the {self:?} client runs (tests/clients/install makes it): {error}")
            });
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the {self:?} client ended with {}:\n{words}", output.status);
    }

    fn command(self) -> Command {
        let installed = cache_directory().join("clients");
        match self {
            Client::Python => {
                let mut command = Command::new(installed.join("python/venv/bin/python"));
                command.arg(installed.join("python/send.py"));
                command
            }
            Client::Node => {
                let mut command = Command::new("node");
                command.arg(installed.join("node/send.mjs"));
                command
            }
            Client::Go => Command::new(installed.join("go/send")),
            Client::Java => {
                let mut command = Command::new("java");
                let classes = installed.join("java/target/classes");
                let libraries = installed.join("java/target/lib/*");
                command.arg("-cp").arg(format!("{}:{}", classes.display(), libraries.display())).arg("Send");
                command
            }
        }
    }
}
