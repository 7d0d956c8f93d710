//! Every spec below `tests/specs` holds.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::path::Path;

use weir::cli::test::spec_files;
use weir::spec::{Spec, run};

const DIRECTORY: &str = "tests/specs";

#[test]
fn every_spec_holds() {
    let mut failures = Vec::new();
    let files = spec_files(Path::new(DIRECTORY)).unwrap();
    for file in &files {
        let outcome = Spec::read(file).map_err(|errors| errors.to_string());
        let outcome = outcome.and_then(|spec| run(spec).map_err(|failure| failure.to_string()));
        if let Err(failure) = outcome {
            failures.push(failure);
        }
    }
    assert!(failures.is_empty(), "{} of {} specs fail\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn every_folder_holds_specs() {
    let folders = std::fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir()) {
        spec_files(&folder).unwrap();
    }
}
