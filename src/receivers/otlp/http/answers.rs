//! What the receiver answers over HTTP: the Collector's statuses, bodies and texts.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use prost::Message;
use tonic::Code;

use crate::network::http_server::{BodyError, HttpResponse, plain_text};
use crate::otlp::Signal;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::json::{encode_response_json, encode_status_json};
use crate::otlp::rpc_status::Status;
use crate::pipeline::Refusal;
use crate::pipeline::refusal::http_status_of;

/// The encoding of a request, and so of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    pub(super) const ALL: [Self; 2] = [Self::Protobuf, Self::Json];

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Everything was taken.
pub(super) fn success(encoding: Encoding, signal: Signal) -> HttpResponse {
    let response = ExportResponse::default();
    let body = match encoding {
        Encoding::Protobuf => response.encode(),
        Encoding::Json => encode_response_json(signal, &response),
    };
    encoded(encoding, StatusCode::OK, body)
}

/// A path that takes no signal, in the words of Go's server.
pub(super) fn not_found() -> HttpResponse {
    plain_text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Anything but POST.
pub(super) fn method_not_allowed() -> HttpResponse {
    let text = "405 method not allowed, supported: [POST]";
    plain_text(StatusCode::METHOD_NOT_ALLOWED, text)
}

/// A `Content-Type` that is neither protobuf nor JSON.
pub(super) fn unsupported_media_type() -> HttpResponse {
    let text = "415 unsupported media type, supported: [application/json, application/x-protobuf]";
    plain_text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

/// The body did not come, or cannot be decompressed. A body that was too slow is worth another try,
/// which 408 says; everything else is as wrong the next time.
pub(super) fn body_not_read(encoding: Encoding, error: &BodyError) -> HttpResponse {
    let (http_status, code) = match error {
        BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded),
        _ => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
    };
    failure(encoding, http_status, &Status::new(code as i32, error.to_string()))
}

/// The body is not the request its content type and path say.
pub(super) fn body_not_decodable(encoding: Encoding, message: String) -> HttpResponse {
    let status = Status::new(Code::InvalidArgument as i32, message);
    failure(encoding, StatusCode::BAD_REQUEST, &status)
}

/// The pipeline did not take the request.
pub(super) fn refused(encoding: Encoding, refusal: &Refusal) -> HttpResponse {
    let code = refusal.rpc_code();
    let http_status = StatusCode::from_u16(http_status_of(code)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut status = Status::new(code as i32, refusal.rpc_message());
    if let Some(delay) = refusal.delay() {
        status = status.with_retry_delay(delay);
    }
    let mut response = failure(encoding, http_status, &status);
    let throttles = matches!(http_status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(delay) = refusal.delay().filter(|_| throttles) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(delay)));
    }
    response
}

/// Rounded up: a client that comes too early is refused again.
fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

fn failure(encoding: Encoding, http_status: StatusCode, status: &Status) -> HttpResponse {
    let body = match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => encode_status_json(status),
    };
    encoded(encoding, http_status, body)
}

fn encoded(encoding: Encoding, http_status: StatusCode, body: Vec<u8>) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = http_status;
    let content_type = HeaderValue::from_static(encoding.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
