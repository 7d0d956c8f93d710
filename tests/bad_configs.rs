//! Every file of `tests/testdata/bad-configs` is refused with exactly the errors written at its end.
//!
//! A line `#! 4:7: path: message` is an error expected at line 4, column 7 of the file; without numbers it
//! has no position. `[*]` stands for a list that grows with the components there are, and for positions
//! inside a hint.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::path::{Path, PathBuf};

use weir::config::LoadOptions;

const DIRECTORY: &str = "tests/testdata/bad-configs";

/// What the table must hold at least.
const FEWEST_CASES: usize = 60;

#[test]
fn bad_configurations_are_refused_with_the_expected_errors() {
    let mut failures = Vec::new();
    let files = case_files();
    assert!(files.len() >= FEWEST_CASES, "only {} files in {DIRECTORY}", files.len());
    for file in &files {
        let expected = expected_errors(file);
        let found = found_errors(file);
        let as_expected = expected.len() == found.len()
            && expected.iter().zip(&found).all(|(expected, found)| matches(expected, found));
        if !as_expected {
            failures.push(format!(
                "{}\n  expected:\n    {}\n  found:\n    {}",
                file.display(),
                expected.join("\n    "),
                found.join("\n    ")
            ));
        }
    }
    assert!(failures.is_empty(), "{} of {} fail\n{}", failures.len(), files.len(), failures.join("\n"));
}

fn case_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(DIRECTORY).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn expected_errors(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let expected: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("#! ")).map(str::to_owned).collect();
    assert!(!expected.is_empty(), "{} expects no error", file.display());
    expected
}

/// What `weir validate` says, each line without the name of the file.
fn found_errors(file: &Path) -> Vec<String> {
    let file_name = file.to_str().unwrap();
    let options = LoadOptions { sources: vec![file_name.to_owned()], ..LoadOptions::default() };
    let Err(errors) = weir::cli::validate(&options) else {
        return vec!["nothing wrong".to_owned()];
    };
    let prefix = format!("{file_name}:");
    errors.0.iter().map(|error| error.to_string()).map(|line| line.replacen(&prefix, "", 1)).collect()
}

/// Whether `found` is `expected`, where `[*]` stands for any text in brackets or any position.
fn matches(expected: &str, found: &str) -> bool {
    let mut rest = found;
    let mut parts = expected.split("[*]");
    let Some(after_first) = parts.next().and_then(|first| rest.strip_prefix(first)) else {
        return false;
    };
    rest = after_first;
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let next = if is_last {
            rest.strip_suffix(part).map(|_| "")
        } else {
            rest.split_once(part).map(|found| found.1)
        };
        let Some(next) = next else {
            return false;
        };
        rest = next;
    }
    rest.is_empty()
}
