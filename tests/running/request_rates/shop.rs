//! The shop of `examples/shop` as two processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The running shop; killed when dropped before it was stopped.
pub struct Shop {
    /// Where customers ask.
    pub front: SocketAddr,
    processes: [Child; 2],
}

impl Shop {
    /// Starts the stock, then the front, which send their spans to `otlp_endpoint` over HTTP.
    pub async fn start(otlp_endpoint: SocketAddr) -> Self {
        let mut stock = Command::new(cache_directory().join("shop/venv/bin/python"));
        stock.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/stock/stock.py"));
        let (stock, stock_address) = start(stock, "shop-stock", otlp_endpoint).await;
        let mut front = Command::new("node");
        front.arg(cache_directory().join("shop/front.cjs")).env("STOCK", format!("http://{stock_address}"));
        let (front, front_address) = start(front, "shop-front", otlp_endpoint).await;
        Self { front: front_address, processes: [front, stock] }
    }

    /// Stops both; each sends the spans it still has before it ends.
    pub async fn stop(self) {
        for mut process in self.processes {
            let id = process.id().expect("it runs").to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
            let ended = tokio::time::timeout(Duration::from_secs(60), process.wait()).await;
            assert!(ended.expect("the shop ends").unwrap().success(), "it sent everything");
        }
    }
}

/// Starts a service and returns it with the address it listens at.
async fn start(mut service: Command, name: &str, otlp_endpoint: SocketAddr) -> (Child, SocketAddr) {
    let mut process = service
        .env("PORT", "0")
        .env("OTEL_SERVICE_NAME", name)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{otlp_endpoint}"))
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        // The configuration under test takes traces alone.
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_LOGS_EXPORTER", "none")
        // Today's names of attributes, which the JavaScript SDK does not use unless asked.
        .env("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
        // Spans come in several batches, and there is room for more than the load makes in between.
        .env("OTEL_BSP_SCHEDULE_DELAY", "500")
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("tests/tools/shop/install makes {name} run: {error}"));
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap();
    let line = line.unwrap_or_else(|| panic!("{name} does not start; tests/tools/shop/install installs it"));
    let address = line.trim_start_matches("open at http://").trim_end_matches('/');
    let address = address.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    // Its log goes on; a full pipe would hold it up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (process, address)
}

fn cache_directory() -> PathBuf {
    let in_repository = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache");
    std::env::var_os("WEIR_CACHE").map_or_else(in_repository, PathBuf::from)
}
