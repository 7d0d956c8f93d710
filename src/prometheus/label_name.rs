//! Attribute keys as label names.

/// The name of the label for an attribute, in the letters every Prometheus takes: runs of others become one
/// underscore, and `key` comes before what would begin with a digit or an underscore. Keys within double
/// underscores keep those. None where nothing but underscores would be left.
pub(super) fn escaped_label_name(key: &str) -> Option<String> {
    let reserved = key.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    let mut name = String::with_capacity(key.len() + 4);
    for character in reserved.unwrap_or(key).chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    if reserved.is_some() {
        return has_more_than_underscores(&name).then(|| format!("__{name}__"));
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, "key_");
    } else if name.starts_with('_') {
        name.insert_str(0, "key");
    }
    has_more_than_underscores(&name).then_some(name)
}

/// Whether a name has a character that is not an underscore; Prometheus takes no other.
pub(super) fn has_more_than_underscores(name: &str) -> bool {
    name.chars().any(|character| character != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_as_the_collector_does() {
        let cases = [
            ("http.method", Some("http_method")),
            ("a__b", Some("a_b")),
            ("_foo", Some("key_foo")),
            ("__name__", Some("__name__")),
            ("1st", Some("key_1st")),
            ("é", Some("key_")),
            ("ééx", Some("key_x")),
            ("__", Some("key_")),
            ("__a b__", Some("__a_b__")),
            ("____", None),
            ("", None),
            ("x_", Some("x_")),
        ];
        for (key, name) in cases {
            assert_eq!(escaped_label_name(key).as_deref(), name, "{key}");
        }
    }
}
