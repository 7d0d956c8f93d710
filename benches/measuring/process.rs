//! A measured process: started, watched through `/proc`, and always ended.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::Outcome;

/// Ticks a second of the times in `/proc/PID/stat`: 100 on every Linux, whatever the kernel's own clock.
const TICKS_PER_SECOND: f64 = 100.0;
/// How long a process may take until it accepts connections.
const START_PATIENCE: Duration = Duration::from_secs(15);

/// A child process that is killed when this is dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
    /// From just before the start of the process until it accepted a connection.
    pub ready_after: Duration,
}

impl Process {
    /// Starts `command` with its output in the file `log`, and waits until it accepts connections on `listens`.
    ///
    /// # Errors
    /// The process could not be started, ended at once, or did not listen in time; the end of its log is quoted.
    pub async fn start(mut command: Command, log: PathBuf, listens: SocketAddr) -> Outcome<Self> {
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let begun = Instant::now();
        let child = command
            .spawn()
            .map_err(|error| format!("{} could not be started: {error}", command.get_program().display()))?;
        let mut process = Self { child, log, ready_after: Duration::ZERO };
        while begun.elapsed() < START_PATIENCE {
            if TcpStream::connect(listens).await.is_ok() {
                process.ready_after = begun.elapsed();
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(
                    format!("it ended with {status} before it listened: {}", process.log_end()).into()
                );
            }
            sleep(Duration::from_micros(500)).await;
        }
        Err(format!("it did not listen on {listens} within {START_PATIENCE:?}: {}", process.log_end()).into())
    }

    /// What the kernel knows it by.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// User and system time spent so far by all threads, in seconds; the clock has steps of 10 ms.
    pub fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The name in parentheses may hold anything, so fields are counted behind its end: utime is the 12th.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).ok_or("unreadable /proc/PID/stat")?;
        let ticks: Vec<u64> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<u64>() as f64 / TICKS_PER_SECOND)
    }

    /// The highest resident set size since the start, in megabytes of 1,000,000 bytes.
    pub fn peak_rss_megabytes(&self) -> Outcome<f64> {
        self.status_megabytes("VmHWM:")
    }

    /// The resident set size now, in megabytes of 1,000,000 bytes.
    pub fn rss_megabytes(&self) -> Outcome<f64> {
        self.status_megabytes("VmRSS:")
    }

    /// The end of what the process wrote, for error messages.
    pub fn log_end(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let end = text.get(text.len().saturating_sub(800)..).unwrap_or_default();
        String::from_utf8_lossy(end).trim().to_owned()
    }

    fn status_megabytes(&self, key: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let line = line.ok_or_else(|| format!("no {key} in /proc/PID/status: has the process ended?"))?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address nobody listens on at the moment.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
