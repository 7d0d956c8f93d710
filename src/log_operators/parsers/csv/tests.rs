//! Rows by the rules of RFC 4180 and those of Go's reader beyond it.

use proptest::prelude::*;

use super::*;

fn row(text: &str, quotes: Quotes) -> Result<Vec<String>, String> {
    read_row(text, ',', quotes).map_err(|error| error.to_string())
}

fn fields(fields: &[&str]) -> Result<Vec<String>, String> {
    Ok(fields.iter().map(|field| (*field).to_owned()).collect())
}

#[test]
fn fields_stand_between_delimiters() {
    for (text, expected) in [
        ("a,b,c", fields(&["a", "b", "c"])),
        (",,", fields(&["", "", ""])),
        (" a , b", fields(&[" a ", " b"])),
        ("a,b\r\n", fields(&["a", "b"])),
        ("é,ü", fields(&["é", "ü"])),
        (r#""a,b","c ""d"" e",f"#, fields(&["a,b", r#"c "d" e"#, "f"])),
        ("\"a\nb\r\n\r\nc\",d", fields(&["a\nb\n\nc", "d"])),
        (r#""","""""#, fields(&["", "\""])),
    ] {
        assert_eq!(row(text, Quotes::Strict), expected, "{text:?}");
        assert_eq!(row(text, Quotes::Lazy), expected, "{text:?}");
    }
    assert_eq!(read_row("a;b,c", ';', Quotes::Strict), Ok(vec!["a".to_owned(), "b,c".to_owned()]));
}

#[test]
fn a_row_may_have_line_ends_in_its_fields() {
    for (text, expected) in [
        ("aa,b\nb,cc,d\nd,ee", fields(&["aa", "b\nb", "cc", "d\nd", "ee"])),
        ("a,\nb,c", fields(&["a", "\nb", "c"])),
        ("a,b\n,c", fields(&["a", "b\n", "c"])),
        ("\n\na,b\n\n", fields(&["a", "b"])),
    ] {
        assert_eq!(row(text, Quotes::Strict), expected, "{text:?}");
    }
}

#[test]
fn quotation_marks_may_be_lazy_or_ignored() {
    for (text, lazy, ignored) in [
        (
            r#"a "word","1"2",b"#,
            fields(&[r#"a "word""#, r#"1"2"#, "b"]),
            fields(&[r#"a "word""#, r#""1"2""#, "b"]),
        ),
        (r#"a,"b,c"#, fields(&["a", "b,c"]), fields(&["a", "\"b", "c"])),
    ] {
        assert_eq!(row(text, Quotes::Lazy), lazy);
        assert_eq!(row(text, Quotes::Ignored), ignored);
    }
    assert_eq!(row("", Quotes::Ignored), fields(&[""]));
}

#[test]
fn what_is_no_row_is_refused() {
    for (text, expected) in [
        ("", "no csv lines found"),
        ("\n\n", "no csv lines found"),
        ("a\"b,c", "read csv line: parse error on line 1, column 2: bare \" in non-quoted-field"),
        (
            "\"a\"b,c",
            "read csv line: parse error on line 1, column 3: extraneous or missing \" in quoted-field",
        ),
        (
            "\"a\nbc",
            "read csv line: record on line 1; parse error on line 2, column 3: extraneous or missing \" in \
             quoted-field",
        ),
    ] {
        assert_eq!(row(text, Quotes::Strict), Err(expected.to_owned()), "{text:?}");
    }
    // Fields before a mistake are a row all the same; their number is what tells.
    assert_eq!(row("a,b\"c,d", Quotes::Strict), fields(&["a"]));
    let invalid = read_row("a", '"', Quotes::Strict).unwrap_err().to_string();
    assert_eq!(invalid, "read csv line: csv: invalid field or comment delimiter");
}

fn rows(names: Names) -> Rows {
    Rows { names, delimiter: ',', header_delimiter: ';', quotes: Quotes::Strict }
}

fn parsed(names: Names, entry: &LogEntry) -> Result<Value, String> {
    let rows = rows(names);
    let names = rows.names_for(entry).map_err(|error| error.to_string())?;
    rows.parse(&entry.body, &names).map_err(|error| error.to_string())
}

#[test]
fn names_come_from_the_section_or_an_attribute() {
    let expected: ValueMap = [("x", "1"), ("y", "2")].into_iter().collect();
    let mut entry = LogEntry::new(1, "1,2".into());
    let fixed = || Names::Fixed(vec!["x".to_owned(), "y".to_owned()]);
    assert_eq!(parsed(fixed(), &entry), Ok(Value::Map(expected.clone())));
    let attribute = || Names::Attribute("header".to_owned());
    let missing = "failed to read dynamic header attribute header";
    assert_eq!(parsed(attribute(), &entry), Err(missing.to_owned()));
    entry.attributes.insert("header", Value::Int(1));
    let wrong = "header is expected to be a string but is int64";
    assert_eq!(parsed(attribute(), &entry), Err(wrong.to_owned()));
    entry.attributes.insert("header", "x;y".into());
    assert_eq!(parsed(attribute(), &entry), Ok(Value::Map(expected.clone())));
    entry.body = Value::Bytes("1,2".into());
    assert_eq!(parsed(fixed(), &entry), Ok(Value::Map(expected)));
    entry.body = "1,2,3".into();
    let count = "wrong number of fields: expected 2, found 3";
    assert_eq!(parsed(fixed(), &entry), Err(count.to_owned()));
    entry.body = Value::Bool(true);
    assert_eq!(parsed(fixed(), &entry), Err("type 'bool' cannot be parsed as csv".to_owned()));
}

#[test]
fn sections_that_cannot_be_are_refused() {
    let valid = || CsvParserConfig { header: "a,b".to_owned(), ..CsvParserConfig::default() };
    let refused = |config: CsvParserConfig| config.build(&BuildContext::default()).err().unwrap().to_string();
    for (config, expected) in [
        (CsvParserConfig::default(), "missing required field 'header' or 'header_attribute'"),
        (
            CsvParserConfig { header_attribute: "h".to_owned(), ..valid() },
            "only one header parameter can be set: 'header' or 'header_attribute'",
        ),
        (CsvParserConfig { header: "a b".to_owned(), ..valid() }, "missing field delimiter in header"),
        (CsvParserConfig { delimiter: ";;".to_owned(), ..valid() }, "invalid 'delimiter': ';;'"),
        (
            CsvParserConfig { header_delimiter: "ab".to_owned(), ..valid() },
            "invalid 'header_delimiter': 'ab'",
        ),
        (
            CsvParserConfig { lazy_quotes: true, ignore_quotes: true, ..valid() },
            "only one of 'ignore_quotes' or 'lazy_quotes' can be true",
        ),
    ] {
        assert_eq!(refused(config), expected);
    }
    assert!(valid().build(&BuildContext::default()).is_ok());
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "([\",\\r\\n]|\\PC){0,24}", delimiter in any::<char>()) {
        for quotes in [Quotes::Strict, Quotes::Lazy, Quotes::Ignored] {
            drop(read_row(&text, delimiter, quotes));
        }
    }

    #[test]
    fn quoted_fields_are_read_back(fields in prop::collection::vec("[^\\r]{1,8}", 1..5)) {
        let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let text = fields.iter().map(quoted).collect::<Vec<_>>().join(",");
        prop_assert_eq!(row(&text, Quotes::Strict), Ok(fields));
    }
}
