//! Attribute keys as label names.

/// Appends the name of the label for an attribute, in the letters every Prometheus takes: runs of others become one
/// underscore, and `key` comes before what would begin with a digit or an underscore. Keys within double
/// underscores keep those. False, whatever was appended, where nothing but underscores would be left.
pub(super) fn append_escaped_label_name(text: &mut String, key: &str) -> bool {
    let reserved = key.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    let letters = reserved.unwrap_or(key);
    let start = text.len();
    if reserved.is_some() {
        text.push_str("__");
    } else if letters.starts_with(|first: char| first.is_ascii_digit()) {
        text.push_str("key_");
    } else if letters.starts_with(|first: char| !first.is_ascii_alphanumeric()) {
        text.push_str("key");
    }
    let mut follows_underscore = false;
    let mut has_letter = false;
    for character in letters.chars() {
        if character.is_ascii_alphanumeric() {
            text.push(character);
        } else if !follows_underscore {
            text.push('_');
        }
        follows_underscore = !character.is_ascii_alphanumeric();
        has_letter |= !follows_underscore;
    }
    if reserved.is_some() {
        text.push_str("__");
        return has_letter;
    }
    text.len() > start
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
            let mut text = "before".to_owned();
            let is_name = append_escaped_label_name(&mut text, key);
            assert_eq!(is_name.then(|| text.strip_prefix("before").unwrap()), name, "{key}");
        }
    }
}
