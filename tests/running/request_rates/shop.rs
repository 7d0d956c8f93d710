//! The shop of `examples/shop` as two processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// The running shop; killed when dropped before it was stopped.
pub struct Shop {
    /// Where customers ask.
    pub front: SocketAddr,
    services: [Service; 2],
}

/// The lines that the services wrote.
pub struct ShopLogs {
    pub front: Vec<String>,
    pub stock: Vec<String>,
}

struct Service {
    process: Child,
    address: SocketAddr,
    lines: JoinHandle<Vec<String>>,
}

impl Shop {
    /// Starts the stock, then the front, which send to `otlp_endpoint` over HTTP, with what `environment` adds.
    pub async fn start(otlp_endpoint: SocketAddr, environment: &[(&str, &str)]) -> Self {
        let mut stock = Command::new(python());
        stock.arg(examples().join("stock/stock.py"));
        let stock = Service::start(stock, "shop-stock", otlp_endpoint, environment).await;
        let mut front = Command::new("node");
        front.arg(cache_directory().join("shop/front.cjs")).env("STOCK", format!("http://{}", stock.address));
        let front = Service::start(front, "shop-front", otlp_endpoint, environment).await;
        Self { front: front.address, services: [front, stock] }
    }

    /// So many requests of the usual mix, one after the other; it says in the end how they were answered.
    pub fn customers(&self, requests: u32, per_second: u32) -> Command {
        let mut customers = Command::new(python());
        customers
            .arg(examples().join("customers/customers.py"))
            .env("SHOP", format!("http://{}", self.front))
            .env("REQUESTS", requests.to_string())
            .env("REQUESTS_PER_SECOND", per_second.to_string())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        customers
    }

    /// Stops both; each sends what it still has before it ends.
    pub async fn stop(self) -> ShopLogs {
        let [front, stock] = self.services;
        ShopLogs { front: front.stop().await, stock: stock.stop().await }
    }
}

impl Service {
    /// Returns once it listens.
    async fn start(
        mut service: Command,
        name: &str,
        otlp_endpoint: SocketAddr,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut process = service
            .env("PORT", "0")
            .env("OTEL_SERVICE_NAME", name)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{otlp_endpoint}"))
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            // Today's names of attributes, which the JavaScript SDK does not use unless asked.
            .env("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
            // Spans come in several batches, and there is room for more than the load makes in between.
            .env("OTEL_BSP_SCHEDULE_DELAY", "500")
            .env("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("tests/tools/shop/install makes {name} run: {error}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        let line =
            line.unwrap_or_else(|| panic!("{name} does not start; tests/tools/shop/install installs it"));
        let address = line.trim_start_matches("open at http://").trim_end_matches('/');
        let address = address.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        // Read as they come: a full pipe would hold it up.
        let lines = tokio::spawn(async move {
            let mut written = Vec::new();
            while let Ok(Some(line)) = lines.next_line().await {
                written.push(line);
            }
            written
        });
        Self { process, address, lines }
    }

    /// What it wrote since it listened.
    async fn stop(mut self) -> Vec<String> {
        let id = self.process.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(60), self.process.wait()).await;
        assert!(ended.expect("the shop ends").unwrap().success(), "it sent everything");
        self.lines.await.unwrap()
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop")
}

fn python() -> PathBuf {
    cache_directory().join("shop/venv/bin/python")
}

fn cache_directory() -> PathBuf {
    let in_repository = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache");
    std::env::var_os("WEIR_CACHE").map_or_else(in_repository, PathBuf::from)
}
