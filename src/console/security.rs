//! Who may ask: authentication, and the checks that keep other web pages from asking through a visitor's browser.
//!
//! Without authentication only loopback addresses are served, and the `Host` of a request must be a name of this
//! machine's loopback, so that a page whose name was rebound to 127.0.0.1 gets nothing. Requests to the API that a browser
//! says come from another origin are refused in any case.

mod compare;
mod host;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use self::compare::{are_equal, random_text};
use self::host::{authority, is_loopback_name, name_of};
use super::answer::ApiError;
use super::config::ConsoleAuthConfig;
use super::router::API;
use crate::pipeline::StartError;

/// What is checked of every request.
pub struct Security {
    auth: Option<Credentials>,
    /// Names under which the console may be asked for, beside those of the loopback.
    hosts: Vec<String>,
    is_tls: bool,
}

struct Credentials {
    token: Option<String>,
    /// `user:password`.
    basic: Option<String>,
    /// What the cookie of those who logged in by the token holds.
    session: String,
}

const COOKIE: &str = "weir_console";

/// The fields that every response has. Scripts, styles and data come from the console itself and nowhere else.
const RESPONSE_FIELDS: [(header::HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

impl Security {
    /// The checks of a console that listens at `endpoint`, as configured.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness.
    pub fn new(
        auth: Option<&ConsoleAuthConfig>,
        allowed_hosts: &[String],
        endpoint: &str,
        is_tls: bool,
    ) -> Result<Self, StartError> {
        let auth = auth.map(Credentials::new).transpose()?;
        let mut hosts: Vec<String> = allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        hosts.push(name_of(endpoint).to_ascii_lowercase());
        Ok(Self { auth, hosts, is_tls })
    }

    /// Refuses to serve an address of `transport` that others can reach without authentication.
    ///
    /// # Errors
    ///
    /// A sentence that says what to do.
    pub fn check_address(&self, transport: &str, address: &str) -> Result<(), StartError> {
        let is_local = address.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
        // Who may use a unix socket is for its folder to say.
        if self.auth.is_some() || is_local || transport == "unix" {
            return Ok(());
        }
        Err(StartError(format!("{address} can be reached from other machines: {WHAT_TO_DO_ABOUT_ADDRESS}")))
    }

    /// The response to a request that is not let in; none where it is.
    pub fn refuse(&self, request: &Parts) -> Option<Response> {
        let asks_api = request.uri.path().starts_with(API);
        if let Some(auth) = &self.auth {
            if let Some(login) = auth.log_in(request, self.is_tls) {
                return Some(login);
            }
            if !auth.admits(&request.headers) {
                return Some(auth.unauthorized());
            }
        } else if !self.knows_host(request) {
            let host = authority(request).unwrap_or_default();
            let sentence = format!(
                "{host:?} is no name of this machine's loopback: open http://localhost, or list the name under \
                 allowed_hosts of the console."
            );
            return Some(forbidden(StatusCode::MISDIRECTED_REQUEST, sentence));
        }
        if (asks_api || request.method != Method::GET) && !is_same_origin(request) {
            let sentence = "The request comes from a page of another origin.".to_owned();
            return Some(forbidden(StatusCode::FORBIDDEN, sentence));
        }
        None
    }

    /// Adds the fields that every response has.
    pub fn add_fields(&self, headers: &mut HeaderMap) {
        for (name, value) in RESPONSE_FIELDS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // Answers are never kept; the page says for itself how it is.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }

    fn knows_host(&self, request: &Parts) -> bool {
        let Some(authority) = authority(request) else { return false };
        let name = name_of(&authority).to_ascii_lowercase();
        is_loopback_name(&name) || self.hosts.contains(&name)
    }
}

/// False for endpoints that other machines reach whatever their names stand for: no host, or an address.
pub fn may_be_local(endpoint: &str) -> bool {
    let host = name_of(endpoint);
    is_loopback_name(host) || (!host.is_empty() && host.parse::<std::net::IpAddr>().is_err())
}

/// What to write where others can reach the console.
pub const WHAT_TO_DO_ABOUT_ADDRESS: &str = "set auth with a token, or with username and password, or listen on \
                                            localhost:4320 and reach it through a tunnel";

impl Credentials {
    fn new(config: &ConsoleAuthConfig) -> Result<Self, StartError> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let basic = given(&config.username).map(|user| format!("{user}:{}", config.password.reveal()));
        Ok(Self { token: given(config.token.reveal()), basic, session: random_text()? })
    }

    /// `/?token=...` sets the cookie and leads to the same address without the token.
    fn log_in(&self, request: &Parts, is_tls: bool) -> Option<Response> {
        let query = request.uri.query()?;
        let (mut given, mut others) = (None, Vec::new());
        for pair in query.split('&') {
            match pair.strip_prefix("token=") {
                Some(token) if !request.uri.path().starts_with(API) => given = Some(token),
                _ => others.push(pair),
            }
        }
        let given = decoded(given?);
        if !self.token.as_deref().is_some_and(|token| are_equal(&given, token)) {
            return Some(self.unauthorized());
        }
        let question = if others.is_empty() { "" } else { "?" };
        // A path that begins with two slashes, or with what browsers take for them, would lead to another host.
        let location =
            format!("/{}{question}{}", request.uri.path().trim_start_matches(['/', '\\']), others.join("&"));
        let secure = if is_tls { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict{secure}", self.session);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&location).ok()?);
        response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
        Some(response)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let field = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let by_header = field(header::AUTHORIZATION).any(|value| {
            let (scheme, credentials) = value.split_once(' ').unwrap_or_default();
            let credentials = credentials.trim();
            if scheme.eq_ignore_ascii_case("bearer") {
                return self.token.as_deref().is_some_and(|token| are_equal(credentials, token));
            }
            let Ok(decoded) = STANDARD.decode(credentials) else { return false };
            let decoded = String::from_utf8_lossy(&decoded);
            let is_basic = scheme.eq_ignore_ascii_case("basic");
            is_basic && self.basic.as_deref().is_some_and(|basic| are_equal(&decoded, basic))
        });
        let mut cookies = field(header::COOKIE).flat_map(|value| value.split(';'));
        let has_session = cookies.any(|cookie| {
            let (name, value) = cookie.trim().split_once('=').unwrap_or_default();
            name == COOKIE && are_equal(value, &self.session)
        });
        by_header || has_session
    }

    fn unauthorized(&self) -> Response {
        let (challenge, sentence) = if self.basic.is_some() {
            ("Basic realm=\"Weir\", charset=\"UTF-8\"", "Log in with the console's username and password.")
        } else {
            (
                "Bearer realm=\"Weir\"",
                "Log in by opening /?token=TOKEN with the console's token, or send it as Authorization: Bearer TOKEN.",
            )
        };
        let mut response = forbidden(StatusCode::UNAUTHORIZED, sentence.to_owned());
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }
}

/// What browsers say of where a request comes from; programs that say nothing are no browsers.
fn is_same_origin(request: &Parts) -> bool {
    let field = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = field("sec-fetch-site")
        && site != "same-origin"
        // Typed by the user, which no write is.
        && (site != "none" || request.method != Method::GET)
    {
        return false;
    }
    match (field("origin"), authority(request)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(&host))
        }
        (Some(_), None) => false,
    }
}

fn forbidden(status: StatusCode, sentence: String) -> Response {
    axum::response::IntoResponse::into_response(ApiError { status, sentence })
}

/// A parameter's value without its percent encoding.
fn decoded(value: &str) -> String {
    let pairs: Vec<(String, String)> = format!("/?v={value}")
        .parse()
        .ok()
        .and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok())
        .map(|axum::extract::Query(pairs)| pairs)
        .unwrap_or_default();
    pairs.into_iter().next().map(|(_, value)| value).unwrap_or_default()
}
