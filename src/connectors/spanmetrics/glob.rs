//! Patterns over attribute keys, as the Collector reads them: those of `gobwas/glob` with `.` between parts.

use regex::bytes::Regex;

/// A compiled pattern: `*` and `?` stand for any text and any character without a dot, `**` for any text,
/// `[abc]`, `[!abc]` and `[a-c]` for one character, `{one,other}` for either; a backslash takes the
/// meaning off what follows.
#[derive(Debug, Clone)]
pub struct KeyGlob(Regex);

impl KeyGlob {
    /// Compiles `pattern`.
    ///
    /// # Errors
    ///
    /// A sentence in the words of `gobwas/glob`, where brackets do not hold one list or range.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let regex = format!("^(?:{})$", Translation::of(pattern)?);
        Regex::new(&regex).map(Self).map_err(|error| error.to_string())
    }

    /// True where all of `key` matches.
    pub fn matches(&self, key: &[u8]) -> bool {
        self.0.is_match(key)
    }
}

/// The way from a pattern to a regular expression.
struct Translation<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    regex: String,
}

impl<'a> Translation<'a> {
    fn of(pattern: &'a str) -> Result<String, String> {
        let mut translation = Self { rest: pattern.chars().peekable(), regex: String::new() };
        let mut open_alternatives = 0_usize;
        while let Some(character) = translation.rest.next() {
            match character {
                '*' if translation.rest.next_if_eq(&'*').is_some() => translation.regex.push_str("(?s:.)*"),
                '*' => translation.regex.push_str("[^.]*"),
                '?' => translation.regex.push_str("[^.]"),
                '[' => translation.put_one_character()?,
                '{' => {
                    open_alternatives += 1;
                    translation.regex.push_str("(?:");
                }
                ',' if open_alternatives > 0 => translation.regex.push('|'),
                '}' if open_alternatives > 0 => {
                    open_alternatives -= 1;
                    translation.regex.push(')');
                }
                '\\' => translation.put_escaped(),
                literal => translation.put_literal(literal),
            }
        }
        // What is left open is closed at the end.
        translation.regex.extend(std::iter::repeat_n(')', open_alternatives));
        Ok(translation.regex)
    }

    fn put_literal(&mut self, character: char) {
        self.regex.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
    }

    fn put_escaped(&mut self) {
        if let Some(literal) = self.rest.next() {
            self.put_literal(literal);
        }
    }

    /// Writes the list or range whose `[` is taken off.
    fn put_one_character(&mut self) -> Result<(), String> {
        self.regex.push_str(if self.rest.next_if_eq(&'!').is_some() { "[^" } else { "[" });
        let first = self.rest.next().ok_or("unexpected end of input")?;
        if self.rest.next_if_eq(&'-').is_some() {
            let last = self.rest.next().ok_or("unexpected end of input")?;
            if last < first {
                return Err(format!("hi character '{last}' should be greater than lo '{first}'"));
            }
            self.put_literal(first);
            self.regex.push('-');
            self.put_literal(last);
            return match self.rest.next() {
                Some(']') => {
                    self.regex.push(']');
                    Ok(())
                }
                Some(_) => Err("expected close range character".to_owned()),
                None => Err("unexpected end of input".to_owned()),
            };
        }
        let mut next = Some(first);
        let mut is_empty = true;
        while let Some(character) = next {
            match character {
                ']' if is_empty => return Err("could not parse range".to_owned()),
                ']' => {
                    self.regex.push(']');
                    return Ok(());
                }
                '\\' => self.put_escaped(),
                literal => self.put_literal(literal),
            }
            is_empty = false;
            next = self.rest.next();
        }
        Err("unexpected end of input".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, key: &str) -> bool {
        KeyGlob::compile(pattern).unwrap().matches(key.as_bytes())
    }

    #[test]
    fn a_star_stays_within_a_part_and_two_do_not() {
        assert!(matches("k8s.*.name", "k8s.cluster.name"));
        assert!(!matches("k8s.*.name", "k8s.cluster.label.name"));
        assert!(!matches("k8s.*.name", "xk8s.cluster.name"));
        assert!(matches("db.**.name", "db.a.b.name"));
        assert!(!matches("db.**.name", "db.name"));
        assert!(matches("*", "url"));
        assert!(!matches("*", "url.path"));
        assert!(matches("**", "url.path"));
    }

    #[test]
    fn single_characters_lists_ranges_and_alternatives() {
        assert!(matches("a?c", "abc"));
        assert!(!matches("a?c", "a.c"));
        assert!(matches("[ab]x", "bx"));
        assert!(!matches("[!ab]x", "bx"));
        assert!(matches("[a-c]x", "bx"));
        assert!(!matches("[!a-c]x", "bx"));
        assert!(matches("{http,rpc.*}.m", "rpc.grpc.m"));
        assert!(matches("{a,{b,c}}d", "cd"));
        assert!(matches("a,b}", "a,b}"));
        assert!(matches(r"a\*[x^]", "a*^"), "a caret has no meaning here");
        assert!(matches("x{a", "xa"), "what is left open is closed at the end");
    }

    #[test]
    fn brackets_that_hold_no_list_are_refused() {
        let problem = |pattern| KeyGlob::compile(pattern).unwrap_err();
        assert_eq!(problem("a["), "unexpected end of input");
        assert_eq!(problem("a[bc"), "unexpected end of input");
        assert_eq!(problem("[]"), "could not parse range");
        assert_eq!(problem("[c-a]"), "hi character 'a' should be greater than lo 'c'");
        assert_eq!(problem("[a-cd]"), "expected close range character");
    }
}
