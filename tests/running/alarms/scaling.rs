//! A pair of alarms that scales real workers: one worker more while they are busy for more than 80 % of their time, one less
//! while for less than 75 %.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::LOOKS;
use crate::weir_process::{Launch, free_address};

/// How many requests are under way at once while there is much to do.
const MUCH: usize = 8;

#[tokio::test]
async fn workers_become_two_while_there_is_much_to_do_and_one_again() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let otlp = free_address();
    let mut workers = Workers::new(directory, otlp);
    let load = Load::start();
    let weir = Launch::of_text(&config(directory, otlp), directory).start(directory, "weir").await;

    workers.follow_until(&load, "the first worker serves", |workers| workers.len() == 1).await;
    load.at_once.store(MUCH, Ordering::Relaxed);
    workers.follow_until(&load, "two workers serve", |workers| workers.len() == 2).await;
    load.at_once.store(0, Ordering::Relaxed);
    workers.follow_until(&load, "one worker is left", |workers| workers.len() == 1).await;
    weir.stop().await;

    assert_eq!(workers.counts, [1, 2, 1]);
    let told = std::fs::read_to_string(directory.join("told")).unwrap();
    assert_eq!(told, "workers are busy: 1 -> 2\nworkers are idle: 2 -> 1\n");
}

fn config(directory: &Path, otlp: SocketAddr) -> String {
    let scale = directory.join("scale");
    let (told, wanted) = (directory.join("told"), directory.join("wanted"));
    let script = format!(
        "#!/bin/sh\nset -e\necho \"$ALARM_NAME: $CURRENT_CAPACITY -> $DESIRED_CAPACITY\" >>'{told}'\n\
         echo \"$DESIRED_CAPACITY\" >'{wanted}.new'\nmv '{wanted}.new' '{wanted}'\n",
        told = told.display(),
        wanted = wanted.display(),
    );
    std::fs::write(&scale, script).unwrap();
    std::fs::set_permissions(&scale, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "receivers:
  otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}
connectors:
  alarms:
    allow_exec: true
    rules:
      - name: workers are busy
        metric: &utilization {{name: worker.utilization, period: 2s}}
        threshold: 80
        evaluation_periods: 2
        evaluation_delay: 1s
        alarm_actions: [scale-out]
      - name: workers are idle
        metric: *utilization
        comparison_operator: LessThanThreshold
        threshold: 75
        evaluation_periods: 3
        evaluation_delay: 1s
        alarm_actions: [scale-in]
    actions:
      scale-out: &scale
        type: exec
        command: ['{scale}']
        capacity: workers
        adjust: 1
        maximum: 2
        cooldown: 2s
        repeat_while_in_state: 2s
      scale-in:
        <<: *scale
        adjust: -1
exporters: {{nop: }}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [alarms]}}
    logs: {{receivers: [alarms], exporters: [nop]}}
",
        scale = scale.display()
    )
}

/// Runs as many workers as are wanted.
struct Workers {
    running: Vec<(SocketAddr, Child)>,
    wanted: PathBuf,
    otlp: SocketAddr,
    /// How many served, each time that changed.
    counts: Vec<usize>,
}

impl Workers {
    fn new(directory: &Path, otlp: SocketAddr) -> Self {
        let wanted = directory.join("wanted");
        std::fs::write(&wanted, "1\n").unwrap();
        Self { running: Vec::new(), wanted, otlp, counts: Vec::new() }
    }

    /// Does what is wanted until those that serve are as they should be.
    async fn follow_until(&mut self, load: &Load, what: &str, done: impl Fn(&[SocketAddr]) -> bool) {
        for _look in 0..LOOKS {
            let wanted: usize = std::fs::read_to_string(&self.wanted).unwrap().trim().parse().unwrap();
            while self.running.len() < wanted {
                self.running.push(self.start().await);
            }
            while self.running.len() > wanted {
                let (_, mut worker) = self.running.pop().unwrap();
                worker.kill().await.unwrap();
            }
            let mut serving = Vec::new();
            for (address, _) in &self.running {
                if TcpStream::connect(address).await.is_ok() {
                    serving.push(*address);
                }
            }
            if !serving.is_empty() && self.counts.last() != Some(&serving.len()) {
                self.counts.push(serving.len());
            }
            let is_done = done(&serving);
            *load.workers.lock() = serving;
            if is_done {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("it does not happen that {what}; there were {:?} workers", self.counts);
    }

    async fn start(&self) -> (SocketAddr, Child) {
        // It is bound again by the worker, at once.
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let worker = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/running/alarms/worker.py"))
            .args([address.port().to_string(), self.otlp.ip().to_string(), self.otlp.port().to_string()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        (address, worker)
    }
}

/// Sends requests to the workers in turn, so many at once.
struct Load {
    at_once: Arc<AtomicUsize>,
    workers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Load {
    fn start() -> Self {
        let load = Self { at_once: Arc::default(), workers: Arc::default() };
        for sender in 0..MUCH {
            let (at_once, workers) = (Arc::clone(&load.at_once), Arc::clone(&load.workers));
            tokio::spawn(async move {
                for turn in sender.. {
                    let workers = workers.lock().clone();
                    if workers.is_empty() || sender >= at_once.load(Ordering::Relaxed) {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                    // One that was just stopped does not answer.
                    let _ = request(workers[turn % workers.len()]).await;
                }
            });
        }
        load
    }
}

async fn request(worker: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(worker).await?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
