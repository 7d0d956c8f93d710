//! What a server answers in JSON: `Export*ServiceResponse` and `google.rpc.Status`.

use prost::Message;
use prost_types::Any;

use super::encode::write_message;
use super::error::{Failure, InvalidJson};
use super::{decode_message, schema};
use crate::otlp::Signal;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::rpc_status::{RETRY_INFO_TYPE, RetryInfo, Status, is_retry_info, retry_delay};

/// The signal's `Export*ServiceResponse`; a full success is `{"partialSuccess":{}}`.
pub fn encode_response_json(signal: Signal, response: &ExportResponse) -> Vec<u8> {
    let mut document = Vec::new();
    write_message(&mut document, schema::export_response(signal), &response.encode());
    document
}

/// Reads the signal's `Export*ServiceResponse`.
///
/// # Errors
///
/// As [`decode_json`](super::decode_json).
pub fn decode_response_json(signal: Signal, body: &[u8]) -> Result<ExportResponse, InvalidJson> {
    let decoded = decode_message(schema::export_response(signal), body)?;
    ExportResponse::decode(&decoded.protobuf).map_err(|error| unreadable(&error, body))
}

/// The status as protobuf's JSON mapping has it: `{"code":3,"message":"…"}`, with `details` where there
/// are any. Details other than `RetryInfo` keep their bytes in base64 under `value`.
pub fn encode_status_json(status: &Status) -> Vec<u8> {
    let details = status.details.iter().map(DetailDocument::of).collect();
    let document = StatusDocument { code: status.code, message: status.message.clone(), details };
    let mut text = Vec::new();
    write_message(&mut text, &schema::STATUS, &document.encode_to_vec());
    text
}

/// Reads a status. A retry delay that is not a duration counts as none.
///
/// # Errors
///
/// As [`decode_json`](super::decode_json).
pub fn decode_status_json(body: &[u8]) -> Result<Status, InvalidJson> {
    let decoded = decode_message(&schema::STATUS, body)?;
    let document =
        StatusDocument::decode(decoded.protobuf.as_slice()).map_err(|error| unreadable(&error, body))?;
    let details = document.details.into_iter().map(DetailDocument::into_any).collect();
    Ok(Status { code: document.code, message: document.message, details })
}

/// Cannot happen to what our own decoder wrote; said rather than hidden if it does.
fn unreadable(error: &prost::DecodeError, body: &[u8]) -> InvalidJson {
    Failure::new(0, error.to_string()).locate(body)
}

/// `google.rpc.Status` as it looks in JSON; numbered as in the schema's table.
#[derive(PartialEq, Message)]
struct StatusDocument {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<DetailDocument>,
}

/// An `Any`, which in JSON shows the fields of what it holds beside `@type`.
#[derive(PartialEq, Message)]
struct DetailDocument {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(string, tag = "2")]
    retry_delay: String,
    #[prost(bytes = "vec", tag = "3")]
    value: Vec<u8>,
}

impl DetailDocument {
    fn of(detail: &Any) -> Self {
        let type_url = detail.type_url.clone();
        if !is_retry_info(&type_url) {
            return Self { type_url, retry_delay: String::new(), value: detail.value.clone() };
        }
        // Only what can be waited for: a delay from outside may also be negative.
        let delay = retry_delay(detail).and_then(|delay| prost_types::Duration::try_from(delay).ok());
        let retry_delay = delay.map(|delay| delay.to_string()).unwrap_or_default();
        Self { type_url, retry_delay, value: Vec::new() }
    }

    fn into_any(self) -> Any {
        if !is_retry_info(&self.type_url) {
            return Any { type_url: self.type_url, value: self.value };
        }
        let retry_info = RetryInfo { retry_delay: self.retry_delay.parse().ok() };
        Any { type_url: RETRY_INFO_TYPE.to_owned(), value: retry_info.encode_to_vec() }
    }
}
