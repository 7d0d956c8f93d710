//! Answers end where their limits are.

use std::cmp::Reverse;

use super::recovery::{bodies_of, logs};
use super::{NOW, open};
use crate::store::engine::SqliteStore;
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
        assert_eq!((answer.value.records.items(), answer.cut), (expected, Some(Cut::Bytes)), "{bytes}");
    }
    let answer = store.search_logs(&search, &Limits { bytes: 1_000_000, ..Limits::NONE }).unwrap();
    assert_eq!((answer.value.records.items(), answer.cut), (5, None));
}

/// The bodies of all answers to a search, each going on where the one before ended; `between` is called between them.
fn pages(store: &SqliteStore, limits: &Limits, mut between: impl FnMut()) -> Vec<String> {
    let mut search = LogSearch { range: TimeRange::ALL, filter: Filter::default(), before: None };
    let mut found = Vec::new();
    for _ in 0..1_000 {
        let answer = store.search_logs(&search, limits).unwrap();
        assert_eq!(answer.value.next.is_some(), answer.cut.is_some());
        found.extend(bodies_of(&answer.value.records));
        if answer.cut.is_none() {
            return found;
        }
        search.before = answer.value.next;
        between();
    }
    panic!("there is no end: {}", found.len());
}

#[test]
fn pages_have_each_record_once_whatever_arrives_at_the_same_time_meanwhile() {
    for (rows, is_cut_between) in [(1, false), (1, true), (2, false), (2, true), (3, true), (5, true)] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let mut expected = Vec::new();
        for number in 0..10 {
            // Four of the same moment, then others.
            let name = format!("{number}");
            store.append(&logs(&[(NOW + (number / 4) % 2, &name)])).unwrap();
            expected.push((NOW + (number / 4) % 2, number, name));
            if number % 3 == 2 {
                store.cut().unwrap();
            }
        }
        expected.sort_unstable_by_key(|(time, number, _)| Reverse((*time, *number)));
        let expected: Vec<String> = expected.into_iter().map(|(_, _, name)| name).collect();
        let found = pages(&store, &Limits { rows, ..Limits::NONE }, || {
            store.append(&logs(&[(NOW, "later"), (NOW + 1, "later"), (NOW + 2, "later")])).unwrap();
            if is_cut_between {
                store.cut().unwrap();
            }
        });
        // What came while the first moment was not yet gone through may be among the others.
        let known: Vec<String> = found.into_iter().filter(|name| name != "later").collect();
        assert_eq!(known, expected, "{rows}");
    }
}

#[test]
fn an_answer_cut_by_bytes_is_gone_on_from_where_it_was_cut() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let long = "x".repeat(1_000);
    // Blocks of two that overlap: of each two blocks the second begins before the first ends.
    for number in 0..40 {
        let age = number / 4 * 4 + [0, 2, 1, 3][number % 4];
        store.append(&logs(&[(NOW - age as u64, &format!("{age} {long}"))])).unwrap();
        if number % 2 == 1 {
            store.cut().unwrap();
        }
    }
    let expected: Vec<String> = (0..40).map(|age| age.to_string()).collect();
    for bytes in [1, 200, 1_500, 3_000, 10_000] {
        let found = pages(&store, &Limits { bytes, ..Limits::NONE }, || ());
        let ages: Vec<&str> = found.iter().filter_map(|body| body.split(' ').next()).collect();
        assert_eq!(ages, expected, "{bytes}");
    }
}
