//! The console of a running Weir: its numbers are those of what was sent, its guard lets in who it should, its live views
//! show what passes. `chromium` has its pages in a real browser.

#[cfg(feature = "real-parts")]
mod chromium;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::send::post_json;
use crate::weir_process::{Launch, WeirProcess, free_address};

/// A Weir that keeps what it is sent and shows it.
struct Station {
    console: SocketAddr,
    otlp: SocketAddr,
    weir: WeirProcess,
    _directory: TempDir,
}

/// A response, read to its end.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

const TRACE: &str = "5b8efff798038103d269b633813fc60c";
const PATIENCE: Duration = Duration::from_secs(60);

impl Station {
    async fn start(console_section: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let (console, otlp) = (free_address(), free_address());
        let config = configuration(&console.to_string(), otlp, console_section);
        let weir = Launch::of_text(&config, directory.path()).start(directory.path(), "weir").await;
        Self { console, otlp, weir, _directory: directory }
    }

    async fn send(&self, path: &'static str, request: &Value) {
        post_json(TcpStream::connect(self.otlp).await.unwrap(), path, request).await;
    }

    /// Asks as a program does that is no browser.
    async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[]).await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    async fn request(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut stream = self.open(method, path, fields).await;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(response[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: response[end + 4..].to_vec() }
    }

    async fn status(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        self.request(method, path, fields).await.status
    }

    /// Sends a request whose response is still to be read.
    async fn open(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> TcpStream {
        let mut stream = TcpStream::connect(self.console).await.unwrap();
        let host = format!("localhost:{}", self.console.port());
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !fields.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {host}\r\n"));
        }
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header field, in lower case.
    fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

fn configuration(console: &str, otlp: SocketAddr, console_section: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: '{otlp}'}}}}}}}}\n\
         exporters: {{store: {{}}}}\n\
         extensions:\n  store: {{in_memory: true}}\n  console:\n    endpoint: '{console}'\n{console_section}\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n  extensions: [store, console]\n  pipelines:\n    \
         traces: {{receivers: [otlp], exporters: [store]}}\n    metrics: {{receivers: [otlp], exporters: [store]}}\n    \
         logs: {{receivers: [otlp], exporters: [store]}}\n"
    )
}

fn now_nano() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn resource(service: &str) -> Value {
    json!({"attributes": [
        {"key": "service.name", "value": {"stringValue": service}},
        {"key": "service.version", "value": {"stringValue": "1.2.3"}},
    ]})
}

/// Ten requests, a second apart and 100 ms long, of which the first three failed.
fn ten_requests(start: u64) -> Value {
    let span = |number: u64| {
        let begun = start + number * 1_000_000_000;
        let trace = if number == 0 { TRACE.to_owned() } else { format!("{:032x}", number + 1) };
        json!({
            "traceId": trace, "spanId": format!("{:016x}", number + 1), "name": "GET /cart", "kind": 2,
            "startTimeUnixNano": begun.to_string(), "endTimeUnixNano": (begun + 100_000_000).to_string(),
            "status": if number < 3 { json!({"code": 2, "message": "card declined"}) } else { json!({}) },
            "attributes": [{"key": "http.response.status_code", "value": {"intValue": if number < 3 { "500" } else { "200" }}}],
        })
    };
    let spans: Vec<Value> = (0..10).map(span).collect();
    json!({"resourceSpans": [{"resource": resource("cart"), "scopeSpans": [{"scope": {"name": "http"}, "spans": spans}]}]})
}

fn one_record(time: u64, severity: u64, body: &str) -> Value {
    json!({"resourceLogs": [{"resource": resource("cart"), "scopeLogs": [{"logRecords": [{
        "timeUnixNano": time.to_string(), "severityNumber": severity, "body": {"stringValue": body},
        "traceId": TRACE, "spanId": "0000000000000001",
    }]}]}]})
}

fn one_gauge(time: u64) -> Value {
    let point = |shelf: &str, value: f64| {
        json!({"timeUnixNano": time.to_string(), "asDouble": value,
               "attributes": [{"key": "shelf", "value": {"stringValue": shelf}}]})
    };
    json!({"resourceMetrics": [{"resource": resource("cart"), "scopeMetrics": [{"metrics": [{
        "name": "stock", "unit": "{item}", "gauge": {"dataPoints": [point("a", 4.0), point("b", 7.5)]},
    }]}]}]})
}

