//! Cross-origin requests: which web pages may send, answered as the Collector does.
//!
//! See <https://fetch.spec.whatwg.org/#http-cors-protocol>.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::config_section;

config_section! {
    /// Which web pages of other origins may send.
    pub struct CorsConfig {
        /// The origins allowed, each with at most one `*` that stands for anything; none turns CORS off.
        pub allowed_origins: Vec<String> = Vec::new(),
        /// The header fields allowed beyond `Accept`, `Content-Type` and `X-Requested-With`; `*` for all.
        pub allowed_headers: Vec<String> = Vec::new(),
        /// The response header fields that pages may read.
        pub exposed_headers: Vec<String> = Vec::new(),
        /// How many seconds a browser may remember the answer; 0 to leave that to the browser.
        pub max_age: i64 = 0,
    }
}

/// The header fields a page may send where `allowed_headers` is empty.
const DEFAULT_ALLOWED_HEADERS: [&str; 3] = ["accept", "content-type", "x-requested-with"];

/// The methods a page may use.
const ALLOWED_METHODS: [&str; 3] = ["GET", "POST", "HEAD"];

/// The rules of one server.
#[derive(Debug)]
pub(super) struct Cors {
    origins: Vec<OriginPattern>,
    any_origin: bool,
    any_header: bool,
    allowed_headers: Vec<String>,
    exposed_headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

#[derive(Debug)]
enum OriginPattern {
    Exact(String),
    /// What stands before and after the `*`.
    Wildcard(String, String),
}

impl Cors {
    /// The rules of the section; none where it allows no origin.
    pub(super) fn new(config: &CorsConfig) -> Option<Self> {
        if config.allowed_origins.is_empty() {
            if !config.allowed_headers.is_empty() {
                tracing::warn!("cors.allowed_headers is set without cors.allowed_origins: CORS stays off");
            }
            return None;
        }
        let mut allowed_headers: Vec<String> =
            config.allowed_headers.iter().map(|name| name.to_ascii_lowercase()).collect();
        if allowed_headers.is_empty() {
            allowed_headers = DEFAULT_ALLOWED_HEADERS.map(str::to_owned).to_vec();
        }
        allowed_headers.push("origin".to_owned());
        let max_age = (config.max_age > 0).then(|| HeaderValue::from(config.max_age));
        Some(Self {
            origins: config.allowed_origins.iter().map(|origin| OriginPattern::new(origin)).collect(),
            any_origin: config.allowed_origins.iter().any(|origin| origin == "*"),
            any_header: allowed_headers.iter().any(|name| name == "*"),
            allowed_headers,
            exposed_headers: joined(&config.exposed_headers),
            max_age,
        })
    }

    /// The header fields that answer a preflight; none where the request is not one.
    pub(super) fn answer_preflight(&self, request: &Parts) -> Option<HeaderMap> {
        let wanted_method = request.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        if request.method != Method::OPTIONS {
            return None;
        }
        let mut answer = HeaderMap::new();
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        answer.insert(header::VARY, HeaderValue::from_static(vary));
        let wanted_headers = request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let (Some(origin), true) = (self.allowed_origin(&request.headers), is_allowed_method(wanted_method))
        else {
            return Some(answer);
        };
        if !self.allows_headers(wanted_headers) {
            return Some(answer);
        }
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, wanted_method.clone());
        if let Some(wanted) = wanted_headers {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        insert_credentials(&mut answer);
        insert_known(&mut answer, header::ACCESS_CONTROL_MAX_AGE, self.max_age.as_ref());
        Some(answer)
    }

    /// The header fields added to the response of any other request.
    pub(super) fn answer_request(&self, request: &HeaderMap) -> HeaderMap {
        let mut answer = HeaderMap::new();
        answer.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed_origin(request) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed = self.exposed_headers.as_ref();
            insert_known(&mut answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            insert_credentials(&mut answer);
        }
        answer
    }

    /// What `Access-Control-Allow-Origin` says to the request, where its origin is allowed.
    fn allowed_origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        if self.any_origin {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        self.origins.iter().any(|pattern| pattern.matches(&text)).then(|| origin.clone())
    }

    fn allows_headers(&self, wanted: Option<&HeaderValue>) -> bool {
        let Some(wanted) = wanted else { return true };
        let Ok(wanted) = wanted.to_str() else { return false };
        let mut names = wanted.split(',').map(|name| name.trim().to_ascii_lowercase());
        self.any_header || names.all(|name| name.is_empty() || self.allowed_headers.contains(&name))
    }
}

impl OriginPattern {
    fn new(origin: &str) -> Self {
        let origin = origin.to_ascii_lowercase();
        match origin.split_once('*') {
            Some((before, after)) => Self::Wildcard(before.to_owned(), after.to_owned()),
            None => Self::Exact(origin),
        }
    }

    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == origin,
            Self::Wildcard(before, after) => {
                origin.len() >= before.len() + after.len()
                    && origin.starts_with(before)
                    && origin.ends_with(after)
            }
        }
    }
}

fn is_allowed_method(method: &HeaderValue) -> bool {
    ALLOWED_METHODS.iter().any(|allowed| method == allowed)
}

fn insert_credentials(answer: &mut HeaderMap) {
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
}

fn insert_known(answer: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value {
        answer.insert(name, value.clone());
    }
}

fn joined(names: &[String]) -> Option<HeaderValue> {
    if names.is_empty() { None } else { HeaderValue::from_str(&names.join(", ")).ok() }
}
