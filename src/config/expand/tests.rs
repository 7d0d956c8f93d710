//! Tests of expansion, rule by rule.

use proptest::prelude::*;

use super::*;
use crate::config::parse_yaml;

const VARIABLES: [(&str, &str); 16] = [
    ("HOST", "localhost"),
    ("PORT", "4317"),
    ("ZEROS", "0123"),
    ("EMPTY", ""),
    ("LIST", "[a, b]"),
    ("MAP", "{k: 1, n::m: 2}"),
    ("QUOTED", "\"4317\""),
    ("BROKEN", "[a, b"),
    ("NAME", "HOST"),
    ("INNER_HOST", "found"),
    ("CHAIN", "${env:HOST}"),
    ("CHAINED_LIST", "[\"${env:HOST}\", \"${env:PORT}\"]"),
    ("SELF", "${env:SELF}"),
    ("DOUBLING", "${env:DOUBLING} ${env:DOUBLING}x"),
    ("NESTING", "[\"${env:NESTING}\"]"),
    ("DOLLARS", "a$$b"),
];

fn expanded(value: &str) -> (Node, Expanded) {
    let variables = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut node = parse_yaml(&format!("key: {value}\n"), &Arc::from("test.yaml")).unwrap();
    let result = expand(&mut node, &Sources::Fixed(BTreeMap::from(variables)));
    (node.get("key").unwrap().clone(), result)
}

fn value(text: &str) -> String {
    let (node, result) = expanded(text);
    assert_eq!(result.errors, [], "{text}");
    serde_json::to_string(&node.to_yaml()).unwrap()
}

