//! Action `alertmanager`: keeps alerts in Prometheus' Alertmanagers, API version 2.
//!
//! An alert that is not sent again ends there by itself, so every one is sent again while its alarm lasts, and
//! one that has ended for a while longer, in case its end was not heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::webhook::{http_url, post_json};
use super::{Action, ActionError, Notification, Subject};
use crate::alarms::AlarmState;
use crate::config::GoDuration;
use crate::config_section;
use crate::network::http_client::{HttpClient, HttpClientConfig};
use crate::pipeline::{BoxFuture, BuildError, Clock, Settings};
use crate::telemetry::UtcTime;

/// How long an alert that has ended is still sent.
const RESOLVED_FOR: Duration = Duration::from_secs(15 * 60);
/// How many resends an alert outlives.
const LIVES: u32 = 4;

config_section! {
    /// Keeps an alert in each of several Alertmanagers while a series is in a state the action is named for. Its
    /// labels are `alertname` and `alarm_state`, the labels of the alarm, and the series; its annotations those
    /// of the alarm, `description` and `reason`. Signs that labels cannot have become `_`.
    pub struct AlertmanagerConfig {
        /// The Alertmanagers, such as `http://alertmanager:9093`. Each gets every alert.
        pub urls: Vec<String> = Vec::new(),
        /// How often an alert is sent again.
        pub resend: GoDuration = GoDuration::from_secs(60),
        /// The client; its `endpoint` is not used.
        pub [flatten] client: HttpClientConfig =
            HttpClientConfig { timeout: GoDuration::from_secs(10), ..HttpClientConfig::default() },
    }
    check(section, checking) {
        if section.urls.is_empty() {
            checking.error_at("urls", "'urls' must name at least one Alertmanager");
        }
        for problem in section.urls.iter().filter_map(|url| api_url(url).err()) {
            checking.error_at("urls", problem);
        }
        if section.resend < GoDuration::from_secs(1) {
            checking.error_at("resend", "'resend' must be 1s or more");
        }
        if !section.client.endpoint.is_empty() {
            checking.error_at("endpoint", "use 'urls' in place of 'endpoint'");
        }
    }
}

/// The alerts that are sent.
pub(super) struct Alertmanager {
    urls: Vec<Uri>,
    client: Arc<HttpClient>,
    resend: Duration,
    clock: Clock,
    span: tracing::Span,
    alerts: Mutex<Alerts>,
}

/// By alarm and series.
type Alerts = BTreeMap<String, Alert>;

/// An alert in the form that Alertmanager takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    /// When the alarm ended, in nanoseconds since 1970.
    #[serde(skip)]
    ended_unix_nano: Option<u64>,
}

impl Alertmanager {
    pub(super) fn new(
        config: &AlertmanagerConfig,
        settings: &Settings,
        span: tracing::Span,
        memory: &serde_json::Value,
    ) -> Result<Self, BuildError> {
        let urls =
            config.urls.iter().map(|url| api_url(url)).collect::<Result<_, _>>().map_err(BuildError)?;
        let client = HttpClient::new(&config.client, settings.workers.clone())?;
        // What is not readable any more begins with the next transition.
        let alerts = Alerts::deserialize(memory).unwrap_or_default();
        Ok(Self {
            urls,
            client: Arc::new(client),
            resend: config.resend.to_std(),
            clock: settings.clock,
            span,
            alerts: Mutex::new(alerts),
        })
    }

    async fn send(&self, alerts: Vec<Alert>) -> Result<(), ActionError> {
        let mut taken = Ok(());
        for url in &self.urls {
            // One that does not answer must not keep the alert from the others.
            taken = taken.and(post_json(&self.client, url, &alerts).await);
        }
        taken
    }

    fn time_after(&self, duration: Duration) -> String {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        UtcTime::from_unix_nano(self.clock.now_unix_nano().saturating_add(nanoseconds)).rfc3339_nanos()
    }

