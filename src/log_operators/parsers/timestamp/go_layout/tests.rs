//! Texts read by Go layouts; the expectations follow the documentation of Go's `time` package.

use proptest::prelude::*;

use super::*;

/// The fields in the order year, month, day, hour, minute, second, nanosecond.
fn parsed<'v>(layout: &str, value: &'v str) -> ([i64; 7], ZoneInText<'v>) {
    let fields = GoLayout::new(layout).parse(value).unwrap_or_else(|error| panic!("{error}"));
    let numbers = [
        fields.year,
        fields.month.into(),
        fields.day.into(),
        fields.hour.into(),
        fields.minute.into(),
        fields.second.into(),
        fields.nanosecond.into(),
    ];
    (numbers, fields.zone)
}

fn refused(layout: &str, value: &str) -> String {
    GoLayout::new(layout).parse(value).unwrap_err().to_string()
}

#[test]
fn the_layouts_of_go_itself_are_read() {
    use ZoneInText::{Abbreviation, Absent, Offset, Utc};
    let day = |time: [i64; 4]| [2006, 1, 2, time[0], time[1], time[2], time[3]];
    for (layout, value, numbers, zone) in [
        ("Mon Jan _2 15:04:05 2006", "Mon Jan  2 15:04:05 2006", day([15, 4, 5, 0]), Absent),
        (
            "Mon Jan _2 15:04:05 MST 2006",
            "mon JAN 2 15:04:05 CET 2006",
            day([15, 4, 5, 0]),
            Abbreviation("CET"),
        ),
        (
            "Mon Jan 02 15:04:05 -0700 2006",
            "Mon Jan 02 15:04:05 +0130 2006",
            day([15, 4, 5, 0]),
            Offset(5400),
        ),
        ("02 Jan 06 15:04 MST", "02 Jan 06 15:04 UTC", day([15, 4, 0, 0]), Utc),
        (
            "Monday, 02-Jan-06 15:04:05 MST",
            "Monday, 02-Jan-06 15:04:05 GMT+3",
            day([15, 4, 5, 0]),
            Abbreviation("GMT+3"),
        ),
        ("2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z", day([15, 4, 5, 0]), Utc),
        ("2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05-07:00", day([15, 4, 5, 0]), Offset(-25_200)),
        (
            "2006-01-02T15:04:05.999999999Z07:00",
            "2006-01-02T15:04:05.123456789+00:00",
            day([15, 4, 5, 123_456_789]),
            Offset(0),
        ),
        ("3:04PM", "12:30AM", [0, 1, 1, 0, 30, 0, 0], Absent),
        ("3:04pm", "12:30pm", [0, 1, 1, 12, 30, 0, 0], Absent),
        ("Jan _2 15:04:05.000", "Jan 31 15:04:05,678", [0, 1, 31, 15, 4, 5, 678_000_000], Absent),
        ("2006 002", "2024 060", [2024, 2, 29, 0, 0, 0, 0], Absent),
        ("2006 __2", "2023   9", [2023, 1, 9, 0, 0, 0, 0], Absent),
    ] {
        assert_eq!(parsed(layout, value), (numbers, zone), "{value} by {layout}");
    }
}

#[test]
fn seconds_may_have_a_fraction_that_the_layout_does_not_have() {
    let at = |nanoseconds| [0, 1, 1, 1, 2, 3, nanoseconds];
    for (layout, value, nanoseconds) in [
        ("15:04:05", "01:02:03.5", 500_000_000),
        ("15:04:05", "01:02:03,1234567899", 123_456_789),
        ("15:04:05.99", "01:02:03.123456", 123_456_000),
        ("15:04:05.99", "01:02:03", 0),
        ("5 4 15", "3.25 2 1", 250_000_000),
    ] {
        assert_eq!(parsed(layout, value).0, at(nanoseconds), "{value} by {layout}");
    }
}

#[test]
fn what_does_not_fit_is_told_in_the_words_of_go() {
    for (layout, value, expected) in [
        (
            "2006-01-02",
            "2006-1-02",
            r#"parsing time "2006-1-02" as "2006-01-02": cannot parse "1-02" as "01""#,
        ),
        (
            "2006-01-02",
            "2006/01/02",
            r#"parsing time "2006/01/02" as "2006-01-02": cannot parse "/01/02" as "-""#,
        ),
        ("2006-01-02", "2006-13-02", r#"parsing time "2006-13-02": month out of range"#),
        ("2006-01-02", "2006-02-29", r#"parsing time "2006-02-29": day out of range"#),
        ("2006-01-02", "2006-01-02 x", r#"parsing time "2006-01-02 x": extra text: " x""#),
        ("15:04", "24:00", r#"parsing time "24:00": hour out of range"#),
        ("15:04:05", "23:59:60", r#"parsing time "23:59:60": second out of range"#),
        (
            "Jan",
            "Foo\"\u{e9}",
            r#"parsing time "Foo\"\xc3\xa9" as "Jan": cannot parse "Foo\"\xc3\xa9" as "Jan""#,
        ),
        ("05.000", "01.12", r#"parsing time "01.12" as "05.000": cannot parse ".12" as ".000""#),
        ("2006 002", "2023 366", r#"parsing time "2023 366": day-of-year out of range"#),
        ("-07:00", "+25:00", r#"parsing time "+25:00": time zone offset hour out of range"#),
        ("MST", "ABCDEF", r#"parsing time "ABCDEF" as "MST": cannot parse "ABCDEF" as "MST""#),
    ] {
        assert_eq!(refused(layout, value), expected);
    }
}

proptest! {
    #[test]
    fn no_layout_and_no_text_do_harm(layout in "\\PC{0,12}(2006|Jan|_2|05|\\.000|MST|Z07:00|-07)?\\PC{0,6}", value in "\\PC{0,30}") {
        drop(GoLayout::new(&layout).parse(&value));
    }

    #[test]
    fn a_written_time_is_read_back(
        (year, month, day) in (0_i64..=9999, 1_u8..=12, 1_u8..=28),
        (hour, minute, second, nanosecond) in (0_u8..24, 0_u8..60, 0_u8..60, 0_u32..1_000_000_000),
    ) {
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}Z");
        let layout = GoLayout::new("2006-01-02T15:04:05.999999999Z07:00");
        let zone = ZoneInText::Utc;
        let expected = TimeFields { year, month, day, hour, minute, second, nanosecond, zone };
        prop_assert_eq!(layout.parse(&text), Ok(expected));
    }
}
