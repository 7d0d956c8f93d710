//! Any bytes as a configuration: it is read, expanded with a fixed environment, decoded and checked
//! without a panic, and a refusal says why.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use weir::config::{LoadOptions, Sources, load_from};

const VARIABLES: [(&str, &str); 5] = [
    ("HOST", "localhost"),
    ("PORT", "4317"),
    ("LIST", "[a, ${env:HOST}]"),
    ("SELF", "{again: \"${env:SELF}\"}"),
    ("DOLLARS", "$$ ${"),
];

fuzz_target!(|document: &[u8]| {
    let Ok(text) = std::str::from_utf8(document) else { return };
    let variables = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sources = Sources::Fixed(BTreeMap::from(variables));
    let options = LoadOptions { sources: vec![format!("yaml:{text}")], ..LoadOptions::default() };
    if let Err(errors) = load_from(&options, &sources) {
        assert!(!errors.to_string().is_empty());
    }
});
