//! What is refused, with the exact words and the place of each fault.

use super::*;

fn error(document: impl AsRef<[u8]>) -> String {
    decode_json(Signal::Traces, document.as_ref()).unwrap_err().to_string()
}

/// The error of a document whose only span has these fields, without the path to the span and the place.
fn span_error(fields: &str) -> String {
    let document = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#);
    let failure = decode_json(Signal::Traces, document.as_bytes()).unwrap_err();
    let path = failure.path().strip_prefix("resourceSpans[0].scopeSpans[0].spans[0]").unwrap();
    format!("{}: {}", path.trim_start_matches('.'), failure.problem())
}

#[test]
fn the_place_of_a_fault_is_its_path_line_and_column() {
    let document = "{\"resourceSpans\": [{\n  \"scopeSpans\": [{\n    \"spans\": [{}, {},\n      \
                    {\"name\": \"größer🌊\", \"traceId\": \"xyz\"}\n    ]\n  }]\n}]}";
    let expected = "resourceSpans[0].scopeSpans[0].spans[2].traceId: expected 32 hex digits, found \"xyz\" (line 4, column 38)";
    assert_eq!(error(document), expected);
    let failure = decode_json(Signal::Traces, document.as_bytes()).unwrap_err();
    assert_eq!((failure.line(), failure.column()), (4, 38));
}

