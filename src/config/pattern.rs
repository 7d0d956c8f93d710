//! Patterns for names and values: exact, glob or `/regular expression/`.

use regex::bytes::Regex;

use super::{InvalidRegexp, compile_go_regexp};

/// What a text is compared with.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// The same text.
    Exact(Box<[u8]>),
    /// A glob, anchored, or a regular expression, which is not.
    Regexp(Regex),
}

impl Pattern {
    /// Reads a pattern: text between slashes is a regular expression in Go's syntax, text with `*` or `?`
    /// a glob, any other text itself.
    ///
    /// # Errors
    ///
    /// [`InvalidRegexp`] where the text between slashes is none.
    pub fn parse(text: &str) -> Result<Self, InvalidRegexp> {
        let between_slashes = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        if let Some(regexp) = between_slashes.filter(|regexp| !regexp.is_empty()) {
            return compile_go_regexp(regexp).map(Self::Regexp);
        }
        if text.contains(['*', '?']) {
            return compile_go_regexp(&glob_as_regexp(text)).map(Self::Regexp);
        }
        Ok(Self::Exact(text.as_bytes().into()))
    }

    /// True where `text` is what the pattern says.
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Regexp(regexp) => regexp.is_match(text),
        }
    }
}

fn glob_as_regexp(glob: &str) -> String {
    let mut regexp = String::from("^(?s:");
    for character in glob.chars() {
        match character {
            '*' => regexp.push_str(".*"),
            '?' => regexp.push('.'),
            _ => regexp.push_str(&regex::escape(character.encode_utf8(&mut [0; 4]))),
        }
    }
    regexp + ")$"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(text.as_bytes())
    }

    #[test]
    fn a_text_is_itself() {
        assert!(matches("http.route", "http.route"));
        assert!(!matches("http.route", "httpxroute"));
        assert!(!matches("http.route", "http.route.more"));
        assert!(matches("/", "/") && matches("//", "//"), "there is nothing between these slashes");
    }

    #[test]
    fn globs_are_anchored_and_know_no_other_sign() {
        assert!(matches("k8s.*", "k8s.pod.name"));
        assert!(!matches("k8s.*", "my.k8s.pod") && !matches("k8s.*", "k8sxpod"));
        assert!(matches("po?", "pod") && matches("po?", "po\u{e9}") && !matches("po?", "pods"));
        assert!(matches("*", "") && matches("a*z", "a\nz"));
        assert!(matches("[a]*", "[a]b") && !matches("[a]*", "ab"));
        assert!(matches("/health*", "/healthz"));
    }

    #[test]
    fn expressions_are_found_anywhere() {
        assert!(matches("/^pod(_name)?$/", "pod_name"));
        assert!(matches("/pod/", "k8s.pod.name"));
        assert!(!matches("/^pod/", "k8s.pod.name"));
        let error = Pattern::parse("/a(/").unwrap_err().to_string();
        assert_eq!(error, "error parsing regexp: missing closing ): `a(`");
    }
}
