//! How each component is, with its last error.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Clock;

/// The state of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComponentStatus {
    /// Created, not yet working.
    Starting,
    /// Working.
    Ok,
    /// In trouble that may pass.
    RecoverableError,
    /// In trouble that stays until somebody acts.
    PermanentError,
    /// Stopping.
    Stopping,
    /// Ended.
    Stopped,
}

/// A component's state and the last error it reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// The state.
    pub status: ComponentStatus,
    /// The last error, kept after recovery.
    pub last_error: Option<String>,
    /// Since when it is in that state, in nanoseconds since 1970.
    pub since_unix_nano: u64,
}

/// The states of all components, by `kind:id`.
#[derive(Debug, Clone, Default)]
pub struct StatusBoard {
    reports: Arc<Mutex<BTreeMap<String, StatusReport>>>,
}

/// Where one component says how it is.
#[derive(Debug, Clone)]
pub struct StatusReporter {
    component: Arc<str>,
    board: StatusBoard,
}

impl ComponentStatus {
    /// The state as a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ok => "ok",
            Self::RecoverableError => "recoverable_error",
            Self::PermanentError => "permanent_error",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

impl StatusBoard {
    /// All states as a JSON object: `{"exporter:otlp_grpc": {"status": "ok", "last_error": null}, ...}`.
    pub fn to_json(&self) -> String {
        let entry = |(component, report): (String, StatusReport)| {
            let state = serde_json::json!({"status": report.status.name(), "last_error": report.last_error});
            (component, state)
        };
        let states: serde_json::Map<String, serde_json::Value> =
            self.reports().into_iter().map(entry).collect();
        serde_json::Value::Object(states).to_string()
    }

    /// The reporter of one component.
    pub fn reporter(&self, component: &str) -> StatusReporter {
        StatusReporter { component: Arc::from(component), board: self.clone() }
    }

    /// All states.
    pub fn reports(&self) -> BTreeMap<String, StatusReport> {
        self.reports.lock().clone()
    }
}

impl StatusReporter {
    /// Notes a new state.
    pub fn report(&self, status: ComponentStatus) {
        self.set(status, None);
    }

    /// Notes a new state and the error behind it.
    pub fn report_error(&self, status: ComponentStatus, error: impl Into<String>) {
        self.set(status, Some(error.into()));
    }

    fn set(&self, status: ComponentStatus, error: Option<String>) {
        let mut reports = self.board.reports.lock();
        let now = Clock::default().now_unix_nano();
        match reports.get_mut(&*self.component) {
            Some(report) => {
                if report.status != status {
                    report.since_unix_nano = now;
                }
                report.status = status;
                report.last_error = error.or(report.last_error.take());
            }
            None => {
                let report = StatusReport { status, last_error: error, since_unix_nano: now };
                reports.insert(self.component.to_string(), report);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_that_recovers_keeps_its_last_error() {
        let board = StatusBoard::default();
        let exporter = board.reporter("exporter:otlp_grpc");
        exporter.report_error(ComponentStatus::RecoverableError, "connection refused");
        exporter.report(ComponentStatus::Ok);
        board.reporter("receiver:otlp").report(ComponentStatus::Starting);
        assert_eq!(
            board.to_json(),
            r#"{"exporter:otlp_grpc":{"last_error":"connection refused","status":"ok"},"receiver:otlp":{"last_error":null,"status":"starting"}}"#
        );
    }
}
