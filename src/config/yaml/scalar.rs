//! What a YAML scalar is: go-yaml 3's rules for values without a Go type to go by.

use super::NodeValue;

/// The value of a scalar. `plain` is a scalar without quotes; `tag` is the part after `!!`.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<&str>) -> NodeValue {
    match tag {
        Some("str" | "binary") => return NodeValue::String(text.to_owned()),
        Some("float") => {
            if let NodeValue::Integer(whole) = resolve_plain(text) {
                return NodeValue::Float(whole as f64);
            }
        }
        _ => {}
    }
    if plain || tag.is_some() { resolve_plain(text) } else { NodeValue::String(text.to_owned()) }
}

fn resolve_plain(text: &str) -> NodeValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeValue::Null,
        "true" | "True" | "TRUE" => return NodeValue::Bool(true),
        "false" | "False" | "FALSE" => return NodeValue::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return NodeValue::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return NodeValue::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return NodeValue::Float(f64::NAN),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return NodeValue::String(text.to_owned());
    }
    // The underscores of YAML 1.1 may stand anywhere between digits.
    let digits = text.replace('_', "");
    if let Some(value) = integer(&digits) {
        return NodeValue::Integer(value);
    }
    match float(&digits) {
        Some(value) => NodeValue::Float(value),
        None => NodeValue::String(text.to_owned()),
    }
}

/// Decimal, `0x`, `0o`, `0b` and, with nothing but a leading zero, octal: as Go's `ParseInt` in base 0.
fn integer(text: &str) -> Option<i128> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, magnitude.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, magnitude.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, magnitude.get(2..)?),
        [b'0', _, ..] => (8, magnitude.get(1..)?),
        _ => (10, magnitude),
    };
    // A second sign would pass as part of the number.
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let value = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    (value >= i128::from(i64::MIN)).then_some(value)
}

/// A number with digits before or after the point, and maybe an exponent. Rust alone would also take
/// `inf`, `nan` and a bare point.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let has_digit_first = unsigned.trim_start_matches('.').starts_with(|first: char| first.is_ascii_digit());
    if !is_number || !has_digit_first {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each plain scalar is to go-yaml 3 when it decodes into an empty interface.
    #[test]
    fn types_plain_scalars_as_the_collectors_parser() {
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("null", "null"),
            ("nULL", "\"nULL\""),
            ("true", "true"),
            ("FALSE", "false"),
            ("yes", "\"yes\""),
            ("on", "\"on\""),
            ("0", "0"),
            ("-0", "0"),
            ("+12", "12"),
            ("1_000", "1000"),
            ("0x1F", "31"),
            ("-0x10", "-16"),
            ("0o17", "15"),
            ("0644", "420"),
            ("0b101", "5"),
            ("0_7", "7"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("1.", "1"),
            ("1e3", "1000"),
            ("09", "9"),
            (".inf", "inf"),
            ("-.INF", "-inf"),
            (".nan", "NaN"),
            ("1e", "\"1e\""),
            (".", "\".\""),
            ("-", "\"-\""),
            ("--1", "\"--1\""),
            ("0x", "\"0x\""),
            ("0x+1", "\"0x+1\""),
            ("inf", "\"inf\""),
            ("1.2.3", "\"1.2.3\""),
            ("10s", "\"10s\""),
            ("localhost:4317", "\"localhost:4317\""),
            ("2026-01-02", "\"2026-01-02\""),
        ] {
            assert_eq!(resolve(text, true, None).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn quotes_and_tags_decide() {
        assert_eq!(resolve("1", false, None).to_string(), "\"1\"");
        assert_eq!(resolve("1", true, Some("str")).to_string(), "\"1\"");
        assert_eq!(resolve("1", false, Some("int")).to_string(), "1");
        assert!(matches!(resolve("1", true, Some("float")), NodeValue::Float(value) if value == 1.0));
    }
}
