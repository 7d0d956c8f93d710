//! Entries out of bytes.

use super::*;
use crate::receivers::filelog::config::MultilineConfig;
use crate::receivers::filelog::encoding::TextEncoding;

/// The entries in `data`, which is all there is of the file so far, and how many bytes are left over.
fn entries(splitter: &Splitter, data: &[u8]) -> (Vec<String>, usize) {
    let (mut rest, mut is_skipping) = (data, false);
    let mut texts = Vec::new();
    while let Some(cut) = splitter.first_cut(rest, true, &mut is_skipping) {
        match cut {
            Cut::Entry { length, text } => {
                texts.push(String::from_utf8_lossy(&rest[text]).into_owned());
                rest = &rest[length..];
            }
            Cut::Rest(length) => rest = &rest[length..],
        }
    }
    (texts, rest.len())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn lines(max_log_size: usize, oversized: OversizedEntry) -> Splitter {
    Splitter::new(Boundary::LineEnd(TextEncoding::Utf8), max_log_size, oversized)
}

fn patterns(start: &str, end: &str, omit_pattern: bool) -> Splitter {
    let config = MultilineConfig {
        line_start_pattern: start.to_owned(),
        line_end_pattern: end.to_owned(),
        omit_pattern,
    };
    Splitter::new(Boundary::new(&config, TextEncoding::Utf8).unwrap(), 100, OversizedEntry::Split)
}

#[test]
fn lines_end_with_a_line_feed() {
    let splitter = lines(100, OversizedEntry::Split);
    assert_eq!(entries(&splitter, b"a\nbc\r\n\n  d \te \nf"), (strings(&["a", "bc", "", "  d \te "]), 1));
    assert_eq!(entries(&splitter, b""), (vec![], 0));
}

#[test]
fn what_is_too_long_is_cut_and_the_rest_goes_on() {
    let splitter = lines(4, OversizedEntry::Split);
    assert_eq!(entries(&splitter, b"abcdefghij\nk\n"), (strings(&["abcd", "efgh", "ij", "k"]), 0));
    // Without a line end in sight as much as may be is taken; the line end alone is an empty entry.
    assert_eq!(entries(&splitter, b"abcd"), (strings(&["abcd"]), 0));
    assert_eq!(entries(&splitter, b"abcd\n"), (strings(&["abcd"]), 0));
    assert_eq!(entries(&splitter, b"abc"), (vec![], 3));
}

#[test]
fn what_is_too_long_is_cut_and_the_rest_left_out() {
    let splitter = lines(4, OversizedEntry::Truncate);
    assert_eq!(entries(&splitter, b"abcdefghijklmnopq\nk\n"), (strings(&["abcd", "k"]), 0));
    assert_eq!(entries(&splitter, b"abcdef\nk\n"), (strings(&["abcd", "k"]), 0));
    assert_eq!(entries(&splitter, b"abcdefghij"), (strings(&["abcd"]), 0));
}

#[test]
fn entries_begin_where_a_pattern_matches() {
    let log = b"before\nLOG 1\nmore\nLOG 2\nLOG 3";
    assert_eq!(
        entries(&patterns("^LOG ", "", false), log),
        (strings(&["before\n", "LOG 1\nmore\n", "LOG 2\n"]), 5)
    );
    assert_eq!(entries(&patterns("^LOG ", "", true), log), (strings(&["before\n", "1\nmore\n", "2\n"]), 5));
}

#[test]
fn entries_end_where_a_pattern_matches() {
    let log = b"1\nmore END\n2 END\n3";
    assert_eq!(entries(&patterns("", " END\n", false), log), (strings(&["1\nmore END\n", "2 END\n"]), 1));
    assert_eq!(entries(&patterns("", " END\n", true), log), (strings(&["1\nmore", "2"]), 1));
    let splitter = patterns("", "E+", false);
    assert_eq!(splitter.first_cut(b"1EE", false, &mut false), None, "there may be more to match");
    assert_eq!(entries(&splitter, b"1EE"), (strings(&["1EE"]), 0));
}

#[test]
fn other_encodings_have_lines_and_patterns_too() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let encoding = TextEncoding::named("utf-16le").unwrap();
    // The end of the first character and the beginning of the second look like a line feed.
    let log = utf_16("\u{0a41}\u{0100}\r\nb\n");
    let splitter = Splitter::new(Boundary::LineEnd(encoding), 100, OversizedEntry::Split);
    let first = splitter.first_cut(&log, true, &mut false).unwrap();
    assert_eq!(first, Cut::Entry { length: 8, text: 0..4 });

    let config = MultilineConfig { line_start_pattern: "^\\d".to_owned(), ..MultilineConfig::default() };
    let boundary = Boundary::new(&config, encoding).unwrap();
    let splitter = Splitter::new(boundary, 100, OversizedEntry::Split);
    let log = utf_16("1é\nx\n2\n3");
    assert_eq!(splitter.first_cut(&log, true, &mut false), Some(Cut::Entry { length: 10, text: 0..10 }));
}

#[test]
fn without_text_everything_is_one_entry() {
    let boundary = Boundary::new(&MultilineConfig::default(), TextEncoding::Bytes).unwrap();
    let splitter = Splitter::new(boundary, 4, OversizedEntry::Split);
    assert_eq!(splitter.first_cut(b"a\nb", false, &mut false), None);
    assert_eq!(entries(&splitter, b"a\nbcd\n"), (strings(&["a\nbc", "d\n"]), 0));
}

#[test]
fn patterns_that_cannot_be_are_refused() {
    let error = |start: &str, end: &str, encoding: &str| {
        let config = MultilineConfig {
            line_start_pattern: start.to_owned(),
            line_end_pattern: end.to_owned(),
            omit_pattern: false,
        };
        Boundary::new(&config, TextEncoding::named(encoding).unwrap()).unwrap_err()
    };
    assert_eq!(error("a", "b", "utf-8"), "only one of line_start_pattern or line_end_pattern can be set");
    assert_eq!(error("", "b", "nop"), "line_end_pattern should not be set when using nop encoding");
    assert_eq!(error("a", "", "nop"), "line_start_pattern should not be set when using nop encoding");
    assert_eq!(
        error("(", "", "utf-8"),
        "compile line start regex: error parsing regexp: missing closing ): `(?m)(`"
    );
}
