//! Starts real collectors as child processes, each with a configuration written for the test, and stops them gracefully.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

/// The OpenTelemetry Collector accepts connections a little before it minds SIGTERM, which would end it at once.
const UNTIL_SIGNALS_ARE_MINDED: Duration = Duration::from_millis(200);

/// A running collector; killed when dropped before it was stopped.
pub struct Collector {
    name: String,
    child: Child,
    directory: PathBuf,
}

impl Collector {
    /// Starts `program --config <name>.yaml` and waits until it accepts connections at all `addresses`.
    pub async fn start(
        name: &str,
        program: &Path,
        config: &str,
        addresses: &[SocketAddr],
        directory: &Path,
    ) -> Collector {
        let config_file = directory.join(format!("{name}.yaml"));
        std::fs::write(&config_file, config).unwrap();
        let mut command = Command::new(program);
        command.arg("--config").arg(&config_file);
        Self::start_command(name, command, addresses, directory).await
    }

    /// Starts `command` and waits until it accepts connections at all `addresses`.
    pub async fn start_command(
        name: &str,
        mut command: Command,
        addresses: &[SocketAddr],
        directory: &Path,
    ) -> Collector {
        let log = std::fs::File::create(directory.join(format!("{name}.log"))).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).kill_on_drop(true);
        let program = command.as_std().get_program().to_owned();
        let child = command.spawn().unwrap_or_else(|error| panic!("{} starts: {error}", program.display()));
        let mut collector = Collector { name: name.to_owned(), child, directory: directory.to_owned() };
        for &address in addresses {
            collector.wait_until_it_listens(address).await;
        }
        tokio::time::sleep(UNTIL_SIGNALS_ARE_MINDED).await;
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

/// A loopback address that nobody listens at.
///
/// Its port is below those that systems give to outgoing connections, one of which could otherwise take it before its
/// collector does, and it is long until a port comes again. Test processes begin at different ones.
pub fn free_address() -> SocketAddr {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    const PORTS: Range<u16> = 20_000..32_000;
    let first = std::process::id() as usize * 100;
    let candidates = (0..500).map(|_| (first + TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS.len());
    let mut addresses =
        candidates.map(|place| SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + place as u16)));
    addresses.find(|&address| TcpListener::bind(address).is_ok()).expect("a port is free")
}

/// The OpenTelemetry Collector that `tests/peers/otelcol/build` made.
pub fn otelcol() -> PathBuf {
    cache_directory().join("otelcol/otelcol")
}

/// Where installed clients and third-party back ends are: `$WEIR_CACHE`, or `.cache` in the repository.
pub fn cache_directory() -> PathBuf {
    match std::env::var_os("WEIR_CACHE") {
        Some(directory) => PathBuf::from(directory),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache"),
    }
}
