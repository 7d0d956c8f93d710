//! Starts the binary as a child process and stops it as an operator would.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

/// A command line and an environment for the binary.
pub struct Launch {
    command: Command,
}

/// A running Weir; killed when dropped before it ended.
pub struct WeirProcess {
    child: Child,
    log: PathBuf,
}

/// How often a condition is looked at again; 50 times a second, so for half a minute.
const LOOKS: usize = 1500;

impl Launch {
    /// The binary without arguments, in a working directory where nothing of the repository lies.
    pub fn of_binary(directory: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.current_dir(directory).stdin(Stdio::null()).kill_on_drop(true);
        Self { command }
    }

    /// The binary with a configuration.
    pub fn of_file(file: &Path, directory: &Path) -> Self {
        let mut launch = Self::of_binary(directory);
        launch.command.arg("--config").arg(file);
        launch
    }

    /// The binary with a configuration that is written into `directory` first.
    pub fn of_text(config: &str, directory: &Path) -> Self {
        let file = directory.join("config.yaml");
        std::fs::write(&file, config).unwrap();
        Self::of_file(&file, directory)
    }

    /// The binary with one of the files in `pipelines/`.
    pub fn of_pipelines(file: &str, directory: &Path) -> Self {
        Self::of_file(&pipelines_directory().join(file), directory)
    }

    pub fn set(mut self, setting: &str) -> Self {
        self.command.args(["--set", setting]);
        self
    }

    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.command.env(name, value.to_string());
        self
    }

    /// Starts it with its output in `<directory>/<name>.log` and waits until its pipelines run.
    pub async fn start(self, directory: &Path, name: &str) -> WeirProcess {
        let mut process = self.spawn(directory, name);
        process.wait_for_log("Everything is ready.").await;
        process
    }

    /// Starts it in the same way; how it ends by itself, and everything it logs.
    pub async fn run_to_its_end(self, directory: &Path, name: &str) -> (ExitStatus, String) {
        self.spawn(directory, name).end().await
    }

    fn spawn(mut self, directory: &Path, name: &str) -> WeirProcess {
        let log = directory.join(format!("{name}.log"));
        let output = std::fs::File::create(&log).unwrap();
        let child = self.command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        WeirProcess { child, log }
    }
}

impl WeirProcess {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the log has `text`.
    pub async fn wait_for_log(&mut self, text: &str) {
        for _look in 0..LOOKS {
            if self.log().contains(text) {
                return;
            }
            if let Some(ended) = self.child.try_wait().unwrap() {
                panic!("ended with {ended} before it logged {text:?}\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("does not log {text:?}\n{}", self.log());
    }

    /// The most memory it ever held, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let process = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub async fn signal(&self, signal: &str) {
        let process = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &process]).status().await.unwrap();
        assert!(sent.success());
    }

    /// How it ended, and everything it logged.
    pub async fn end(mut self) -> (ExitStatus, String) {
        let Ok(ended) = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await else {
            panic!("does not end\n{}", self.log());
        };
        (ended.unwrap(), self.log())
    }

    /// Asks it to stop, waits until it has drained and ended well, and returns everything it logged.
    pub async fn stop(self) -> String {
        self.signal("-TERM").await;
        let (ended, log) = self.end().await;
        assert_eq!(ended.code(), Some(0), "{log}");
        assert!(log.contains("Shutdown complete."), "{log}");
        log
    }
}

pub fn pipelines_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")
}

/// An address nobody listens at. Its host is a loopback address of this process alone, so that neither other servers nor
/// outgoing connections can take the port before it is used.
pub fn free_address() -> SocketAddr {
    static LAST: AtomicU8 = AtomicU8::new(1);
    let [.., second, third] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, second, third, LAST.fetch_add(1, Ordering::Relaxed));
    TcpListener::bind((IpAddr::V4(host), 0)).unwrap().local_addr().unwrap()
}
