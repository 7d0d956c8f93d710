//! A Weir process for a test: started with a configuration, waited for, measured, killed when dropped.

use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a process may take to become ready or to end before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Weir.
pub struct Weir {
    child: Child,
    directory: TempDir,
}

impl Weir {
    /// Starts Weir with `config` and waits until its log says that it is ready.
    pub fn start(config: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("config.yaml");
        std::fs::write(&path, config).unwrap();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg("--config")
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut weir = Self { child, directory };
        weir.wait_for("Everything is ready");
        weir
    }

    /// What was logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Waits until the log holds `text`.
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("weir ended with {status} before it said {text:?}:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "weir did not say {text:?}:\n{}", self.log());
            pause();
        }
    }

    /// The most memory the process ever held, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// True while the process runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "weir does not end:\n{}", self.log());
            pause();
        }
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port of this machine that nothing listens on.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[allow(clippy::disallowed_methods, reason = "the tests here are not asynchronous")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
