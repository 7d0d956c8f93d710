//! Answers of the API: JSON documents, and errors that are sentences.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::store::filter::query_text::QueryTextError;
use crate::store::{Answer, Cut, StoreError};

/// Why a question is not answered.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was wrong and what to do.
    pub sentence: String,
}

/// Which limit cut an answer.
#[derive(Debug, Clone, Serialize)]
pub struct CutShape {
    /// `rows`, `bytes` or `time`.
    pub limit: &'static str,
    /// What that means and what to do.
    pub sentence: String,
}

/// A name and the text of its value, or its value as JSON.
pub type Pair = (String, serde_json::Value);

impl ApiError {
    /// What was asked makes no sense.
    pub fn bad_request(sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, sentence: sentence.into() }
    }

    /// There is no such thing.
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, sentence: sentence.into() }
    }

    /// Too much is asked at once.
    pub fn busy(sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, sentence: sentence.into() }
    }

    /// It failed here.
    pub fn internal(sentence: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, sentence: sentence.into() }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::Question(_) => StatusCode::BAD_REQUEST,
            StoreError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            StoreError::Format(_) | StoreError::Damaged(_) | StoreError::Engine(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self { status, sentence: error.to_string() }
    }
}

impl From<QueryTextError> for ApiError {
    fn from(error: QueryTextError) -> Self {
        Self::bad_request(format!("The query cannot be read: {error}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.sentence }).to_string();
        json(self.status, body.into_bytes())
    }
}

/// A response of a JSON document.
pub fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What is said of an answer that was cut. `items` names what was answered, `narrower` what to do about it.
pub fn cut_shape(cut: Option<Cut>, items: &str) -> Option<CutShape> {
    let (limit, sentence) = match cut? {
        Cut::Rows => {
            ("rows", format!("There are more {items} than these: narrow the time range or the query."))
        }
        Cut::Bytes => (
            "bytes",
            format!(
                "Only a part of the {items} was looked at, as much had to be read: narrow the time range."
            ),
        ),
        Cut::Time => (
            "time",
            format!("Only a part of the {items} was looked at, as it took too long: narrow the time range."),
        ),
        Cut::Damage => (
            "damage",
            format!(
                "Some {items} may be missing, as a file of the store is damaged: its log says which one."
            ),
        ),
        Cut::Values => (
            "values",
            "There are too many different values to count each: rare ones are left out, and counts may be too low."
                .to_owned(),
        ),
    };
    Some(CutShape { limit, sentence })
}

/// The cut of the first answer that was cut.
pub fn first_cut(cuts: impl IntoIterator<Item = Option<Cut>>) -> Option<Cut> {
    cuts.into_iter().flatten().next()
}

/// The value of an answer and what is said of its cut.
pub fn with_cut<T>(answer: Answer<T>, items: &str) -> (T, Option<CutShape>) {
    (answer.value, cut_shape(answer.cut, items))
}

/// Unix milliseconds, with fractions.
pub fn milliseconds(unix_nano: u64) -> f64 {
    unix_nano as f64 / 1e6
}
