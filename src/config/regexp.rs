//! Regular expressions as Go reads them, since every pattern in a Collector's configuration was written
//! for Go's `regexp`.
//!
//! Both engines are children of RE2 and agree on nearly everything. A pattern is rewritten where they do
//! not: classes and word boundaries are ASCII in Go, a brace that is no repetition is a brace, there is
//! `\Q...\E`, and bracketed classes know no set operations.

use regex::bytes::Regex;

/// Why a pattern is refused, in the words of Go's `regexp` where it has the same error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {problem}: `{pattern}`")]
pub struct InvalidRegexp {
    problem: String,
    pattern: String,
}

/// Compiles a pattern in Go's syntax. It finds its matches in bytes, which need not be UTF-8.
///
/// # Errors
///
/// [`InvalidRegexp`] where it is none, or would take more than 10 MiB.
pub fn compile_go_regexp(pattern: &str) -> Result<Regex, InvalidRegexp> {
    Regex::new(&in_our_syntax(pattern)).map_err(|error| {
        let text = error.to_string();
        let last_line = text.lines().next_back().unwrap_or_default();
        let problem = match last_line.strip_prefix("error: ").unwrap_or(last_line) {
            "unclosed group" => "missing closing )",
            "unopened group" => "unexpected )",
            "unclosed character class" => "missing closing ]",
            "repetition operator missing expression" => "missing argument to repetition operator",
            other => other,
        };
        InvalidRegexp { problem: problem.to_owned(), pattern: pattern.to_owned() }
    })
}

fn in_our_syntax(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let (_, behind) = rest.split_at(character.len_utf8());
        rest = match character {
            '\\' => put_escape(&mut out, behind),
            '[' => put_class(&mut out, behind),
            '{' if !is_repetition(behind) => put(&mut out, "\\{", behind),
            _ => {
                out.push(character);
                behind
            }
        };
    }
    out
}

fn put<'a>(out: &mut String, text: &str, behind: &'a str) -> &'a str {
    out.push_str(text);
    behind
}

/// Writes what a backslash and the start of `rest` mean, and returns what is behind.
fn put_escape<'a>(out: &mut String, rest: &'a str) -> &'a str {
    let Some(character) = rest.chars().next() else {
        return put(out, "\\", rest);
    };
    let (_, behind) = rest.split_at(character.len_utf8());
    match character {
        'Q' => {
            let (literal, behind) = behind.split_once("\\E").unwrap_or((behind, ""));
            put(out, &regex::escape(literal), behind)
        }
        'd' => put(out, "[0-9]", behind),
        'D' => put(out, "[^0-9]", behind),
        's' => put(out, "[\\t\\n\\f\\r ]", behind),
        'S' => put(out, "[^\\t\\n\\f\\r ]", behind),
        'w' => put(out, "[0-9A-Za-z_]", behind),
        'W' => put(out, "[^0-9A-Za-z_]", behind),
        'b' => put(out, "(?-u:\\b)", behind),
        'B' => put(out, "(?-u:\\B)", behind),
        '<' => put(out, "<", behind),
        '>' => put(out, ">", behind),
        'p' | 'P' | 'x' if behind.starts_with('{') => {
            let end = behind.find('}').map_or(behind.len(), |at| at + 1);
            let (braces, behind) = behind.split_at(end);
            out.extend(['\\', character]);
            put(out, braces, behind)
        }
        _ => {
            out.extend(['\\', character]);
            behind
        }
    }
}

/// Writes a bracketed class whose `[` is taken off, up to its `]`, and returns what is behind.
fn put_class<'a>(out: &mut String, rest: &'a str) -> &'a str {
    out.push('[');
    let mut rest = match rest.strip_prefix('^') {
        Some(negated) => put(out, "^", negated),
        None => rest,
    };
    if let Some(behind) = rest.strip_prefix(']') {
        rest = put(out, "\\]", behind);
    }
    while let Some(character) = rest.chars().next() {
        let (_, behind) = rest.split_at(character.len_utf8());
        rest = match character {
            ']' => return put(out, "]", behind),
            '\\' => put_escape(out, behind),
            '[' => match behind.starts_with(':').then(|| behind.find(":]")).flatten() {
                Some(end) => {
                    let (name, behind) = behind.split_at(end + 2);
                    out.push('[');
                    put(out, name, behind)
                }
                None => put(out, "\\[", behind),
            },
            '-' if behind.starts_with('-') => put(out, "-\\-", behind.strip_prefix('-').unwrap_or(behind)),
            '&' => put(out, "\\&", behind),
            '~' => put(out, "\\~", behind),
            _ => {
                out.push(character);
                behind
            }
        };
    }
    rest
}

/// True where what stands behind a `{` makes it a repetition: `2}`, `2,}` or `2,3}`.
fn is_repetition(behind: &str) -> bool {
    let Some((inside, _)) = behind.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        compile_go_regexp(pattern).unwrap().is_match(text.as_bytes())
    }

    #[test]
    fn classes_are_ascii() {
        for (pattern, text) in [(r"^\w$", "é"), (r"^\d$", "٣"), (r"^\s$", "\u{a0}"), (r"^[\w]$", "é")] {
            assert!(!is_match(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [(r"^\W$", "é"), (r"^\D$", "٣"), (r"^[^\s]$", "\u{a0}"), (r"^é\bx", "éx")]
        {
            assert!(is_match(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_brace_that_repeats_nothing_is_a_brace() {
        assert!(is_match("^a{b}$", "a{b}"));
        assert!(is_match("^a{,2}$", "a{,2}"));
        assert!(is_match("^a{2,}b{1}c{1,2}$", "aaabcc"));
        assert!(is_match(r"^\x{61}\p{Greek}$", "aα"));
    }

    #[test]
    fn brackets_hold_no_set_operations() {
        assert!(is_match("^[a&&b]+$", "a&b"));
        assert!(is_match("^[+--]+$", "+,-"));
        assert!(is_match("^[~~]$", "~"));
        assert!(is_match("^[[a]+$", "[a"));
        assert!(is_match("^[]a]+$", "]a"));
        assert!(is_match("^[^]a]+$", "bc"));
        assert!(is_match("^[[:digit:]x]+$", "1x"));
    }

    #[test]
    fn quoted_text_and_escaped_angles_are_themselves() {
        assert!(is_match(r"^\Qa.b*\E+$", "a.b**"));
        assert!(is_match(r"^\Qa.b", "a.b"));
        assert!(is_match(r"^\<a\>$", "<a>"));
        assert!(is_match(r"^a\.b\/c$", "a.b/c"));
    }

    #[test]
    fn errors_are_worded_as_in_go() {
        for (pattern, expected) in [
            ("a(b", "error parsing regexp: missing closing ): `a(b`"),
            ("a)b", "error parsing regexp: unexpected ): `a)b`"),
            (r"old[\da", r"error parsing regexp: missing closing ]: `old[\da`"),
            ("*a", "error parsing regexp: missing argument to repetition operator: `*a`"),
        ] {
            assert_eq!(compile_go_regexp(pattern).unwrap_err().to_string(), expected);
        }
    }
}
