//! Expositions written from the OpenMetrics specification, through the receiver.
//!
//! `tests/testdata/openmetrics/good` holds what a scrape takes, each file beside the OTLP it becomes, with
//! `NOW` for the time of the scrape. Those called `tolerated-` break the specification and are taken since
//! Prometheus takes them. In `bad` is what fails a scrape, each beside the error.

use std::path::{Path, PathBuf};

use crate::receivers::prometheus::testing::{GivenTarget, OPEN_METRICS, lines};

/// Each exposition of a folder, with what is expected of it.
fn cases(folder: &str) -> Vec<(PathBuf, String, String)> {
    let folder = Path::new("tests/testdata/openmetrics").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let expositions = paths.filter(|path| path.extension().unwrap() == "txt");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    expositions.map(|path| (path.clone(), read(&path), read(&path.with_extension("expected")))).collect()
}

#[test]
fn good_expositions_become_otlp() {
    let cases = cases("good");
    assert!(cases.len() >= 20, "{}", cases.len());
    let mut failures = Vec::new();
    for (path, text, expected) in cases {
        let mut target = GivenTarget::new(OPEN_METRICS, "");
        // What is known from the first scrape changes nothing.
        for time_ms in [1_600_000_000_000, 1_600_000_015_000] {
            let expected = expected.replace("@NOW", &format!("@{time_ms}"));
            let found = target.scrape(&text, time_ms);
            if found != expected {
                failures.push(format!("{}\nexpected:\n{expected}found:\n{found}", path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn bad_expositions_fail_the_scrape() {
    let cases = cases("bad");
    assert!(cases.len() >= 40, "{}", cases.len());
    for (path, text, expected) in cases {
        let mut target = GivenTarget::new(OPEN_METRICS, "");
        let outcome = target.outcome(&text, 1000);
        assert_eq!(outcome.failure.as_deref(), Some(expected.trim_end()), "{}", path.display());
        let written = lines(&outcome.written);
        assert!(written.contains(
            "    gauge up [] \"The scraping was successful\" prometheus.type=gauge\n      @1000 = 0\n"
        ));
        // Nothing but the five points about the scrape.
        assert_eq!(outcome.written.points, 5, "{}: {written}", path.display());
    }
}
