//! How each component is, with its last error.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

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

impl StatusBoard {
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
        match reports.get_mut(&*self.component) {
            Some(report) => {
                report.status = status;
                report.last_error = error.or(report.last_error.take());
            }
            None => {
                reports.insert(self.component.to_string(), StatusReport { status, last_error: error });
            }
        }
    }
}