#[tokio::test]
async fn the_pages_numbers_are_those_of_what_was_sent() {
    let station = Station::start("").await;
    let start = now_nano() - 120_000_000_000;
    station.send("/v1/traces", &ten_requests(start)).await;
    station.send("/v1/logs", &one_record(start, 17, "card declined by the bank")).await;
    station.send("/v1/metrics", &one_gauge(start)).await;
    // A whole minute, since the minute in which a range begins is counted whole.
    let from = (start / 1_000_000 - 600_000) / 60_000 * 60_000;
    let range = format!("from={from}&to={}", from + 3_600_000);

    let services = station.json(&format!("/services?{range}")).await;
    let cart = &services["services"][0];
    assert_eq!(services["services"].as_array().unwrap().len(), 1);
    assert_eq!((&cart["name"], &cart["version"]), (&json!("cart"), &json!("1.2.3")));
    assert_eq!((&cart["requests"], &cart["errors"]), (&json!(10), &json!(3)));
    assert_eq!((&cart["rate"], &cart["error_share"]), (&json!(10.0 / 3600.0), &json!(0.3)));
    // Durations are told to 9 %, and never above the longest.
    assert_eq!(cart["p99_ms"], json!(100.0));
    assert_eq!(cart["previous"]["requests"], json!(0));
    assert_eq!(cart["previous"]["p50_ms"], Value::Null);

    let operations = station.json(&format!("/services/cart/operations?{range}")).await;
    assert_eq!(operations["operations"][0]["operation"], "GET /cart");
    assert_eq!(operations["operations"][0]["kind"], "server");
    assert_eq!(operations["operations"][0]["requests"], 10);

    let failed = station.json(&format!("/traces?{range}&service=cart&status=error")).await;
    assert_eq!(failed["traces"].as_array().unwrap().len(), 3);
    let by_query = station.json(&format!("/traces?{range}&q=http.response.status_code%3E%3D500")).await;
    assert_eq!(by_query, failed);

    let trace = station.json(&format!("/traces/{TRACE}")).await;
    assert_eq!(trace["start_unix_nano"], start.to_string());
    assert_eq!(trace["duration_ns"], 100_000_000);
    let span = &trace["spans"][0];
    assert_eq!((&span["name"], &span["kind"]), (&json!("GET /cart"), &json!("server")));
    assert_eq!((&span["status"], &span["status_message"]), (&json!("error"), &json!("card declined")));
    assert_eq!(span["attributes"], json!([["http.response.status_code", 500]]));
    assert_eq!(trace["resources"][0]["service"], "cart");
    let otlp = station.json(&format!("/traces/{TRACE}/otlp")).await;
    assert_eq!(otlp["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"], TRACE);

    let logs = station.json(&format!("/logs?{range}&q=severity:error%20declined")).await;
    assert_eq!(logs["logs"].as_array().unwrap().len(), 1);
    assert_eq!(logs["logs"][0]["body"], "card declined by the bank");
    assert_eq!(logs["logs"][0]["trace_id"], TRACE);

    let stock = station.json(&format!("/metrics/query?{range}&name=stock&group_by=shelf")).await;
    assert_eq!(
        (&stock["kind"], &stock["unit"], &stock["aggregation"]),
        (&json!("gauge"), &json!("{item}"), &json!("average"))
    );
    let series: Vec<(&Value, &Value)> = stock["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["group"]["shelf"], &one["values"]))
        .collect();
    assert_eq!(series, [(&json!("a"), &json!([4.0])), (&json!("b"), &json!([7.5]))]);

    let status = station.json("/status").await;
    assert_eq!(status["otlp"], json!([{"protocol": "http", "endpoint": station.otlp.to_string()}]));
    let items = |signal: &str| status["store"]["signals"][signal]["items"].clone();
    assert_eq!((items("traces"), items("metrics"), items("logs")), (json!(10), json!(2), json!(1)));
    station.weir.stop().await;
}

#[tokio::test]
async fn the_page_is_whole_cached_and_under_a_strict_policy() {
    let station = Station::start("").await;
    let page = station.get("/").await;
    assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.field("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.field("x-frame-options"), Some("deny"));
    assert_eq!(page.field("cache-control"), Some("no-cache"));
    // Every address that the page draws is the page.
    assert_eq!(station.get("/traces/0af7651916cd43dd8448eb211c80319c?tab=logs").await.body, page.body);
    let script = station.get("/app.js").await;
    assert_eq!((script.status, script.field("content-type")), (200, Some("text/javascript; charset=utf-8")));
    let etag = script.field("etag").unwrap();
    let again = station.request("GET", "/app.js", &[("if-none-match", etag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let compressed = station.request("GET", "/app.js", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(compressed.field("content-encoding"), Some("gzip"));
    assert!(compressed.body.len() < script.body.len());
    assert_eq!(station.get("/nothing.js").await.status, 404);
    assert_eq!(station.get("/../Cargo.toml").await.body, page.body);
    let description = station.get("/api/v1/openapi.yaml").await;
    assert!(description.text().contains("openapi: 3.1.0"));
    assert_eq!(description.field("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_page_elsewhere_gets_nothing() {
    let station = Station::start("").await;
    let demo = "/api/v1/demo";
    assert_eq!(station.status("GET", "/", &[("host", "attacker.example")]).await, 421);
    assert_eq!(station.status("POST", demo, &[("origin", "http://attacker.example")]).await, 403);
    assert_eq!(station.status("POST", demo, &[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(
        station.status("GET", "/api/v1/pipelines/live", &[("sec-fetch-site", "same-site")]).await,
        403
    );
    assert_eq!(station.json("/services").await["services"], json!([]));
    let own = format!("http://localhost:{}", station.console.port());
    assert_eq!(
        station.status("POST", demo, &[("origin", &own), ("sec-fetch-site", "same-origin")]).await,
        202
    );
    assert_eq!(station.json("/services").await["services"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_token_or_a_password_lets_in_and_neither_is_shown() {
    let section =
        "    read_only: true\n    auth: {token: open-sesame, username: operator, password: hunter2}\n";
    let station = Station::start(section).await;
    assert_eq!(station.status("GET", "/", &[]).await, 401);
    assert_eq!(station.status("GET", "/api/v1/status", &[("authorization", "Bearer open-sesam")]).await, 401);
    let token = ("authorization", "Bearer open-sesame");
    assert_eq!(station.status("GET", "/api/v1/status", &[token]).await, 200);
    // operator:hunter2
    assert_eq!(station.status("GET", "/", &[("authorization", "Basic b3BlcmF0b3I6aHVudGVyMg==")]).await, 200);
    let login = station.get("/?token=open-sesame").await;
    assert_eq!((login.status, login.field("location")), (303, Some("/")));
    let cookie = login.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(station.status("GET", "/api/v1/status", &[("cookie", &cookie)]).await, 200);
    for path in ["/api/v1/config", "/api/v1/pipelines"] {
        let shown = station.request("GET", path, &[token]).await.text();
        assert!(shown.contains("[REDACTED]"), "{path}");
        assert!(!shown.contains("open-sesame") && !shown.contains("hunter2"), "{path}: {shown}");
    }
    assert_eq!(station.request("POST", "/api/v1/demo", &[token]).await.status, 403);
    assert!(!station.weir.log().contains("open-sesame"));
}

#[tokio::test]
async fn an_address_for_others_needs_authentication() {
    let directory = TempDir::new().unwrap();
    let config = configuration("0.0.0.0:0", free_address(), "");
    let launch = Launch::of_text(&config, directory.path());
    let (ended, log) = launch.run_to_its_end(directory.path(), "weir").await;
    assert_eq!(ended.code(), Some(1));
    let expected =
        "0.0.0.0:0 can be reached from other machines: set auth with a token, or with username and password";
    assert!(log.contains(expected), "{log}");
}

#[tokio::test]
async fn live_views_show_what_passes_and_end_with_weir() {
    let station = Station::start("").await;
    let edge = "receiver:otlp>exporter:store>logs";
    let graph = station.json("/pipelines").await;
    let edges: Vec<&str> =
        graph["edges"].as_array().unwrap().iter().map(|edge| edge["id"].as_str().unwrap()).collect();
    assert!(edges.contains(&edge), "{edges:?}");
    let mut tail = station.open("GET", "/api/v1/logs/tail?q=severity:warn", &[]).await;
    let mut tap =
        station.open("GET", &format!("/api/v1/pipelines/tap?edge={}", edge.replace('>', "%3E")), &[]).await;
    let mut rates = station.open("GET", "/api/v1/pipelines/live", &[]).await;
    for stream in [&mut tail, &mut tap, &mut rates] {
        read_until(stream, ": \n\n").await;
    }
    // The tail begins with what is new to it, so something new has to come after its first look.
    let mut number = 0;
    let seen = loop {
        number += 1;
        assert!(number < 200, "the tail shows nothing");
        station.send("/v1/logs", &one_record(now_nano(), 13, &format!("tailed {number}"))).await;
        let reading = read_until(&mut tail, "event: logs\ndata: ");
        if let Ok(seen) = tokio::time::timeout(Duration::from_secs(1), reading).await {
            break seen + &read_until(&mut tail, "\n\n").await;
        }
    };
    assert!(seen.contains("\"body\":\"tailed "), "{seen}");
    let tapped = read_until(&mut tap, "event: items\ndata: ").await + &read_until(&mut tap, "\n\n").await;
    assert!(tapped.contains(r#"\"stringValue\":\"tailed 1\""#), "{tapped}");
    let event = read_until(&mut rates, "event: rates\ndata: ").await + &read_until(&mut rates, "\n\n").await;
    assert!(event.contains(&format!("\"{edge}\":{{\"items_per_s\":")), "{event}");
    // Streams do not hold up the end.
    station.weir.stop().await;
}

/// Reads up to and with `text`; returns all of it.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        while !read.ends_with(text.as_bytes()) {
            read.push(stream.read_u8().await.expect("the stream goes on"));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the text comes");
    String::from_utf8_lossy(&read).into_owned()
}
