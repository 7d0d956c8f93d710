//! Literals of Go: texts in quotes with escapes.

/// What a Go literal says: in double quotes with escapes, in backquotes as it is, or a character in single
/// quotes. None where the text is no literal.
pub(super) fn unquote(literal: &str) -> Option<Vec<u8>> {
    let quote = literal.chars().next()?;
    let inside = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    match quote {
        '`' => (!inside.contains('`')).then(|| inside.bytes().filter(|byte| *byte != b'\r').collect()),
        '"' => unescape(inside, quote).map(|(bytes, _)| bytes),
        '\'' => unescape(inside, quote).filter(|(_, characters)| *characters == 1).map(|(bytes, _)| bytes),
        _ => None,
    }
}

/// The bytes, and how many characters and escapes they were written as.
fn unescape(inside: &str, quote: char) -> Option<(Vec<u8>, usize)> {
    let mut bytes = Vec::with_capacity(inside.len());
    let mut count = 0;
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        count += 1;
        match character {
            '\\' => put_escape(&mut bytes, &mut characters, quote)?,
            '\n' => return None,
            _ if character == quote => return None,
            _ => put_character(&mut bytes, character),
        }
    }
    Some((bytes, count))
}

fn put_character(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Appends what a backslash and the next characters stand for. `\x` and octal digits are a byte, `\u` and
/// `\U` a character.
fn put_escape(bytes: &mut Vec<u8>, characters: &mut std::str::Chars<'_>, quote: char) -> Option<()> {
    let kind = characters.next()?;
    let mut number = |digits: usize, radix: u32| {
        let written: String = characters.by_ref().take(digits).filter(char::is_ascii_alphanumeric).collect();
        if written.len() == digits { u32::from_str_radix(&written, radix).ok() } else { None }
    };
    match kind {
        'a' => bytes.push(7),
        'b' => bytes.push(8),
        'f' => bytes.push(12),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(11),
        '\\' => bytes.push(b'\\'),
        '\'' | '"' if kind == quote => put_character(bytes, kind),
        'x' => bytes.push(u8::try_from(number(2, 16)?).ok()?),
        '0'..='7' => bytes.push(u8::try_from(kind.to_digit(8)? * 64 + number(2, 8)?).ok()?),
        'u' => put_character(bytes, char::from_u32(number(4, 16)?)?),
        'U' => put_character(bytes, char::from_u32(number(8, 16)?)?),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_in_go() {
        for (literal, expected) in [
            (r#""""#, ""),
            (r#""a\tb\\\"c\"""#, "a\tb\\\"c\""),
            (r#""\x41\101\u00e9\U0001F600'""#, "AAé😀'"),
            ("`a\\n\r`", "a\\n"),
            ("'x'", "x"),
            (r"'\''", "'"),
        ] {
            assert_eq!(unquote(literal).as_deref(), Some(expected.as_bytes()), "{literal}");
        }
        assert_eq!(unquote(r#""\xff""#), Some(vec![0xff]));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for text in [
            "",
            "a",
            "\"",
            "\"a",
            "'ab'",
            "''",
            "`a`b`",
            r#""a"b""#,
            r#""\'""#,
            r#""\x4""#,
            r#""\x4g""#,
            r#""\400""#,
            r#""\08""#,
            r#""\u12""#,
            r#""\uD800""#,
            "\"a\nb\"",
            r#""\"#,
            r#""\+123456""#,
        ] {
            assert_eq!(unquote(text), None, "{text}");
        }
    }
}
