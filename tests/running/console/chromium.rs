//! Every page in a real browser: the station as shipped, with the real telemetry of the shop of `examples/shop`, and with
//! telemetry that is made up for what the shop never does, such as a trace of 50,000 spans.
//!
//! Writes pictures of the pages into `CONSOLE_PICTURES`, or else into `target/tmp/console-pictures`. Needs the installs of
//! `tests/tools/shop` and `tests/console`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::now_nano;
use crate::pipelines::station::Station;
use crate::request_rates::shop::{Shop, ShopLogs};
use crate::weir_process::Launch;

/// A minute of requests, so that two periods of the alarm `requests fail` are full of them.
const REQUESTS: u32 = 600;
const REQUESTS_PER_SECOND: u32 = 10;

#[tokio::test]
async fn every_page_holds_in_chromium() {
    let directory = tempfile::tempdir().unwrap();
    let station = Station::new();
    let launch = Launch::of_pipelines("default.yaml", directory.path())
        // A debug build answers about the largest trace slowly.
        .set("extensions.console.question_timeout=60s");
    let weir = station.launch(launch, directory.path()).start(directory.path(), "weir").await;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned();
    let begun = now_nano() / 1_000_000;
    let environment = [
        // What an application has to say for its host to be found from its spans and log records.
        ("OTEL_RESOURCE_ATTRIBUTES", &*format!("host.name={host}")),
        ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
    ];
    let shop = Shop::start(station.http, &environment).await;
    let customers = shop.customers(REQUESTS, REQUESTS_PER_SECOND).stdout(Stdio::piped()).spawn().unwrap();

    // Meanwhile the shop is at work, as a station's applications are.
    let otlp = format!("http://{}", station.http);
    let pictures = pictures_directory();
    let pictures = ["--screenshots", text_of(&pictures)];
    check(&station, &[&["--otlp", &otlp, "--at-work", "shop-stock"], &pictures[..]].concat()).await;

    let answered = answers_of(customers).await;
    let logs = shop.stop().await;
    let said = directory.path().join("shop.json");
    std::fs::write(&said, what_the_shop_says(begun, &host, &answered, &logs)).unwrap();
    check(&station, &[&["--shop", text_of(&said)], &pictures[..]].concat()).await;

    let log = weir.stop().await;
    assert!(!log.contains("\terror\t"), "{log}");
}

async fn check(station: &Station, arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/console/browser-checks");
    let checked = Command::new(script)
        .args(["--console", &format!("http://{}", station.console)])
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
}

/// How often each request was answered with each status, as the customers count it.
async fn answers_of(customers: Child) -> Value {
    let output = customers.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let last: Value =
        serde_json::from_str(said.lines().last().expect("the customers say something")).unwrap();
    let answered = &last["answered"];
    let count = |answers: &Value| answers.as_u64().unwrap();
    let total: u64 = answered.as_object().unwrap().values().map(count).sum();
    assert_eq!(total, u64::from(REQUESTS), "{said}");
    answered.clone()
}

/// What `tests/console/shop.js` reads.
fn what_the_shop_says(begun: u64, host: &str, answered: &Value, logs: &ShopLogs) -> String {
    json!({
        "begun_ms": begun,
        "host": host,
        "answered": answered,
        "front_log": logs.front,
        "stock_log": logs.stock,
    })
    .to_string()
}

fn pictures_directory() -> PathBuf {
    let of_this_run = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("console-pictures");
    std::env::var_os("CONSOLE_PICTURES").map_or_else(of_this_run, PathBuf::from)
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
