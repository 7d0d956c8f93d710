//! Texts read by `strptime` layouts.

use proptest::prelude::*;

use super::super::go_layout::ZoneInText;
use super::*;

/// Year, month, day, hour, minute, second and nanosecond.
type Numbers = (i64, u8, u8, u8, u8, u8, u32);

fn parsed(layout: &str, value: &str) -> Result<Numbers, String> {
    let mut layout = Strptime::new(layout).unwrap();
    let first = layout.parse(value).map_err(|error| error.to_string())?;
    // The second time it goes by what was found the first time.
    assert_eq!(layout.parse(value), Ok(first));
    Ok((first.year, first.month, first.day, first.hour, first.minute, first.second, first.nanosecond))
}

#[test]
fn every_directive_is_read() {
    let date = (2019, 1, 2, 0, 0, 0, 0);
    let time = (2019, 1, 2, 15, 4, 5, 0);
    for (layout, value, expected) in [
        ("%Y-%m-%d", "2019-01-02", date),
        ("%y %o %e", "19  1  2", date),
        ("%q/%g/%Y", "1/2/2019", date),
        ("%F", "2019-01-02", date),
        ("%D", "01/02/2019", date),
        ("%D", "1/2/19", date),
        ("%x", "01/02/2019", date),
        ("%b %d %Y", "Jan 02 2019", date),
        ("%h %d %Y", "jan 2 2019", date),
        ("%A %B %d, %Y", "Wednesday January 02, 2019", date),
        ("%a, %d %b %y", "Wed, 02 Jan 19", date),
        ("%F%n%t%%", "2019-01-02\n\t%", date),
        ("%F %T", "2019-01-02 15:04:05", time),
        ("%F %X", "2019-1-2 15:4:5", time),
        ("%F %H:%M:%S", "2019-01-02 15:04:05", time),
        ("%F %R:%S", "2019-01-02 15:04:05", time),
        ("%F %I:%M:%S %p", "2019-01-02 03:04:05 PM", time),
        ("%F %l:%M:%S %P", "2019-01-02 3:04:05 pm", time),
        ("%F %r", "2019-01-02 03:04:05 pm", time),
        ("%c", "Wed Jan 02 15:04:05 2019", time),
        ("%F %T.%L", "2019-01-02 15:04:05.123", (2019, 1, 2, 15, 4, 5, 123_000_000)),
        ("%F %T.%f", "2019-01-02 15:04:05.123456", (2019, 1, 2, 15, 4, 5, 123_456_000)),
        ("%F %T,%s", "2019-01-02 15:04:05,123456789", (2019, 1, 2, 15, 4, 5, 123_456_789)),
        ("%F %T.%L", "2019-01-02 15:04:05.123456789", (2019, 1, 2, 15, 4, 5, 123_456_789)),
    ] {
        assert_eq!(parsed(layout, value), Ok(expected), "{value:?} by {layout}");
    }
}

#[test]
fn offsets_come_in_every_form() {
    for (directive, texts, expected) in [
        ("%z", ["Z", " Z", "UTC"].as_slice(), None),
        ("%z", &["+0000", " -0000", "+00:00", "+00"], Some(0)),
        ("%z", &["+0130", "+01:30", " +01:30"], Some(5400)),
        ("%z", &["-07"], Some(-25_200)),
        ("%w", &["-070000"], Some(-25_200)),
        ("%i", &["-07"], Some(-25_200)),
        ("%j", &["+01:30"], Some(5400)),
        ("%k", &["+01:30:15"], Some(5415)),
    ] {
        for text in texts {
            let value = format!("15{text}");
            let mut layout = Strptime::new(&format!("%H{directive}")).unwrap();
            let zone = layout.parse(&value).map(|fields| fields.zone);
            match expected {
                Some(offset) => assert_eq!(zone, Ok(ZoneInText::Offset(offset)), "{value}"),
                None if *text == "UTC" => assert!(zone.is_err()),
                None => assert_eq!(zone, Ok(ZoneInText::Utc), "{value}"),
            }
        }
    }
}

#[test]
fn numbers_may_have_spaces_before_them() {
    assert_eq!(parsed("%Y-%m-%d %H:%M", "2019- 1-\t2  3: 4"), Ok((2019, 1, 2, 3, 4, 0, 0)));
}

#[test]
fn lines_of_another_form_are_read_after_those_of_one() {
    let mut layout = Strptime::new("%F %T%z").unwrap();
    for (value, offset) in [
        ("2019-01-02 15:04:05+0130", 5400),
        ("2019-01-02 15:04:05-07:00", -25_200),
        ("2019-01-02 15:04:05+01", 3600),
    ] {
        assert_eq!(layout.parse(value).unwrap().zone, ZoneInText::Offset(offset));
    }
}

#[test]
fn what_does_not_fit_is_told_by_directive() {
    for (layout, value, expected) in [
        ("%Y-%m-%d", "2019-x", r#"parsing time "2019-x" as "%Y-%m-%d": cannot parse "x" as "%m""#),
        ("%d/%b", "1/Foo", r#"parsing time "1/Foo" as "%d/%b": cannot parse "Foo" as "%b""#),
        ("%H%z", "15CET", r#"parsing time "15CET" as "%H%z": cannot parse "CET" as "%z""#),
        ("%F", "2019-01-02T", r#"parsing time "2019-01-02T": extra text: "T""#),
        ("%m", "13", r#"parsing time "13": month out of range"#),
    ] {
        assert_eq!(parsed(layout, value), Err(expected.to_owned()));
    }
}

#[test]
fn layouts_that_cannot_be_are_refused() {
    for (layout, expected) in [
        ("2006-%m-%d-%H-%M-%S:%L", "format string should not contain decimals"),
        ("%H-%M-%S:%L", "invalid fractional seconds directive: ':%L'. must be preceded with '.' or ','"),
        ("%S%f", "invalid fractional seconds directive: 'S%f'. must be preceded with '.' or ','"),
        (
            "%C-%m.%L%E",
            "invalid strptime format: [unsupported ctimefmt.toNative() directive: %C unsupported ctimefmt.toNative() directive: %E]",
        ),
    ] {
        assert_eq!(Strptime::new(layout).unwrap_err().to_string(), expected);
    }
}

proptest! {
    #[test]
    fn no_layout_and_no_text_do_harm(layout in "(%[a-zA-Z%]|[^0-9]){0,8}", value in "[0-9: /TZ+-]{0,20}|\\PC{0,20}") {
        if let Ok(mut layout) = Strptime::new(&layout) {
            drop(layout.parse(&value));
        }
    }
}
