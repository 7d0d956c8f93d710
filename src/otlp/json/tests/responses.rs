//! The two messages a server answers with.

use std::time::Duration;

use prost_types::Any;

use super::*;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::rpc_status::{RetryInfo, Status};

fn status_document(status: &Status) -> String {
    String::from_utf8(encode_status_json(status)).unwrap()
}

#[test]
fn a_full_success_is_an_empty_partial_success() {
    for signal in Signal::ALL {
        assert_eq!(encode_response_json(signal, &ExportResponse::default()), br#"{"partialSuccess":{}}"#);
        for document in ["{}", "null", r#"{"partialSuccess":{}}"#, r#"{"partialSuccess":null}"#] {
            assert_eq!(decode_response_json(signal, document.as_bytes()), Ok(ExportResponse::default()));
        }
    }
}

#[test]
fn a_partial_success_names_the_items_of_its_signal() {
    let response = ExportResponse { rejected: 3, error_message: "no \"unit\"".to_owned() };
    for (signal, name) in [
        (Signal::Traces, "rejectedSpans"),
        (Signal::Metrics, "rejectedDataPoints"),
        (Signal::Logs, "rejectedLogRecords"),
    ] {
        let document = format!(r#"{{"partialSuccess":{{"{name}":"3","errorMessage":"no \"unit\""}}}}"#);
        assert_eq!(String::from_utf8(encode_response_json(signal, &response)).unwrap(), document);
        assert_eq!(decode_response_json(signal, document.as_bytes()), Ok(response.clone()));
        let with_number = document.replace("\"3\"", "3");
        assert_eq!(decode_response_json(signal, with_number.as_bytes()), Ok(response.clone()));
    }
}

#[test]
fn a_response_that_is_none_is_refused() {
    let failure = decode_response_json(Signal::Logs, br#"{"partialSuccess":"yes"}"#).unwrap_err();
    assert_eq!(failure.to_string(), r#"partialSuccess: expected an object, found "yes" (line 1, column 19)"#);
}

#[test]
fn a_status_has_its_code_and_message() {
    let status = Status::new(3, "not \u{1}OTLP");
    let document = r#"{"code":3,"message":"not \u0001OTLP"}"#;
    assert_eq!(status_document(&status), document);
    assert_eq!(decode_status_json(document.as_bytes()), Ok(status));
    assert_eq!(decode_status_json(br#"{"message":"m","details":[]}"#), Ok(Status::new(0, "m")));
}

#[test]
fn a_retry_delay_is_shown_as_protobuf_shows_it() {
    for (delay, text) in [
        (Duration::from_secs(5), "5s"),
        (Duration::from_millis(1500), "1.500s"),
        (Duration::from_nanos(1), "0.000000001s"),
    ] {
        let status = Status::new(14, "").with_retry_delay(delay);
        let document = format!(
            r#"{{"code":14,"details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{text}"}}]}}"#
        );
        assert_eq!(status.retry_delay(), Some(delay));
        assert_eq!(status_document(&status), document);
        assert_eq!(decode_status_json(document.as_bytes()), Ok(status));
    }
}

#[test]
fn a_status_without_a_usable_retry_delay_has_none() {
    assert_eq!(Status::new(14, "").retry_delay(), None);
    for delay in ["\"soon\"", "\"-1s\"", "null", "\"\""] {
        let document =
            format!(r#"{{"details":[{{"@type":"x/google.rpc.RetryInfo","retryDelay":{delay}}}]}}"#);
        assert_eq!(decode_status_json(document.as_bytes()).unwrap().retry_delay(), None, "{delay}");
    }
}

#[test]
fn a_delay_of_the_past_is_not_shown() {
    let retry_delay = Some(prost_types::Duration { seconds: i64::MIN, nanos: i32::MIN });
    let value = RetryInfo { retry_delay }.encode_to_vec();
    let detail = Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value };
    let status = Status { details: vec![detail], ..Status::new(14, "") };
    assert_eq!(status.retry_delay(), None);
    let document = r#"{"code":14,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo"}]}"#;
    assert_eq!(status_document(&status), document);
}

#[test]
fn other_details_keep_their_type_and_bytes() {
    let detail =
        Any { type_url: "type.googleapis.com/google.rpc.BadRequest".to_owned(), value: vec![0xfb, 0xff] };
    let status = Status { details: vec![detail], ..Status::new(3, "") };
    let document =
        r#"{"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","value":"+/8="}]}"#;
    assert_eq!(status_document(&status), document);
    assert_eq!(decode_status_json(document.as_bytes()), Ok(status));
}
