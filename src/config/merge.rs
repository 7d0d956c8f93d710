//! Merging of configuration sources, and `::` in keys as nesting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::yaml::{DEEPEST_NESTING, nested_too_deep};
use super::{ConfigError, Entry, Location, Node, NodeValue, parse_yaml};

/// What separates the keys of a path.
const DELIMITER: &str = "::";

/// Lays `overlay` over `base`: maps key by key, everything else replaced. Positions stay with the values.
pub(super) fn merge(base: &mut Node, overlay: Node) {
    match (&mut base.value, overlay.value) {
        (NodeValue::Map(entries), NodeValue::Map(overlays)) => merge_entries(entries, overlays),
        (_, value) => *base = Node { value, ..overlay },
    }
}

fn merge_entries(entries: &mut Vec<Entry>, overlays: Vec<Entry>) {
    let mut index: BTreeMap<String, usize> =
        entries.iter().enumerate().map(|(position, entry)| (entry.key.clone(), position)).collect();
    for overlay in overlays {
        match index.get(&overlay.key).and_then(|position| entries.get_mut(*position)) {
            Some(entry) => {
                merge(&mut entry.value, overlay.value);
                entry.key_location = overlay.key_location;
            }
            None => {
                index.insert(overlay.key.clone(), entries.len());
                entries.push(overlay);
            }
        }
    }
}

/// Reads every key `a::b` as the key `b` in a map under the key `a`. Where two keys then meet, they are
/// merged and the later one wins.
pub(super) fn nest_keys(node: Node) -> Result<Node, ConfigError> {
    nest(node, DEEPEST_NESTING)
}

fn nest(mut node: Node, levels_left: usize) -> Result<Node, ConfigError> {
    if levels_left == 0 {
        return Err(nested_too_deep(node.location));
    }
    node.value = match node.value {
        NodeValue::List(items) => {
            let items: Result<_, _> = items.into_iter().map(|item| nest(item, levels_left - 1)).collect();
            NodeValue::List(items?)
        }
        NodeValue::Map(entries) => {
            let mut nested = Vec::with_capacity(entries.len());
            for entry in entries {
                merge_entries(&mut nested, vec![nest_entry(entry, levels_left)?]);
            }
            NodeValue::Map(nested)
        }
        scalar => scalar,
    };
    Ok(node)
}

fn nest_entry(entry: Entry, levels_left: usize) -> Result<Entry, ConfigError> {
    let steps = entry.key.split(DELIMITER).count();
    if steps > levels_left {
        return Err(nested_too_deep(entry.key_location));
    }
    let Entry { key, key_location, value } = entry;
    let value = nest(value, levels_left - steps)?;
    let mut steps = key.rsplit(DELIMITER).map(str::to_owned);
    let innermost = steps.next().unwrap_or_default();
    let mut nested = Entry { key: innermost, key_location: key_location.clone(), value };
    for key in steps {
        let value =
            Node { value: NodeValue::Map(vec![nested]), location: key_location.clone(), original: None };
        nested = Entry { key, key_location: key_location.clone(), value };
    }
    Ok(nested)
}

