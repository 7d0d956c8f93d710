//! Sections of several types, of which the key `type` picks one.

use super::{Decoding, Node, NodeValue, nearest};

/// The type that `node` says it is, one of `known`, and the rest of its keys. None, and an error is noted, where
/// it says no such thing. `example` shows how one is written.
pub fn typed_section<'a>(
    node: &Node,
    decoding: &mut Decoding,
    known: &[&'a str],
    example: &str,
) -> Option<(&'a str, Node)> {
    let NodeValue::Map(entries) = &node.value else {
        decoding.wrong_type(node, "map", Some(format!("write {example}")));
        return None;
    };
    let types = || format!("types: {}", known.join(", "));
    let Some(written) = node.get("type").filter(|written| !written.is_null()) else {
        decoding.error(&node.location, "missing required field 'type'", Some(types()));
        return None;
    };
    let NodeValue::String(type_name) = &written.value else {
        let message = format!("non-string type {} for field 'type'", written.go_type());
        decoding.error(&written.location, message, Some(types()));
        return None;
    };
    let Some(type_name) = known.iter().find(|name| *name == type_name) else {
        let hint = match nearest(type_name, known) {
            Some(word) => format!("did you mean {word:?}? {}", types()),
            None => types(),
        };
        decoding.error(&written.location, format!("unsupported type '{type_name}'"), Some(hint));
        return None;
    };
    let rest = entries.iter().filter(|entry| entry.key != "type").cloned().collect();
    let body = Node { value: NodeValue::Map(rest), location: node.location.clone(), original: None };
    Some((type_name, body))
}
