//! What a store's answer to a write means.
//!
//! See <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#response>.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode, Uri};

use crate::network::headers::retry_after;
use crate::network::http_client::HttpClientResponse;
use crate::pipeline::Refusal;

/// How much of an answer's text is kept for people.
const TEXT_LIMIT: usize = 1024;

/// How much the store says it wrote, which the second version asks it to; none where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Written {
    pub samples: Option<usize>,
    pub histograms: Option<usize>,
    pub exemplars: Option<usize>,
}

impl Written {
    pub fn of(headers: &HeaderMap) -> Self {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Self {
            samples: number("x-prometheus-remote-write-samples-written"),
            histograms: number("x-prometheus-remote-write-histograms-written"),
            exemplars: number("x-prometheus-remote-write-exemplars-written"),
        }
    }

    /// The samples of both kinds; none where the store did not say how many.
    pub fn all_samples(self) -> Option<usize> {
        self.samples.map(|samples| samples + self.histograms.unwrap_or_default())
    }
}

/// What a Prometheus says, with a status that asks to try again, that was told not to keep native histograms.
const NO_NATIVE_HISTOGRAMS: &str = "native histograms are disabled";

/// Whether the samples were taken; if not, whether they may be later: what is 5xx or 429.
pub(super) fn check(url: &Uri, response: &HttpClientResponse) -> Result<(), Refusal> {
    let status = response.status;
    if status.is_success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&response.body);
    let text: String = text.trim().chars().take(TEXT_LIMIT).collect();
    let message = format!("remote write request failed: {url} answered {status}: {text}");
    if message.ends_with(NO_NATIVE_HISTOGRAMS) {
        return Err(Refusal::permanent(message));
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Refusal::retryable(message).after(retry_after(&response.headers, SystemTime::now())));
    }
    Err(Refusal::permanent(message))
}
