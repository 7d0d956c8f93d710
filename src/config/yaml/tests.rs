//! Tests of reading YAML: structure, positions, merging, and every limit.

use std::sync::Arc;

use super::*;

fn parse(text: &str) -> Result<Node, String> {
    parse_yaml(text, &Arc::from("test.yaml")).map_err(|error| error.to_string())
}

fn shown(text: &str) -> String {
    serde_json::to_string(&parse(text).unwrap().to_yaml()).unwrap()
}

fn position(node: &Node) -> (usize, usize) {
    (node.location.line, node.location.column)
}

#[test]
fn keys_and_values_know_their_positions() {
    let node = parse("# comment\na:\n  b: 5\n  ç: [x, {y: z}]\nempty:\nlast: |\n  text\n").unwrap();
    let b = node.get("a").unwrap().entry("b").unwrap();
    assert_eq!((b.key_location.line, b.key_location.column), (3, 3));
    assert_eq!(position(&b.value), (3, 6));
    let NodeValue::List(items) = &node.get("a").unwrap().get("ç").unwrap().value else { panic!("a list") };
    assert_eq!(position(&items[0]), (4, 7));
    assert_eq!(position(items[1].get("y").unwrap()), (4, 14));
    assert_eq!(position(node.get("empty").unwrap()), (5, 1));
    assert_eq!(node.get("a").unwrap().location.to_string(), "test.yaml:3:3");
}

#[test]
fn anchors_aliases_and_merge_keys() {
    assert_eq!(shown("a: &x {k: 1}\nb: *x\n"), r#"{"a":{"k":1},"b":{"k":1}}"#);
    assert_eq!(
        shown(
            "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\none:\n  b: 0\n  <<: *base\nboth:\n  <<: [*base, *other]\n"
        ),
        r#"{"base":{"a":1,"b":2},"other":{"b":3,"c":4},"one":{"b":0,"a":1},"both":{"a":1,"b":2,"c":4}}"#
    );
    assert_eq!(shown("'<<': 1"), r#"{"<<":1}"#);
    assert_eq!(
        parse("a:\n  <<: 5\n").unwrap_err(),
        "test.yaml:2:7: map merge requires map or sequence of maps as the value"
    );
}

#[test]
fn keys_are_texts() {
    assert_eq!(shown("1: a\ntrue: b\n"), r#"{"1":"a","true":"b"}"#);
    assert_eq!(
        parse("? [a]\n: b\n").unwrap_err(),
        "test.yaml:1:3: a key must be a text, not a list or a map"
    );
}

#[test]
fn duplicate_keys_are_refused() {
    assert_eq!(
        parse("a: 1\nb: 2\na: 3\n").unwrap_err(),
        "test.yaml:3:1: mapping key \"a\" already defined at line 1"
    );
}

#[test]
fn syntax_errors_have_a_position() {
    for (text, position) in [
        ("a: [1, 2\n", "test.yaml:1:9: "),
        ("a: b: c\n", "test.yaml:1:5: "),
        ("a: *nothing\n", "test.yaml:1:4: "),
    ] {
        let message = parse(text).unwrap_err();
        assert!(message.starts_with(&format!("{position}invalid YAML: ")), "{text:?}: {message}");
    }
}

#[test]
fn nothing_is_null_and_two_documents_are_refused() {
    for text in ["", "# only a comment\n", "---\n", "---\n...\n", "\u{feff}"] {
        assert!(parse(text).unwrap().is_null(), "{text:?}");
    }
    assert_eq!(shown("a: 1\n---\n"), r#"{"a":1}"#);
    assert_eq!(
        parse("a: 1\n---\nb: 2\n").unwrap_err(),
        "test.yaml:3:1: a second YAML document begins here; only one is read"
    );
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", ")));
    }
    assert!(parse(&laughs).unwrap_err().ends_with("document contains excessive aliasing"));
    assert_eq!(parse(&"[".repeat(150)).unwrap_err(), "test.yaml:1:101: nested deeper than 100 levels");
    let chain = format!("a: &a {0}1{1}\nb: {0}*a{1}\n", "[".repeat(60), "]".repeat(60));
    assert_eq!(parse(&chain).unwrap_err(), "test.yaml:2:64: nested deeper than 100 levels");
    assert_eq!(parse("a: &a [*a]\n").unwrap_err(), "test.yaml:1:8: anchor value contains itself");
    let large = " ".repeat(LARGEST_TEXT_BYTES + 1);
    assert_eq!(
        parse(&large).unwrap_err(),
        "test.yaml:1:1: 16777217 bytes of YAML are more than the 16777216 that are read"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-c:\\-\\[\\]{}&*!|>'\"#%@?, \n\t0-9.<~]{0,60}") {
        let _ = parse(&text);
    }
}
