//! Configurations with random damage: whatever comes out, loading ends without a panic, and a refusal
//! says why.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use weir::config::{LoadOptions, Sources, load_from};

/// What may be put in the place of something else: the words and signs that mean most.
const PIECES: [&str; 20] = [
    "",
    "\n",
    " ",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: ",
    "${env:A}",
    "${env:B:-",
    "$$",
    "::",
    "null",
    "-1",
    "\"",
    "enabled: false",
];

fn documents() -> Vec<String> {
    let mut documents = Vec::new();
    for directory in ["tests/testdata/collector-configs", "tests/testdata/bad-configs"] {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
        paths.sort();
        documents.extend(paths.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    }
    documents
}

/// `document` with each edit's piece in the place of some characters.
fn damaged(document: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut characters: Vec<char> = document.chars().collect();
    for (place, length, piece) in edits {
        let start = place % (characters.len() + 1);
        let end = (start + length).min(characters.len());
        characters.splice(start..end, PIECES[*piece].chars());
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn loading_never_panics(
        chosen in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<usize>(), 0_usize..8, 0..PIECES.len()), 1..6),
    ) {
        let documents = documents();
        let text = damaged(chosen.get::<String>(&documents), &edits);
        let variables = [("A", "{x: 1}"), ("B", "[\"${env:A}\"]")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = LoadOptions { sources: vec![format!("yaml:{text}")], ..LoadOptions::default() };
        if let Err(errors) = load_from(&options, &Sources::Fixed(BTreeMap::from(variables))) {
            prop_assert!(!errors.0.is_empty());
            prop_assert!(errors.0.iter().all(|error| !error.message.is_empty()));
        }
    }
}
