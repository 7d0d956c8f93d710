//! Every endpoint over a filled store: answers are as `openapi.yaml` says, and their numbers are those of each other.

mod alarms;
mod hosts;
mod schema;
mod server;
mod tail;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::Semaphore;
use tower_service::Service;

use self::schema::Description;
use super::dashboards::DashboardConfig;
use super::demo::append_demo;
use super::router::router;
use super::*;
use crate::store::memory::MemoryStore;

/// 2026-01-01 12:00:00 UTC.
const NOON: u64 = 1_767_268_800_000_000_000;
const RANGE: &str = "from=1767265200000&to=1767268800000";

fn console(read_only: bool) -> Arc<Console> {
    let store = MemoryStore::new(u64::MAX);
    append_demo(&store, NOON).unwrap();
    Arc::new(Console {
        store: Arc::new(store),
        service: Arc::default(),
        telemetry: Telemetry::default(),
        in_flight: InFlightBytes::default(),
        clock: Clock::starting_at(NOON),
        started_unix_nano: NOON,
        read_only,
        dashboards: vec![DashboardConfig { id: "shop".to_owned(), ..DashboardConfig::default() }],
        question_timeout: Duration::from_secs(60),
        question_bytes: u64::MAX,
        questions: Arc::new(Semaphore::new(2)),
        streams: Arc::new(Semaphore::new(1)),
        stopping: CancellationToken::new(),
    })
}

