//! Entries out of bytes.

use super::*;

fn texts(splitter: &Splitter, data: &str) -> (Vec<String>, usize) {
    let mut rest = data.as_bytes();
    let mut texts = Vec::new();
    while let Some(entry) = splitter.first_entry(rest) {
        texts.push(String::from_utf8_lossy(&rest[entry.text]).into_owned());
        rest = &rest[entry.length..];
    }
    (texts, rest.len())
}

#[test]
fn lines_end_with_a_line_feed() {
    let splitter = Splitter::new(100, false, false);
    assert_eq!(texts(&splitter, "a\nbc\r\n\n  d \te \nf"), (strings(&["a", "bc", "", "d \te"]), 1));
    assert_eq!(texts(&splitter, ""), (vec![], 0));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn whitespace_is_kept_where_asked_for() {
    let line = " \ta \r\n";
    for (leading, trailing, expected) in
        [(false, false, "a"), (true, false, " \ta"), (false, true, "a "), (true, true, " \ta ")]
    {
        assert_eq!(texts(&Splitter::new(100, leading, trailing), line), (strings(&[expected]), 0));
    }
}

#[test]
fn what_is_too_long_is_cut_and_the_rest_goes_on() {
    let splitter = Splitter::new(4, false, false);
    assert_eq!(texts(&splitter, "abcdefghij\nk\n"), (strings(&["abcd", "efgh", "ij", "k"]), 0));
    // Without a line end in sight as much as may be is taken; the line end alone is an empty entry.
    assert_eq!(texts(&splitter, "abcd"), (strings(&["abcd"]), 0));
    assert_eq!(texts(&splitter, "abcd\n"), (strings(&["abcd"]), 0));
    assert_eq!(texts(&splitter, "abc"), (vec![], 3));
}

#[test]
fn an_unfinished_entry_may_be_forced() {
    let splitter = Splitter::new(100, false, false);
    assert_eq!(splitter.forced_entry(b" ab "), Entry { length: 4, text: 1..3 });
}
