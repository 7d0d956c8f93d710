//! Messages of both RFCs; the expectations are their own examples and what the Collector makes of others.

use proptest::prelude::*;

use super::*;
use crate::log_operators::JsonNumbers;

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800_000_000_000;

fn config(protocol: &str) -> SyslogParserConfig {
    SyslogParserConfig { protocol: protocol.to_owned(), ..SyslogParserConfig::default() }
}

fn parser(config: &SyslogParserConfig) -> SyslogParser {
    let protocol = config.protocol().unwrap();
    SyslogParser {
        protocol,
        location: Location::named(&config.location).unwrap(),
        framing: config.framing(protocol).unwrap(),
        may_lack_priority: config.allow_skip_pri_header && !config.enable_octet_counting,
        has_own_timestamp: true,
        clock: Clock::starting_at(NOW),
        zones: AbbreviatedZones::default(),
        last: None,
    }
}

/// The entry after the message was read into its attributes.
fn read(config: &SyslogParserConfig, text: &str) -> Result<LogEntry, String> {
    let mut parser = parser(config);
    let mut entry = LogEntry::new(1, text.into());
    let Value::Map(map) = parser.parse(&text.into()).map_err(|error| error.to_string())? else {
        panic!("a message is a map");
    };
    entry.attributes = map;
    parser.finish(&mut entry).unwrap();
    Ok(entry)
}

fn map(json: &str) -> ValueMap {
    match Value::from_json(json, JsonNumbers::IntsWherePossible).unwrap() {
        Value::Map(map) => map,
        other => panic!("{other:?} is no map"),
    }
}

const SECOND: u64 = 1_000_000_000;

