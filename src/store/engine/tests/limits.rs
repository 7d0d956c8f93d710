//! Answers end where their limits are.

use super::recovery::logs;
use super::{NOW, open};
use crate::store::{Cut, Filter, Limits, LogSearch, TelemetryStore, TimeRange};

#[test]
fn an_answer_has_the_newest_records_that_fit_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let long = "x".repeat(1_000);
    for age in 0..5 {
        store.append(&logs(&[(NOW - age, &long)])).unwrap();
    }
    let search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    for (bytes, expected) in [(1, 1), (1_000, 1), (2_500, 2), (4_500, 4)] {
        let answer = store.search_logs(&search, &Limits { bytes, ..Limits::NONE }).unwrap();
        assert_eq!((answer.value.items(), answer.cut), (expected, Some(Cut::Bytes)), "{bytes}");
    }
    let answer = store.search_logs(&search, &Limits { bytes: 1_000_000, ..Limits::NONE }).unwrap();
    assert_eq!((answer.value.items(), answer.cut), (5, None));
}
