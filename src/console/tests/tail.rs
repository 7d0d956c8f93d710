//! The live tail of the logs.

use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use prost::Message;

use super::*;
use crate::otlp::{Batch, Signal};

const SECOND: u64 = 1_000_000_000;

/// Records with these times and bodies.
fn append(console: &Console, records: impl IntoIterator<Item = (u64, String)>) {
    let record = |(time_unix_nano, body): (u64, String)| LogRecord {
        time_unix_nano,
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(body)) }),
        ..LogRecord::default()
    };
    let log_records = records.into_iter().map(record).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
    let bytes = Bytes::from(LogsData { resource_logs }.encode_to_vec());
    console.store.append(&Batch::from_untrusted_part(Signal::Logs, bytes).unwrap()).unwrap();
}

async fn tail(console: &Arc<Console>) -> Body {
    let request = Request::builder().uri("/api/v1/logs/tail").body(Body::empty()).unwrap();
    let Ok(response) = router(Arc::clone(console)).call(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

/// The next event that comes within two seconds.
async fn next_event(body: &mut Body) -> Option<Value> {
    let next = async {
        loop {
            let frame = body.frame().await?.unwrap().into_data().unwrap();
            if let Some(data) = std::str::from_utf8(&frame).unwrap().strip_prefix("event: logs\ndata: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), next).await.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_is_not_read_keeps_nobody_from_asking() {
    let console = console(false);
    let mut body = tail(&console).await;
    let others = Arc::clone(&console.questions).acquire_many_owned(2).await.unwrap();
    assert_eq!(next_event(&mut body).await, None);
    drop(others);
    // From here on nobody reads.
    assert_eq!(console.questions.available_permits(), 2);
}

#[tokio::test(start_paused = true)]
async fn records_of_a_clock_that_is_ahead_hide_no_others() {
    let console = console(false);
    append(&console, (0..1_500).map(|number| (NOON + 3 * 3600 * SECOND + number, "ahead".to_owned())));
    let mut body = tail(&console).await;
    assert_eq!(next_event(&mut body).await, None);
    append(&console, [(NOON, "now".to_owned()), (NOON + 50 * SECOND, "soon".to_owned())]);
    let event = next_event(&mut body).await.unwrap();
    let bodies: Vec<&str> =
        event["logs"].as_array().unwrap().iter().map(|record| record["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["now", "soon"]);
    assert_eq!((&event["skipped"], &event["skipped_at_least"]), (&Value::from(0), &Value::from(false)));
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_counted_as_far_as_it_is_known() {
    let console = console(false);
    append(&console, [(NOON, "first".to_owned())]);
    let mut body = tail(&console).await;
    assert_eq!(next_event(&mut body).await, None);
    for (sent, skipped, at_least) in [(300, 100, false), (5_000, 800, true), (10, 0, false)] {
        let time = console.clock.now_unix_nano();
        append(&console, (0..sent).map(|number| (time + number, format!("{sent} {number}"))));
        let event = next_event(&mut body).await.unwrap();
        Description::read().expect_schema("TailedLogs", &event);
        assert_eq!(event["logs"].as_array().unwrap().len() as u64, sent.min(200));
        let found = (&event["skipped"], &event["skipped_at_least"]);
        assert_eq!(found, (&Value::from(skipped), &Value::from(at_least)), "{sent}");
        assert_eq!(next_event(&mut body).await, None);
    }
}