#[tokio::test(start_paused = true)]
async fn messages_of_rfc_3164_are_read() {
    let priority = r#""priority":34,"facility":4,"facility_text":"auth""#;
    for (text, attributes, seconds) in [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            r#""hostname":"mymachine","appname":"su","message":"'su root' failed for lonvick on /dev/pts/8""#,
            1_791_756_855,
        ),
        (
            "<34>Jan 12 06:30:00 1.2.3.4 apache_server[49]: 1.2.3.4 - - [x]",
            r#""hostname":"1.2.3.4","appname":"apache_server","proc_id":"49","message":"1.2.3.4 - - [x]""#,
            1_768_199_400,
        ),
        (
            "<34>  Feb 05 17:32:18  host   text only",
            r#""hostname":"host","message":"text only""#,
            1_770_312_738,
        ),
        ("<34>Feb  5 17:32:18 su: no host\n", r#""appname":"su","message":"no host""#, 1_770_312_738),
        ("<34>Feb  5 17:32:18 one-word", r#""message":"one-word""#, 1_770_312_738),
        (
            "<34>Feb  5 17:32:18 host tag:no space",
            r#""hostname":"host","appname":"tag","message":"tag:no space""#,
            1_770_312_738,
        ),
        (
            "<34>Feb  5 17:32:18 host tag[7] no colon",
            r#""hostname":"host","appname":"tag","proc_id":"7","message":"7] no colon""#,
            1_770_312_738,
        ),
        (
            "<34>Dec 31 23:59:59 h a: é\tü",
            r#""hostname":"h","appname":"a","message":"é\tü""#,
            1_767_225_599, // 2025
        ),
    ] {
        let entry = read(&config("rfc3164"), text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(entry.attributes, map(&format!("{{{priority},{attributes}}}")), "{text}");
        assert_eq!((entry.severity, entry.severity_text.as_str()), (18, "crit"));
        assert_eq!(entry.time_unix_nano, Some(seconds * SECOND), "{text}");
    }
    let detroit = SyslogParserConfig { location: "America/Detroit".to_owned(), ..config("RFC3164") };
    let entry = read(&detroit, "<34>Jan 12 06:30:00 h a: b").unwrap();
    assert_eq!(entry.time_unix_nano, Some((1_768_199_400 + 5 * 3600) * SECOND));
}

#[tokio::test(start_paused = true)]
async fn messages_of_rfc_5424_are_read() {
    for (text, attributes, severity, time) in [
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed",
            r#"{"priority":34,"facility":4,"facility_text":"auth","version":1,"hostname":"mymachine.example.com",
                "appname":"su","msg_id":"ID47","message":"\ufeff'su root' failed"}"#,
            (18, "crit"),
            Some(1_065_910_455_003_000_000),
        ),
        (
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time\nto go",
            r#"{"priority":165,"facility":20,"facility_text":"local4","version":1,"hostname":"192.0.2.1",
                "appname":"myproc","proc_id":"8710","message":"%% It's time\nto go"}"#,
            (10, "notice"),
            Some(1_061_727_255_000_003_000),
        ),
        (
            "<0>12 - - - - - [exampleSDID@32473 iut=\"3\" eventID=\"10\\\"1\\]\\\\1\"][b@1]",
            r#"{"priority":0,"facility":0,"facility_text":"kern","version":12,
                "structured_data":{"exampleSDID@32473":{"iut":"3","eventID":"10\"1]\\1"},"b@1":{}}}"#,
            (21, "emerg"),
            None,
        ),
    ] {
        let entry = read(&config("rfc5424"), text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(entry.attributes, map(attributes), "{text}");
        assert_eq!((entry.severity, entry.severity_text.as_str()), severity);
        assert_eq!(entry.time_unix_nano, time);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_refused() {
    let many = "x".repeat(49);
    for (protocol, text, expected) in [
        ("rfc3164", "x", "expecting a priority value within angle brackets [col 0]"),
        ("rfc3164", "<192>", "expecting a priority value in the range 1-191 or equal to 0 [col 4]"),
        ("rfc3164", "<03>", "expecting a priority value in the range 1-191 or equal to 0 [col 3]"),
        ("rfc3164", "<34>2003-10-11T22:14:15Z x", "expecting a Stamp timestamp [col 4]"),
        ("rfc3164", "<34>Foo 11 22:14:15 x", "expecting a Stamp timestamp [col 19]"),
        ("rfc3164", "<34>Feb 30 22:14:15 x", r#"parsing time "Feb 30 22:14:15": day out of range [col 19]"#),
        ("rfc3164", "<34>Feb 20 22:14:15 ", "expecting a message [col 20]"),
        (
            "rfc3164",
            "<34>Feb 20 22:14:15 a\nb",
            "expecting a message composed by visible characters only [col 21]",
        ),
        ("rfc5424", "<34>0 - - - - - -", "expecting a version value in the range 1-999 [col 4]"),
        ("rfc5424", "<34>1 2003 - - - - -", "expecting a RFC3339MICRO timestamp or a nil value [col 10]"),
        (
            "rfc5424",
            "<34>1 2003-10-11T22:14:15.0000001Z - - - - -",
            "expecting a RFC3339MICRO timestamp or a nil value [col 6]",
        ),
        (
            "rfc5424",
            &format!("<34>1 - - {many} - - -"),
            "expecting a procid (from 1 to max 128 US-ASCII characters) or a nil value [col 58]",
        ),
        ("rfc5424", "<34>1 - - - - - [a][a]", "duplicate structured data element id [col 21]"),
        (
            "rfc5424",
            r#"<34>1 - - - - - [a b="]"]"#,
            "expecting chars `]`, `\"`, and `\\` to be escaped within param value [col 22]",
        ),
        ("rfc5424", "<34>1 - - - - - -x", "parsing error [col 17]"),
    ] {
        assert_eq!(read(&config(protocol), text).map(|_| ()), Err(expected.to_owned()), "{text}");
    }
    let error = parser(&config("none")).parse(&Value::Int(1)).unwrap_err().to_string();
    assert_eq!(error, "unable to convert type 'int64' to bytes");
}

#[tokio::test(start_paused = true)]
async fn a_missing_priority_may_be_allowed() {
    for (protocol, text, attributes) in [
        ("rfc3164", "Oct 11 22:14:15 host su: x", r#"{"hostname":"host","appname":"su","message":"x"}"#),
        ("rfc5424", "1 - host - - - - x", r#"{"version":1,"hostname":"host","message":"x"}"#),
    ] {
        let allowed = SyslogParserConfig { allow_skip_pri_header: true, ..config(protocol) };
        let entry = read(&allowed, text).unwrap();
        assert_eq!(entry.attributes, map(attributes));
        assert_eq!((entry.severity, entry.severity_text.as_str()), (0, ""));
        assert!(read(&config(protocol), text).is_err());
        // Brackets with digits further on are taken for the priority.
        assert!(read(&allowed, &format!("{text} <1>")).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn messages_of_any_form_have_at_most_a_priority() {
    for (text, attributes, severity) in [
        ("anything <1>", r#"{"message":"anything <1>"}"#, 0),
        ("<14>text", r#"{"priority":14,"facility":1,"facility_text":"user","message":"<14>text"}"#, 9),
        ("<192>text", r#"{"message":"<192>text"}"#, 0),
    ] {
        let entry = read(&config("none"), text).unwrap();
        assert_eq!((entry.attributes, entry.severity), (map(attributes), severity));
    }
    let counted = SyslogParserConfig { enable_octet_counting: true, ..config("none") };
    assert_eq!(read(&counted, "4 text").unwrap().attributes, map(r#"{"message":"text"}"#));
}

#[tokio::test(start_paused = true)]
async fn messages_may_be_framed() {
    let attributes = r#"{"priority":1,"facility":0,"facility_text":"kern","version":1,"message":"a\nb"}"#;
    let counted = SyslogParserConfig { enable_octet_counting: true, max_octets: 22, ..config("rfc5424") };
    for text in ["20 <1>1 - - - - - - a\nb", "21 <1>1 - - - - - - a\nb\n", "22 <1>1 - - - - - - a\nb\r\n\n"] {
        assert_eq!(read(&counted, text).unwrap().attributes, map(attributes), "{text:?}");
    }
    for (text, expected) in [
        ("<1>1", "found ILLEGAL(<), expecting a MSGLEN"),
        ("", "found EOF, expecting a MSGLEN"),
        ("4<1>1", "found ILLEGAL(<), expecting a WS"),
        ("23 x", "message length (23) exceeds maximum length (22)"),
        ("99999999999999999999 x", "message length exceeds system limit"),
        ("5 <1>1", r#"found EOF after "<1>1", expecting a SYSLOGMSG containing 5 octets"#),
    ] {
        assert_eq!(read(&counted, text).map(|_| ()), Err(expected.to_owned()));
    }
    let bsd = SyslogParserConfig { enable_octet_counting: true, ..config("rfc3164") };
    let entry = read(&bsd, "26 <1>Feb 20 22:14:15 su: a\nb").unwrap();
    assert_eq!(entry.attributes.get("message"), Some(&"a\nb".into()));
    for (trailer, text) in [("LF", "<1>1 - - - - - - a\nb\n"), ("NUL", "<1>1 - - - - - - a\nb\0")] {
        let trailer = Some(trailer.to_owned());
        let trailed = SyslogParserConfig { non_transparent_framing_trailer: trailer, ..config("rfc5424") };
        assert_eq!(read(&trailed, text).unwrap().attributes, map(attributes));
        assert_eq!(read(&trailed, "<1>1 - - - - - -").map(|_| ()), Err("unexpected EOF".to_owned()));
    }
}

#[test]
fn sections_that_cannot_be_are_refused() {
    let trailer = |trailer: &str| Some(trailer.to_owned());
    let refused =
        |config: SyslogParserConfig| config.build(&BuildContext::default()).err().unwrap().to_string();
    for (section, expected) in [
        (config(""), "missing field 'protocol'"),
        (config("rfc1"), "unsupported protocol version: rfc1"),
        (
            SyslogParserConfig { location: "No/Where".to_owned(), ..config("none") },
            "failed to load location No/Where: unknown time zone No/Where",
        ),
        (
            SyslogParserConfig {
                enable_octet_counting: true,
                non_transparent_framing_trailer: trailer("LF"),
                ..config("rfc5424")
            },
            "only one of octet_counting or non_transparent_framing can be enabled",
        ),
        (
            SyslogParserConfig { non_transparent_framing_trailer: trailer("LF"), ..config("none") },
            "non_transparent_framing is not compatible with protocol none",
        ),
        (
            SyslogParserConfig { non_transparent_framing_trailer: trailer("LF"), ..config("rfc3164") },
            "non_transparent_framing is only compatible with protocol rfc5424",
        ),
        (
            SyslogParserConfig { non_transparent_framing_trailer: trailer("CR"), ..config("rfc5424") },
            "invalid non_transparent_framing_trailer 'CR'. Must be either 'LF' or 'NUL'",
        ),
    ] {
        assert_eq!(refused(section), expected);
    }
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "([0-9]{1,2} )?(<[0-9]{1,3}>)?(1 )?(Feb 1[0-9] 22:14:15 )?([\\[\\]=\" \\\\:-]|\\PC){0,24}\n?") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        for protocol in ["rfc3164", "rfc5424", "none"] {
            for enable_octet_counting in [false, true] {
                let config = SyslogParserConfig {
                    enable_octet_counting,
                    allow_skip_pri_header: true,
                    ..config(protocol)
                };
                drop(parser(&config).parse(&text.as_str().into()));
            }
        }
    }
}
