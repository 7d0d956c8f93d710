//! What a back end's HTTP response means: taken, taken in part, or refused, for now or for good.
//!
//! See <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>.

use std::time::SystemTime;

use http::{HeaderMap, Uri, header};
use prost::Message;
use tonic::Code;

use crate::network::headers::retry_after;
use crate::network::http_client::HttpClientResponse;
use crate::otlp::Signal;
use crate::otlp::export_response::ExportResponse;
use crate::otlp::json::{decode_response_json, decode_status_json};
use crate::otlp::rpc_status::Status;
use crate::pipeline::Refusal;
use crate::pipeline::refusal::refusal_of_http_status;

/// What `response` says: what was taken, or why nothing was.
pub(super) fn answer_of(
    signal: Signal,
    url: &Uri,
    response: &HttpClientResponse,
) -> Result<ExportResponse, Refusal> {
    if !response.status.is_success() {
        return Err(refusal_of(url, response, SystemTime::now()));
    }
    let decoded = match media_type(&response.headers) {
        "application/x-protobuf" => ExportResponse::decode(&response.body).map_err(|error| error.to_string()),
        "application/json" if !response.body.is_empty() => {
            decode_response_json(signal, &response.body).map_err(|error| error.to_string())
        }
        _ => Ok(ExportResponse::default()),
    };
    Ok(decoded.unwrap_or_else(|error| {
        // The status says that the request was taken; sending it again would double it.
        tracing::debug!(%url, error, "The body of a success response cannot be read.");
        ExportResponse::default()
    }))
}

fn refusal_of(url: &Uri, response: &HttpClientResponse, now: SystemTime) -> Refusal {
    let http_status = response.status.as_u16();
    let mut message =
        format!("error exporting items, request to {url} responded with HTTP Status Code {http_status}");
    if let Some(status) = status_of(response) {
        let details: Vec<&str> = status.details.iter().map(|detail| detail.type_url.as_str()).collect();
        message.push_str(&format!(", Message={}, Details=[{}]", status.message, details.join(" ")));
    }
    let throttles = matches!(http_status, 429 | 503);
    let retry_after = throttles.then(|| retry_after(&response.headers, now)).flatten();
    refusal_of_http_status(http_status, message, retry_after).with_code(code_of_http_status(http_status))
}

/// The `google.rpc.Status` of an error response, where its body is one.
fn status_of(response: &HttpClientResponse) -> Option<Status> {
    if response.body.is_empty() || !(400..600).contains(&response.status.as_u16()) {
        return None;
    }
    match media_type(&response.headers) {
        "application/json" => decode_status_json(&response.body).ok(),
        "application/x-protobuf" | "" => Status::decode(&*response.body).ok(),
        _ => None,
    }
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim()
}

/// The gRPC code in whose place an HTTP status stands, for clients that wait for this exporter.
const fn code_of_http_status(http_status: u16) -> Code {
    match http_status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 => Code::ResourceExhausted,
        502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