#[test]
fn values_that_do_not_fit_their_field() {
    let table = [
        (r#""traceId":"5b8efff7""#, r#"traceId: expected 32 hex digits, found "5b8efff7""#),
        (r#""spanId":"eee19b7ec3c1b17g""#, r#"spanId: expected 16 hex digits, found "eee19b7ec3c1b17g""#),
        (r#""traceId":1"#, "traceId: expected 32 hex digits, found 1"),
        (r#""name":5"#, "name: expected a string, found 5"),
        (r#""name":["a"]"#, "name: expected a string, found an array"),
        (r#""name":{}"#, "name: expected a string, found an object"),
        (r#""flags":-1"#, "flags: expected an integer from 0 to 4294967295, found -1"),
        (r#""flags":4294967296"#, "flags: expected an integer from 0 to 4294967295, found 4294967296"),
        (r#""flags":1.5"#, "flags: expected an integer from 0 to 4294967295, found 1.5"),
        (r#""flags":true"#, "flags: expected an integer from 0 to 4294967295, found true"),
        (
            r#""endTimeUnixNano":"18446744073709551616""#,
            r#"endTimeUnixNano: expected an integer from 0 to 18446744073709551615, found "18446744073709551616""#,
        ),
        (
            r#""endTimeUnixNano":"""#,
            r#"endTimeUnixNano: expected an integer from 0 to 18446744073709551615, found """#,
        ),
        (
            r#""endTimeUnixNano":"2018-12-13T14:51:00Z""#,
            r#"endTimeUnixNano: expected an integer from 0 to 18446744073709551615, found "2018-12-13T14:51:00Z""#,
        ),
        (r#""kind":"SERVER""#, r#"kind: expected the number or the name of a SpanKind, found "SERVER""#),
        (r#""kind":"2""#, r#"kind: expected the number or the name of a SpanKind, found "2""#),
        (r#""kind":2147483648"#, "kind: expected the number or the name of a SpanKind, found 2147483648"),
        (
            r#""status":{"code":"ERROR"}"#,
            r#"status.code: expected the number or the name of a StatusCode, found "ERROR""#,
        ),
        (r#""status":2"#, "status: expected an object, found 2"),
        (r#""status":[]"#, "status: expected an object, found an array"),
        (r#""attributes":{"k":"v"}"#, "attributes: expected an array, found an object"),
        (r#""attributes":[{},"k"]"#, r#"attributes[1]: expected an object, found "k""#),
        (
            r#""attributes":[{"value":{"boolValue":"true"}}]"#,
            r#"attributes[0].value.boolValue: expected true or false, found "true""#,
        ),
        (
            r#""attributes":[{"value":{"boolValue":1}}]"#,
            "attributes[0].value.boolValue: expected true or false, found 1",
        ),
        (
            r#""attributes":[{"value":{"intValue":-9223372036854775809}}]"#,
            "attributes[0].value.intValue: expected an integer from -9223372036854775808 to \
             9223372036854775807, found -9223372036854775809",
        ),
        (
            r#""attributes":[{"value":{"doubleValue":1e999}}]"#,
            r#"attributes[0].value.doubleValue: expected a number, "NaN", "Infinity" or "-Infinity", found 1e999"#,
        ),
        (
            r#""attributes":[{"value":{"doubleValue":"many"}}]"#,
            r#"attributes[0].value.doubleValue: expected a number, "NaN", "Infinity" or "-Infinity", found "many""#,
        ),
        (
            r#""attributes":[{"value":{"bytesValue":"a b"}}]"#,
            r#"attributes[0].value.bytesValue: expected a string of base64, found "a b""#,
        ),
        (r#""attributes":[{"value":"v"}]"#, r#"attributes[0].value: expected an object, found "v""#),
        (
            r#""attributes":[{"value":{"arrayValue":{"values":[{},{"stringValue":1}]}}}]"#,
            "attributes[0].value.arrayValue.values[1].stringValue: expected a string, found 1",
        ),
        (
            r#""name":12345678901234567890123456789012345678901234567890"#,
            "name: expected a string, found 1234567890123456789012345678901234567890…",
        ),
    ];
    for (fields, expected) in table {
        assert_eq!(span_error(fields), expected, "{fields}");
    }
}

#[test]
fn null_in_a_list_of_numbers() {
    let document = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[1,null]}]}}]}]}]}"#;
    let expected = "resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints[0].bucketCounts[1]: expected an \
                    integer from 0 to 18446744073709551615, found null (line 1, column 97)";
    assert_eq!(decode_json(Signal::Metrics, document.as_bytes()).unwrap_err().to_string(), expected);
}

#[test]
fn text_that_is_not_json() {
    let table = [
        ("", "expected a value, found the end of the body (line 1, column 1)"),
        ("  \n ", "expected a value, found the end of the body (line 2, column 2)"),
        ("[]", "expected an object, found an array (line 1, column 1)"),
        ("\"x\"", "expected an object, found \"x\" (line 1, column 1)"),
        ("<html>", "expected a value, found \"<\" (line 1, column 1)"),
        ("\u{feff}{}", "expected a value, found \"\\u{feff}\" (line 1, column 1)"),
        ("{} {}", "expected the end of the body, found an object (line 1, column 4)"),
        ("{}x", "expected the end of the body, found x (line 1, column 3)"),
        ("{", "expected a field name in quotes, found the end of the body (line 1, column 2)"),
        ("{'a':1}", "expected a field name in quotes, found \"'\" (line 1, column 2)"),
        ("{a:1}", "expected a field name in quotes, found a (line 1, column 2)"),
        ("{\"a\"}", "expected \":\", found \"}\" (line 1, column 5)"),
        ("{\"a\":1,}", "expected a field name in quotes, found \"}\" (line 1, column 8)"),
        ("{\"a\":1 \"b\":2}", "expected \",\" or \"}\", found \"b\" (line 1, column 8)"),
        ("{\"a\":[1,]}", "expected a value, found \"]\" (line 1, column 9)"),
        ("{\"a\":[1 2]}", "expected \",\" or \"]\", found 2 (line 1, column 9)"),
        ("{\"a\":[1}", "expected \",\" or \"]\", found \"}\" (line 1, column 8)"),
        ("{\"a\":truth}", "expected a value, found truth (line 1, column 6)"),
        ("{\"a\":NaN}", "expected a value, found NaN (line 1, column 6)"),
        ("{\"a\":01}", "expected a number, found 01 (line 1, column 6)"),
        ("{\"a\":-}", "expected a number, found - (line 1, column 6)"),
        ("{\"a\":1.}", "expected a number, found 1. (line 1, column 6)"),
        ("{\"a\":.5}", "expected a value, found .5 (line 1, column 6)"),
        ("{\"a\":1e}", "expected a number, found 1e (line 1, column 6)"),
        ("{\"a\":\"b}", "the string that starts here does not end (line 1, column 6)"),
        ("{\"a\":\"b\nc\"}", "a string holds the raw control character U+000A; escape it (line 1, column 8)"),
        (
            "{\"a\":\"\\x41\"}",
            "a backslash in a string must start one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX (line 1, column 7)",
        ),
        ("{\"a\":\"\\u12g4\"}", "\\u in a string must be followed by four hex digits (line 1, column 7)"),
        (
            "{\"a\":\"\\ud83d\\u12\"}",
            "\\u in a string must be followed by four hex digits (line 1, column 13)",
        ),
        (
            "{\"resourceSpans\":[{\"scopeSpans\":[{",
            "resourceSpans[0].scopeSpans[0]: expected a field name in quotes, found the end of the body \
             (line 1, column 35)",
        ),
        (
            "{\"resourceSpans\":[{}",
            "resourceSpans: expected \",\" or \"]\", found the end of the body (line 1, column 21)",
        ),
    ];
    for (document, expected) in table {
        assert_eq!(error(document), expected, "{document}");
    }
}

#[test]
fn a_body_that_is_not_utf8() {
    assert_eq!(
        error(b"{\n\"n\xc3\xa9e\":\"caf\xe9\"}"),
        "the body is not UTF-8, as JSON must be (line 2, column 11)"
    );
}

#[test]
fn messages_nested_deeper_than_a_binary_request_may_be() {
    let failure = decode_json(Signal::Logs, accepted::nested_arrays(49).as_bytes()).unwrap_err();
    assert_eq!(failure.problem(), "messages are nested deeper than 100 levels");
    assert!(failure.path().ends_with(".arrayValue.values[0].arrayValue"), "{}", failure.path());
    // Far deeper fails the same way and not by overflowing the stack.
    let failure = decode_json(Signal::Logs, accepted::nested_arrays(100_000).as_bytes()).unwrap_err();
    assert_eq!(failure.problem(), "messages are nested deeper than 100 levels");
}