async fn ask(console: &Arc<Console>, method: Method, path: &str) -> (StatusCode, Value) {
    let request =
        Request::builder().method(method).uri(format!("/api/v1{path}")).body(Body::empty()).unwrap();
    let Ok(response) = router(Arc::clone(console)).call(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn answer(console: &Arc<Console>, path: &str) -> Value {
    let (status, answer) = ask(console, Method::GET, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer
}

#[test]
fn the_description_has_every_endpoint_with_its_parameters_and_no_other() {
    let endpoints = api::endpoints().into_iter().map(|endpoint| {
        let parameters = endpoint.parameters.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        (format!("{} {}", endpoint.method, endpoint.path.replace("{*", "{")), parameters)
    });
    let endpoints: BTreeMap<String, Vec<String>> = endpoints.collect();
    assert_eq!(Description::read().endpoints(), endpoints);
}

#[tokio::test]
async fn answers_are_as_described() {
    let console = console(false);
    let description = Description::read();
    let traces = answer(&console, &format!("/traces?{RANGE}")).await;
    let trace = traces["traces"][0]["trace_id"].as_str().unwrap().to_owned();
    for (endpoint, question) in [
        ("/status", "/status".to_owned()),
        ("/services", format!("/services?{RANGE}")),
        ("/services/{name}/operations", format!("/services/checkout/operations?{RANGE}")),
        ("/map", format!("/map?{RANGE}")),
        ("/traces", format!("/traces?{RANGE}&service=checkout&status=error&min_ms=1&order=longest")),
        ("/traces/{id}", format!("/traces/{trace}")),
        ("/logs", format!("/logs?{RANGE}&q=severity%3E%3Dwarn&limit=5")),
        ("/logs/histogram", format!("/logs/histogram?{RANGE}")),
        ("/logs/facets", format!("/logs/facets?{RANGE}")),
        ("/fields", format!("/fields?{RANGE}&signal=traces")),
        ("/metrics", format!("/metrics?{RANGE}")),
        (
            "/metrics/query",
            format!("/metrics/query?{RANGE}&name=http.server.request.duration&group_by=service"),
        ),
        ("/metrics/query", format!("/metrics/query?{RANGE}&name=jvm.gc.duration&aggregation=heatmap")),
        ("/hosts", format!("/hosts?{RANGE}")),
        ("/alarms", "/alarms".to_owned()),
        ("/alarms/history", format!("/alarms/history?{RANGE}")),
        ("/dashboards", format!("/dashboards?{RANGE}")),
        ("/dashboards/{id}", format!("/dashboards/service/checkout?{RANGE}")),
        ("/dashboards/{id}", "/dashboards/shop".to_owned()),
        ("/pipelines", "/pipelines".to_owned()),
        ("/config", "/config".to_owned()),
    ] {
        let found = answer(&console, &question).await;
        description.expect(endpoint, "get", "200", &found);
    }
    let (status, made) = ask(&console, Method::POST, "/demo").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    description.expect("/demo", "post", "202", &made);
}

#[tokio::test]
async fn pages_agree_about_the_demonstration() {
    let console = console(false);
    let services = answer(&console, &format!("/services?{RANGE}")).await;
    let names: Vec<&str> =
        services["services"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["catalog", "checkout", "payment", "storefront"]);
    let number = |value: &Value| value.as_u64().unwrap();
    for service in services["services"].as_array().unwrap() {
        let name = service["name"].as_str().unwrap();
        let operations = answer(&console, &format!("/services/{name}/operations?{RANGE}")).await;
        let operations = operations["operations"].as_array().unwrap();
        assert_eq!(
            operations.iter().map(|one| number(&one["requests"])).sum::<u64>(),
            number(&service["requests"])
        );
        let series = service["series"]["errors"].as_array().unwrap();
        assert_eq!(series.iter().map(number).sum::<u64>(), number(&service["errors"]), "{name}");
    }
    // Every request to the storefront is a trace, and nothing else is.
    let traces = answer(&console, &format!("/traces?{RANGE}&limit=2000")).await;
    let traces = traces["traces"].as_array().unwrap();
    assert_eq!(traces.len() as u64, number(&services["services"][3]["requests"]));
    let slow = answer(
        &console,
        &format!("/traces?{RANGE}&q=name:%22INSERT%20orders%22%20duration%3E500ms&limit=2000"),
    )
    .await;
    let slow = slow["traces"].as_array().unwrap();
    assert!(!slow.is_empty() && slow.len() < traces.len());
    // The dependency is slow in the last twenty minutes.
    assert!(slow.iter().all(|trace| trace["start_ms"].as_f64().unwrap() >= 1_767_267_600_000.0));
    let map = answer(&console, &format!("/map?{RANGE}")).await;
    let edges: Vec<String> = map["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| format!("{} {}", edge["client"].as_str().unwrap(), edge["server"].as_str().unwrap()))
        .collect();
    for expected in ["storefront catalog", "storefront checkout", "checkout payment"] {
        assert!(edges.contains(&expected.to_owned()), "{edges:?}");
    }
    let dashboard = answer(&console, &format!("/dashboards/service/checkout?{RANGE}")).await;
    let rows: Vec<&str> =
        dashboard["rows"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(rows, ["Requests", "JVM", "Logs"]);
}

#[tokio::test]
async fn a_request_is_of_the_time_shown_or_of_the_time_before() {
    let console = console(false);
    let requests = async |range: &str| {
        let answer = answer(&console, &format!("/services?{range}")).await;
        let number = |of: &Value| of["requests"].as_u64().unwrap();
        (number(&answer["services"][3]), number(&answer["services"][3]["previous"]))
    };
    // From half past 11:29 until noon, and as long before that.
    let (shown, before) = requests("from=1767266970000&to=1767268800000").await;
    assert_eq!(shown + before, requests(RANGE).await.0);
}

#[tokio::test]
async fn a_rate_is_of_the_time_whose_requests_are_counted() {
    let console = console(false);
    let requests_in = |seconds: f64, row: &Value| (row["rate"].as_f64().unwrap() * seconds).round();
    for question in ["/services", "/services/storefront/operations", "/map"] {
        // The minutes from 11:29 to 11:31 are counted whole: twice the requests of the time asked for.
        let answer = answer(&console, &format!("{question}?from=1767266970000&to=1767267030000")).await;
        let rows = ["services", "operations", "nodes"].into_iter().find_map(|name| answer[name].as_array());
        for row in rows.unwrap() {
            assert_eq!(requests_in(120.0, row), row["requests"].as_f64().unwrap(), "{question} {row}");
        }
    }
    // The minute that is over at noon is counted whole too.
    let answer = answer(&console, "/services?from=1767268740000&to=1767268770000").await;
    let row = &answer["services"][3];
    assert_eq!(requests_in(60.0, row), row["requests"].as_f64().unwrap());
}

#[tokio::test]
async fn pages_of_logs_follow_each_other_without_a_gap() {
    let console = console(false);
    let whole = answer(&console, &format!("/logs?{RANGE}&limit=5000")).await;
    let whole = whole["logs"].as_array().unwrap();
    assert!(whole.len() > 100);
    let mut pages: Vec<Value> = Vec::new();
    let mut next = String::new();
    loop {
        let before = if next.is_empty() { String::new() } else { format!("&before={next}") };
        let page = answer(&console, &format!("/logs?{RANGE}&limit=37{before}")).await;
        pages.extend(page["logs"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = cursor.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages.len(), whole.len());
    assert!(pages.iter().eq(whole.iter()));
    let histogram = answer(&console, &format!("/logs/histogram?{RANGE}")).await;
    let counted = histogram["counts"].as_object().unwrap().values();
    let counted = counted.flat_map(|counts| counts.as_array().unwrap()).map(|count| count.as_u64().unwrap());
    assert_eq!(counted.sum::<u64>(), whole.len() as u64);
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_in_a_sentence() {
    let console = console(true);
    for (method, question, status, sentence) in [
        (
            Method::GET,
            "/traces?sevice=a",
            400,
            "There is no parameter \"sevice\" here: did you mean \"service\"? valid parameters: ",
        ),
        (Method::GET, "/logs?from=5&to=5", 400, "from must be before to; both are in unix milliseconds."),
        (
            Method::GET,
            "/logs?q=a:",
            400,
            "The query cannot be read: column 3: there is no value; write a:* for everything that has the key, or a value",
        ),
        (
            Method::GET,
            "/logs?before=x",
            400,
            "before must be the value of next in an earlier answer, not \"x\".",
        ),
        (Method::GET, "/logs?limit=many", 400, "limit must be a number of 0 or more, not \"many\"."),
        (Method::GET, "/traces?status=bad", 400, "status must be one of unset, ok, error, not \"bad\"."),
        (Method::GET, "/traces/12", 400, "\"12\" is no trace id: that has 32 hexadecimal digits."),
        (
            Method::GET,
            "/traces/000000000000000000000000000000ff",
            404,
            "Trace 000000000000000000000000000000ff is not in the store: it was never received, or is older than what is kept.",
        ),
        (Method::GET, "/metrics/query", 400, "name must say which metric is meant; /metrics lists them."),
        (Method::GET, "/services/%F0/operations", 400, "The path cannot be read: Invalid UTF-8 in `name`"),
        (Method::GET, "/dashboards/none", 404, "There is no dashboard \"none\"."),
        (Method::GET, "/pipelines/tap?edge=a%3Eb%3Elogs", 404, "There is no edge \"a>b>logs\"."),
        (
            Method::GET,
            "/nothing",
            404,
            "There is no GET /api/v1/nothing: /api/v1/openapi.yaml lists what there is.",
        ),
        (Method::POST, "/demo", 403, "This console is read-only (read_only: true in its configuration)."),
    ] {
        let (found, answer) = ask(&console, method, question).await;
        assert_eq!(found.as_u16(), status, "{question}");
        let found = answer["error"].as_str().unwrap();
        assert!(found.starts_with(sentence), "{question}: {found}");
    }
}

#[test]
fn the_same_moment_makes_the_same_demonstration() {
    let made = || {
        let store = MemoryStore::new(u64::MAX);
        let counts = append_demo(&store, NOON).unwrap();
        (counts, store.statistics().unwrap().bytes)
    };
    assert_eq!(made(), made());
}
