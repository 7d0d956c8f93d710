//! Every spec below `tests/specs` holds.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::path::Path;

use weir::spec::{Spec, run, spec_files};

const DIRECTORY: &str = "tests/specs";

#[test]
fn every_spec_holds() {
    let mut failures = Vec::new();
    let files = spec_files(Path::new(DIRECTORY)).unwrap();
    for file in &files {
        let spec = Spec::read(file).map_err(|errors| errors.to_string());
        match spec.map(run) {
            Ok(outcome) => failures.extend(outcome.failure.map(|failure| failure.to_string())),
            Err(errors) => failures.push(errors),
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

#[test]
fn the_documentation_shows_specs_that_are_run() {
    let documentation = std::fs::read_to_string("docs/testing.md").unwrap();
    for file in spec_files(&Path::new(DIRECTORY).join("examples")).unwrap() {
        let spec = std::fs::read_to_string(&file).unwrap();
        assert!(
            documentation.contains(&format!("```yaml\n{spec}```\n")),
            "docs/testing.md does not show {}",
            file.display()
        );
    }
}
