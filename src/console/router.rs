//! Every address of the API, declared once: method, path, parameters and what answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::Serialize;
use tokio_util::either::Either;

use super::answer::{ApiError, json};
use super::asked::Asked;
use super::event_stream::{EventSender, event_stream};
use super::{Console, api, page};
use crate::pipeline::BoxFuture;

/// What all paths of the API begin with.
pub const API: &str = "/api/v1";

/// The description of the API.
const DESCRIPTION: &str = include_str!("openapi.yaml");

/// An address of the API.
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path below [`API`], with parts in braces.
    pub path: &'static str,
    /// Its parameters.
    pub parameters: &'static [&'static str],
    route: MethodRouter<Arc<Console>>,
}

/// What is answered, off the asynchronous workers.
pub type Answering<T> = fn(&Asked<'_>) -> Result<T, ApiError>;

/// Prepares a stream of events: what is asked is read at once, the events come after.
pub type Streaming = fn(&Arc<Console>, &Asked<'_>) -> Result<Produce, ApiError>;

/// Sends the events of one stream until it is dropped.
pub type Produce = Box<dyn FnOnce(EventSender) -> BoxFuture<'static, ()> + Send>;

/// The parts of a path; an error where one of them is not UTF-8.
pub type PathParts = Result<RawPathParams, RawPathParamsRejection>;

/// The router of the API and of the page.
pub fn router(console: Arc<Console>) -> Router {
    let mut router = Router::new();
    for endpoint in api::endpoints() {
        router = router.route(&format!("{API}{}", endpoint.path), endpoint.route);
    }
    router
        .route(&format!("{API}/openapi.yaml"), on(MethodFilter::GET, description))
        .route(&format!("{API}/{{*unknown}}"), on(MethodFilter::GET, unknown_path).fallback(unknown_path))
        .fallback(page::page)
        .with_state(console)
}

/// An endpoint that asks the store, or anything else that blocks.
pub fn question<T: Serialize + 'static>(
    path: &'static str,
    parameters: &'static [&'static str],
    answer: Answering<T>,
) -> Endpoint {
    let route =
        on(MethodFilter::GET, move |State(console): State<Arc<Console>>, parts: PathParts, uri: Uri| {
            in_background(console, parts, uri, parameters, StatusCode::OK, answer)
        });
    Endpoint { method: Method::GET, path, parameters, route }
}

/// An endpoint that changes something; refused while the console is read-only.
pub fn change<T: Serialize + 'static>(path: &'static str, answer: Answering<T>) -> Endpoint {
    let handler = move |State(console): State<Arc<Console>>, parts: PathParts, uri: Uri| {
        if console.read_only {
            let sentence = "This console is read-only (read_only: true in its configuration).";
            let refusal = ApiError { status: StatusCode::FORBIDDEN, sentence: sentence.to_owned() };
            return Either::Left(std::future::ready(refusal.into_response()));
        }
        Either::Right(in_background(console, parts, uri, &[], StatusCode::ACCEPTED, answer))
    };
    Endpoint { method: Method::POST, path, parameters: &[], route: on(MethodFilter::POST, handler) }
}

/// An endpoint that streams events.
pub fn stream(path: &'static str, parameters: &'static [&'static str], prepare: Streaming) -> Endpoint {
    let handler = move |State(console): State<Arc<Console>>, parts: PathParts, uri: Uri| {
        let response = Asked::new(&console, &parts, &uri, parameters)
            .and_then(|asked| prepare(&console, &asked))
            .and_then(|produce| event_stream(&console, produce));
        std::future::ready(response.unwrap_or_else(ApiError::into_response))
    };
    Endpoint { method: Method::GET, path, parameters, route: on(MethodFilter::GET, handler) }
}

async fn in_background<T: Serialize + 'static>(
    console: Arc<Console>,
    parts: PathParts,
    uri: Uri,
    parameters: &'static [&'static str],
    status: StatusCode,
    answer: Answering<T>,
) -> Response {
    let waiting = Arc::clone(&console.questions).acquire_owned();
    let Ok(Ok(place)) = tokio::time::timeout(console.question_timeout, waiting).await else {
        return ApiError::busy("Too many questions are being answered: ask again later.").into_response();
    };
    let answering = tokio::task::spawn_blocking(move || {
        let asked = Asked::new(&console, &parts, &uri, parameters)?;
        let body = serde_json::to_vec(&answer(&asked)?);
        drop(place);
        body.map_err(|error| ApiError::internal(format!("The answer cannot be written: {error}.")))
    });
    match answering.await {
        Ok(Ok(body)) => json(status, body),
        Ok(Err(error)) => error.into_response(),
        Err(_) => ApiError::internal("Answering failed; the log of Weir says why.").into_response(),
    }
}

async fn description() -> Response {
    let mut response = DESCRIPTION.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    response
}

async fn unknown_path(method: Method, uri: Uri) -> ApiError {
    ApiError::not_found(format!(
        "There is no {method} {}: {API}/openapi.yaml lists what there is.",
        uri.path()
    ))
}