/// The tree of one `--set key.path=value`: the path's dots are nesting, the value is YAML.
pub(super) fn setting(text: &str) -> Result<Node, ConfigError> {
    let location = Location { source: Arc::from(format!("--set {text}")), line: 1, column: 1 };
    let Some((path, value)) = text.split_once('=') else {
        return Err(ConfigError {
            path: Vec::new(),
            field: None,
            location: Some(location),
            message: "missing equal sign".to_owned(),
            hint: Some("write --set key.path=value".to_owned()),
        });
    };
    let value = parse_yaml(value.trim(), &location.source)?;
    let key = path.trim().replace('.', DELIMITER);
    let entry = Entry { key, key_location: location.clone(), value };
    nest_keys(Node { value: NodeValue::Map(vec![entry]), location, original: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(text: &str, source: &str) -> Node {
        nest_keys(parse_yaml(text, &Arc::from(source)).unwrap()).unwrap()
    }

    fn shown(node: &Node) -> String {
        serde_json::to_string(&node.to_yaml()).unwrap()
    }

    #[test]
    fn maps_merge_and_all_else_is_replaced() {
        let mut base = tree("a: {b: 1, c: [1, 2], d: {e: 1}}\nf: 1\n", "base");
        merge(&mut base, tree("a: {c: [3], d: null, g: 2}\nf: {h: 1}\n", "overlay"));
        assert_eq!(shown(&base), r#"{"a":{"b":1,"c":[3],"d":null,"g":2},"f":{"h":1}}"#);
        let a = base.get("a").unwrap();
        assert_eq!(a.get("b").unwrap().location.to_string(), "base:1:8");
        assert_eq!(a.get("c").unwrap().location.to_string(), "overlay:1:8");
        assert_eq!(a.entry("c").unwrap().key_location.to_string(), "overlay:1:5");
    }

    #[test]
    fn double_colons_nest_at_every_level() {
        assert_eq!(
            shown(&tree("a::b: 1\na: {c::d: 2}\nl: [{e::f: 3}]\n", "x")),
            r#"{"a":{"b":1,"c":{"d":2}},"l":[{"e":{"f":3}}]}"#
        );
        assert_eq!(shown(&tree("a.b: 1\n", "x")), r#"{"a.b":1}"#);
        let deep = format!("{}a: 1\n", "a::".repeat(100));
        let error = nest_keys(parse_yaml(&deep, &Arc::from("x")).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "x:1:1: nested deeper than 100 levels");
    }

    #[test]
    fn settings_nest_at_dots_and_hold_yaml() {
        assert_eq!(
            shown(&setting("processors.batch.timeout=2s").unwrap()),
            r#"{"processors":{"batch":{"timeout":"2s"}}}"#
        );
        assert_eq!(
            shown(&setting("exporters.otlp/a.headers = {x: y=z}").unwrap()),
            r#"{"exporters":{"otlp/a":{"headers":{"x":"y=z"}}}}"#
        );
        assert_eq!(
            setting("nothing").unwrap_err().to_string(),
            "--set nothing:1:1: missing equal sign (write --set key.path=value)"
        );
    }

    fn any_tree() -> impl Strategy<Value = NodeValue> {
        let leaf = prop_oneof![
            Just(NodeValue::Null),
            any::<i64>().prop_map(|value| NodeValue::Integer(value.into())),
            "[a-c]{0,3}".prop_map(NodeValue::String),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let node = inner.prop_map(Node::anonymous);
            prop_oneof![
                prop::collection::vec(node.clone(), 0..4).prop_map(NodeValue::List),
                prop::collection::btree_map("[a-d]", node, 0..4).prop_map(|entries| {
                    let entry = |(key, value)| Entry { key, key_location: Location::unknown(), value };
                    NodeValue::Map(entries.into_iter().map(entry).collect())
                }),
            ]
        })
    }

    proptest! {
        /// What the overlay writes is there afterwards, and merging it again changes nothing.
        #[test]
        fn the_later_source_wins(base in any_tree(), overlay in any_tree()) {
            let (mut merged, overlay) = (Node::anonymous(base), Node::anonymous(overlay));
            merge(&mut merged, overlay.clone());
            let once = shown(&merged);
            assert_contains(&merged, &overlay);
            merge(&mut merged, overlay);
            prop_assert_eq!(shown(&merged), once);
        }
    }

    fn assert_contains(merged: &Node, overlay: &Node) {
        let NodeValue::Map(entries) = &overlay.value else {
            return assert_eq!(shown(merged), shown(overlay));
        };
        for entry in entries {
            assert_contains(merged.get(&entry.key).unwrap(), &entry.value);
        }
    }
}