    /// Notes what a transition says. The alerts that are to be sent for it.
    fn note(&self, notification: &Notification, is_wanted: bool) -> Vec<Alert> {
        let subject = alert_key(&notification.subject());
        let mut alerts = self.alerts.lock();
        let mut changed = Vec::new();
        let next = is_wanted && notification.state != AlarmState::Ok;
        if let Some(earlier) = alerts.get_mut(&subject)
            && earlier.ended_unix_nano.is_none()
        {
            self.end(earlier);
            changed.push(earlier.clone());
        }
        if next {
            let alert = Alert::of(notification, self.time_after(self.resend * LIVES));
            changed.push(alert.clone());
            alerts.insert(subject, alert);
        }
        changed
    }

    fn end(&self, alert: &mut Alert) {
        alert.ends_at = self.time_after(Duration::ZERO);
        alert.ended_unix_nano = Some(self.clock.now_unix_nano());
    }

    /// The alerts to be sent again.
    fn current(&self) -> Vec<Alert> {
        let now = self.clock.now_unix_nano();
        let ends_at = self.time_after(self.resend * LIVES);
        let mut alerts = self.alerts.lock();
        alerts.retain(|_, alert| {
            let since_end =
                alert.ended_unix_nano.map(|ended| Duration::from_nanos(now.saturating_sub(ended)));
            since_end.is_none_or(|since_end| since_end < RESOLVED_FOR)
        });
        for alert in alerts.values_mut().filter(|alert| alert.ended_unix_nano.is_none()) {
            alert.ends_at.clone_from(&ends_at);
        }
        alerts.values().cloned().collect()
    }
}

impl Action for Alertmanager {
    fn take<'a>(
        &'a self,
        notification: &'a Notification,
        is_wanted: bool,
    ) -> BoxFuture<'a, Result<(), ActionError>> {
        Box::pin(async move {
            let changed = self.note(notification, is_wanted);
            if changed.is_empty() { Ok(()) } else { self.send(changed).await }
        })
    }

    fn repeats_every(&self) -> Option<Duration> {
        Some(self.resend)
    }

    fn repeat(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let current = self.current();
            if !current.is_empty()
                && let Err(error) = self.send(current).await
            {
                tracing::warn!(parent: &self.span, %error, "Alerts could not be sent again.");
            }
        })
    }

    fn end_all_but(&self, lasting: &BTreeSet<Subject>) {
        let lasting: BTreeSet<String> = lasting.iter().map(alert_key).collect();
        let mut alerts = self.alerts.lock();
        for (_, alert) in alerts.iter_mut().filter(|(key, _)| !lasting.contains(*key)) {
            self.end(alert);
        }
    }

    fn memory(&self) -> serde_json::Value {
        let alerts = self.alerts.lock();
        let lasting: BTreeMap<&String, &Alert> =
            alerts.iter().filter(|(_, alert)| alert.ended_unix_nano.is_none()).collect();
        serde_json::to_value(lasting).unwrap_or_default()
    }
}

impl Alert {
    fn of(notification: &Notification, ends_at: String) -> Self {
        let mut labels: BTreeMap<String, String> = notification
            .labels
            .iter()
            .chain(&notification.series)
            .map(|(key, value)| (label_name(key), value.clone()))
            .collect();
        labels.insert("alertname".to_owned(), notification.alarm.clone());
        labels.insert("alarm_state".to_owned(), notification.state.name().to_owned());
        let mut annotations = notification.annotations.clone();
        annotations.insert("reason".to_owned(), notification.reason.clone());
        if !notification.description.is_empty() {
            annotations.insert("description".to_owned(), notification.description.clone());
        }
        let starts_at = notification.time.clone();
        Self { labels, annotations, starts_at, ends_at, ended_unix_nano: None }
    }
}

fn alert_key((alarm, series): &Subject) -> String {
    format!("{alarm}\n{}", series.join("\n"))
}

/// Where alerts are posted.
fn api_url(url: &str) -> Result<Uri, String> {
    http_url(url)?;
    http_url(&format!("{}/api/v2/alerts", url.trim_end_matches('/')))
}

/// The name with `_` for every sign that names of labels cannot have.
fn label_name(key: &str) -> String {
    let sign = |(index, sign): (usize, char)| {
        let fits = sign.is_ascii_alphabetic() || sign == '_' || (sign.is_ascii_digit() && index > 0);
        if fits { sign } else { '_' }
    };
    key.chars().enumerate().map(sign).collect()
}
