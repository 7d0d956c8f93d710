//! Which proxy a request goes through: the configured one, or what the environment says.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The proxies of one client.
pub(super) struct Proxies {
    matcher: Matcher,
    /// The environment's proxies leave out the own machine, a configured one does not; as in Go.
    from_environment: bool,
}

impl Proxies {
    /// The proxy `url` for everything, or the environment's where it is empty.
    ///
    /// # Errors
    ///
    /// A sentence where the URL is not one of an HTTP proxy.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        if url.is_empty() {
            return Ok(Self { matcher: Matcher::from_env(), from_environment: true });
        }
        let scheme = url.parse::<Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_owned));
        if scheme.as_deref() != Some("http") {
            return Err(format!("proxy_url {url:?} is not supported: write it as http://host:port"));
        }
        Ok(Self { matcher: Matcher::builder().all(url).build(), from_environment: false })
    }

    /// No proxy for anything.
    pub(super) fn none() -> Self {
        Self { matcher: Matcher::builder().build(), from_environment: false }
    }

    /// The proxy of requests to `destination`, if there is one.
    pub(super) fn of(&self, destination: &Uri) -> Option<Intercept> {
        if self.from_environment && destination.host().is_some_and(is_own_machine) {
            return None;
        }
        self.matcher.intercept(destination)
    }
}

fn is_own_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