fn errors(text: &str) -> Vec<String> {
    expanded(text).1.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_value_is_typed_and_keeps_its_text() {
    for (text, expected, original) in [
        ("${env:HOST}", r#""localhost""#, "localhost"),
        ("${HOST}", r#""localhost""#, "localhost"),
        ("${env:PORT}", "4317", "4317"),
        ("${env:ZEROS}", "83", "0123"),
        ("${env:QUOTED}", r#""\"4317\"""#, "\"4317\""),
        ("${env:BROKEN}", r#""[a, b""#, "[a, b"),
        ("${env:LIST}", r#"["a","b"]"#, "[a, b]"),
        ("${env:MAP}", r#"{"k":1,"n":{"m":2}}"#, "{k: 1, n::m: 2}"),
        ("${env:EMPTY}", "null", ""),
        ("${env:UNSET}", "null", ""),
        ("${env:UNSET:-}", r#""""#, ""),
        ("${env:UNSET:-17}", "17", "17"),
        ("${env:UNSET:-a:-b}", r#""a:-b""#, "a:-b"),
        ("${env:EMPTY:-17}", "null", ""),
        ("\"${yaml:a::b: [1]}\"", r#"{"a":{"b":[1]}}"#, "a::b: [1]"),
        ("${env:CHAIN}", r#""localhost""#, "localhost"),
        ("${env:CHAINED_LIST}", r#"["localhost",4317]"#, "[\"localhost\", \"4317\"]"),
        ("${env:${env:NAME}}", r#""localhost""#, "localhost"),
        ("${env:INNER_${env:NAME}}", r#""found""#, "found"),
    ] {
        assert_eq!(value(text), expected, "{text}");
        assert_eq!(expanded(text).0.original.as_deref(), Some(original), "{text}");
    }
}

#[test]
fn an_inline_reference_is_text() {
    for (text, expected) in [
        ("http://${env:HOST}:${env:PORT}/", r#""http://localhost:4317/""#),
        ("${env:PORT}${env:PORT}", r#""43174317""#),
        ("a ${env:UNSET} b", r#""a  b""#),
        ("a-${env:LIST}", r#""a-[a, b]""#),
        ("\"${env:PORT} \"", r#""4317 ""#),
    ] {
        assert_eq!(value(text), expected, "{text}");
        assert_eq!(expanded(text).0.original, None, "{text}");
    }
}

#[test]
fn dollars_escape() {
    for (text, expected) in [
        ("$${env:HOST}", r#""${env:HOST}""#),
        ("$$${env:HOST}", r#""$localhost""#),
        ("$$$${env:HOST}", r#""$${env:HOST}""#),
        ("$HOST", r#""$HOST""#),
        ("a$$b", r#""a$b""#),
        ("${env:DOLLARS}", r#""a$b""#),
        ("$${env:HOST} ${env:HOST}", r#""${env:HOST} localhost""#),
        ("${unclosed", r#""${unclosed""#),
        ("closed}", r#""closed}""#),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn keys_are_left_alone() {
    assert_eq!(value("{\"${env:HOST}\": \"${env:HOST}\"}"), r#"{"${env:HOST}":"localhost"}"#);
}

#[test]
fn what_cannot_be_expanded_is_an_error_where_it_was_written() {
    for (text, expected) in [
        (
            "${env:1X}",
            "environment variable \"1X\" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$",
        ),
        ("${}", "environment variable \"\" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$"),
        ("\"${env:A$B}\"", "the uri \"env:A$B\" contains unsupported characters ('$')"),
        ("${env:SELF}", "too many recursive expansions"),
        ("${env:DOUBLING}", "too many recursive expansions"),
        ("x${env:DOUBLING}", "too many recursive expansions"),
        ("${env:NESTING}", "too many recursive expansions"),
    ] {
        let errors = errors(text);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].starts_with("test.yaml:1:6: key:"), "{}", errors[0]);
        assert!(errors[0].ends_with(expected), "{}", errors[0]);
    }
}

#[test]
fn every_error_is_reported() {
    assert_eq!(
        errors("[\"${env:1}\", \"${nosuch:x}\"]"),
        [
            "test.yaml:1:7: key::0: environment variable \"1\" has invalid name: must match regex \
             ^[a-zA-Z_][a-zA-Z0-9_]*$",
            "test.yaml:1:19: key::1: scheme \"nosuch\" is not supported for uri \"nosuch:x\" (one of env, \
             file, http, https, yaml)",
        ]
    );
}

#[test]
fn an_unset_variable_is_named_once() {
    assert_eq!(
        expanded("[\"${UNSET}\", \"${UNSET}\", \"${env:UNSET:-x}\"]").1.warnings,
        ["Configuration references unset environment variable \"UNSET\" at test.yaml:1:7"]
    );
}

#[test]
fn values_stay_where_their_reference_was_written() {
    let (node, _) = expanded("\n  inner: ${env:MAP}");
    let inner = node.get("inner").unwrap();
    assert_eq!(inner.location.to_string(), "test.yaml:2:10");
    assert_eq!(inner.get("k").unwrap().location.to_string(), "test.yaml:2:10");
}

#[test]
fn a_file_keeps_its_own_positions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("part.yaml");
    std::fs::write(&path, "a:\n  b: 1\n").unwrap();
    let text = format!("key: ${{file:{}}}\n", path.display());
    let mut node = parse_yaml(&text, &Arc::from("test.yaml")).unwrap();
    assert_eq!(expand(&mut node, &Sources::Process).errors, []);
    let key = node.get("key").unwrap();
    assert_eq!(key.location.to_string(), "test.yaml:1:6");
    let b = key.get("a").unwrap().get("b").unwrap();
    assert_eq!(b.location.to_string(), format!("{}:2:6", path.display()));
}

proptest! {
    /// Whatever is written, expansion ends without a panic and with one error at most for one value.
    #[test]
    fn expansion_ends(text in "[${}a-c:A-C\\-]{0,24}") {
        let variables = [("A", "${B}"), ("B", "x"), ("C", "$"), ("AB", "${env:C}{A}")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut node = Node::anonymous(NodeValue::String(text));
        let result = expand(&mut node, &Sources::Fixed(BTreeMap::from(variables)));
        prop_assert!(result.errors.len() <= 1, "{:?}", result.errors);
    }

    /// A text without a reference only loses the second of two dollars.
    #[test]
    fn text_without_references_stays(text in "[a-z$ }]{0,20}") {
        let mut node = Node::anonymous(NodeValue::String(text.clone()));
        let result = expand(&mut node, &Sources::Fixed(BTreeMap::new()));
        prop_assert_eq!(result.errors, []);
        prop_assert_eq!(node.value.to_string(), format!("{:?}", text.replace("$$", "$")));
    }
}
