//! Action `webhook`: posts each notification as JSON.

use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, Uri};

use super::{Action, ActionError, Notification};
use crate::config::{GoDuration, origin_of};
use crate::config_section;
use crate::network::http_client::{HttpClient, HttpClientConfig};
use crate::pipeline::{BoxFuture, BuildError, Settings};

config_section! {
    /// Posts each notification as a JSON object to `endpoint`: `id`, `alarm`, `description`, `state`,
    /// `previous_state`, `reason`, `time`, `series`, `value`, `threshold`, `comparison_operator`, `labels` and
    /// `annotations`. `id` is the same when a notification comes again.
    pub struct WebhookConfig {
        /// The client.
        pub [flatten] client: HttpClientConfig =
            HttpClientConfig { timeout: GoDuration::from_secs(10), ..HttpClientConfig::default() },
    }
    check(section, checking) {
        if let Err(problem) = http_url(&section.client.endpoint) {
            checking.error_at("endpoint", format!("'endpoint' {problem}"));
        }
    }
}

/// Posts notifications.
pub(super) struct Webhook {
    url: Uri,
    client: Arc<HttpClient>,
}

impl Webhook {
    pub(super) fn new(config: &WebhookConfig, settings: &Settings) -> Result<Self, BuildError> {
        let url = http_url(&config.client.endpoint).map_err(BuildError)?;
        let client = HttpClient::new(&config.client, settings.workers.clone())?;
        Ok(Self { url, client: Arc::new(client) })
    }
}

impl Action for Webhook {
    fn take<'a>(
        &'a self,
        notification: &'a Notification,
        is_wanted: bool,
    ) -> BoxFuture<'a, Result<(), ActionError>> {
        Box::pin(async move {
            if is_wanted { post_json(&self.client, &self.url, notification).await } else { Ok(()) }
        })
    }
}

/// An absolute `http` or `https` URL.
pub(super) fn http_url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|error| format!("{text:?} is no URL: {error}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(url),
        _ => Err(format!("{text:?} must be a URL such as http://host:port/path")),
    }
}

/// Posts `body`, and tells by the answer whether it was taken.
pub(super) async fn post_json(
    client: &HttpClient,
    url: &Uri,
    body: &(impl serde::Serialize + Sync),
) -> Result<(), ActionError> {
    let body = serde_json::to_vec(body).map_err(|error| ActionError::Permanent(error.to_string()))?;
    let posted = client.post(url, "application/json", vec![Bytes::from(body)]).await;
    let response = posted.map_err(|error| ActionError::Retryable(error.to_string()))?;
    let status = response.status;
    if status.is_success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&response.body);
    let beginning: String = text.chars().take(200).collect();
    let error = format!("{} answered {status}: {beginning}", origin_of(&url.to_string()));
    let may_pass = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if may_pass || !status.is_client_error() {
        return Err(ActionError::Retryable(error));
    }
    Err(ActionError::Permanent(error))
}
