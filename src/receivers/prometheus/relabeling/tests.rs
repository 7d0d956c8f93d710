//! Every action, with what Prometheus makes of it.

use super::*;
use crate::config::{ConfigValue, Decoding, parse_yaml};

fn rules(yaml: &str) -> RelabelRules {
    let node = parse_yaml(yaml, &"rules".into()).unwrap();
    let mut configs: Vec<RelabelConfig> = Vec::new();
    let mut decoding = Decoding::default();
    configs.update(&node, &mut decoding);
    assert!(decoding.into_errors().is_empty());
    RelabelRules::new(&configs, true).unwrap()
}

/// What the rules make of `a="foo", b="bar", c="baz"`; none where they drop it.
fn relabelled(yaml: &str) -> Option<Vec<(String, String)>> {
    let mut labels: LabelSet = [("a", "foo"), ("b", "bar"), ("c", "baz")].into_iter().collect();
    let is_kept = rules(yaml).apply(&mut labels);
    is_kept.then(|| labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect())
}

fn assert_relabelled(yaml: &str, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(relabelled(yaml), Some(expected.collect()), "{yaml}");
}

#[test]
fn replace_writes_groups_into_labels() {
    assert_relabelled(
        "[{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: 'ch${1}-ch${1}'}]",
        &[("a", "foo"), ("b", "bar"), ("c", "baz"), ("d", "choo-choo")],
    );
    assert_relabelled(
        "[{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'}]",
        &[("a", "boobam"), ("b", "bar"), ("c", "baz")],
    );
    // The names of labels are made of groups too; what is no name is not written.
    assert_relabelled(
        "[{source_labels: [a], regex: '(f).*', target_label: '${1}_x', replacement: 1}, \
         {source_labels: [nothing], regex: '(.*)', target_label: '$1', replacement: y}]",
        &[("a", "foo"), ("b", "bar"), ("c", "baz"), ("f_x", "1")],
    );
    // An empty replacement removes the label, a value that does not match leaves it.
    assert_relabelled(
        "[{source_labels: [a], regex: 'f(.*)', target_label: b, replacement: ''}, \
         {source_labels: [a], regex: 'oo', target_label: c, replacement: x}]",
        &[("a", "foo"), ("c", "baz")],
    );
    assert_relabelled(
        "[{target_label: a, replacement: fixed}]",
        &[("a", "fixed"), ("b", "bar"), ("c", "baz")],
    );
}

#[test]
fn keep_and_drop_decide() {
    assert_eq!(relabelled("[{source_labels: [a], regex: '.*o.*', action: drop}]"), None);
    assert!(relabelled("[{source_labels: [a], regex: 'oo', action: drop}]").is_some());
    assert_eq!(relabelled("[{source_labels: [a], regex: 'oo', action: Keep}]"), None);
    assert!(relabelled("[{source_labels: [a, c], separator: '', regex: 'foobaz', action: keep}]").is_some());
    assert_eq!(relabelled("[{source_labels: [a], target_label: b, action: keepequal}]"), None);
    assert!(relabelled("[{source_labels: [a], target_label: b, action: dropequal}]").is_some());
    let copied = "{source_labels: [a], target_label: b}";
    assert!(
        relabelled(&format!("[{copied}, {{source_labels: [a], target_label: b, action: keepequal}}]"))
            .is_some()
    );
    assert_eq!(
        relabelled(&format!("[{copied}, {{source_labels: [a], target_label: b, action: dropequal}}]")),
        None
    );
}

#[test]
fn labels_are_hashed_mapped_dropped_and_kept() {
    // The last eight bytes of the MD5 sum of `baz`, modulo 1000.
    assert_relabelled(
        "[{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}]",
        &[("a", "foo"), ("b", "bar"), ("c", "baz"), ("d", "976")],
    );
    assert_relabelled(
        "[{regex: '(b.*|c)', action: labelmap, replacement: 'x_$1'}]",
        &[("a", "foo"), ("b", "bar"), ("c", "baz"), ("x_b", "bar"), ("x_c", "baz")],
    );
    assert_relabelled("[{regex: '[ab]', action: labeldrop}]", &[("c", "baz")]);
    assert_relabelled("[{regex: '[ab]', action: labelkeep}]", &[("a", "foo"), ("b", "bar")]);
    assert_relabelled(
        "[{source_labels: [a], target_label: a, action: uppercase}, \
         {source_labels: [a], target_label: b, action: lowercase}]",
        &[("a", "FOO"), ("b", "foo"), ("c", "baz")],
    );
}
