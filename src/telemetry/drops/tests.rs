//! Drops as the operator sees them: lines in the log and a counter.

use std::time::Duration;

use super::*;
use crate::config::telemetry::LogsTelemetry;
use crate::otlp::Signal;
use crate::pipeline::testing::settings;
use crate::telemetry::logging::{LogOutput, log_subscriber};

#[tokio::test(start_paused = true)]
async fn a_burst_is_logged_at_once_and_then_summed_up() {
    let (output, written) = LogOutput::memory();
    let config = LogsTelemetry { disable_caller: true, ..LogsTelemetry::default() };
    let _guard = tracing::subscriber::set_default(log_subscriber(&config, &[], output));
    let settings = settings("otlp/backend", Signal::Logs);
    let drops = DropReporter::new(&settings, "exporter");
    let lines = || -> Vec<String> {
        let written = written.lock();
        written.lines().map(|line| line.split_once('\t').unwrap().1.to_owned()).collect()
    };
    let line = |items: usize, reason: &str, error: &str| {
        format!(
            "error\tExporting failed. Dropping data.\t{{\"otelcol.component.id\": \"otlp/backend\", \
             \"otelcol.component.kind\": \"exporter\", \"otelcol.signal\": \"logs\", \"reason\": \"{reason}\", \
             \"dropped_items\": {items}, \"error\": \"{error}\"}}"
        )
    };

    for _ in 0..1000 {
        drops.dropped(3, DropReason::Permanent, "bad");
    }
    drops.dropped(0, DropReason::Permanent, "nothing was lost");
    assert_eq!(lines(), [line(3, "permanent", "bad")]);

    drops.dropped(5, DropReason::Shutdown, "late");
    assert_eq!(lines()[1..], [line(5, "shutdown", "late")], "each reason has a burst of its own");

    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(lines()[2..], [line(2997, "permanent", "bad")], "the rest is summed up after ten seconds");

    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(lines().len(), 3, "nothing more was dropped");

    drops.dropped(1, DropReason::Permanent, "again");
    drops.dropped(2, DropReason::Permanent, "last");
    assert_eq!(lines()[3..], [line(1, "permanent", "again")]);
    drop(drops);
    assert_eq!(lines()[4..], [line(2, "permanent", "last")], "an ending component says the rest");

    let counter = |reason| {
        let attributes =
            [("component", "otlp/backend"), ("kind", "exporter"), ("signal", "logs"), ("reason", reason)];
        settings.telemetry.counter(&instruments::DROPPED_ITEMS, &attributes).value()
    };
    assert_eq!((counter("permanent"), counter("shutdown"), counter("retries_exhausted")), (3003, 5, 0));
}
